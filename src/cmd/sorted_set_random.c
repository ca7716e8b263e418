/* sorted_set_random.c -- ZRANDMEMBER. */
#include "cmd/handlers.h"
#include "cmd/sorted_set.h"
#include "core/store/set.h"

enum {
    REPEATED_COUNT_MAX = 1 << 24, /* of members that may repeat: a reply has an end */
    FEW_OF_MANY = 3,              /* below a third, choosing again what was chosen is rare */
};

static struct zset_item item_by_chance(struct call *call, const struct zset *zset)
{
    return zset_at(zset, prng_below(&store_room(call->store)->prng, zset_count(zset)));
}

static void random_repeated(struct call *call, const struct zset *zset, uint64_t count, bool scores)
{
    zset_reply_header(call, count, scores);
    for (uint64_t i = 0; i < count; i++) zset_reply_item(call, item_by_chance(call, zset), scores);
}

/* Each item in turn, with the chance that is left (Knuth, volume 2, algorithm S). */
static void random_of_walk(struct call *call, const struct zset *zset, uint64_t count, bool scores)
{
    struct prng *prng = &store_room(call->store)->prng;
    uint64_t left = zset_count(zset);
    struct zset_walk walk;
    zset_walk_begin(&walk, zset, (struct zset_span){0, left}, false);
    for (struct zset_item item; count > 0 && zset_walk_next(&walk, &item); left--) {
        if (prng_below(prng, left) >= count) continue;
        zset_reply_item(call, item, scores);
        count--;
    }
}

static void random_of_many(struct call *call, const struct zset *zset, uint64_t count, bool scores)
{
    struct room *room = store_room(call->store);
    struct set *chosen = set_new(room);
    while (set_count(chosen) < count) {
        struct zset_item item = item_by_chance(call, zset);
        if (set_add(room, chosen, item.member)) zset_reply_item(call, item, scores);
    }
    set_free(room, chosen);
}

static void random_count(struct call *call, const struct zset *zset, int64_t count, bool scores)
{
    if (zset == NULL || count == 0) {
        reply_array(&call->reply, 0);
        return;
    }
    if (count < 0) {
        random_repeated(call, zset, (uint64_t)-count, scores);
        return;
    }
    uint64_t distinct = u64_min((uint64_t)count, zset_count(zset));
    zset_reply_header(call, distinct, scores);
    if (distinct > zset_count(zset) / FEW_OF_MANY)
        random_of_walk(call, zset, distinct, scores);
    else
        random_of_many(call, zset, distinct, scores);
}

void cmd_zrandmember(struct call *call)
{
    const struct zset *zset;
    int64_t count;
    bool scores = call->argc == 4;
    if (call->argc > 2) {
        if (!call_integer_in(call, 2, -REPEATED_COUNT_MAX, INT64_MAX, &count, NULL)) return;
        if (call->argc > 4 || (scores && !word_is(call->argv[3], "WITHSCORES")))
            call_syntax_error(call);
        else if (scores && count > INT64_MAX / 2)
            reply_error(&call->reply, "ERR value is out of range");
        else if (zset_read(call, call->argv[1], &zset))
            random_count(call, zset, count, scores);
        return;
    }
    if (!zset_read(call, call->argv[1], &zset)) return;
    if (zset == NULL)
        reply_null(&call->reply);
    else
        reply_bulk(&call->reply, item_by_chance(call, zset).member);
}
