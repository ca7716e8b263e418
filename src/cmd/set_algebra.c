/*
 * set_algebra.c -- what several sets have in common, together, or alone.
 *
 * A result is told member by member to a sink: a reply, a new set, or a count. The costs are kept
 * low as Redis does it: intersections walk the smallest set, differences choose between asking for
 * each member of the first set and taking the others' members out of a copy.
 */
#include <stdlib.h>

#include "cmd/handlers.h"
#include "cmd/set.h"

struct operands {
    const struct set **sets; /* NULL: the key is not there */
    uint32_t count;
    struct heap *heap;
};

struct sink {
    struct call *call;
    struct set *into; /* NULL: members are replied, or with `counts` only counted */
    bool counts;
    uint64_t count, count_max;
};

static void operands_free(struct operands *operands)
{
    heap_give(operands->heap, (void *)operands->sets, operands->count * sizeof(void *));
}

/* The sets of the keys from argv[first] on. False: one is no set, which is replied. */
static bool operands_read(struct call *call, uint32_t first, uint32_t count,
                          struct operands *operands)
{
    struct heap *heap = &store_room(call->store)->heap;
    *operands = (struct operands){(const struct set **)heap_take(heap, count * sizeof(void *)),
                                  count, heap};
    for (uint32_t i = 0; i < count; i++) {
        if (set_read(call, call->argv[first + i], &operands->sets[i])) continue;
        operands_free(operands);
        return false;
    }
    return true;
}

static bool any_is_missing(const struct operands *operands)
{
    for (uint32_t i = 0; i < operands->count; i++)
        if (operands->sets[i] == NULL) return true;
    return false;
}

/* False: enough. */
static bool sink_add(struct sink *sink, struct slice member)
{
    if (sink->into != NULL)
        set_add(store_room(sink->call->store), sink->into, member);
    else if (!sink->counts)
        reply_bulk(&sink->call->reply, member);
    return ++sink->count != sink->count_max;
}

static void sink_all(struct sink *sink, const struct set *set)
{
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);) sink_add(sink, member);
}

/* --- the three operations --------------------------------------------------------------------- */

static int smaller_first(const void *a, const void *b)
{
    uint64_t left = set_count(*(const struct set *const *)a);
    uint64_t right = set_count(*(const struct set *const *)b);
    return (left > right) - (left < right);
}

static bool all_have(const struct operands *operands, struct slice member)
{
    for (uint32_t i = 1; i < operands->count; i++) {
        const struct set *set = operands->sets[i];
        if (set != operands->sets[0] && !set_has(set, member)) return false;
    }
    return true;
}

static void intersect(struct operands *operands, struct sink *sink)
{
    if (any_is_missing(operands)) return;
    qsort((void *)operands->sets, operands->count, sizeof(void *), smaller_first);
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(operands->sets[0], &walk, &member);)
        if (all_have(operands, member) && !sink_add(sink, member)) return;
}

static void unite(struct operands *operands, struct sink *sink)
{
    struct room *room = store_room(sink->call->store);
    struct set *all = sink->into != NULL ? sink->into : set_new(room);
    for (uint32_t i = 0; i < operands->count; i++) {
        struct set_walk walk = {0};
        const struct set *set = operands->sets[i];
        for (struct slice member; set != NULL && set_walk_next(set, &walk, &member);)
            set_add(room, all, member);
    }
    if (all == sink->into) return;
    sink_all(sink, all);
    set_free(room, all);
}

/* Is it cheaper to ask the others for each member than to take theirs out of a copy? An asking
 * costs half, as the walk ends at the first set that has the member. */
static bool asking_is_cheaper(const struct operands *operands)
{
    uint64_t asked = 0, taken = 0;
    for (uint32_t i = 0; i < operands->count; i++) {
        if (operands->sets[i] == NULL) continue;
        asked += set_count(operands->sets[0]);
        taken += set_count(operands->sets[i]);
    }
    return asked / 2 <= taken;
}

static bool any_other_has(const struct operands *operands, struct slice member)
{
    for (uint32_t i = 1; i < operands->count; i++)
        if (operands->sets[i] != NULL && set_has(operands->sets[i], member)) return true;
    return false;
}

static int larger_first_missing_last(const void *a, const void *b)
{
    const struct set *left = *(const struct set *const *)a;
    const struct set *right = *(const struct set *const *)b;
    if (left == NULL || right == NULL) return (left == NULL) - (right == NULL);
    return -smaller_first(a, b);
}

static void subtract_by_asking(struct operands *operands, struct sink *sink)
{
    /* The largest is the likeliest to have a member. */
    qsort((void *)(operands->sets + 1), operands->count - 1, sizeof(void *),
          larger_first_missing_last);
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(operands->sets[0], &walk, &member);)
        if (!any_other_has(operands, member)) sink_add(sink, member);
}

static void subtract_by_taking(struct operands *operands, struct sink *sink)
{
    struct room *room = store_room(sink->call->store);
    struct set *rest = set_copy(room, operands->sets[0]);
    for (uint32_t i = 1; i < operands->count && set_count(rest) > 0; i++) {
        struct set_walk walk = {0};
        const struct set *set = operands->sets[i];
        for (struct slice member; set != NULL && set_walk_next(set, &walk, &member);)
            set_remove(room, rest, member);
    }
    sink_all(sink, rest);
    set_free(room, rest);
}

static void subtract(struct operands *operands, struct sink *sink)
{
    if (operands->sets[0] == NULL) return;
    for (uint32_t i = 1; i < operands->count; i++)
        if (operands->sets[i] == operands->sets[0]) return;
    if (asking_is_cheaper(operands))
        subtract_by_asking(operands, sink);
    else
        subtract_by_taking(operands, sink);
}

/* --- the commands ----------------------------------------------------------------------------- */

typedef void (*set_operation)(struct operands *operands, struct sink *sink);

static void reply_result(struct call *call, set_operation operation)
{
    struct operands operands;
    if (!operands_read(call, 1, call->argc - 1, &operands)) return;
    struct sink sink = {.call = call};
    size_t opened = reply_open(&call->reply);
    operation(&operands, &sink);
    reply_close_set(&call->reply, opened, sink.count);
    operands_free(&operands);
}

static void store_result(struct call *call, set_operation operation, const char *event)
{
    struct slice target = call->argv[1];
    struct room *room = store_room(call->store);
    struct operands operands;
    if (!operands_read(call, 2, call->argc - 2, &operands)) return;
    struct sink sink = {.call = call, .into = set_new(room)};
    operation(&operands, &sink);
    operands_free(&operands);
    int64_t count = (int64_t)set_count(sink.into);
    if (count > 0) {
        store_put_object(call->store, call->database, target, VALUE_SET, sink.into);
        call_modified(call, call->database, target);
        call_notify(call, NOTIFY_SET, event, target);
    } else {
        set_free(room, sink.into);
        if (store_delete(call->store, call->database, target)) {
            call_modified(call, call->database, target);
            call_notify(call, NOTIFY_GENERIC, "del", target);
        }
    }
    reply_integer(&call->reply, count);
}

void cmd_sinter(struct call *call)
{
    reply_result(call, intersect);
}

void cmd_sunion(struct call *call)
{
    reply_result(call, unite);
}

void cmd_sdiff(struct call *call)
{
    reply_result(call, subtract);
}

void cmd_sinterstore(struct call *call)
{
    store_result(call, intersect, "sinterstore");
}

void cmd_sunionstore(struct call *call)
{
    store_result(call, unite, "sunionstore");
}

void cmd_sdiffstore(struct call *call)
{
    store_result(call, subtract, "sdiffstore");
}

void cmd_sintercard(struct call *call)
{
    int64_t keys, limit = 0;
    if (!call_integer_in(call, 1, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0"))
        return;
    if (keys > (int64_t)call->argc - 2) {
        reply_error(&call->reply, "ERR Number of keys can't be greater than number of args");
        return;
    }
    for (uint32_t i = (uint32_t)keys + 2; i < call->argc; i += 2) {
        if (!word_is(call->argv[i], "LIMIT") || i + 1 == call->argc) {
            call_syntax_error(call);
            return;
        }
        if (!call_integer_in(call, i + 1, 0, INT64_MAX, &limit, "ERR LIMIT can't be negative"))
            return;
    }
    struct operands operands;
    if (!operands_read(call, 2, (uint32_t)keys, &operands)) return;
    struct sink sink = {.call = call, .counts = true, .count_max = (uint64_t)limit};
    intersect(&operands, &sink);
    operands_free(&operands);
    reply_integer(&call->reply, (int64_t)sink.count);
}
