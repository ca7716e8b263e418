/* sorted_set_pop.c -- taking the lowest or the highest out: ZPOPMIN, ZMPOP, and those that wait. */
#include "cmd/handlers.h"
#include "cmd/sorted_set.h"

enum pop_shape {
    POP_FLAT,          /* member, score, member, score … */
    POP_PAIRS,         /* an array of pairs */
    POP_WITH_KEY,      /* key, member, score */
    POP_KEY_AND_PAIRS, /* key, an array of pairs */
};

struct pop {
    bool highest;
    uint64_t count_max;
    enum pop_shape shape;
    uint32_t first_key, keys_count; /* argv positions */
};

static void reply_pop_header(struct call *call, struct slice key, uint64_t count,
                             enum pop_shape shape)
{
    switch (shape) {
    case POP_FLAT: reply_array(&call->reply, count * 2); break;
    case POP_PAIRS: reply_array(&call->reply, count); break;
    case POP_WITH_KEY:
        reply_array(&call->reply, count * 2 + 1);
        reply_bulk(&call->reply, key);
        break;
    case POP_KEY_AND_PAIRS:
        reply_array(&call->reply, 2);
        reply_bulk(&call->reply, key);
        reply_array(&call->reply, count);
        break;
    }
}

static void pop_from(struct call *call, struct slice key, struct zset *zset, const struct pop *pop)
{
    uint64_t have = zset_count(zset), count = u64_min(pop->count_max, have);
    if (count == 0) { /* ZPOPMIN key 0 */
        reply_array(&call->reply, 0);
        return;
    }
    struct zset_span span = {pop->highest ? have - count : 0, count};
    bool pairs = pop->shape == POP_PAIRS || pop->shape == POP_KEY_AND_PAIRS;
    struct zset_walk walk;
    reply_pop_header(call, key, count, pop->shape);
    zset_walk_begin(&walk, zset, span, pop->highest);
    for (struct zset_item item; zset_walk_next(&walk, &item);) {
        if (pairs) reply_array(&call->reply, 2);
        reply_bulk(&call->reply, item.member);
        reply_double(&call->reply, item.score);
    }
    if (call_spans(call)) {
        char text[INTEGER_TEXT_MAX];
        struct slice number = slice_of(text, integer_format((int64_t)count, text));
        struct slice name = pop->highest ? SLICE("ZPOPMAX") : SLICE("ZPOPMIN");
        call_log_instead(call, 3, (const struct slice[]){name, key, number});
    }
    zset_remove_span(store_room(call->store), zset, span);
    zset_taken(call, key, zset, pop->highest ? "zpopmax" : "zpopmin");
}

/* Pop from the first key that has a zset. False: none has. */
static bool pop_first(struct call *call, const struct pop *pop)
{
    for (uint32_t i = 0; i < pop->keys_count; i++) {
        struct slice key = call->argv[pop->first_key + i];
        struct zset *zset;
        if (!zset_write(call, key, &zset)) return true; /* the error is replied */
        if (zset == NULL) continue;
        pop_from(call, key, zset, pop);
        return true;
    }
    return false;
}

static void pop_or_wait(struct call *call, const struct pop *pop, int64_t timeout_ms)
{
    if (pop_first(call, pop)) return;
    if (call->may_block)
        call_block_on(call, timeout_ms, pop->first_key, pop->keys_count, TIMEOUT_NULL_ARRAY);
    else
        reply_null_array(&call->reply);
}

/* --- one key, and the first of several -------------------------------------------------------- */

static void pop_one_key(struct call *call, bool highest)
{
    struct pop pop = {.highest = highest, .count_max = 1, .first_key = 1, .keys_count = 1};
    int64_t count;
    if (call->argc > 3) {
        call_syntax_error(call);
        return;
    }
    if (call->argc == 3) {
        if (!call_integer_in(call, 2, 0, INT64_MAX, &count,
                             "ERR value is out of range, must be positive"))
            return;
        pop.count_max = (uint64_t)count;
        pop.shape = call->reply.protocol > 2 ? POP_PAIRS : POP_FLAT;
    }
    if (!pop_first(call, &pop)) reply_array(&call->reply, 0);
}

void cmd_zpopmin(struct call *call)
{
    pop_one_key(call, false);
}

void cmd_zpopmax(struct call *call)
{
    pop_one_key(call, true);
}

static void pop_waiting(struct call *call, bool highest)
{
    struct pop pop = {.highest = highest,
                      .count_max = 1,
                      .shape = POP_WITH_KEY,
                      .first_key = 1,
                      .keys_count = call->argc - 2};
    int64_t timeout_ms;
    if (call_timeout(call, call->argc - 1, &timeout_ms)) pop_or_wait(call, &pop, timeout_ms);
}

void cmd_bzpopmin(struct call *call)
{
    pop_waiting(call, false);
}

void cmd_bzpopmax(struct call *call)
{
    pop_waiting(call, true);
}

/* --- ZMPOP and BZMPOP ------------------------------------------------------------------------- */

static bool count_parse(struct call *call, uint32_t index, struct pop *pop)
{
    int64_t count;
    if (index == call->argc) return true;
    if (!word_is(call->argv[index], "COUNT") || index + 2 != call->argc) {
        call_syntax_error(call);
        return false;
    }
    if (!call_integer_in(call, index + 1, 1, INT64_MAX, &count,
                         "ERR count should be greater than 0"))
        return false;
    pop->count_max = (uint64_t)count;
    return true;
}

/* numkeys at `index`, the keys, MIN or MAX, and perhaps COUNT. */
static bool pop_parse(struct call *call, uint32_t index, struct pop *pop)
{
    int64_t keys;
    if (!zset_numkeys(call, index, &keys)) return false;
    if (keys >= (int64_t)call->argc - index - 1) {
        call_syntax_error(call);
        return false;
    }
    *pop = (struct pop){.count_max = 1,
                        .shape = POP_KEY_AND_PAIRS,
                        .first_key = index + 1,
                        .keys_count = (uint32_t)keys};
    uint32_t where = pop->first_key + pop->keys_count;
    pop->highest = word_is(call->argv[where], "MAX");
    if (!pop->highest && !word_is(call->argv[where], "MIN")) {
        call_syntax_error(call);
        return false;
    }
    return count_parse(call, where + 1, pop);
}

void cmd_zmpop(struct call *call)
{
    struct pop pop;
    if (!pop_parse(call, 1, &pop)) return;
    if (!pop_first(call, &pop)) reply_null_array(&call->reply);
}

void cmd_bzmpop(struct call *call)
{
    struct pop pop;
    int64_t timeout_ms;
    if (!call_timeout(call, 1, &timeout_ms)) return;
    if (pop_parse(call, 2, &pop)) pop_or_wait(call, &pop, timeout_ms);
}
