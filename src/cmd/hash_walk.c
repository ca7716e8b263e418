/* hash_walk.c -- HRANDFIELD and HSCAN: some of the fields. */
#include "cmd/handlers.h"
#include "cmd/hash.h"
#include "cmd/value_scan.h"

enum {
    REPEATS_MAX = 1 << 24, /* fields that a negative count may ask for */
    FEW_FACTOR = 3,    /* so many times more fields than wanted: chance rarely meets one again */
    TRIES_FACTOR = 16, /* for each field wanted; then the rest is taken in turn */
};

/* --- HRANDFIELD ------------------------------------------------------------------------------- */

struct choice {
    struct call *call;
    const struct hash *hash;
    bool with_values;
};

static void reply_count(const struct choice *choice, uint64_t count)
{
    bool flat = choice->with_values && choice->call->reply.protocol == 2;
    reply_array(&choice->call->reply, flat ? 2 * count : count);
}

static void reply_pair(const struct choice *choice, const struct hash_pair *pair)
{
    struct reply *reply = &choice->call->reply;
    if (choice->with_values && reply->protocol > 2) reply_array(reply, 2);
    reply_bulk(reply, pair->field);
    if (choice->with_values) reply_bulk(reply, pair->value);
}

static void reply_repeating(const struct choice *choice, uint64_t count)
{
    struct hash_pair pair;
    reply_count(choice, count);
    for (uint64_t i = 0; i < count; i++) {
        hash_random(store_room(choice->call->store), choice->hash, &pair);
        reply_pair(choice, &pair);
    }
}

/* Each as likely as any other, in one walk (Knuth, The Art of Computer Programming, 3.4.2 S). */
static void reply_by_walk(const struct choice *choice, uint64_t wanted)
{
    struct room *room = store_room(choice->call->store);
    uint64_t left = hash_count(choice->hash);
    struct hash_walk walk = {0};
    struct hash_pair pair;
    for (; wanted > 0 && hash_walk_next(choice->hash, &walk, &pair); left--) {
        if (prng_below(&room->prng, left) >= wanted) continue;
        reply_pair(choice, &pair);
        wanted--;
    }
}

/* Few of many: drawn until they are enough. */
static void reply_by_chance(const struct choice *choice, uint64_t wanted)
{
    struct room *room = store_room(choice->call->store);
    struct hash *drawn = hash_new(room);
    struct hash_pair pair;
    uint64_t tries = wanted * TRIES_FACTOR;
    for (; hash_count(drawn) < wanted && tries > 0; tries--) {
        hash_random(room, choice->hash, &pair);
        if (hash_set(room, drawn, pair.field, SLICE(""))) reply_pair(choice, &pair);
    }
    struct hash_walk walk = {0};
    while (hash_count(drawn) < wanted && hash_walk_next(choice->hash, &walk, &pair)) {
        if (hash_set(room, drawn, pair.field, SLICE(""))) reply_pair(choice, &pair);
    }
    hash_free(room, drawn);
}

static void reply_different(const struct choice *choice, uint64_t count)
{
    uint64_t there = hash_count(choice->hash), wanted = u64_min(count, there);
    reply_count(choice, wanted);
    if (wanted < there / FEW_FACTOR) {
        reply_by_chance(choice, wanted);
    } else {
        reply_by_walk(choice, wanted);
    }
}

static void random_one(struct call *call)
{
    const struct hash *hash;
    struct hash_pair pair;
    if (!hash_read(call, call->argv[1], &hash)) return;
    if (hash == NULL) {
        reply_null(&call->reply);
        return;
    }
    hash_random(store_room(call->store), hash, &pair);
    reply_bulk(&call->reply, pair.field);
}

void cmd_hrandfield(struct call *call)
{
    struct choice choice = {.call = call, .with_values = call->argc == 4};
    int64_t count;
    if (call->argc == 2) {
        random_one(call);
        return;
    }
    if (!call_integer_in(call, 2, -INT64_MAX, INT64_MAX, &count, NULL)) return;
    if (call->argc > 4 || (call->argc == 4 && !word_is(call->argv[3], "WITHVALUES"))) {
        call_syntax_error(call);
        return;
    }
    if (count < -REPEATS_MAX || (choice.with_values && count > INT64_MAX / 2)) {
        reply_error(&call->reply, "ERR value is out of range");
        return;
    }
    if (!hash_read(call, call->argv[1], &choice.hash)) return;
    if (choice.hash == NULL) {
        reply_array(&call->reply, 0);
    } else if (count < 0) {
        reply_repeating(&choice, (uint64_t)-count);
    } else {
        reply_different(&choice, (uint64_t)count);
    }
}

/* --- HSCAN ------------------------------------------------------------------------------------ */

static void scan_pair(void *context, const struct hash_pair *pair)
{
    struct value_scan *scan = context;
    if (!value_scan_wants(scan, pair->field)) return;
    value_scan_put(scan, pair->field);
    value_scan_put(scan, pair->value);
}

static uint64_t scan_step(const void *object, uint64_t cursor, struct value_scan *scan)
{
    return hash_scan(object, cursor, scan_pair, scan);
}

void cmd_hscan(struct call *call)
{
    struct value_scan scan = {0};
    const struct hash *hash;
    if (!scan_read_cursor(call, 2, &scan.request)) return;
    if (hash_read(call, call->argv[1], &hash)) value_scan_run(call, &scan, hash, scan_step);
}
