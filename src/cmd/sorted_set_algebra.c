/*
 * sorted_set_algebra.c -- what several sorted sets have in common, together, or alone.
 *
 * An operand may be a plain set, too: its members all have the score 1. Results are gathered in a
 * zset of their own, since they are wanted in order. The costs are those of Redis: see
 * set_algebra.c.
 */
#include <math.h>
#include <stdlib.h>

#include "cmd/handlers.h"
#include "cmd/sorted_set.h"
#include "core/store/set.h"

struct operand { /* neither: the key is not there */
    const struct set *set;
    const struct zset *zset;
    double weight;
    uint64_t count;
};

enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };
enum operation { UNITE, INTERSECT, SUBTRACT };

struct algebra {
    struct call *call;
    enum operation operation;
    bool counts, stores; /* only a count is wanted; there is a destination */
    struct operand *operands;
    uint32_t operands_count;
    enum aggregate aggregate;
    bool scores;
    uint64_t limit; /* of a count; 0: none */
    struct zset *result;
    uint64_t count;
};

/* --- operands --------------------------------------------------------------------------------- */

struct operand_walk {
    const struct operand *operand;
    struct set_walk set;
    struct zset_walk zset;
};

static void operand_walk_begin(struct operand_walk *walk, const struct operand *operand)
{
    walk->operand = operand;
    walk->set = (struct set_walk){0};
    if (operand->zset != NULL)
        zset_walk_begin(&walk->zset, operand->zset, (struct zset_span){0, operand->count}, false);
}

static bool operand_walk_next(struct operand_walk *walk, struct zset_item *item)
{
    if (walk->operand->zset != NULL) return zset_walk_next(&walk->zset, item);
    item->score = 1;
    return walk->operand->set != NULL &&
           set_walk_next(walk->operand->set, &walk->set, &item->member);
}

static bool operand_score(const struct operand *operand, struct slice member, double *score)
{
    if (operand->zset != NULL) return zset_score(operand->zset, member, score);
    *score = 1;
    return operand->set != NULL && set_has(operand->set, member);
}

static bool operand_read(struct call *call, struct slice key, struct operand *operand)
{
    struct entry *entry = store_read(call->store, call->database, key);
    *operand = (struct operand){.weight = 1};
    if (entry == NULL) {
        call_key_missed(call, key);
        return true;
    }
    enum value_type type = entry_type(entry);
    if (type == VALUE_ZSET) {
        operand->zset = entry_object(entry);
        operand->count = zset_count(operand->zset);
    } else if (type == VALUE_SET) {
        operand->set = entry_object(entry);
        operand->count = set_count(operand->set);
    } else {
        call_wrong_type(call);
        return false;
    }
    return true;
}

static bool operands_are_same(const struct operand *a, const struct operand *b)
{
    return a->count > 0 && a->set == b->set && a->zset == b->zset;
}

static int smaller_first(const void *a, const void *b)
{
    uint64_t left = ((const struct operand *)a)->count, right = ((const struct operand *)b)->count;
    return (left > right) - (left < right);
}

static int larger_first(const void *a, const void *b)
{
    return smaller_first(b, a);
}

/* --- the three operations --------------------------------------------------------------------- */

/* Infinities of both signs meet as 0, as in Redis. */
static double not_nan(double score)
{
    return isnan(score) ? 0 : score;
}

static double combine(const struct algebra *algebra, double a, double b)
{
    switch (algebra->aggregate) {
    case AGGREGATE_SUM: return not_nan(a + b);
    case AGGREGATE_MIN: return b < a ? b : a;
    case AGGREGATE_MAX: break;
    }
    return b > a ? b : a;
}

/* False: enough. */
static bool keep(struct algebra *algebra, struct slice member, double score)
{
    if (!algebra->counts)
        zset_add(store_room(algebra->call->store), algebra->result, member, &score, 0);
    return ++algebra->count != algebra->limit;
}

static void unite(struct algebra *algebra)
{
    for (uint32_t i = 0; i < algebra->operands_count; i++) {
        const struct operand *operand = &algebra->operands[i];
        struct operand_walk walk;
        operand_walk_begin(&walk, operand);
        for (struct zset_item item; operand_walk_next(&walk, &item);) {
            double score = not_nan(operand->weight * item.score), old;
            if (zset_score(algebra->result, item.member, &old))
                score = combine(algebra, old, score);
            keep(algebra, item.member, score);
        }
    }
}

static bool score_in_all(const struct algebra *algebra, struct slice member, double *score)
{
    for (uint32_t i = 1; i < algebra->operands_count; i++) {
        const struct operand *operand = &algebra->operands[i];
        double other;
        if (!operand_score(operand, member, &other)) return false;
        *score = combine(algebra, *score, operand->weight * other); /* NaN is lost in it */
    }
    return true;
}

static void intersect(struct algebra *algebra)
{
    struct operand_walk walk;
    operand_walk_begin(&walk, &algebra->operands[0]); /* the smallest; perhaps it is missing */
    for (struct zset_item item; operand_walk_next(&walk, &item);) {
        double score = not_nan(algebra->operands[0].weight * item.score);
        if (score_in_all(algebra, item.member, &score) && !keep(algebra, item.member, score))
            return;
    }
}

static bool asking_is_cheaper(const struct algebra *algebra)
{
    uint64_t asked = 0, taken = 0;
    for (uint32_t i = 0; i < algebra->operands_count; i++) {
        asked += algebra->operands[0].count;
        taken += algebra->operands[i].count;
    }
    return asked / 2 <= taken;
}

static bool any_other_has(const struct algebra *algebra, struct slice member)
{
    double score;
    for (uint32_t i = 1; i < algebra->operands_count; i++)
        if (operand_score(&algebra->operands[i], member, &score)) return true;
    return false;
}

static void keep_all(struct algebra *algebra, bool asking)
{
    struct operand_walk walk;
    operand_walk_begin(&walk, &algebra->operands[0]);
    for (struct zset_item item; operand_walk_next(&walk, &item);)
        if (!asking || !any_other_has(algebra, item.member)) keep(algebra, item.member, item.score);
}

static void take_others(struct algebra *algebra)
{
    struct room *room = store_room(algebra->call->store);
    for (uint32_t i = 1; i < algebra->operands_count; i++) {
        struct operand_walk walk;
        operand_walk_begin(&walk, &algebra->operands[i]);
        for (struct zset_item item; operand_walk_next(&walk, &item);) {
            zset_remove(room, algebra->result, item.member);
            if (zset_count(algebra->result) == 0) return;
        }
    }
}

static void subtract(struct algebra *algebra)
{
    if (algebra->operands[0].count == 0) return;
    for (uint32_t i = 1; i < algebra->operands_count; i++)
        if (operands_are_same(&algebra->operands[0], &algebra->operands[i])) return;
    bool asking = asking_is_cheaper(algebra);
    if (asking) /* the largest is the likeliest to have a member */
        qsort(algebra->operands + 1, algebra->operands_count - 1, sizeof *algebra->operands,
              larger_first);
    keep_all(algebra, asking);
    if (!asking) take_others(algebra);
}

static void operate(struct algebra *algebra)
{
    if (algebra->operation != SUBTRACT)
        qsort(algebra->operands, algebra->operands_count, sizeof *algebra->operands, smaller_first);
    switch (algebra->operation) {
    case UNITE: unite(algebra); break;
    case INTERSECT: intersect(algebra); break;
    case SUBTRACT: subtract(algebra); break;
    }
}

/* --- arguments -------------------------------------------------------------------------------- */

static bool aggregate_parse(struct slice word, enum aggregate *aggregate)
{
    if (word_is(word, "SUM"))
        *aggregate = AGGREGATE_SUM;
    else if (word_is(word, "MIN"))
        *aggregate = AGGREGATE_MIN;
    else if (word_is(word, "MAX"))
        *aggregate = AGGREGATE_MAX;
    else
        return false;
    return true;
}

static bool weights_parse(struct algebra *algebra, uint32_t index)
{
    for (uint32_t i = 0; i < algebra->operands_count; i++) {
        struct slice text = algebra->call->argv[index + i];
        if (double_parse(text, &algebra->operands[i].weight)) continue;
        reply_error(&algebra->call->reply, "ERR weight value is not a float");
        return false;
    }
    return true;
}

static bool limit_parse(struct algebra *algebra, uint32_t index)
{
    int64_t limit;
    if (!call_integer_in(algebra->call, index, 0, INT64_MAX, &limit, "ERR LIMIT can't be negative"))
        return false;
    algebra->limit = (uint64_t)limit;
    return true;
}

/* One option at `*index`, which is moved behind it. */
static bool option_parse(struct algebra *algebra, uint32_t *index)
{
    struct call *call = algebra->call;
    struct slice word = call->argv[(*index)++];
    uint32_t at = *index, left = call->argc - at, weights = algebra->operands_count;
    bool combines = algebra->operation != SUBTRACT && !algebra->counts;
    if (combines && left >= weights && word_is(word, "WEIGHTS")) {
        *index += weights;
        return weights_parse(algebra, at);
    }
    if (combines && left >= 1 && word_is(word, "AGGREGATE")) {
        ++*index;
        if (aggregate_parse(call->argv[at], &algebra->aggregate)) return true;
    } else if (!algebra->stores && !algebra->counts && word_is(word, "WITHSCORES")) {
        algebra->scores = true;
        return true;
    } else if (algebra->counts && left >= 1 && word_is(word, "LIMIT")) {
        ++*index;
        return limit_parse(algebra, at);
    }
    call_syntax_error(call);
    return false;
}

/* The keys from argv[first] on, then options. */
static bool algebra_parse(struct algebra *algebra, uint32_t first)
{
    struct call *call = algebra->call;
    for (uint32_t i = 0; i < algebra->operands_count; i++)
        if (!operand_read(call, call->argv[first + i], &algebra->operands[i])) return false;
    for (uint32_t i = first + algebra->operands_count; i < call->argc;)
        if (!option_parse(algebra, &i)) return false;
    return true;
}

/* --- the commands ----------------------------------------------------------------------------- */

static void reply_all(const struct algebra *algebra)
{
    uint64_t count = zset_count(algebra->result);
    struct zset_walk walk;
    zset_reply_header(algebra->call, count, algebra->scores);
    zset_walk_begin(&walk, algebra->result, (struct zset_span){0, count}, false);
    for (struct zset_item item; zset_walk_next(&walk, &item);)
        zset_reply_item(algebra->call, item, algebra->scores);
}

static void answer(struct algebra *algebra)
{
    static const char *const events[] = {"zunionstore", "zinterstore", "zdiffstore"};
    struct call *call = algebra->call;
    struct room *room = store_room(call->store);
    if (algebra->counts) {
        operate(algebra);
        reply_integer(&call->reply, (int64_t)algebra->count);
        return;
    }
    algebra->result = zset_new(room);
    operate(algebra);
    if (algebra->stores) {
        zset_store(call, call->argv[1], algebra->result, events[algebra->operation]);
        return;
    }
    reply_all(algebra);
    zset_free(room, algebra->result);
}

static void run(struct call *call, enum operation operation, bool stores, bool counts)
{
    struct algebra algebra = {
        .call = call, .operation = operation, .stores = stores, .counts = counts};
    uint32_t numkeys = stores ? 2 : 1;
    int64_t keys;
    if (!call_integer(call, numkeys, &keys)) return;
    if (keys < 1) {
        reply_error(&call->reply, "ERR at least 1 input key is needed for '%s' command",
                    call->command->name);
        return;
    }
    if (keys > (int64_t)call->argc - numkeys - 1) {
        call_syntax_error(call);
        return;
    }
    struct heap *heap = &store_room(call->store)->heap;
    algebra.operands_count = (uint32_t)keys;
    algebra.operands = heap_take(heap, (size_t)keys * sizeof *algebra.operands);
    if (algebra_parse(&algebra, numkeys + 1)) answer(&algebra);
    heap_give(heap, algebra.operands, (size_t)keys * sizeof *algebra.operands);
}

void cmd_zunion(struct call *call)
{
    run(call, UNITE, false, false);
}

void cmd_zunionstore(struct call *call)
{
    run(call, UNITE, true, false);
}

void cmd_zinter(struct call *call)
{
    run(call, INTERSECT, false, false);
}

void cmd_zinterstore(struct call *call)
{
    run(call, INTERSECT, true, false);
}

void cmd_zdiff(struct call *call)
{
    run(call, SUBTRACT, false, false);
}

void cmd_zdiffstore(struct call *call)
{
    run(call, SUBTRACT, true, false);
}

void cmd_zintercard(struct call *call)
{
    run(call, INTERSECT, false, true);
}
