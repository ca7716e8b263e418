/*
 * shard.c -- see shard.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   L1  what a strong call changed is in the log before the next call runs.
 *   L2  a strong call runs only when the log has room for what it will log.
 *   L3  a reply's gate is at or past every record that the call could have seen.
 *   L4  where others may lead later, whoever is shown that a key's time is over waits for a record
 *       of that time: no later leader shows the key again.
 */
#include "core/store/store_over.h"
#include "lane/replica_impl.h"

enum {
    RECORD_KEEP_BYTES_MAX = 1 << 20, /* a larger scratch buffer is given back */
    RECORD_HEAD_BYTES = 64,
    EVICT_KEYS_A_CALL = 64,
    WORK_STEPS_A_TURN = 64,
};

/* --- opening --------------------------------------------------------------------------------- */

struct shard *shard_new(struct lane *lane, shard_id number, const struct raft_members *members)
{
    struct arena *arena = arena_new();
    struct shard *shard = ARENA_NEW(arena, struct shard);
    *shard = (struct shard){.number = number, .lane = lane, .arena = arena};
    shard->store = replica_store_new(shard);
    replica_make(shard, members);
    return shard;
}

void shard_close(struct shard *shard)
{
    if (shard->save.writer != NULL) snapshot_end(shard->save.writer);
    if (shard->replica != NULL) replica_close(shard->replica);
    if (!shard_eq(shard->number, SHARD_ROOT)) {
        store_over_set(shard->lane->over, shard->number.n, NULL);
    }
    lane_discard(shard->lane, shard->store);
    buffer_free(&shard->record);
    arena_free(shard->arena);
}

shard_id shard_number(const struct shard *shard)
{
    return shard->number;
}

struct store *shard_store(struct shard *shard)
{
    return shard->store;
}

void shard_note_memory(struct shard *shard)
{
    uint64_t used = store_room(shard->store)->heap.used_bytes, before = shard->lane->used_bytes;
    shard->lane->used_bytes = used;
    if (used >= before) {
        shard->used_bytes += used - before;
    } else { /* what calls over several shards did is not known for each */
        shard->used_bytes -= u64_min(shard->used_bytes, before - used);
    }
}

void shard_count_changes(struct shard *shard, uint64_t changes)
{
    shard->save.told.changes_since += changes;
    shard->lane->saves.told.changes_since += changes;
}

/* --- running calls --------------------------------------------------------------------------- */

static void refuse_mixed(struct call *call, struct slice a, enum policy_mode a_mode, struct slice b,
                         enum policy_mode b_mode)
{
    reply_error(&call->reply,
                "ERR the keys of one command must be in one mode: '%.*s' is %s, '%.*s' is %s. See "
                "POLICY EXPLAIN",
                (int)u64_min(a.len, 64), (const char *)a.data, policy_mode_text(a_mode),
                (int)u64_min(b.len, 64), (const char *)b.data, policy_mode_text(b_mode));
}

const struct key_place *shard_keys_of(struct lane *lane, const struct call *call,
                                      struct key_place keys[SHARD_KEYS_LOOKED_AT], int64_t *count)
{
    *count = command_keys(call->command, call->argv, call->argc, keys, SHARD_KEYS_LOOKED_AT);
    if (*count <= 0) return NULL;
    if (*count <= SHARD_KEYS_LOOKED_AT) return keys;
    buffer_clear(&lane->places);
    struct key_place *places =
        (struct key_place *)(void *)buffer_reserve(&lane->places, (size_t)*count * sizeof *places);
    (void)command_keys(call->command, call->argv, call->argc, places, (uint32_t)*count);
    return places;
}

bool shard_is_about_cache(struct shard *shard, const struct call *call)
{
    struct key_place keys[SHARD_KEYS_LOOKED_AT];
    const struct store *store = shard->store;
    int64_t count;
    if (call->command->key_specs_count == 0) return false;
    if (store_policy_is_uniform(store)) return store_policy_mode(store, 0) == POLICY_CACHE;
    const struct key_place *places = shard_keys_of(shard->lane, call, keys, &count);
    for (int64_t i = 0; places != NULL && i < count; i++) {
        uint32_t policy = store_policy_of(store, call->argv[places[i].index]);
        if (store_policy_mode(store, policy) == POLICY_CACHE) return true;
    }
    return false;
}

bool shard_is_about_expired(struct shard *shard, const struct call *call)
{
    struct key_place keys[SHARD_KEYS_LOOKED_AT];
    const struct store *store = shard->store;
    int64_t count, now_ms = io_unix_ms(shard->lane->io);
    if (call->command->key_specs_count == 0) return false;
    if (store_expiring_count(store, call->database) == 0) return false;
    const struct key_place *places = shard_keys_of(shard->lane, call, keys, &count);
    for (int64_t i = 0; places != NULL && i < count; i++) {
        const struct entry *entry = store_peek(store, call->database, call->argv[places[i].index]);
        if (entry == NULL) continue;
        int64_t expiry_ms = entry_expiry_ms(entry);
        if (expiry_ms != STORE_NO_EXPIRY && expiry_ms <= now_ms) return true;
    }
    return false;
}

bool shard_manner_of(struct shard *shard, struct call *call, struct shard_manner *manner)
{
    struct key_place keys[SHARD_KEYS_LOOKED_AT];
    *manner = (struct shard_manner){POLICY_STRONG, 0};
    if (call->command->key_specs_count == 0) return true;
    if (store_policy_is_uniform(shard->store)) {
        manner->mode = store_policy_mode(shard->store, 0);
        return true;
    }
    int64_t count;
    const struct key_place *places = shard_keys_of(shard->lane, call, keys, &count);
    if (places == NULL) return true;
    struct slice first = call->argv[places[0].index];
    manner->policy = store_policy_of(shard->store, first);
    manner->mode = store_policy_mode(shard->store, manner->policy);
    for (int64_t i = 1; i < count; i++) {
        struct slice key = call->argv[places[i].index];
        uint32_t policy = store_policy_of(shard->store, key);
        enum policy_mode mode = store_policy_mode(shard->store, policy);
        if (mode == manner->mode) continue;
        refuse_mixed(call, first, manner->mode, key, mode);
        return false;
    }
    return true;
}

size_t shard_request_bytes(const struct call *call)
{
    size_t bytes = RECORD_HEAD_BYTES;
    for (uint32_t i = 0; i < call->argc; i++) bytes += call->argv[i].len + VARINT_BYTES_MAX;
    return bytes;
}

static void refuse_disk_full(struct reply *reply)
{
    reply_error(reply, "DISKFULL the disk of the data folder is full: nothing was written. Reads "
                       "go on, and writes do when there is room again");
}

static void refuse_too_large(struct reply *reply, size_t bytes)
{
    reply_error(reply,
                "ERR what is written together must fit into one record of the log: %llu bytes are "
                "more than %u. Nothing was written; write it in parts",
                (unsigned long long)bytes, (unsigned)LOG_RECORD_BYTES_MAX);
}

/* Until raft takes more: see replica_note_room. */
static void stall(struct shard *shard)
{
    shard->lane->stalled_count += !shard->stalled;
    shard->stalled = true;
}

/* [L2] */
enum shard_ran shard_ask_room(struct shard *shard, size_t bytes, struct reply *reply, bool *refused)
{
    if (UNLIKELY(bytes > LOG_RECORD_BYTES_MAX)) {
        refuse_too_large(reply, bytes);
        *refused = true;
        return SHARD_RAN;
    }
    switch (log_has_room(shard->lane->log, shard->lane->pending_bytes, bytes)) {
    case LOG_ROOM:
        if (LIKELY(shard->replica->may_write)) return SHARD_RAN;
        stall(shard);
        return SHARD_LATER;
    case LOG_ROOM_SOON: return SHARD_LATER;
    case LOG_ROOM_DISK_FULL:
        shard->replica->wants_hand_over = true;
        lane_touch(shard);
        refuse_disk_full(reply);
        *refused = true;
        break;
    }
    return SHARD_RAN;
}

/* False: no room, and replied. */
bool shard_ask_memory(struct shard *shard, struct call *call)
{
    if (!lane_memory_is_full(shard->lane)) return true;
    if (!(call->command->flags & COMMAND_DENYOOM)) return true;
    reply_error(&call->reply, "OOM command not allowed when used memory > 'maxmemory'.");
    return false;
}

/* A reply that may have seen the log's newest records waits for them. [L3] */
static void raise_gate(const struct shard *shard, uint64_t *gate)
{
    *gate = u64_max(*gate, shard->replica->stored.index);
}

void shard_append(struct shard *shard)
{
    replica_append(shard->replica, buffer_slice(&shard->record));
    shard->replica->logged_ms = store_now_ms(shard->store);
    if (shard->record.capacity > RECORD_KEEP_BYTES_MAX) buffer_free(&shard->record);
}

void shard_log_time(struct shard *shard)
{
    if (store_now_ms(shard->store) <= shard->replica->logged_ms) return;
    record_begin(&shard->record, store_now_ms(shard->store));
    shard_append(shard);
}

/* [L4] Only what serves goes ahead of the log's time. */
static void log_time_if_seen(struct shard *shard, uint64_t seen_before)
{
    if (!shard->replica->is_many || !shard->replica->serving) return;
    if (store_expired_seen(shard->store) != seen_before) shard_log_time(shard);
}

/* A follower's time is the log's. */
void shard_set_time(struct shard *shard)
{
    if (LIKELY(!shard->replica->is_many || shard->replica->serving)) {
        store_set_time(shard->store, io_unix_ms(shard->lane->io));
    }
}

static void log_call(struct shard *shard, const struct call *call)
{
    if (shard->transaction.active) {
        shard->transaction.changed = true;
        record_add(&shard->record, call);
        return;
    }
    record_begin(&shard->record, store_now_ms(shard->store));
    record_add(&shard->record, call);
    shard_append(shard); /* [L1] */
}

/* A cache policy's cap holds after each write to it. */
void shard_keep_cap(struct shard *shard, uint32_t policy)
{
    (void)evict_policy(shard->store, policy, EVICT_KEYS_A_CALL);
}

static void settle(struct shard *shard, struct call *call, const struct shard_manner *manner)
{
    if (call->changes == 0) return;
    shard_count_changes(shard, call->changes);
    if (manner->mode == POLICY_STRONG) {
        log_call(shard, call);
    } else {
        shard_keep_cap(shard, manner->policy);
    }
}

enum shard_ran shard_run(struct shard *shard, struct call *call, uint64_t *gate)
{
    call->store = shard->store;
    call->settings = &shard->lane->config.settings;
    call->observer = shard->lane->observer;
    call->replaying = false;
    call->changes = 0;
    call->instead = &shard->lane->instead;
    call->instead_count = 0;
    buffer_clear(&shard->lane->instead);
    struct shard_manner manner;
    if (!shard_manner_of(shard, call, &manner)) return SHARD_RAN;
    if (call->command->flags & COMMAND_WRITE) {
        bool refused = false;
        ASSERT(!shard->replica->is_many || shard->replica->serving); /* shard_way was asked */
        if (!shard->transaction.active && lane_disk_is_behind(shard->lane)) return SHARD_LATER;
        if (manner.mode == POLICY_STRONG && !shard->transaction.active) {
            enum shard_ran ran =
                shard_ask_room(shard, shard_request_bytes(call), &call->reply, &refused);
            if (ran == SHARD_LATER || refused) return ran;
        }
        /* Of several calls as one, memory was asked for before the first: never half of them. */
        if (!shard->transaction.active && !shard_ask_memory(shard, call)) return SHARD_RAN;
    }
    shard->calls++;
    if (UNLIKELY(replica_warm_comes(shard->replica))) replica_warm_note(shard->replica, call);
    if (!shard->transaction.active) shard_set_time(shard);
    uint64_t seen = store_expired_seen(shard->store);
    call->command->handler(call);
    settle(shard, call, &manner);
    shard_note_memory(shard);
    if (!shard->transaction.active) log_time_if_seen(shard, seen);
    if (manner.mode == POLICY_STRONG) raise_gate(shard, gate);
    return SHARD_RAN;
}

enum shard_ran shard_begin(struct shard *shard, const struct call *calls, uint32_t count,
                           struct reply *reply, bool *refused)
{
    ASSERT(!shard->transaction.active);
    *refused = false;
    bool writes = false;
    size_t bytes = RECORD_HEAD_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        if (!(calls[i].command->flags & COMMAND_WRITE)) continue;
        writes = true;
        bytes += shard_request_bytes(&calls[i]);
    }
    if (writes) {
        if (lane_disk_is_behind(shard->lane)) return SHARD_LATER;
        enum shard_ran ran = shard_ask_room(shard, bytes, reply, refused);
        if (ran == SHARD_LATER || *refused) return ran;
    }
    shard_set_time(shard);
    shard->transaction = (struct shard_transaction){
        .active = true, .expired_seen = store_expired_seen(shard->store)};
    record_begin(&shard->record, store_now_ms(shard->store));
    return SHARD_RAN;
}

void shard_end(struct shard *shard, uint64_t *gate)
{
    ASSERT(shard->transaction.active);
    shard->transaction.active = false;
    if (shard->transaction.changed) {
        shard->transaction.changed = false; /* together.c goes by it */
        shard_append(shard);                /* [L1] */
    } else {
        log_time_if_seen(shard, shard->transaction.expired_seen);
    }
    raise_gate(shard, gate);
}

uint64_t shard_agreed(const struct shard *shard)
{
    const struct replica *replica = shard->replica;
    return u64_max(raft_commit(replica->raft), replica_alone_agreed(replica));
}

bool shard_is_open(const struct shard *shard, uint64_t index, uint64_t *position)
{
    const struct replica_alone *own = &shard->replica->own;
    *position = index <= own->last.index ? own->last.position : 0;
    if (*position != 0) return *position <= log_durable(shard->lane->log);
    return index <= shard_agreed(shard);
}

uint64_t shard_calls(const struct shard *shard)
{
    return shard->calls;
}

uint64_t shard_used_bytes(const struct shard *shard)
{
    return shard->used_bytes;
}

uint64_t shard_last(const struct shard *shard)
{
    return shard->replica->stored.index;
}

/* What was shown to be over is over at the log's time, too. [L4] */
void shard_digest(struct shard *shard, uint8_t digest[20])
{
    int64_t now_ms = store_now_ms(shard->store);
    if (shard->replica->is_many) store_turn_back_time(shard->store, shard->replica->logged_ms);
    store_digest(shard->store, digest);
    store_set_time(shard->store, now_ms);
}

/* --- by itself ------------------------------------------------------------------------------- */

/* What the store does by itself shows that time has passed, too. [L4] */
static bool may_work(struct shard *shard)
{
    struct lane *lane = shard->lane;
    if (!shard->replica->is_many || !shard->replica->serving) return true;
    return log_has_room(lane->log, lane->pending_bytes, RECORD_HEAD_BYTES) == LOG_ROOM;
}

bool shard_work(struct shard *shard, int64_t unix_ms)
{
    uint64_t seen = store_expired_seen(shard->store);
    if (!may_work(shard)) return shard->work_due;
    if (!shard->replica->is_many || shard->replica->serving) store_set_time(shard->store, unix_ms);
    shard->work_due = store_work(shard->store, WORK_STEPS_A_TURN);
    log_time_if_seen(shard, seen);
    shard_note_memory(shard);
    return shard->work_due;
}
