/*
 * lane.c -- see lane.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   L1  what a strong call changed is in the log before the next call runs.
 *   L2  a strong call runs only when the log has room for what it will log.
 *   L3  a reply's gate is at or past every record that the call could have seen.
 *   L4  where others may lead later, whoever is shown that a key's time is over waits for a record
 *       of that time: no later leader shows the key again.
 */
#include "lane/lane_impl.h"
#include "lane/replica_impl.h"

#include "io/clock.h"

enum {
    RECORD_KEEP_BYTES_MAX = 1 << 20, /* a larger scratch buffer is given back */
    RECORD_HEAD_BYTES = 64,
    LOG_BATCH_BYTES_MAX = 8 << 20,
    EVICT_KEYS_A_CALL = 64,
    KEYS_LOOKED_AT = 64,
    WORK_STEPS_A_TURN = 64,
    WORK_PAUSE_NS = 10 * 1000 * 1000,
    TURN_PAUSE_NS = 100 * 1000 * 1000,
};

/* --- opening --------------------------------------------------------------------------------- */

static void count_keys(const struct lane *lane, struct lane_opened *opened)
{
    opened->keys_count = 0;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        opened->keys_count += store_count(lane->store, i);
    }
}

static enum err open_log(struct lane *lane, uint64_t last, struct fault *fault)
{
    const struct lane_config *config = &lane->config;
    struct log_config log_config = {.folder = config->folder,
                                    .segment_bytes = config->segment_bytes,
                                    .batch_bytes_max = LOG_BATCH_BYTES_MAX,
                                    .seed = config->seed,
                                    .tag = {LANE_TAG_LOG}};
    return log_open(&log_config, lane->io, last, &lane->log, fault);
}

enum err lane_open(const struct lane_config *config, struct io *io, struct lane **out,
                   struct lane_opened *opened, struct fault *fault)
{
    instant began = io_now(io);
    struct arena *arena = arena_new();
    struct lane *lane = ARENA_NEW(arena, struct lane);
    *lane = (struct lane){.config = *config, .io = io, .arena = arena};
    *opened = (struct lane_opened){0};
    lane->is_many = config->replication != NULL;
    lane->store = replica_store_new(lane);
    lane->eviction = (struct evict_request){
        .kind = EVICT_S3FIFO, .cache_only = true, .samples = 5, .keys_max = EVICT_KEYS_A_CALL};
    lane_set_memory_max(lane, config->memory_max_bytes);
    uint64_t last = 0;
    enum err err = replica_open(lane, opened, &last, fault);
    if (err == ERR_OK) err = open_log(lane, last, fault);
    if (err == ERR_OK) err = replica_start(lane->replica, fault);
    if (err != ERR_OK) {
        lane_close(lane);
        return err;
    }
    count_keys(lane, opened);
    if (lane->save.told.last_done_ms == 0) lane->save.told.last_done_ms = io_unix_ms(io);
    opened->took = (duration){clock_now().ns - began.ns};
    *out = lane;
    return ERR_OK;
}

void lane_close(struct lane *lane)
{
    if (lane->save.writer != NULL) snapshot_end(lane->save.writer);
    replica_close(lane->replica);
    if (lane->log != NULL) log_close(lane->log);
    store_free(lane->store);
    buffer_free(&lane->record);
    buffer_free(&lane->instead);
    buffer_free(&lane->places);
    buffer_free(&lane->unread);
    arena_free(lane->arena);
}

uint32_t lane_number(const struct lane *lane)
{
    return lane->config.number;
}

struct store *lane_store(struct lane *lane)
{
    return lane->store;
}

struct call_settings *lane_settings(struct lane *lane)
{
    return &lane->config.settings;
}

void lane_set_memory_max(struct lane *lane, uint64_t bytes)
{
    lane->config.memory_max_bytes = bytes;
    lane->eviction.bytes_max = bytes;
}

struct evict_request *lane_eviction(struct lane *lane)
{
    return &lane->eviction;
}

void lane_set_observer(struct lane *lane, const struct call_observer *observer)
{
    lane->observer = observer;
}

/* --- running calls --------------------------------------------------------------------------- */

/* What a call is about: how it is logged, and whose cap counts. */
struct manner {
    enum policy_mode mode;
    uint32_t policy; /* of the first key */
};

static const char *mode_name(enum policy_mode mode)
{
    return mode == POLICY_STRONG ? "strong" : "cache";
}

static void refuse_mixed(struct call *call, struct slice a, enum policy_mode a_mode, struct slice b,
                         enum policy_mode b_mode)
{
    reply_error(&call->reply,
                "ERR the keys of one command must be in one mode: '%.*s' is %s, '%.*s' is %s. See "
                "POLICY EXPLAIN",
                (int)u64_min(a.len, 64), (const char *)a.data, mode_name(a_mode),
                (int)u64_min(b.len, 64), (const char *)b.data, mode_name(b_mode));
}

/* All keys of the call; NULL: it has none, or the handler will refuse it. */
static const struct key_place *keys_of(struct lane *lane, const struct call *call,
                                       struct key_place keys[KEYS_LOOKED_AT], int64_t *count)
{
    *count = command_keys(call->command, call->argv, call->argc, keys, KEYS_LOOKED_AT);
    if (*count <= 0) return NULL;
    if (*count <= KEYS_LOOKED_AT) return keys;
    buffer_clear(&lane->places);
    struct key_place *places =
        (struct key_place *)(void *)buffer_reserve(&lane->places, (size_t)*count * sizeof *places);
    (void)command_keys(call->command, call->argv, call->argc, places, (uint32_t)*count);
    return places;
}

bool lane_is_about_cache(struct lane *lane, const struct call *call)
{
    struct key_place keys[KEYS_LOOKED_AT];
    const struct store *store = lane->store;
    int64_t count;
    if (call->command->key_specs_count == 0) return false;
    if (store_policy_is_uniform(store)) return store_policy_mode(store, 0) == POLICY_CACHE;
    const struct key_place *places = keys_of(lane, call, keys, &count);
    for (int64_t i = 0; places != NULL && i < count; i++) {
        uint32_t policy = store_policy_of(store, call->argv[places[i].index]);
        if (store_policy_mode(store, policy) == POLICY_CACHE) return true;
    }
    return false;
}

/* False: refused, and replied. A call without keys is about all of them: strong. */
static bool manner_of(struct lane *lane, struct call *call, struct manner *manner)
{
    struct key_place keys[KEYS_LOOKED_AT];
    *manner = (struct manner){POLICY_STRONG, 0};
    if (call->command->key_specs_count == 0) return true;
    if (store_policy_is_uniform(lane->store)) {
        manner->mode = store_policy_mode(lane->store, 0);
        return true;
    }
    int64_t count;
    const struct key_place *places = keys_of(lane, call, keys, &count);
    if (places == NULL) return true;
    struct slice first = call->argv[places[0].index];
    manner->policy = store_policy_of(lane->store, first);
    manner->mode = store_policy_mode(lane->store, manner->policy);
    for (int64_t i = 1; i < count; i++) {
        struct slice key = call->argv[places[i].index];
        uint32_t policy = store_policy_of(lane->store, key);
        enum policy_mode mode = store_policy_mode(lane->store, policy);
        if (mode == manner->mode) continue;
        refuse_mixed(call, first, manner->mode, key, mode);
        return false;
    }
    return true;
}

static size_t request_bytes(const struct call *call)
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

/* The log and the snapshot: may something be written now? */
static bool disk_is_behind(const struct lane *lane)
{
    return UNLIKELY(lane->save.writer != NULL) && snapshot_is_behind(lane->save.writer);
}

/* [L2] */
static enum lane_ran ask_room(struct lane *lane, size_t bytes, struct reply *reply, bool *refused)
{
    if (UNLIKELY(bytes > LOG_RECORD_BYTES_MAX)) {
        refuse_too_large(reply, bytes);
        *refused = true;
        return LANE_RAN;
    }
    switch (log_has_room(lane->log, lane->replica->pending_bytes, bytes)) {
    case LOG_ROOM: return lane->replica->may_write ? LANE_RAN : LANE_LATER;
    case LOG_ROOM_SOON: return LANE_LATER;
    case LOG_ROOM_DISK_FULL:
        lane->replica->wants_hand_over = true;
        refuse_disk_full(reply);
        *refused = true;
        break;
    }
    return LANE_RAN;
}

bool lane_has_room(const struct lane *lane)
{
    const struct replica *replica = lane->replica;
    return replica->may_write && !disk_is_behind(lane) &&
           log_has_room(lane->log, replica->pending_bytes, RECORD_HEAD_BYTES) == LOG_ROOM;
}

static bool memory_is_over(const struct lane *lane)
{
    uint64_t max = lane->config.memory_max_bytes;
    return max != 0 && store_room(lane->store)->heap.used_bytes > max;
}

bool lane_memory_is_full(struct lane *lane)
{
    return memory_is_over(lane) && !evict_store(lane->store, &lane->eviction);
}

/* False: no room, and replied. */
static bool ask_memory(struct lane *lane, struct call *call)
{
    if (!lane_memory_is_full(lane)) return true;
    if (!(call->command->flags & COMMAND_DENYOOM)) return true;
    reply_error(&call->reply, "OOM command not allowed when used memory > 'maxmemory'.");
    return false;
}

/* A reply that may have seen the log's newest records waits for them. [L3] */
static void raise_gate(const struct lane *lane, uint64_t *gate)
{
    *gate = u64_max(*gate, lane->replica->stored.index);
}

static void append(struct lane *lane)
{
    replica_append(lane->replica, buffer_slice(&lane->record));
    lane->replica->logged_ms = store_now_ms(lane->store);
    if (lane->record.capacity > RECORD_KEEP_BYTES_MAX) buffer_free(&lane->record);
}

void lane_log_time(struct lane *lane)
{
    if (store_now_ms(lane->store) <= lane->replica->logged_ms) return;
    record_begin(&lane->record, store_now_ms(lane->store));
    append(lane);
}

/* [L4] Only what serves goes ahead of the log's time. */
static void log_time_if_seen(struct lane *lane, uint64_t seen_before)
{
    if (!lane->is_many || !lane->replica->serving) return;
    if (store_expired_seen(lane->store) != seen_before) lane_log_time(lane);
}

/* A follower's time is the log's. */
void lane_set_time(struct lane *lane)
{
    if (LIKELY(!lane->is_many || lane->replica->serving)) {
        store_set_time(lane->store, io_unix_ms(lane->io));
    }
}

static void log_call(struct lane *lane, const struct call *call)
{
    if (lane->transaction.active) {
        lane->transaction.changed = true;
        record_add(&lane->record, call);
        return;
    }
    record_begin(&lane->record, store_now_ms(lane->store));
    record_add(&lane->record, call);
    append(lane); /* [L1] */
}

/* A cache policy's cap holds after each write to it. */
static void keep_cap(struct lane *lane, uint32_t policy)
{
    uint64_t cap = evict_cap_bytes(lane->store, policy);
    if (cap != 0 && store_policy(lane->store, policy)->used_bytes > cap) {
        (void)evict_policy(lane->store, policy, EVICT_KEYS_A_CALL);
    }
}

static void settle(struct lane *lane, struct call *call, const struct manner *manner)
{
    if (call->changes == 0) return;
    lane->changes += call->changes;
    lane->save.told.changes_since += call->changes;
    if (manner->mode == POLICY_STRONG) {
        log_call(lane, call);
    } else {
        keep_cap(lane, manner->policy);
    }
}

enum lane_ran lane_run(struct lane *lane, struct call *call, uint64_t *gate)
{
    call->store = lane->store;
    call->settings = &lane->config.settings;
    call->observer = lane->observer;
    call->replaying = false;
    call->changes = 0;
    call->instead = &lane->instead;
    call->instead_count = 0;
    buffer_clear(&lane->instead);
    struct manner manner;
    if (!manner_of(lane, call, &manner)) return LANE_RAN;
    if (call->command->flags & COMMAND_WRITE) {
        bool refused = false;
        ASSERT(!lane->is_many || lane->replica->serving); /* lane_way was asked */
        if (!lane->transaction.active && disk_is_behind(lane)) return LANE_LATER;
        if (manner.mode == POLICY_STRONG && !lane->transaction.active) {
            enum lane_ran ran = ask_room(lane, request_bytes(call), &call->reply, &refused);
            if (ran == LANE_LATER || refused) return ran;
        }
        /* Of several calls as one, memory was asked for before the first: never half of them. */
        if (!lane->transaction.active && !ask_memory(lane, call)) return LANE_RAN;
    }
    if (!lane->transaction.active) lane_set_time(lane);
    uint64_t seen = store_expired_seen(lane->store);
    call->command->handler(call);
    settle(lane, call, &manner);
    if (!lane->transaction.active) log_time_if_seen(lane, seen);
    if (manner.mode == POLICY_STRONG) raise_gate(lane, gate);
    return LANE_RAN;
}

enum lane_ran lane_begin(struct lane *lane, const struct call *calls, uint32_t count,
                         struct reply *reply, bool *refused)
{
    ASSERT(!lane->transaction.active);
    *refused = false;
    bool writes = false;
    size_t bytes = RECORD_HEAD_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        if (!(calls[i].command->flags & COMMAND_WRITE)) continue;
        writes = true;
        bytes += request_bytes(&calls[i]);
    }
    if (writes) {
        if (disk_is_behind(lane)) return LANE_LATER;
        enum lane_ran ran = ask_room(lane, bytes, reply, refused);
        if (ran == LANE_LATER || *refused) return ran;
    }
    lane_set_time(lane);
    lane->transaction =
        (struct lane_transaction){.active = true, .expired_seen = store_expired_seen(lane->store)};
    record_begin(&lane->record, store_now_ms(lane->store));
    return LANE_RAN;
}

void lane_end(struct lane *lane, uint64_t *gate)
{
    ASSERT(lane->transaction.active);
    lane->transaction.active = false;
    if (lane->transaction.changed) {
        append(lane); /* [L1] */
    } else {
        log_time_if_seen(lane, lane->transaction.expired_seen);
    }
    raise_gate(lane, gate);
}

uint64_t lane_agreed(const struct lane *lane)
{
    return raft_commit(lane->replica->raft);
}

uint64_t lane_last(const struct lane *lane)
{
    return lane->replica->stored.index;
}

/* What was shown to be over is over at the log's time, too. [L4] */
void lane_digest(struct lane *lane, uint8_t digest[20])
{
    int64_t now_ms = store_now_ms(lane->store);
    if (lane->is_many) store_turn_back_time(lane->store, lane->replica->logged_ms);
    store_digest(lane->store, digest);
    store_set_time(lane->store, now_ms);
}

/* --- the turn -------------------------------------------------------------------------------- */

void lane_complete(struct lane *lane, const struct io_completion *completion)
{
    if (completion->tag.n < LANE_TAG_SNAPSHOT) {
        log_complete(lane->log, completion);
    } else if (completion->tag.n < LANE_TAG_REPLICA) {
        lane_save_complete(lane, completion);
    } else {
        replica_complete(lane->replica, completion);
    }
}

/* What the store does by itself shows that time has passed, too. [L4] */
static bool may_work(struct lane *lane)
{
    if (!lane->is_many || !lane->replica->serving) return true;
    return log_has_room(lane->log, lane->replica->pending_bytes, RECORD_HEAD_BYTES) == LOG_ROOM;
}

static void work(struct lane *lane, instant now, int64_t unix_ms)
{
    uint64_t seen = store_expired_seen(lane->store);
    lane->worked = now;
    if (!may_work(lane)) return;
    if (!lane->is_many || lane->replica->serving) store_set_time(lane->store, unix_ms);
    lane->work_due = store_work(lane->store, WORK_STEPS_A_TURN);
    log_time_if_seen(lane, seen);
}

void lane_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    if (lane->work_due || now.ns - lane->worked.ns >= WORK_PAUSE_NS) work(lane, now, unix_ms);
    replica_turn(lane->replica, now);
}

instant lane_settle(struct lane *lane, instant now, int64_t unix_ms)
{
    log_flush(lane->log);
    instant deadline = replica_settle(lane->replica);
    bool saves = lane_save_turn(lane, now, unix_ms);
    log_flush(lane->log); /* what came to it since then */
    if (lane->work_due || saves) return now;
    int64_t pause_until_ns = now.ns + TURN_PAUSE_NS;
    return deadline.ns < pause_until_ns ? deadline : (instant){pause_until_ns};
}

void lane_flush(struct lane *lane)
{
    if (lane->replica->links != NULL) links_flush(lane->replica->links);
}

bool lane_is_quiet(const struct lane *lane)
{
    const struct replica *replica = lane->replica;
    bool handing_over = replica->serving && replica->now.ns < replica->hand_over_until.ns;
    return log_durable(lane->log) == log_last(lane->log) && lane->save.writer == NULL &&
           replica->pending == NULL && !handing_over;
}

const struct fault *lane_failed(const struct lane *lane)
{
    return lane->replica->has_failed ? &lane->replica->fault : log_failed(lane->log);
}

const struct log_stats *lane_log_stats(const struct lane *lane)
{
    return log_stats(lane->log);
}

uint64_t lane_log_bytes(const struct lane *lane)
{
    return log_bytes(lane->log);
}
