/* top_command.c -- see top_command.h. */
#include "serve/top_command.h"

#include <stdlib.h>

#include "cmd/call.h"
#include "serve/everywhere.h"
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

struct busy { /* a slot or a shard */
    uint32_t number;
    uint64_t rate, rate_bytes;
    uint64_t keys, bytes; /* of a shard: of the copy that is here */
    bool leads;
};

static int busier(const void *first, const void *second)
{
    const struct busy *a = first, *b = second;
    if (a->rate != b->rate) return a->rate > b->rate ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes > b->bytes ? -1 : 1;
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
    return count;
}

static void reply_node(struct session_call *call)
{
    reply_pair_number(&call->reply, "node", lane_self(call->server->lane).n);
}

static void reply_slots(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 5 };
    struct reply *reply = &call->reply;
    const struct server *server = call->server;
    struct arena *arena = arena_new();
    struct busy *rows = ARENA_ARRAY(arena, struct busy, KEY_SLOTS);
    uint32_t busy_count = gather(server, false, rows);
    qsort(rows, busy_count, sizeof *rows, busier);
    uint64_t count = u64_min(busy_count, most);
    reply_array(reply, count);
    for (uint64_t i = 0; i < count; i++) {
        reply_map(reply, FIELDS);
        reply_pair_number(reply, "operations-per-second", rows[i].rate);
        reply_pair_number(reply, "request-bytes-per-second", rows[i].rate_bytes);
        reply_pair_number(reply, "slot", rows[i].number);
        reply_pair_number(reply, "shard",
                          shard_of_slot(rows[i].number, lane_shards_count(server->lane)).n);
        reply_node(call);
    }
    arena_free(arena);
}

static void note_copy(struct busy *row, const struct server *server, shard_id id)
{
    struct shard *shard = lane_shard(server->lane, id);
    row->number = id.n;
    if (shard == NULL) return;
    row->leads = shard_is_leader(shard);
    row->bytes = shard_used_bytes(shard);
    for (uint32_t i = 0; i < STORE_DATABASES; i++) row->keys += store_count(shard_store(shard), i);
}

/* Those that this node leads count as well where nobody asks for them: they take memory. */
static uint32_t gather_shards(const struct server *server, struct busy *rows)
{
    uint32_t busy_count = gather(server, true, rows), count = busy_count, next = 0;
    for (uint32_t number = 0; number < lane_shards_count(server->lane); number++) {
        const struct shard *shard = lane_shard(server->lane, (shard_id){number});
        bool is_busy = next < busy_count && rows[next].number == number;
        bool leads = shard != NULL && shard_is_leader(shard);
        if (!is_busy && !leads) continue;
        note_copy(is_busy ? &rows[next++] : &rows[count++], server, (shard_id){number});
    }
    return count;
}

static void reply_shards(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 7 };
    struct reply *reply = &call->reply;
    struct arena *arena = arena_new();
    struct busy *rows = ARENA_ARRAY(arena, struct busy, KEY_SLOTS);
    uint32_t found_count = gather_shards(call->server, rows);
    qsort(rows, found_count, sizeof *rows, busier);
    uint64_t count = u64_min(found_count, most);
    reply_array(reply, count);
    for (uint64_t i = 0; i < count; i++) {
        reply_map(reply, FIELDS);
        reply_pair_number(reply, "operations-per-second", rows[i].rate);
        reply_pair_number(reply, "bytes", rows[i].bytes);
        reply_pair_number(reply, "request-bytes-per-second", rows[i].rate_bytes);
        reply_pair_number(reply, "keys", rows[i].keys);
        reply_pair_number(reply, "shard", rows[i].number);
        reply_node(call);
        reply_bulk_text(reply, "leads");
        reply_bool(reply, rows[i].leads);
    }
    arena_free(arena);
}

/* A key that was cut ends in "...". */
static void reply_key(struct session_call *call, const struct heat_key *key)
{
    struct buffer text = {0};
    struct reply *reply = &call->reply;
    uint32_t shards_count = lane_shards_count(call->server->lane);
    buffer_append(&text, slice_of(key->text, key->len));
    if (key->cut) buffer_append(&text, SLICE("..."));
    reply_pair_number(reply, "slot", key->slot);
    reply_pair_number(reply, "shard", shard_of_slot(key->slot, shards_count).n);
    reply_node(call);
    reply_pair_number(reply, "database", key->database);
    reply_bulk_text(reply, "key");
    reply_bulk(reply, buffer_slice(&text));
    buffer_free(&text);
}

static void reply_busy_keys(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 7 };
    struct heat_key keys[HEAT_KEYS];
    uint32_t count =
        heat_busiest(call->server->heat, keys, (uint32_t)u64_min(most, COUNT_OF(keys)));
    reply_array(&call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        reply_map(&call->reply, FIELDS);
        reply_pair_number(&call->reply, "operations-per-second", keys[i].rate);
        reply_pair_number(&call->reply, "too-many-by-at-most",
                          u64_min(keys[i].error, keys[i].rate));
        reply_key(call, &keys[i]);
    }
}

/* A walk may have met it while its shard was still led here. */
static bool is_led_here(const struct server *server, uint32_t slot)
{
    const struct shard *shard = lane_shard_of_slot(server->lane, slot);
    return shard != NULL && shard_is_leader(shard);
}

static void reply_large_keys(struct session_call *call, uint64_t most)
{
    enum { FIELDS = 6 };
    struct heat_key keys[HEAT_LARGE];
    uint32_t found_count = heat_largest(call->server->heat, keys, COUNT_OF(keys));
    size_t opened = reply_open(&call->reply);
    uint64_t count = 0;
    for (uint32_t i = 0; i < found_count && count < most; i++) {
        if (!is_led_here(call->server, keys[i].slot)) continue;
        reply_map(&call->reply, FIELDS);
        reply_pair_number(&call->reply, "bytes", keys[i].bytes);
        reply_key(call, &keys[i]);
        count++;
    }
    reply_close_array(&call->reply, opened, count);
}

/* --- commands -------------------------------------------------------------------------------- */

/* The options from argv[from] on. False: the error is replied. */
static bool read_rows(struct session_call *call, uint32_t from, uint64_t *most)
{
    struct everywhere options;
    if (!everywhere_check(call, from, &options)) return false;
    *most = options.rows_max == UINT64_MAX ? EVERYWHERE_TOP_ROWS : options.rows_max;
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
    enum { KIND = 2 };
    uint64_t most;
    size_t kind = 0;
    bool named = call->argc > KIND && !word_is(call->argv[KIND], "COUNT") &&
                 !word_is(call->argv[KIND], "NODE");
    while (named && kind < COUNT_OF(kinds) && !word_is(call->argv[KIND], kinds[kind].word)) kind++;
    if (kind == COUNT_OF(kinds)) {
        reply_error(&call->reply, "ERR syntax error: it is SLOTS, SHARDS, KEYS or LARGE");
        return;
    }
    if (read_rows(call, named ? KIND + 1 : KIND, &most)) kinds[kind].reply(call, most);
}

void hotkeys_command(struct session_call *call)
{
    enum { NAME_WORDS = 2 };
    uint64_t most;
    if (call->command->id == COMMAND_HOTKEYS_RESET) {
        heat_reset(call->server->heat, call->server->sessions->now);
        reply_ok(&call->reply);
    } else if (read_rows(call, NAME_WORDS, &most)) {
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
