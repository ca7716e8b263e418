/* set_random.c -- SPOP and SRANDMEMBER: members by chance. */
#include "base/arena.h"
#include "cmd/handlers.h"
#include "cmd/set.h"

enum {
    REPEATED_COUNT_MAX = 1 << 24, /* of members that may repeat: a reply has an end */
    FEW_OF_MANY = 3,              /* below a third, choosing again what was chosen is rare */
};

/* --- SPOP ------------------------------------------------------------------------------------- */

static void pop_one(struct call *call)
{
    struct slice key = call->argv[1];
    struct room *room = store_room(call->store);
    struct set *set;
    if (!set_write(call, key, &set)) return;
    if (set == NULL) {
        reply_null(&call->reply);
        return;
    }
    char scratch[INTEGER_TEXT_MAX];
    struct slice member = set_random(room, set, scratch);
    reply_bulk(&call->reply, member);
    call_log_instead(call, 3, (struct slice[]){SLICE("SREM"), key, member});
    set_remove(room, set, member);
    set_taken(call, key, set, "spop");
}

static void pop_all(struct call *call, struct slice key, const struct set *set)
{
    reply_set(&call->reply, set_count(set));
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);) reply_bulk(&call->reply, member);
    call_log_instead(call, 2, (struct slice[]){SLICE("DEL"), key});
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_SET, "spop", key);
    store_delete(call->store, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

static void pop_some(struct call *call, struct slice key, struct set *set, uint32_t count)
{
    struct room *room = store_room(call->store);
    struct arena *arena = arena_new();
    struct slice *logged = ARENA_ARRAY(arena, struct slice, count + 2);
    logged[0] = SLICE("SREM");
    logged[1] = key;
    reply_set(&call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        char scratch[INTEGER_TEXT_MAX];
        struct slice member = arena_copy(arena, set_random(room, set, scratch));
        reply_bulk(&call->reply, member);
        set_remove(room, set, member);
        logged[i + 2] = member;
    }
    call_log_instead(call, count + 2, logged);
    set_taken(call, key, set, "spop");
    arena_free(arena);
}

void cmd_spop(struct call *call)
{
    int64_t count;
    struct set *set;
    if (call->argc == 2) {
        pop_one(call);
        return;
    }
    if (call->argc > 3) {
        call_syntax_error(call);
        return;
    }
    if (!call_integer_in(call, 2, 0, INT64_MAX, &count,
                         "ERR value is out of range, must be positive"))
        return;
    if (!set_write(call, call->argv[1], &set)) return;
    if (set == NULL || count == 0)
        reply_set(&call->reply, 0);
    else if ((uint64_t)count >= set_count(set))
        pop_all(call, call->argv[1], set);
    else
        pop_some(call, call->argv[1], set, (uint32_t)u64_min((uint64_t)count, UINT32_MAX - 2));
}

/* --- SRANDMEMBER ------------------------------------------------------------------------------ */

static void random_repeated(struct call *call, const struct set *set, uint64_t count)
{
    struct room *room = store_room(call->store);
    reply_array(&call->reply, count);
    for (uint64_t i = 0; i < count; i++) {
        char scratch[INTEGER_TEXT_MAX];
        reply_bulk(&call->reply, set_random(room, set, scratch));
    }
}

/* Each member in turn, with the chance that is left (Knuth, volume 2, algorithm S). */
static void random_of_walk(struct call *call, const struct set *set, uint64_t count)
{
    struct prng *prng = &store_room(call->store)->prng;
    uint64_t left = set_count(set);
    struct set_walk walk = {0};
    for (struct slice member; count > 0 && set_walk_next(set, &walk, &member); left--) {
        if (prng_below(prng, left) >= count) continue;
        reply_bulk(&call->reply, member);
        count--;
    }
}

static void random_of_many(struct call *call, const struct set *set, uint64_t count)
{
    struct room *room = store_room(call->store);
    struct set *chosen = set_new(room);
    while (set_count(chosen) < count) {
        char scratch[INTEGER_TEXT_MAX];
        struct slice member = set_random(room, set, scratch);
        if (set_add(room, chosen, member)) reply_bulk(&call->reply, member);
    }
    set_free(room, chosen);
}

static void random_count(struct call *call, const struct set *set, int64_t count)
{
    if (set == NULL || count == 0) {
        reply_array(&call->reply, 0);
        return;
    }
    if (count < 0) {
        random_repeated(call, set, (uint64_t)-count);
        return;
    }
    uint64_t distinct = u64_min((uint64_t)count, set_count(set));
    reply_array(&call->reply, distinct);
    if (distinct > set_count(set) / FEW_OF_MANY)
        random_of_walk(call, set, distinct);
    else
        random_of_many(call, set, distinct);
}

void cmd_srandmember(struct call *call)
{
    const struct set *set;
    int64_t count;
    if (call->argc > 3) {
        call_syntax_error(call);
        return;
    }
    if (call->argc == 3) {
        if (!call_integer_in(call, 2, -REPEATED_COUNT_MAX, INT64_MAX, &count, NULL)) return;
        if (set_read(call, call->argv[1], &set)) random_count(call, set, count);
        return;
    }
    if (!set_read(call, call->argv[1], &set)) return;
    if (set == NULL) {
        reply_null(&call->reply);
        return;
    }
    char scratch[INTEGER_TEXT_MAX];
    reply_bulk(&call->reply, set_random(store_room(call->store), set, scratch));
}
