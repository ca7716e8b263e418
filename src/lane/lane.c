/*
 * lane.c -- see lane.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   L1  what a strong call changed is in the log before the next call runs.
 *   L2  a strong call runs only when the log has room for what it will log.
 *   L3  a reply's gate is at or past every record that the call could have seen.
 */
#include "lane/lane_impl.h"

#include "io/clock.h"

enum {
    RECORD_KEEP_BYTES_MAX = 1 << 20, /* a larger scratch buffer is given back */
    RECORD_HEAD_BYTES = 64,
    EVICT_KEYS_A_CALL = 64,
    KEYS_LOOKED_AT = 64,
    WORK_STEPS_A_TURN = 64,
    WORK_PAUSE_NS = 10 * 1000 * 1000,
    TURN_PAUSE_NS = 100 * 1000 * 1000,
};

/* --- opening --------------------------------------------------------------------------------- */

static enum err load_snapshot(struct lane *lane, struct lane_opened *opened, uint64_t *index,
                              struct fault *fault)
{
    const char *path;
    struct snapshot_header header;
    enum err err = snapshot_find(lane->config.folder, lane->arena, &path, &header, fault);
    if (err == ERR_NOT_FOUND) return ERR_OK;
    if (err != ERR_OK) return err;
    *index = header.index;
    lane->save.told.last_done_ms = header.made_at_ms;
    return snapshot_load(path, lane->store, &header, &opened->keys_count, fault);
}

struct replaying {
    struct lane *lane;
    struct lane_opened *opened;
};

static enum err replay_one(void *context, const struct log_record *record, struct fault *fault)
{
    struct replaying *replaying = context;
    replaying->opened->replayed_count++;
    return record_replay(replaying->lane, record, fault);
}

static enum err load(struct lane *lane, struct lane_opened *opened, uint64_t *last,
                     struct fault *fault)
{
    uint64_t index = 0;
    enum err err = load_snapshot(lane, opened, &index, fault);
    if (err != ERR_OK) return err;
    struct log_found found = {0};
    struct replaying replaying = {lane, opened};
    err = log_recover(lane->config.folder, index, replay_one, &replaying, &found, fault);
    if (err != ERR_OK) return err;
    opened->dropped_bytes = found.dropped_bytes;
    memcpy(opened->dropped_at, found.dropped_at, sizeof opened->dropped_at);
    opened->keys_count = 0;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        opened->keys_count += store_count(lane->store, i);
    }
    lane->save.index = index;
    if (lane->save.told.last_done_ms == 0) lane->save.told.last_done_ms = io_unix_ms(lane->io);
    *last = u64_max(found.last_position, index);
    return ERR_OK;
}

enum err lane_open(const struct lane_config *config, struct io *io, struct lane **out,
                   struct lane_opened *opened, struct fault *fault)
{
    instant began = io_now(io);
    struct arena *arena = arena_new();
    struct lane *lane = ARENA_NEW(arena, struct lane);
    *lane = (struct lane){.config = *config, .io = io, .arena = arena};
    *opened = (struct lane_opened){0};
    struct store_config store_config = {.seed = config->seed, .limits = config->limits};
    lane->store = store_new(&store_config);
    lane->eviction = (struct evict_request){
        .kind = EVICT_S3FIFO, .cache_only = true, .samples = 5, .keys_max = EVICT_KEYS_A_CALL};
    lane_set_memory_max(lane, config->memory_max_bytes);
    uint64_t last = 0;
    enum err err = load(lane, opened, &last, fault);
    if (err == ERR_OK) {
        struct log_config log_config = {.folder = config->folder,
                                        .segment_bytes = config->segment_bytes,
                                        .batch_bytes_max = 8 << 20,
                                        .seed = config->seed,
                                        .tag = {LANE_TAG_LOG}};
        err = log_open(&log_config, io, last, &lane->log, fault);
    }
    if (err != ERR_OK) {
        store_free(lane->store);
        arena_free(arena);
        return err;
    }
    opened->took = (duration){clock_now().ns - began.ns};
    *out = lane;
    return ERR_OK;
}

void lane_close(struct lane *lane)
{
    if (lane->save.writer != NULL) snapshot_end(lane->save.writer);
    log_close(lane->log);
    store_free(lane->store);
    buffer_free(&lane->record);
    buffer_free(&lane->instead);
    buffer_free(&lane->places);
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
    struct key_place *places = keys;
    int64_t count = command_keys(call->command, call->argv, call->argc, keys, KEYS_LOOKED_AT);
    if (count <= 0) return true; /* the handler will refuse it */
    if (count > KEYS_LOOKED_AT) {
        buffer_clear(&lane->places);
        places = (struct key_place *)(void *)buffer_reserve(&lane->places,
                                                            (size_t)count * sizeof *places);
        (void)command_keys(call->command, call->argv, call->argc, places, (uint32_t)count);
    }
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
    switch (log_has_room(lane->log, 0, bytes)) {
    case LOG_ROOM: break;
    case LOG_ROOM_SOON: return LANE_LATER;
    case LOG_ROOM_DISK_FULL:
        refuse_disk_full(reply);
        *refused = true;
        break;
    }
    return LANE_RAN;
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
    *gate = u64_max(*gate, log_last(lane->log));
}

static void append(struct lane *lane)
{
    struct slice record = buffer_slice(&lane->record);
    (void)log_append(lane->log, LANE_GROUP, LANE_RECORD_COMMANDS, LANE_TERM, &record, 1);
    if (lane->record.capacity > RECORD_KEEP_BYTES_MAX) buffer_free(&lane->record);
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
        if (!lane->transaction.active && disk_is_behind(lane)) return LANE_LATER;
        if (manner.mode == POLICY_STRONG && !lane->transaction.active) {
            enum lane_ran ran = ask_room(lane, request_bytes(call), &call->reply, &refused);
            if (ran == LANE_LATER || refused) return ran;
        }
        if (!ask_memory(lane, call)) return LANE_RAN;
    }
    if (!lane->transaction.active) store_set_time(lane->store, io_unix_ms(lane->io));
    call->command->handler(call);
    settle(lane, call, &manner);
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
    lane->transaction = (struct lane_transaction){.active = true};
    store_set_time(lane->store, io_unix_ms(lane->io));
    record_begin(&lane->record, store_now_ms(lane->store));
    return LANE_RAN;
}

void lane_end(struct lane *lane, uint64_t *gate)
{
    ASSERT(lane->transaction.active);
    lane->transaction.active = false;
    if (!lane->transaction.changed) return;
    append(lane); /* [L1] */
    raise_gate(lane, gate);
}

uint64_t lane_agreed(const struct lane *lane)
{
    return log_durable(lane->log);
}

uint64_t lane_last(const struct lane *lane)
{
    return log_last(lane->log);
}

/* --- the turn -------------------------------------------------------------------------------- */

void lane_complete(struct lane *lane, const struct io_completion *completion)
{
    if (completion->tag.n < LANE_TAG_SNAPSHOT) {
        log_complete(lane->log, completion);
    } else {
        lane_save_complete(lane, completion);
    }
}

instant lane_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    log_flush(lane->log);
    if (lane->work_due || now.ns - lane->worked.ns >= WORK_PAUSE_NS) {
        store_set_time(lane->store, unix_ms);
        lane->work_due = store_work(lane->store, WORK_STEPS_A_TURN);
        lane->worked = now;
    }
    lane_save_turn(lane, now, unix_ms);
    if (lane->work_due || lane->save.writer != NULL) return now;
    return (instant){now.ns + TURN_PAUSE_NS};
}

bool lane_is_quiet(const struct lane *lane)
{
    return log_durable(lane->log) == log_last(lane->log) && lane->save.writer == NULL;
}

const struct fault *lane_failed(const struct lane *lane)
{
    return log_failed(lane->log);
}

const struct log_stats *lane_log_stats(const struct lane *lane)
{
    return log_stats(lane->log);
}

uint64_t lane_log_bytes(const struct lane *lane)
{
    return log_bytes(lane->log);
}
