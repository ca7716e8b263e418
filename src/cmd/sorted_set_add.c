/* sorted_set_add.c -- ZADD and ZINCRBY. */
#include "cmd/handlers.h"
#include "cmd/sorted_set.h"

enum { SCORES_FEW = 16 }; /* so many are parsed without memory of their own */

struct addition {
    unsigned how;        /* bits of enum zset_how */
    bool counts_changed; /* CH */
    uint32_t first;      /* score, member, score, member … */
    uint32_t count;      /* of pairs */
};

static bool refuse(struct call *call, const char *error)
{
    reply_error(&call->reply, "%s", error);
    return false;
}

static bool option_parse(struct slice word, struct addition *addition)
{
    if (word_is(word, "NX"))
        addition->how |= ZSET_NX;
    else if (word_is(word, "XX"))
        addition->how |= ZSET_XX;
    else if (word_is(word, "GT"))
        addition->how |= ZSET_GT;
    else if (word_is(word, "LT"))
        addition->how |= ZSET_LT;
    else if (word_is(word, "INCR"))
        addition->how |= ZSET_INCR;
    else if (word_is(word, "CH"))
        addition->counts_changed = true;
    else
        return false;
    return true;
}

static bool addition_parse(struct call *call, struct addition *addition)
{
    while (addition->first < call->argc && option_parse(call->argv[addition->first], addition))
        addition->first++;
    uint32_t words = call->argc - addition->first;
    unsigned how = addition->how;
    if (words == 0 || words % 2 != 0) return refuse(call, "ERR syntax error");
    if (how & ZSET_NX && how & ZSET_XX)
        return refuse(call, "ERR XX and NX options at the same time are not compatible");
    unsigned exclusive = how & (ZSET_NX | ZSET_GT | ZSET_LT);
    if ((exclusive & (exclusive - 1)) != 0)
        return refuse(call, "ERR GT, LT, and/or NX options at the same time are not compatible");
    if (how & ZSET_INCR && words > 2)
        return refuse(call, "ERR INCR option supports a single increment-element pair");
    addition->count = words / 2;
    return true;
}

/* All scores before anything is changed. */
static bool scores_parse(struct call *call, const struct addition *addition, double *scores)
{
    for (uint32_t i = 0; i < addition->count; i++)
        if (!call_double(call, addition->first + 2 * i, &scores[i])) return false;
    return true;
}

static void reply_incremented(struct call *call, enum zset_done done, double score)
{
    switch (done) {
    case ZSET_ADDED:
    case ZSET_UPDATED:
    case ZSET_SAME: reply_double(&call->reply, score); break;
    case ZSET_REFUSED: reply_null(&call->reply); break;
    case ZSET_NAN: reply_error(&call->reply, "ERR resulting score is not a number (NaN)"); break;
    }
}

static void add_all(struct call *call, const struct addition *addition, struct zset *zset,
                    double *scores)
{
    struct slice key = call->argv[1];
    struct room *room = store_room(call->store);
    bool made = zset == NULL;
    if (made) zset = zset_new(room);
    if (addition->count > 1) zset_expect(room, zset, addition->count, 0);
    int64_t added = 0, updated = 0;
    enum zset_done done = ZSET_SAME;
    for (uint32_t i = 0; i < addition->count; i++) {
        struct slice member = call->argv[addition->first + 2 * i + 1];
        done = zset_add(room, zset, member, &scores[i], addition->how);
        added += done == ZSET_ADDED;
        updated += done == ZSET_UPDATED;
    }
    if (made) store_add_object(call->store, call->database, key, VALUE_ZSET, zset);
    bool incr = addition->how & ZSET_INCR;
    if (incr)
        reply_incremented(call, done, scores[0]);
    else
        reply_integer(&call->reply, addition->counts_changed ? added + updated : added);
    if (added + updated == 0) return;
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_ZSET, incr ? "zincr" : "zadd", key);
}

static void add_or_skip(struct call *call, const struct addition *addition, double *scores)
{
    struct zset *zset;
    if (!scores_parse(call, addition, scores)) return;
    if (!zset_write(call, call->argv[1], &zset)) return;
    if (zset != NULL || !(addition->how & ZSET_XX))
        add_all(call, addition, zset, scores);
    else if (addition->how & ZSET_INCR)
        reply_null(&call->reply);
    else
        reply_integer(&call->reply, 0);
}

static void add_scores(struct call *call, const struct addition *addition)
{
    double few[SCORES_FEW];
    if (addition->count <= SCORES_FEW) {
        add_or_skip(call, addition, few);
        return;
    }
    struct heap *heap = &store_room(call->store)->heap;
    size_t bytes = addition->count * sizeof(double);
    double *scores = heap_take(heap, bytes);
    add_or_skip(call, addition, scores);
    heap_give(heap, scores, bytes);
}

void cmd_zadd(struct call *call)
{
    struct addition addition = {.first = 2};
    if (addition_parse(call, &addition)) add_scores(call, &addition);
}

void cmd_zincrby(struct call *call)
{
    struct addition addition = {.how = ZSET_INCR, .first = 2, .count = 1};
    add_scores(call, &addition);
}
