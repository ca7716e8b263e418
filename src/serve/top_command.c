/* top_command.c -- see top_command.h. */
#include "serve/top_command.h"

#include <stdlib.h>

#include "cmd/call.h"
#include "serve/heat.h"
#include "serve/reply_lines.h"
#include "serve/session_impl.h"

enum {
    ROWS_DEFAULT = 10,
    WALK_NS = 100 * 1000 * 1000,
    WALK_STEPS = 64, /* buckets, of a few keys each */
};

/* --- noting ---------------------------------------------------------------------------------- */

void top_note(struct server *server, const struct session *session, const struct request *request)
{
    struct key_place place = {0};
    size_t bytes = 0;
    const struct slice *argv = request->argv;
    if (command_keys(request->command, argv, request->argc, &place, 1) < 1) {
        heat_pass(server->heat);
        return;
    }
    for (uint32_t i = 0; i < request->argc; i++) bytes += argv[i].len;
    heat_note(server->heat, session->database, argv[place.index], bytes);
}

/* --- large keys ------------------------------------------------------------------------------ */

struct looking {
    struct heat *heat;
    const struct store *store;
    uint32_t database;
};

static void look(void *context, struct entry *entry)
{
    struct looking *at = context;
    heat_look(at->heat, at->database, entry_key(entry), entry_bytes(at->store, entry));
}

static void walk_to_shard(struct server *server, uint32_t number)
{
    server->walk_shard = number;
    server->walk_database = 0;
    server->walk_cursor = 0;
}

/* A bucket of a database that has keys; or on to the next shard. Copies are looked at by who leads.
 */
static void walk_step(struct server *server)
{
    if (server->walk_shard >= lane_shards_count(server->lane)) {
        heat_round(server->heat);
        walk_to_shard(server, 0);
        return;
    }
    struct shard *shard = lane_shard(server->lane, (shard_id){server->walk_shard});
    uint32_t *database = &server->walk_database;
    if (shard == NULL || !shard_is_leader(shard)) *database = STORE_DATABASES;
    while (*database < STORE_DATABASES && store_count(shard_store(shard), *database) == 0)
        ++*database;
    if (*database == STORE_DATABASES) {
        walk_to_shard(server, server->walk_shard + 1);
        return;
    }
    struct looking at = {server->heat, shard_store(shard), *database};
    server->walk_cursor = store_scan(at.store, *database, server->walk_cursor, look, &at);
    if (server->walk_cursor == 0) ++*database;
}

instant top_turn(struct server *server, instant now)
{
    if (now.ns - server->walked.ns >= WALK_NS) {
        server->walked = now;
        for (uint32_t i = 0; i < WALK_STEPS; i++) walk_step(server);
    }
    return heat_turn(server->heat, now);
}

/* --- rows ------------------------------------------------------------------------------------ */

static void pair(struct reply *reply, const char *name, uint64_t value)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, (int64_t)u64_min(value, INT64_MAX));
}

struct busy { /* a slot or a shard */
    uint32_t number;
    uint64_t rate, rate_bytes;
};

static int busier(const void *first, const void *second)
{
    const struct busy *a = first, *b = second;
    if (a->rate != b->rate) return a->rate > b->rate ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Slots that are busy, or the shards that have them, together in `rows`; returns how many. */
static uint32_t gather(const struct server *server, bool by_shard, struct busy *rows)
{
    const struct heat_slot *slots = heat_slots(server->heat);
    uint32_t shards_count = lane_shards_count(server->lane), count = 0;
    for (uint32_t slot = 0; slot < KEY_SLOTS; slot++) {
        uint32_t number = by_shard ? shard_of_slot(slot, shards_count).n : slot;
        if (slots[slot].rate == 0) continue;
        if (count == 0 || rows[count - 1].number != number)
            rows[count++] = (struct busy){.number = number};
        rows[count - 1].rate += slots[slot].rate;
        rows[count - 1].rate_bytes += slots[slot].rate_bytes;
    }
    if (count > 0) qsort(rows, count, sizeof *rows, busier);
    return count;
}

static void reply_slots(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 4 };
    struct reply *reply = &call->reply;
    const struct server *server = call->server;
    struct arena *arena = arena_new();
    struct busy *rows = ARENA_ARRAY(arena, struct busy, KEY_SLOTS);
    uint64_t count = u64_min(gather(server, false, rows), most);
    reply_array(reply, count);
    for (uint64_t i = 0; i < count; i++) {
        reply_map(reply, FIELDS);
        pair(reply, "operations-per-second", rows[i].rate);
        pair(reply, "request-bytes-per-second", rows[i].rate_bytes);
        pair(reply, "slot", rows[i].number);
        pair(reply, "shard", shard_of_slot(rows[i].number, lane_shards_count(server->lane)).n);
    }
    arena_free(arena);
}

static uint64_t keys_of(struct lane *lane, uint32_t number)
{
    uint64_t keys = 0;
    struct shard *shard = lane_shard(lane, (shard_id){number});
    for (uint32_t i = 0; shard != NULL && i < STORE_DATABASES; i++)
        keys += store_count(shard_store(shard), i);
    return keys;
}

static void reply_shards(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 4 };
    struct reply *reply = &call->reply;
    struct arena *arena = arena_new();
    struct busy *rows = ARENA_ARRAY(arena, struct busy, KEY_SLOTS);
    uint64_t count = u64_min(gather(call->server, true, rows), most);
    reply_array(reply, count);
    for (uint64_t i = 0; i < count; i++) {
        reply_map(reply, FIELDS);
        pair(reply, "operations-per-second", rows[i].rate);
        pair(reply, "request-bytes-per-second", rows[i].rate_bytes);
        pair(reply, "keys", keys_of(call->server->lane, rows[i].number));
        pair(reply, "shard", rows[i].number);
    }
    arena_free(arena);
}

/* A key that was cut ends in "...". */
static void reply_key(struct reply *reply, const struct heat_key *key)
{
    struct buffer text = {0};
    buffer_append(&text, slice_of(key->text, key->len));
    if (key->cut) buffer_append(&text, SLICE("..."));
    pair(reply, "slot", key->slot);
    pair(reply, "database", key->database);
    reply_bulk_text(reply, "key");
    reply_bulk(reply, buffer_slice(&text));
    buffer_free(&text);
}

static void reply_busy_keys(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 5 };
    struct heat_key keys[HEAT_KEYS];
    uint32_t count =
        heat_busiest(call->server->heat, keys, (uint32_t)u64_min(most, COUNT_OF(keys)));
    reply_array(&call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        reply_map(&call->reply, FIELDS);
        pair(&call->reply, "operations-per-second", keys[i].rate);
        pair(&call->reply, "too-many-by-at-most", u64_min(keys[i].error, keys[i].rate));
        reply_key(&call->reply, &keys[i]);
    }
}

static void reply_large_keys(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 4 };
    struct heat_key keys[HEAT_LARGE];
    uint32_t count =
        heat_largest(call->server->heat, keys, (uint32_t)u64_min(most, COUNT_OF(keys)));
    reply_array(&call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        reply_map(&call->reply, FIELDS);
        pair(&call->reply, "bytes", keys[i].bytes);
        reply_key(&call->reply, &keys[i]);
    }
}

/* --- commands -------------------------------------------------------------------------------- */

/* [COUNT n] from `at` on. False: the error is replied. */
static bool read_count(struct session_call *call, uint32_t at, uint64_t *most)
{
    int64_t count = ROWS_DEFAULT;
    if (call->argc > at) {
        if (call->argc != at + 2 || !word_is(call->argv[at], "COUNT")) {
            reply_error(&call->reply, "ERR syntax error");
            return false;
        }
        if (!session_integer(call, at + 1, &count)) return false;
        if (count < 0) {
            reply_error(&call->reply, "ERR value is out of range, must be positive");
            return false;
        }
    }
    *most = (uint64_t)count;
    return true;
}

void cluster_top_command(struct session_call *call)
{
    static const struct {
        const char *word;
        void (*reply)(struct session_call *call, uint64_t most);
    } kinds[] = {
        {"SLOTS", reply_slots},
        {"SHARDS", reply_shards},
        {"KEYS", reply_busy_keys},
        {"LARGE", reply_large_keys},
    };
    uint64_t most;
    size_t kind = 0;
    uint32_t at = 2;
    if (call->argc > at && !word_is(call->argv[at], "COUNT")) {
        while (kind < COUNT_OF(kinds) && !word_is(call->argv[at], kinds[kind].word)) kind++;
        at++;
    }
    if (kind == COUNT_OF(kinds)) {
        reply_error(&call->reply, "ERR syntax error: it is SLOTS, SHARDS, KEYS or LARGE");
        return;
    }
    if (read_count(call, at, &most)) kinds[kind].reply(call, most);
}

void hotkeys_command(struct session_call *call)
{
    uint64_t most;
    if (call->command->id == COMMAND_HOTKEYS_RESET) {
        heat_reset(call->server->heat, call->server->sessions->now);
        reply_ok(&call->reply);
    } else if (read_count(call, 2, &most)) {
        reply_busy_keys(call, most);
    }
}

/* --- INFO ------------------------------------------------------------------------------------ */

void top_info_stats(const struct server *server, struct buffer *out)
{
    struct heat_key key = {0};
    struct busy hottest = {0};
    const struct heat_slot *slots = heat_slots(server->heat);
    for (uint32_t slot = 0; slot < KEY_SLOTS; slot++)
        if (slots[slot].rate > hottest.rate)
            hottest = (struct busy){.number = slot, .rate = slots[slot].rate};
    uint32_t keys_count = heat_busiest(server->heat, &key, 1);
    buffer_append_format(out,
                         "hottest_slot:%lld\r\nhottest_slot_ops_per_sec:%llu\r\n"
                         "hottest_key_ops_per_sec:%llu\r\n",
                         hottest.rate == 0 ? -1LL : (long long)hottest.number,
                         (unsigned long long)hottest.rate,
                         (unsigned long long)(keys_count == 0 ? 0 : key.rate));
}

void top_info_memory(const struct server *server, struct buffer *out)
{
    struct heat_key key = {0};
    uint32_t count = heat_largest(server->heat, &key, 1);
    buffer_append_format(out, "largest_key_bytes:%llu\r\n",
                         (unsigned long long)(count == 0 ? 0 : key.bytes));
}
