/*
 * merge.c -- see merge.h. The tree is that of Knuth, volume 3, 5.4.1.
 *
 * Invariants
 *   L1  tree[0] is the source of the smallest record; tree[1..] are the losers on the paths to it.
 *   L2  of equal keys, the source with the lower number comes first.
 */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/short_key.h"
#include "work/shuffle/merge.h"

enum {
    FAN_IN_MAX = 512,
    FAN_IN_MIN = 2,
    STOP_RECORDS = 1 << 14, /* looked for the stop after so many */
};

struct source {
    uint64_t prefix;
    struct record record;
    bool ended;
    struct run_cursor *cursor;
};

struct merge {
    struct source *sources;
    uint32_t *tree; /* [L1] */
    uint32_t count;
    bool started;
    uint64_t records;
    const struct fold_type *fold; /* NULL: a set, or all */
    const struct process_stop *stop;
    struct record pending; /* of merge_next_folded: the first record of the next key */
    bool has_pending;
    struct buffer key; /* the key that merge_next_folded gave */
};

static inline bool source_before(const struct merge *merge, uint32_t a, uint32_t b)
{
    const struct source *left = &merge->sources[a], *right = &merge->sources[b];
    if (left->prefix != right->prefix) return left->prefix < right->prefix;
    if (UNLIKELY(left->ended || right->ended)) {
        return left->ended != right->ended ? right->ended : a < b;
    }
    struct slice x = left->record.key, y = right->record.key;
    size_t skip = u64_min(8, u64_min(x.len, y.len)); /* as far as the prefixes have compared */
    int order = slice_cmp(slice_from(x, skip), slice_from(y, skip));
    return order != 0 ? order < 0 : a < b; /* [L2] */
}

static enum err source_advance(struct source *source, struct fault *fault)
{
    bool got;
    enum err err = run_cursor_next(source->cursor, &source->record, &got, fault);
    source->ended = !got;
    source->prefix = got ? key_prefix(source->record.key) : UINT64_MAX;
    return err;
}

/* The record of `winner` is new: play its path again. [L1] */
static void replay(struct merge *merge, uint32_t winner)
{
    for (uint32_t node = (winner + merge->count) / 2; node > 0; node /= 2) {
        if (source_before(merge, merge->tree[node], winner)) {
            uint32_t loser = winner;
            winner = merge->tree[node];
            merge->tree[node] = loser;
        }
    }
    merge->tree[0] = winner;
}

/* Play all games: `node` is inner below count, and a source from there on. */
static uint32_t play(struct merge *merge, uint32_t node)
{
    if (node >= merge->count) return node - merge->count;
    uint32_t left = play(merge, 2 * node), right = play(merge, 2 * node + 1);
    bool left_wins = source_before(merge, left, right);
    merge->tree[node] = left_wins ? right : left;
    return left_wins ? left : right;
}

static enum err start(struct merge *merge, struct fault *fault)
{
    for (uint32_t i = 0; i < merge->count; i++) {
        enum err err = source_advance(&merge->sources[i], fault);
        if (err != ERR_OK) return err;
    }
    merge->tree[0] = play(merge, 1);
    merge->started = true;
    return ERR_OK;
}

enum err merge_next(struct merge *merge, struct record *record, bool *got, struct fault *fault)
{
    *got = false;
    if (merge->count == 0) return ERR_OK;
    if (UNLIKELY(!merge->started)) {
        enum err err = start(merge, fault);
        if (err != ERR_OK) return err;
    } else if (!merge->sources[merge->tree[0]].ended) {
        enum err err = source_advance(&merge->sources[merge->tree[0]], fault);
        if (err != ERR_OK) return err;
        replay(merge, merge->tree[0]);
    }
    const struct source *winner = &merge->sources[merge->tree[0]];
    *got = !winner->ended;
    merge->records += *got;
    *record = winner->record;
    if (LIKELY(merge->records % STOP_RECORDS != 0) || !process_stop_is_raised(merge->stop)) {
        return ERR_OK;
    }
    return fault_set(fault, ERR_CANCELLED, "stopped");
}

static enum err pending_fill(struct merge *merge, struct fault *fault)
{
    if (merge->has_pending) return ERR_OK;
    return merge_next(merge, &merge->pending, &merge->has_pending, fault);
}

static enum err state_damaged(struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "spilled data: a state is damaged");
}

/* Merge the states of the records that follow with the same key; leaves the next one pending. */
static enum err fold_equals(struct merge *merge, void *state, struct fault *fault)
{
    for (;;) {
        enum err err = merge_next(merge, &merge->pending, &merge->has_pending, fault);
        if (err != ERR_OK || !merge->has_pending) return err;
        if (!slice_eq(merge->pending.key, buffer_slice(&merge->key))) return ERR_OK;
        if (merge->fold == NULL) continue;
        uint64_t other[FOLD_STATE_BYTES_MAX / sizeof(uint64_t)];
        if (!merge->fold->decode(merge->pending.value, other)) return state_damaged(fault);
        merge->fold->merge(state, other);
    }
}

enum err merge_next_folded(struct merge *merge, struct slice *key, void *state, bool *got,
                           struct fault *fault)
{
    enum err err = pending_fill(merge, fault);
    *got = merge->has_pending;
    if (err != ERR_OK || !*got) return err;
    buffer_clear(&merge->key);
    buffer_append(&merge->key, merge->pending.key);
    if (merge->fold != NULL && !merge->fold->decode(merge->pending.value, state)) {
        return state_damaged(fault);
    }
    err = fold_equals(merge, state, fault);
    *key = buffer_slice(&merge->key);
    return err;
}

uint64_t merge_records(const struct merge *merge)
{
    return merge->records;
}

void merge_free(struct merge *merge)
{
    if (merge == NULL) return;
    for (uint32_t i = 0; i < merge->count; i++) run_cursor_free(merge->sources[i].cursor);
    buffer_free(&merge->key);
    free(merge->sources);
    free(merge->tree);
    free(merge);
}

/* A merge of parts that are few enough to be read at one time. */
static enum err merge_open(const struct merge_config *config, const struct merge_part *parts,
                           size_t count, struct merge **out, struct fault *fault)
{
    struct merge *merge = calloc(1, sizeof *merge);
    ASSERT(merge != NULL);
    merge->fold = config->fold;
    merge->stop = config->stop;
    merge->sources = calloc(count + 1, sizeof *merge->sources);
    merge->tree = calloc(count + 1, sizeof *merge->tree);
    ASSERT(merge->sources != NULL);
    ASSERT(merge->tree != NULL);
    enum err err = ERR_OK;
    for (; merge->count < count && err == ERR_OK; merge->count++) {
        const struct merge_part *part = &parts[merge->count];
        err = run_cursor_new(part->store, part->run, part->offset, part->bytes,
                             &merge->sources[merge->count].cursor, fault);
    }
    *out = merge;
    if (err == ERR_OK) return ERR_OK;
    merge_free(merge);
    *out = NULL;
    return err;
}

static enum err copy_all(struct merge *merge, struct run_store *to, struct fault *fault)
{
    for (;;) {
        struct record record;
        bool got;
        enum err err = merge_next(merge, &record, &got, fault);
        if (err != ERR_OK || !got) return err;
        err = run_put(to, record.key, record.value, fault);
        if (err != ERR_OK) return err;
    }
}

static enum err copy_folded(struct merge *merge, struct run_store *to, struct fault *fault)
{
    struct buffer value = {0};
    enum err err = ERR_OK;
    for (;;) {
        uint64_t state[FOLD_STATE_BYTES_MAX / sizeof(uint64_t)];
        struct slice key = {0};
        bool got;
        err = merge_next_folded(merge, &key, state, &got, fault);
        if (err != ERR_OK || !got) break;
        buffer_clear(&value);
        if (merge->fold != NULL) merge->fold->encode(state, &value);
        err = run_put(to, key, buffer_slice(&value), fault);
        if (err != ERR_OK) break;
    }
    buffer_free(&value);
    return err;
}

/* Merge neighbours into one part of one new run in the scratch store. */
static enum err merge_into_one(const struct merge_config *config, const struct merge_part *parts,
                               size_t count, struct merge_part *one, struct fault *fault)
{
    struct merge *merge;
    enum err err = merge_open(config, parts, count, &merge, fault);
    if (err != ERR_OK) return err;
    const struct run_part *made = NULL;
    uint32_t made_count = 0;
    run_begin(config->scratch);
    err = config->mode == MERGE_ALL ? copy_all(merge, config->scratch, fault)
                                    : copy_folded(merge, config->scratch, fault);
    if (err == ERR_OK) err = run_end_part(config->scratch, 0, fault);
    if (err == ERR_OK) err = run_end(config->scratch, &made, &made_count, fault);
    if (err != ERR_OK) run_abandon(config->scratch);
    merge_free(merge);
    if (err != ERR_OK) return err;
    ASSERT(made_count == 1);
    *one = (struct merge_part){config->scratch, made->run, made->offset, made->bytes};
    for (size_t i = 0; i < count; i++) {
        if (parts[i].store == config->scratch) run_drop(config->scratch, parts[i].run);
    }
    return ERR_OK;
}

/* How many of the first parts can be read at one time. */
static size_t fan_in(const struct merge_config *config, const struct merge_part *parts,
                     size_t count)
{
    size_t bytes = 0, i = 0;
    while (i < count && i < FAN_IN_MAX) {
        bytes += run_cursor_bytes(parts[i].store, parts[i].run);
        if (i >= FAN_IN_MIN && bytes > config->memory_bytes) break;
        i++;
    }
    return i;
}

/* One pass over all parts, from left to right, so that their order stays. */
static enum err pass(const struct merge_config *config, struct merge_part *parts, size_t *count,
                     struct fault *fault)
{
    size_t to = 0;
    for (size_t from = 0; from < *count;) {
        size_t together = fan_in(config, parts + from, *count - from);
        if (together == 1) {
            parts[to++] = parts[from++];
            continue;
        }
        struct merge_part one;
        enum err err = merge_into_one(config, parts + from, together, &one, fault);
        if (err != ERR_OK) return err;
        parts[to++] = one;
        from += together;
    }
    *count = to;
    return ERR_OK;
}

enum err merge_new(const struct merge_config *config, struct merge **merge, struct fault *fault)
{
    *merge = NULL;
    size_t count = config->parts_count;
    struct merge_part *parts = malloc((count + 1) * sizeof *parts);
    ASSERT(parts != NULL);
    if (count > 0) memcpy(parts, config->parts, count * sizeof *parts);
    enum err err = ERR_OK;
    while (err == ERR_OK && fan_in(config, parts, count) < count) {
        err = pass(config, parts, &count, fault);
    }
    if (err == ERR_OK) err = merge_open(config, parts, count, merge, fault);
    free(parts);
    return err;
}
