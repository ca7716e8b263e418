/* crossing_combine.c -- the answers of several lanes, made into one reply. */
#include <stdio.h>
#include <stdlib.h>

#include "core/resp/reply_length.h"
#include "serve/crossing_impl.h"

static struct slice part_of(const struct held *held, uint32_t lane)
{
    return buffer_slice(&held->parts[lane]);
}

/* A reply's first line, without its type and end, moved past. Our own lanes wrote it. */
static struct slice line_take(struct slice *reply)
{
    const uint8_t *end = memchr(reply->data, '\r', reply->len);
    ASSERT(end != NULL);
    struct slice line = slice_of(reply->data + 1, (size_t)(end - reply->data) - 1);
    *reply = slice_from(*reply, (size_t)(end - reply->data) + 2);
    return line;
}

static int64_t number_take(struct slice *reply)
{
    int64_t number;
    bool is_number = integer_parse(line_take(reply), &number);
    ASSERT(is_number);
    return number;
}

/* The next element of an array of bulk strings and nulls. */
static struct slice element_take(struct slice *elements)
{
    const uint8_t *start = elements->data;
    ASSERT(elements->len > 0);
    if (elements->data[0] == '_') { /* RESP3's null has no number */
        (void)line_take(elements);
    } else {
        bool bulk = elements->data[0] == '$';
        int64_t len = number_take(elements);
        if (bulk && len >= 0) *elements = slice_from(*elements, (size_t)len + 2);
    }
    return slice_of(start, (size_t)(elements->data - start));
}

static void sum(const struct crossing *crossing, struct held *held)
{
    int64_t total = 0;
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        struct slice part = part_of(held, lane);
        if (part.len > 0) total += number_take(&part);
    }
    buffer_append_format(&held->bytes, ":%lld\r\n", (long long)total);
}

static void first(const struct crossing *crossing, struct held *held)
{
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        struct slice part = part_of(held, lane);
        if (part.len == 0) continue;
        buffer_append(&held->bytes, part);
        return;
    }
}

static void by_key(const struct crossing *crossing, struct held *held)
{
    uint32_t lanes_count = crossing->config.lanes_count;
    struct slice *rests = calloc(lanes_count, sizeof *rests);
    ASSERT(rests != NULL);
    ASSERT(lanes_count > 0);
    for (uint32_t lane = 0; lane < lanes_count; lane++) {
        rests[lane] = part_of(held, lane);
        if (rests[lane].len > 0) (void)line_take(&rests[lane]);
    }
    buffer_append_format(&held->bytes, "*%u\r\n", held->keys_count);
    for (uint32_t k = 0; k < held->keys_count; k++) {
        buffer_append(&held->bytes, element_take(&rests[held->order[k]]));
    }
    free(rests);
}

static void join(const struct crossing *crossing, struct held *held)
{
    int64_t total = 0;
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        struct slice part = part_of(held, lane);
        total += number_take(&part);
    }
    buffer_append_format(&held->bytes, "*%lld\r\n", (long long)total);
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        struct slice part = part_of(held, lane);
        (void)line_take(&part);
        buffer_append(&held->bytes, part);
    }
}

static bool is_null(struct slice reply)
{
    return reply.len == 0 || reply.data[0] == '_' ||
           (reply.len > 1 && reply.data[0] == '$' && reply.data[1] == '-');
}

static void any(const struct crossing *crossing, struct held *held)
{
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        struct slice part = part_of(held, lane);
        if (is_null(part) && lane + 1 < crossing->config.lanes_count) continue;
        buffer_append(&held->bytes, part);
        return;
    }
}

/* "*2", the cursor as a bulk string, the elements: the cursor becomes the client's. */
static void cursor(const struct crossing *crossing, struct held *held)
{
    uint32_t lanes_count = crossing->config.lanes_count, lane = held->cursor_lane;
    struct slice rest = part_of(held, lane);
    (void)line_take(&rest);
    (void)line_take(&rest);
    rest.data--; /* a number without a type before it: line_take passes over one byte */
    rest.len++;
    uint64_t inner = (uint64_t)number_take(&rest);
    uint64_t next = inner * lanes_count + lane;
    if (inner == 0) next = lane + 1 < lanes_count ? lane + 1 : 0;
    char text[32];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)next);
    buffer_append_format(&held->bytes, "*2\r\n$%d\r\n%s\r\n", len, text);
    buffer_append(&held->bytes, rest);
}

/* An error of any lane is the answer of all. */
static bool failed(const struct crossing *crossing, struct held *held)
{
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        struct slice part = part_of(held, lane);
        if (part.len == 0 || part.data[0] != '-') continue;
        buffer_append(&held->bytes, part);
        return true;
    }
    return false;
}

/* --- do they fit? ---------------------------------------------------------------------------- */

/* The number in a reply's first line; -1: it is no such reply. */
static int64_t number_of(struct slice part, uint8_t type)
{
    const uint8_t *end = part.len == 0 ? NULL : memchr(part.data, '\r', part.len);
    int64_t number;
    if (end == NULL || part.data[0] != type) return -1;
    bool is_number = integer_parse(slice_of(part.data + 1, (size_t)(end - part.data) - 1), &number);
    return is_number ? number : -1;
}

static bool has_elements(struct slice part, int64_t count)
{
    if (number_of(part, '*') != count) return false;
    for ((void)line_take(&part); count > 0; count--) {
        size_t len = reply_length(part);
        if (len == 0 || (part.data[0] != '$' && part.data[0] != '_')) return false;
        part = slice_from(part, len);
    }
    return part.len == 0;
}

static bool is_page(struct slice part)
{
    if (number_of(part, '*') != 2) return false;
    (void)line_take(&part);
    if (number_of(part, '$') < 1) return false;
    (void)line_take(&part);
    const uint8_t *end = memchr(part.data, '\r', part.len);
    int64_t cursor;
    return end != NULL && integer_parse(slice_of(part.data, (size_t)(end - part.data)), &cursor);
}

static int64_t keys_of(const struct held *held, uint32_t lane)
{
    int64_t count = 0;
    for (uint32_t k = 0; k < held->keys_count; k++) count += held->order[k] == lane;
    return count;
}

/* Our own lanes write what fits; another node of another version may not. */
static bool part_fits(const struct held *held, uint32_t lane)
{
    struct slice part = part_of(held, lane);
    bool whole = part.len > 0 && reply_length(part) == part.len;
    switch (held->combine) {
    case COMBINE_SUM: return part.len == 0 || (whole && part.data[0] == ':');
    case COMBINE_FIRST: return part.len == 0 || whole;
    case COMBINE_BY_KEY: return keys_of(held, lane) == 0 || has_elements(part, keys_of(held, lane));
    case COMBINE_JOIN: return whole && number_of(part, '*') >= 0;
    case COMBINE_ANY: return whole;
    case COMBINE_CURSOR: return lane != held->cursor_lane || (whole && is_page(part));
    case COMBINE_NOTHING: return true;
    }
    UNREACHABLE("no such way to combine");
}

static bool parts_fit(const struct crossing *crossing, struct held *held)
{
    bool fit = true;
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++)
        fit = fit && part_fits(held, lane);
    if (!fit)
        buffer_append(&held->bytes, SLICE("-ERR the answers of the lanes do not fit together: are "
                                          "all nodes of one version?\r\n"));
    return fit;
}

void held_combine(const struct crossing *crossing, struct held *held)
{
    if (held->parts == NULL || failed(crossing, held)) return;
    if (crossing->config.replicated && !parts_fit(crossing, held)) return;
    switch (held->combine) {
    case COMBINE_SUM: sum(crossing, held); break;
    case COMBINE_FIRST: first(crossing, held); break;
    case COMBINE_BY_KEY: by_key(crossing, held); break;
    case COMBINE_JOIN: join(crossing, held); break;
    case COMBINE_ANY: any(crossing, held); break;
    case COMBINE_CURSOR: cursor(crossing, held); break;
    case COMBINE_NOTHING: UNREACHABLE("a shared command without a way to combine"); break;
    }
}
