/* crossing_combine.c -- the answers of several shards or lanes, made into one reply as they come.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/resp/reply_length.h"
#include "serve/crossing_share.h"

/* A reply's first line, without its type and end, moved past. It was looked at: it has one. */
static struct slice line_take(struct slice *reply)
{
    const uint8_t *end = memchr(reply->data, '\r', reply->len);
    ASSERT(end != NULL);
    struct slice line = slice_of(reply->data + 1, (size_t)(end - reply->data) - 1);
    *reply = slice_from(*reply, (size_t)(end - reply->data) + 2);
    return line;
}

/* The number of `type` at the start of `reply`, moved past; false: there is none. */
static bool number_take(struct slice *reply, uint8_t type, int64_t *number)
{
    if (reply->len == 0 || reply->data[0] != type) return false;
    return integer_parse(line_take(reply), number);
}

/* --- taking in ------------------------------------------------------------------------------- */

/* Our own lanes write what fits; another node of another version may not. */
static void fail_unfit(struct share *share)
{
    if (share->failed) return;
    share->failed = true;
    buffer_clear(&share->gathered);
    buffer_append(&share->gathered, SLICE("-ERR the answers of the shards do not fit together: "
                                          "are all nodes of one version?\r\n"));
}

static void fail(struct share *share, struct slice error)
{
    if (share->failed) return;
    share->failed = true;
    buffer_clear(&share->gathered);
    buffer_append(&share->gathered, error);
}

static bool sum(struct share *share, struct slice reply)
{
    int64_t number;
    if (!number_take(&reply, ':', &number)) return false;
    return !__builtin_add_overflow(share->numbers[0], number, &share->numbers[0]);
}

static bool join(struct share *share, struct slice reply)
{
    int64_t count;
    if (!number_take(&reply, '*', &count) || count < 0) return false;
    share->elements_count += (uint64_t)count;
    buffer_append(&share->gathered, reply);
    return true;
}

/* Integers, or an array of them. */
static bool least(struct share *share, struct slice reply)
{
    int64_t numbers[SHARE_NUMBERS_MAX] = {0}, count = 0;
    bool array = number_take(&reply, '*', &count), good = count <= SHARE_NUMBERS_MAX;
    for (int64_t i = 0; good && i < (array ? count : 1); i++)
        good = number_take(&reply, ':', &numbers[i]);
    if (!good || (share->answered && share->numbers_count != count)) return false;
    for (int i = 0; i < SHARE_NUMBERS_MAX; i++) {
        bool less = !share->answered || numbers[i] < share->numbers[i];
        if (less) share->numbers[i] = numbers[i];
    }
    share->numbers_count = (uint32_t)count;
    return true;
}

static bool has_elements(struct slice part, int64_t wanted)
{
    int64_t count;
    if (!number_take(&part, '*', &count) || count != wanted) return false;
    for (; count > 0; count--) {
        size_t len = reply_length(part);
        if (len == 0 || (part.data[0] != '$' && part.data[0] != '_')) return false;
        part = slice_from(part, len);
    }
    return part.len == 0;
}

static bool by_key(struct share *share, shard_id shard, struct slice reply)
{
    uint32_t i = 0;
    while (i < share->parts_count && !shard_eq(share->parts[i].shard, shard)) i++;
    if (i == share->parts_count || share->parts[i].bytes.len > 0) return false;
    if (!has_elements(reply, share->parts[i].keys_count)) return false;
    (void)line_take(&reply);
    buffer_append(&share->parts[i].bytes, reply);
    return true;
}

/* Each shard is chosen with as many chances as it has keys. */
static bool weigh(struct sharing *sharing, shard_id shard, struct slice reply)
{
    struct share *share = sharing->held->share;
    int64_t count;
    if (!number_take(&reply, ':', &count) || count < 0) return false;
    if (count == 0) return true;
    share->elements_count += (uint64_t)count;
    struct prng *chance = &sharing->server->crossing->chance;
    if (prng_below(chance, share->elements_count) < (uint64_t)count) share->shard = shard;
    return true;
}

/* "*2", the cursor as a bulk string, the elements. */
static bool page(struct share *share, struct slice reply)
{
    int64_t two, len, cursor;
    if (!number_take(&reply, '*', &two) || two != 2) return false;
    if (!number_take(&reply, '$', &len) || len < 1 || (uint64_t)len + 2 > reply.len) return false;
    if (!integer_parse(slice_of(reply.data, (size_t)len), &cursor) || cursor < 0) return false;
    share->cursor = (uint64_t)cursor;
    return join(share, slice_from(reply, (size_t)len + 2));
}

static bool take(struct sharing *sharing, shard_id shard, struct slice reply)
{
    struct share *share = sharing->held->share;
    switch (share->combine) {
    case COMBINE_SUM: return sum(share, reply);
    case COMBINE_BY_KEY: return by_key(share, shard, reply);
    case COMBINE_JOIN:
    case COMBINE_SORT:
    case COMBINE_TOP: return join(share, reply);
    case COMBINE_LEAST: return least(share, reply);
    case COMBINE_CURSOR: return page(share, reply);
    case COMBINE_RANDOM:
        if (!share->has_chosen) return weigh(sharing, shard, reply);
        buffer_append(&share->gathered, reply);
        return true;
    case COMBINE_FIRST:
        if (!share->answered) buffer_append(&share->gathered, reply);
        return true;
    }
    UNREACHABLE("no such way to combine");
}

/* --- the reply ------------------------------------------------------------------------------- */

static void write_by_key(struct share *share, struct buffer *out)
{
    buffer_append_format(out, "*%u\r\n", share->keys_count);
    for (uint32_t k = 0; k < share->keys_count; k++) {
        struct share_part *part = &share->parts[share->order[k]];
        struct slice rest = slice_from(buffer_slice(&part->bytes), part->used);
        size_t len = reply_length(rest);
        buffer_append(out, slice_of(rest.data, len));
        part->used += len;
    }
}

static void write_least(const struct share *share, struct buffer *out)
{
    uint32_t count = share->numbers_count == 0 ? 1 : share->numbers_count;
    if (share->numbers_count > 0) buffer_append_format(out, "*%u\r\n", count);
    for (uint32_t i = 0; i < count; i++)
        buffer_append_format(out, ":%lld\r\n", (long long)share->numbers[i]);
}

static void write_page(const struct share *share, uint32_t shards_count, struct buffer *out)
{
    char text[32];
    uint64_t next = share->cursor * shards_count + share->shard.n;
    if (share->cursor == 0) next = share_next(share, share->shard.n + 1, shards_count);
    if (share->cursor == 0 && next == shards_count) next = 0;
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)next);
    buffer_append_format(out, "*2\r\n$%d\r\n%s\r\n*%llu\r\n", len, text,
                         (unsigned long long)share->elements_count);
    buffer_append(out, buffer_slice(&share->gathered));
}

static void write(struct sharing *sharing)
{
    struct share *share = sharing->held->share;
    struct buffer *out = &sharing->held->bytes;
    if (share->failed) {
        buffer_append(out, buffer_slice(&share->gathered));
        return;
    }
    switch (share->combine) {
    case COMBINE_SUM: buffer_append_format(out, ":%lld\r\n", (long long)share->numbers[0]); break;
    case COMBINE_BY_KEY: write_by_key(share, out); break;
    case COMBINE_LEAST: write_least(share, out); break;
    case COMBINE_CURSOR:
        write_page(share, sharing->server->crossing->config.shards_count, out);
        break;
    case COMBINE_SORT:
    case COMBINE_TOP: share_write_rows(share, out); break;
    case COMBINE_JOIN:
        buffer_append_format(out, "*%llu\r\n", (unsigned long long)share->elements_count);
        buffer_append(out, buffer_slice(&share->gathered));
        break;
    case COMBINE_RANDOM:
        if (!share->has_chosen)
            buffer_append(out, share->protocol == 3 ? SLICE("_\r\n") : SLICE("$-1\r\n"));
        buffer_append(out, buffer_slice(&share->gathered));
        break;
    case COMBINE_FIRST: buffer_append(out, buffer_slice(&share->gathered)); break;
    }
}

/* --- more ------------------------------------------------------------------------------------ */

/* A page that is not full goes on at the next shard: who has few keys sees them all at once. */
static void go_on(struct sharing *sharing)
{
    struct share *share = sharing->held->share;
    uint32_t shards_count = sharing->server->crossing->config.shards_count;
    const struct slice random = SLICE("RANDOMKEY");
    if (share->failed) return;
    switch (share->combine) {
    case COMBINE_SUM:
    case COMBINE_FIRST:
    case COMBINE_BY_KEY:
    case COMBINE_JOIN:
    case COMBINE_SORT:
    case COMBINE_TOP:
    case COMBINE_LEAST: return;
    case COMBINE_CURSOR:
        if (share->cursor != 0) return;
        if (share_next(share, share->shard.n + 1, shards_count) == shards_count) return;
        if (share->elements_count >= share->page_keys) return;
        if (share->scanned_count >= SHARE_SCANNED_MAX) return;
        share->shard.n = share_next(share, share->shard.n + 1, shards_count);
        share_ask_page(sharing);
        return;
    case COMBINE_RANDOM:
        if (share->has_chosen || share->elements_count == 0) return;
        share->has_chosen = true;
        share_ask_shard(sharing, share->shard, &random, 1);
        return;
    }
}

void share_take(struct sharing *sharing, shard_id shard, struct slice reply)
{
    struct share *share = sharing->held->share;
    if (share_note_unanswered(share, reply)) {
        /* the others' answers count */
    } else if (reply.len > 0 && reply.data[0] == '-') {
        fail(share, reply);
    } else if (!share->failed) {
        bool whole = reply_length(reply) == reply.len && reply.len > 0;
        if (!whole || !take(sharing, shard, reply)) fail_unfit(share);
    }
    share->answered = true;
    /* What reads need not go on; what changes does as much as it may. */
    if (share->failed && share->combine != COMBINE_FIRST) share->next = share->end;
    share_ask(sharing);
    if (sharing->held->owed_count == 0) go_on(sharing);
    if (sharing->held->owed_count == 0) write(sharing);
}
