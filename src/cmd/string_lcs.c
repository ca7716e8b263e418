/*
 * string_lcs.c -- LCS: the longest common subsequence of two strings, by the table of Wagner and
 * Fischer (1974): row a, column b is how long it is for the first a and b bytes.
 */
#include <stdlib.h>

#include "cmd/handlers.h"

struct lcs {
    struct slice a, b;
    uint32_t *table;
    size_t width; /* columns: b.len + 1 */
    bool wants_length, wants_places, with_match_length;
    int64_t match_length_min;
};

static uint32_t *cell(const struct lcs *lcs, size_t a, size_t b)
{
    return &lcs->table[a * lcs->width + b];
}

static void table_fill(struct lcs *lcs)
{
    memset(lcs->table, 0, lcs->width * sizeof *lcs->table);
    for (size_t a = 1; a <= lcs->a.len; a++) {
        uint32_t *row = cell(lcs, a, 0);
        const uint32_t *above = cell(lcs, a - 1, 0);
        uint8_t byte = lcs->a.data[a - 1];
        row[0] = 0;
        for (size_t b = 1; b <= lcs->b.len; b++) {
            uint32_t longer = above[b] > row[b - 1] ? above[b] : row[b - 1];
            row[b] = lcs->b.data[b - 1] == byte ? above[b - 1] + 1 : longer;
        }
    }
}

/* A run of equal bytes, walked from its end: a[a_end - len …], b[b_end - len …]. */
struct run {
    size_t a_end, b_end, len;
};

/* The next run before (*a, *b), towards the start. False: there is none. */
static bool run_before(const struct lcs *lcs, size_t *a, size_t *b, struct run *run)
{
    while (*a > 0 && *b > 0 && lcs->a.data[*a - 1] != lcs->b.data[*b - 1]) {
        if (*cell(lcs, *a - 1, *b) > *cell(lcs, *a, *b - 1)) {
            --*a;
        } else {
            --*b;
        }
    }
    *run = (struct run){*a, *b, 0};
    while (*a > 0 && *b > 0 && lcs->a.data[*a - 1] == lcs->b.data[*b - 1]) {
        --*a, --*b, run->len++;
    }
    return run->len > 0;
}

static void reply_range(struct call *call, size_t end, size_t len)
{
    reply_array(&call->reply, 2);
    reply_integer(&call->reply, (int64_t)(end - len));
    reply_integer(&call->reply, (int64_t)end - 1);
}

static void reply_places(struct call *call, const struct lcs *lcs)
{
    size_t a = lcs->a.len, b = lcs->b.len;
    struct run run;
    uint64_t count = 0;
    reply_map(&call->reply, 2);
    reply_bulk_text(&call->reply, "matches");
    size_t opened = reply_open(&call->reply);
    while (run_before(lcs, &a, &b, &run)) {
        if ((int64_t)run.len < lcs->match_length_min) continue;
        reply_array(&call->reply, lcs->with_match_length ? 3 : 2);
        reply_range(call, run.a_end, run.len);
        reply_range(call, run.b_end, run.len);
        if (lcs->with_match_length) reply_integer(&call->reply, (int64_t)run.len);
        count++;
    }
    reply_close_array(&call->reply, opened, count);
    reply_bulk_text(&call->reply, "len");
    reply_integer(&call->reply, *cell(lcs, lcs->a.len, lcs->b.len));
}

static void reply_subsequence(struct call *call, const struct lcs *lcs)
{
    size_t a = lcs->a.len, b = lcs->b.len;
    struct buffer text = {0};
    size_t left = *cell(lcs, a, b), len = left;
    uint8_t *bytes = buffer_reserve(&text, len + 1);
    for (struct run run; run_before(lcs, &a, &b, &run);) {
        left -= run.len;
        memcpy(bytes + left, lcs->a.data + run.a_end - run.len, run.len);
    }
    ASSERT(left == 0);
    reply_bulk(&call->reply, slice_of(bytes, len));
    buffer_free(&text);
}

/* False: there is a value that is no string; replied. */
static bool read_text(struct call *call, struct slice key, struct slice *text,
                      char scratch[INTEGER_TEXT_MAX])
{
    const struct entry *entry = store_read(call->store, call->database, key);
    *text = SLICE("");
    if (entry == NULL) {
        call_key_missed(call, key);
        return true;
    }
    if (entry_type(entry) != VALUE_STRING) {
        reply_error(&call->reply, "ERR The specified keys must contain string values");
        return false;
    }
    *text = entry_string(entry, scratch);
    return true;
}

static bool read_options(struct call *call, struct lcs *lcs)
{
    for (uint32_t i = 3; i < call->argc; i++) {
        struct slice word = call->argv[i];
        if (word_is(word, "IDX")) {
            lcs->wants_places = true;
        } else if (word_is(word, "LEN")) {
            lcs->wants_length = true;
        } else if (word_is(word, "WITHMATCHLEN")) {
            lcs->with_match_length = true;
        } else if (word_is(word, "MINMATCHLEN") && i + 1 < call->argc) {
            if (!call_integer(call, ++i, &lcs->match_length_min)) return false;
        } else {
            call_syntax_error(call);
            return false;
        }
    }
    if (!lcs->wants_length || !lcs->wants_places) return true;
    reply_error(&call->reply, "ERR If you want both the length and indexes, please just use IDX.");
    return false;
}

/* The table is the cost, and proto-max-bulk-len its bound. */
static bool table_take(struct call *call, struct lcs *lcs)
{
    uint64_t bytes = (uint64_t)(lcs->a.len + 1) * (lcs->b.len + 1) * sizeof *lcs->table;
    if (bytes > call->settings->bulk_bytes_max) {
        reply_error(&call->reply, "ERR Insufficient memory, transient memory for LCS exceeds "
                                  "proto-max-bulk-len");
        return false;
    }
    lcs->width = lcs->b.len + 1;
    lcs->table = malloc(bytes);
    if (lcs->table != NULL) return true;
    reply_error(&call->reply,
                "ERR Insufficient memory, failed allocating transient memory for LCS");
    return false;
}

void cmd_lcs(struct call *call)
{
    char scratch_a[INTEGER_TEXT_MAX], scratch_b[INTEGER_TEXT_MAX];
    struct lcs lcs = {0};
    if (!read_text(call, call->argv[1], &lcs.a, scratch_a)) return;
    if (!read_text(call, call->argv[2], &lcs.b, scratch_b)) return;
    if (!read_options(call, &lcs) || !table_take(call, &lcs)) return;
    table_fill(&lcs);
    if (lcs.wants_places) {
        reply_places(call, &lcs);
    } else if (lcs.wants_length) {
        reply_integer(&call->reply, *cell(&lcs, lcs.a.len, lcs.b.len));
    } else {
        reply_subsequence(call, &lcs);
    }
    free(lcs.table);
}
