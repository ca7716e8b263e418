/*
 * crossing_rows.c -- the rows that several lanes and nodes answer, together: the greatest first, as
 * many as were asked for; behind them a row for each node that has not answered.
 *
 * A row is a map. Rows are told apart by their first two values, which are integers.
 */
#include <stdlib.h>

#include "core/resp/reply_length.h"
#include "serve/crossing_share.h"

struct row {
    struct slice bytes;
    int64_t first, second;
    uint64_t place; /* as it came */
};

static int greater(const void *first, const void *second)
{
    const struct row *a = first, *b = second;
    if (a->first != b->first) return a->first > b->first ? -1 : 1;
    if (a->second != b->second) return a->second > b->second ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* An integer behind a name, moved past both; 0: there is none. */
static int64_t value_take(struct slice *pairs)
{
    enum { AROUND = 3 }; /* its sign and its end */
    int64_t number = 0;
    *pairs = slice_from(*pairs, reply_length(*pairs));
    size_t len = reply_length(*pairs);
    bool integer = len > AROUND && pairs->data[0] == ':' &&
                   integer_parse(slice_of(pairs->data + 1, len - AROUND), &number);
    if (!integer) number = 0;
    *pairs = slice_from(*pairs, len);
    return number;
}

static struct row row_of(struct slice bytes, uint64_t place)
{
    struct row row = {.bytes = bytes, .place = place};
    const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
    ASSERT(end != NULL); /* it is a reply */
    struct slice pairs = slice_from(bytes, (size_t)(end - bytes.data) + 1);
    row.first = value_take(&pairs);
    row.second = value_take(&pairs);
    return row;
}

static uint64_t append_rows(const struct share *share, struct buffer *out)
{
    struct slice rest = buffer_slice(&share->gathered);
    uint64_t count = share->elements_count, kept = u64_min(count, share->rows_max);
    struct row *rows = calloc(count + 1, sizeof *rows);
    ASSERT(rows != NULL);
    for (uint64_t i = 0; i < count; i++) {
        size_t len = reply_length(rest);
        rows[i] = row_of(slice_of(rest.data, len), i);
        rest = slice_from(rest, len);
    }
    qsort(rows, count, sizeof *rows, greater);
    for (uint64_t i = 0; i < kept; i++) buffer_append(out, rows[i].bytes);
    free(rows);
    return kept;
}

bool share_note_unanswered(struct share *share, struct slice error)
{
    const struct slice begin = SLICE("-UNANSWERED ");
    int64_t node;
    bool rows = share->combine == COMBINE_SORT || share->combine == COMBINE_TOP;
    if (!rows || !slice_starts_with(error, begin)) return false;
    struct slice text = slice_of(error.data + begin.len, error.len - begin.len - 2);
    const uint8_t *blank = memchr(text.data, ' ', text.len);
    if (blank == NULL) return false;
    struct slice number = slice_of(text.data, (size_t)(blank - text.data));
    if (!integer_parse(number, &node)) return false;
    const int64_t *known = (const int64_t *)(const void *)share->unanswered_nodes.data;
    for (size_t i = 0; i < share->unanswered_nodes.len / sizeof node; i++)
        if (known[i] == node) return true; /* another lane of it */
    buffer_append(&share->unanswered_nodes, slice_of(&node, sizeof node));
    struct reply reply = {&share->unanswered, share->protocol};
    reply_map(&reply, 2);
    reply_bulk_text(&reply, "unanswered");
    reply_integer(&reply, node);
    reply_bulk_text(&reply, "why");
    reply_bulk(&reply, slice_from(text, number.len + 1));
    return true;
}

void share_write_rows(const struct share *share, struct buffer *out)
{
    struct buffer rows = {0};
    uint64_t count = append_rows(share, &rows);
    count += share->unanswered_nodes.len / sizeof(int64_t);
    buffer_append_format(out, "*%llu\r\n", (unsigned long long)count);
    buffer_append(out, buffer_slice(&rows));
    buffer_append(out, buffer_slice(&share->unanswered));
    buffer_free(&rows);
}
