/*
 * together.c -- see together.h.
 *
 * Invariants
 *   T1  what was changed in strong policies since together_begin is in the records of the shards
 *       in `touched`, in the order of its happening; outside of a transaction there are none.
 *   T2  the entries of `touched` are one record of the lane's log, behind everything that their
 *       calls could have seen: what was pending is appended before.
 *   T3  what is logged for a shard can be run on its store alone.
 */
#include "lane/together_impl.h"

#include "base/crc.h"
#include "core/store/store_over.h"
#include "core/store/walk.h"
#include "lane/replica_impl.h"

struct together {
    struct lane *lane;
    bool active;
    struct shard **touched;
    uint32_t touched_count;
    struct buffer modified; /* by the call that runs: database varint, key sized */
    struct buffer scratch;  /* a key as snapshots have it */
    struct buffer argv;     /* of a command that is logged instead */
    struct call_observer observer;
};

enum { RECORD_HEAD_BYTES = 64, KEEP_BYTES_MAX = 1 << 20 };

/* --- what changes ----------------------------------------------------------------------------- */

static void on_modified(void *context, uint32_t database, struct slice key)
{
    struct together *together = context;
    const struct call_observer *observer = together->lane->observer;
    put_varint(&together->modified, database);
    put_sized(&together->modified, key);
    if (observer->wants_modified) observer->modified(observer->context, database, key);
}

static void on_notified(void *context, enum notify_class class, const char *event,
                        uint32_t database, struct slice key)
{
    const struct together *together = context;
    const struct call_observer *observer = together->lane->observer;
    observer->notified(observer->context, class, event, database, key);
}

static void on_replaced(void *context, uint32_t database, uint32_t other)
{
    const struct together *together = context;
    const struct call_observer *observer = together->lane->observer;
    if (!observer->wants_modified || observer->replaced == NULL) return;
    observer->replaced(observer->context, database, other);
}

struct together *together_new(struct lane *lane)
{
    struct together *together = ARENA_NEW(lane->arena, struct together);
    *together = (struct together){
        .lane = lane,
        .touched = ARENA_ARRAY(lane->arena, struct shard *, lane->config.shards_count),
        .observer = {.context = together,
                     .modified = on_modified,
                     .notified = on_notified,
                     .replaced = on_replaced,
                     .wants_modified = true}};
    return together;
}

void together_free(struct together *together)
{
    buffer_free(&together->modified);
    buffer_free(&together->scratch);
    buffer_free(&together->argv);
}

/* --- whose keys ------------------------------------------------------------------------------- */

bool together_may(const struct lane *lane)
{
    return lane->many_count == 0 && lane->config.lanes_count == 1;
}

struct store *together_store(struct lane *lane)
{
    return lane->over;
}

void together_set_time(struct lane *lane)
{
    store_set_time(lane->over, io_unix_ms(lane->io));
}

/* Its patterns name keys that are none of its arguments. */
static bool follows_patterns(const struct command *command)
{
    return command->id == COMMAND_SORT || command->id == COMMAND_SORT_RO;
}

enum whose { WHOSE_NOBODYS, WHOSE_ONES, WHOSE_SEVERAL };

static enum whose whose_keys(struct lane *lane, const struct call *call, struct shard **shard)
{
    struct key_place few[SHARD_KEYS_LOOKED_AT];
    int64_t count = 0;
    const struct key_place *places = NULL;
    if (call->command->key_specs_count > 0) places = shard_keys_of(lane, call, few, &count);
    if (places == NULL) return WHOSE_NOBODYS;
    *shard = lane_shard_of_slot(lane, slot_of_key(call->argv[places[0].index]));
    for (int64_t i = 1; i < count; i++) {
        uint32_t slot = slot_of_key(call->argv[places[i].index]);
        if (lane_shard_of_slot(lane, slot) != *shard) return WHOSE_SEVERAL;
    }
    return follows_patterns(call->command) ? WHOSE_SEVERAL : WHOSE_ONES;
}

/* --- the records ------------------------------------------------------------------------------ */

static struct shard *data_shard(const struct lane *lane, uint32_t i)
{
    struct shard *shard = lane->shards[i];
    return shard_eq(shard->number, SHARD_ROOT) ? NULL : shard;
}

/* The record of a shard, begun. [T1] */
static struct buffer *record_of(struct together *together, struct shard *shard)
{
    if (shard->transaction.changed) return &shard->record;
    ASSERT(!shard->transaction.active);
    shard->transaction.changed = true;
    together->touched[together->touched_count++] = shard;
    store_set_time(shard->store, store_now_ms(together->lane->over));
    record_begin(&shard->record, store_now_ms(shard->store));
    return &shard->record;
}

static void log_everywhere(struct together *together, const struct call *call)
{
    const struct lane *lane = together->lane;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = data_shard(lane, i);
        if (shard != NULL) record_add(record_of(together, shard), call);
    }
}

/* What became of each key that it changed. */
static void log_outcome(struct together *together)
{
    struct cursor cursor = cursor_of(buffer_slice(&together->modified));
    while (cursor_left(&cursor) > 0) {
        uint32_t database = (uint32_t)cursor_varint(&cursor);
        struct slice key = cursor_sized(&cursor);
        struct shard *shard = lane_shard_of_slot(together->lane, slot_of_key(key));
        const struct entry *entry = store_peek(shard->store, database, key);
        struct buffer *record = record_of(together, shard);
        if (entry == NULL) {
            record_add_delete(record, database, key);
            continue;
        }
        buffer_clear(&together->scratch);
        entry_encode(database, entry, &together->scratch);
        record_add_key(record, database, buffer_slice(&together->scratch));
    }
}

/* One of the commands that are logged instead: its arguments are in together->argv. */
struct instead {
    struct cursor cursor;
    uint32_t left;
    struct call call;
    struct slice bytes; /* as they are in a record */
};

static bool instead_next(struct together *together, struct instead *instead)
{
    if (instead->left == 0) return false;
    instead->left--;
    const uint8_t *start = instead->cursor.at;
    uint64_t argc = cursor_varint(&instead->cursor);
    buffer_clear(&together->argv);
    for (uint64_t i = 0; i < argc; i++) {
        struct slice argument = cursor_sized(&instead->cursor);
        buffer_append(&together->argv, slice_of(&argument, sizeof argument));
    }
    ASSERT(!instead->cursor.bad);
    instead->bytes = slice_of(start, (size_t)(instead->cursor.at - start));
    instead->call.argv = (const struct slice *)(const void *)together->argv.data;
    instead->call.argc = (uint32_t)argc;
    instead->call.command =
        command_find(together->lane->config.commands, instead->call.argv, instead->call.argc, NULL);
    ASSERT(instead->call.command != NULL);
    return true;
}

static struct instead instead_of(const struct call *call)
{
    return (struct instead){.cursor = cursor_of(buffer_slice(call->instead)),
                            .left = call->instead_count};
}

/* Can each of the commands be run on one shard? */
static bool insteads_are_parted(struct together *together, const struct call *call)
{
    struct instead instead = instead_of(call);
    struct shard *shard;
    while (instead_next(together, &instead)) {
        if (whose_keys(together->lane, &instead.call, &shard) != WHOSE_ONES) return false;
    }
    return true;
}

static void log_insteads(struct together *together, const struct call *call)
{
    struct instead instead = instead_of(call);
    while (instead_next(together, &instead)) {
        struct shard *shard = NULL;
        (void)whose_keys(together->lane, &instead.call, &shard);
        record_add_bytes(record_of(together, shard), call->database, 1, instead.bytes);
    }
}

/* MSET, DEL, UNLINK: all that follows the name are keys, each with what is behind it; and done one
 * by one they do the same. */
static bool is_parted(const struct command *command)
{
    const struct key_spec *spec = &command->key_specs[0];
    return (command->flags & COMMAND_SPLITS) && command->key_specs_count == 1 && !spec->counted &&
           spec->keyword[0] == '\0' && spec->start == 1 && spec->last == -1;
}

static void log_parts(struct together *together, const struct call *call)
{
    uint32_t step = (uint32_t)call->command->key_specs[0].step;
    for (uint32_t i = 1; i + step <= call->argc; i += step) {
        struct shard *shard = lane_shard_of_slot(together->lane, slot_of_key(call->argv[i]));
        struct buffer *record = record_of(together, shard);
        put_varint(record, call->database);
        put_varint(record, 1);
        put_varint(record, 1 + step);
        put_sized(record, call->argv[0]);
        for (uint32_t j = 0; j < step; j++) put_sized(record, call->argv[i + j]);
    }
}

static void log_call(struct together *together, const struct call *call) /* [T3] */
{
    struct shard *shard = NULL;
    if (call->instead_count == 0 && is_parted(call->command)) {
        log_parts(together, call);
        return;
    }
    enum whose whose = whose_keys(together->lane, call, &shard);
    if (whose == WHOSE_NOBODYS) {
        log_everywhere(together, call);
    } else if (call->instead_count > 0 && insteads_are_parted(together, call)) {
        log_insteads(together, call);
    } else if (call->instead_count == 0 && whose == WHOSE_ONES) {
        record_add(record_of(together, shard), call);
    } else {
        log_outcome(together);
    }
}

/* What waits to be appended goes first: whatever is logged last is behind all that was seen. Whose
 * it is, is touched. */
static void append_pending(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->touched_count; i++) replica_propose(lane->touched[i]->replica);
}

static void append_touched(struct together *together) /* [T2] */
{
    struct lane *lane = together->lane;
    bool several = together->touched_count > 1;
    if (several) log_begin_together(lane->log);
    for (uint32_t i = 0; i < together->touched_count; i++) {
        struct shard *shard = together->touched[i];
        shard_append(shard);
        replica_propose(shard->replica);
        shard->transaction.changed = false;
    }
    if (several) log_end_together(lane->log);
    together->touched_count = 0;
}

static void finish(struct together *together, uint64_t *gate)
{
    append_pending(together->lane);
    append_touched(together);
    *gate = log_last(together->lane->log);
}

/* --- memory ----------------------------------------------------------------------------------- */

static bool is_empty(const struct shard *shard)
{
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        if (store_count(shard->store, i) > 0) return false;
    }
    return true;
}

/* Of what the call has taken, or given back, each shard it has changed gets a part: as much as it
 * has of what is logged. Of what is not logged nobody can tell. */
static void note_memory(struct together *together)
{
    struct lane *lane = together->lane;
    uint64_t used = store_room(lane->over)->heap.used_bytes, logged = 0;
    int64_t change = (int64_t)(used - lane->used_bytes);
    for (uint32_t i = 0; i < together->touched_count; i++) {
        logged += together->touched[i]->record.len;
    }
    if (logged == 0) {
        shard_note_memory(lane->shards[0]);
        return;
    }
    lane->used_bytes = used;
    for (uint32_t i = 0; i < together->touched_count; i++) {
        struct shard *shard = together->touched[i];
        double part = (double)shard->record.len / (double)logged;
        int64_t bytes = (int64_t)((double)change * part);
        uint64_t less = u64_min(shard->used_bytes, (uint64_t)(bytes < 0 ? -bytes : 0));
        shard->used_bytes += bytes > 0 ? (uint64_t)bytes : 0;
        shard->used_bytes -= less;
        if (bytes < 0 && is_empty(shard)) shard->used_bytes = 0;
    }
}

/* --- running ---------------------------------------------------------------------------------- */

/* What a call may log, about: itself, or the values of its keys. */
static size_t bytes_of(struct lane *lane, const struct call *call)
{
    struct key_place few[SHARD_KEYS_LOOKED_AT];
    struct shard *shard;
    int64_t count;
    size_t bytes = shard_request_bytes(call) + LOG_TOGETHER_BYTES;
    if (is_parted(call->command)) {
        return bytes + call->argc * (RECORD_HEAD_BYTES + LOG_TOGETHER_BYTES);
    }
    switch (whose_keys(lane, call, &shard)) {
    case WHOSE_NOBODYS: return bytes * lane->shards_here;
    case WHOSE_ONES: return bytes;
    case WHOSE_SEVERAL: break;
    }
    const struct key_place *places = shard_keys_of(lane, call, few, &count);
    for (int64_t i = 0; i < count; i++) {
        struct slice key = call->argv[places[i].index];
        const struct entry *entry = store_peek(lane->over, call->database, key);
        bytes += RECORD_HEAD_BYTES + LOG_TOGETHER_BYTES + key.len;
        if (entry != NULL) bytes += (size_t)entry_bytes(lane->over, entry);
    }
    return bytes;
}

static enum shard_ran ask_room(struct lane *lane, size_t bytes, struct reply *reply, bool *refused)
{
    if (lane_disk_is_behind(lane)) return SHARD_LATER;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = lane->shards[i];
        if (i > 0 && shard->replica->may_write) continue; /* the log is the same */
        enum shard_ran ran = shard_ask_room(shard, bytes, reply, refused);
        if (ran == SHARD_LATER || *refused) return ran;
    }
    return SHARD_RAN;
}

static void prepare(struct together *together, struct call *call)
{
    struct lane *lane = together->lane;
    bool writes = (call->command->flags & COMMAND_WRITE) != 0;
    call->store = lane->over;
    call->settings = &lane->config.settings;
    call->observer = lane->observer;
    if (writes && !is_parted(call->command)) {
        together->observer.wants_notified = lane->observer->wants_notified;
        call->observer = &together->observer;
        buffer_clear(&together->modified);
    }
    call->replaying = false;
    call->changes = 0;
    call->instead = &lane->instead;
    call->instead_count = 0;
    buffer_clear(&lane->instead);
}

static void settle(struct together *together, const struct call *call,
                   const struct shard_manner *manner)
{
    struct shard *any = together->lane->shards[0];
    if (call->changes == 0) return;
    shard_count_changes(any, call->changes);
    if (manner->mode == POLICY_STRONG) {
        log_call(together, call);
    } else {
        together->lane->saves.unlogged_count++;
        shard_keep_cap(any, manner->policy);
    }
    if (together->scratch.capacity > KEEP_BYTES_MAX) buffer_free(&together->scratch);
}

enum shard_ran together_run(struct lane *lane, struct call *call, uint64_t *gate)
{
    struct together *together = lane->together;
    struct shard *any = lane->shards[0];
    struct shard_manner manner;
    *gate = 0;
    ASSERT(lane->many_count == 0);
    prepare(together, call);
    if (!shard_manner_of(any, call, &manner)) return SHARD_RAN;
    bool strong = manner.mode == POLICY_STRONG;
    if ((call->command->flags & COMMAND_WRITE) && !together->active) {
        bool refused = false;
        if (strong) {
            enum shard_ran ran = ask_room(lane, bytes_of(lane, call), &call->reply, &refused);
            if (ran == SHARD_LATER || refused) return ran;
        }
        if (!shard_ask_memory(any, call)) return SHARD_RAN;
    }
    if (!together->active) together_set_time(lane);
    call->command->handler(call);
    settle(together, call, &manner);
    if (call->changes > 0) note_memory(together);
    if (strong && !together->active) finish(together, gate);
    return SHARD_RAN;
}

enum shard_ran together_begin(struct lane *lane, const struct call *calls, uint32_t count,
                              struct reply *reply, bool *refused)
{
    struct together *together = lane->together;
    bool writes = false;
    size_t bytes = RECORD_HEAD_BYTES;
    ASSERT(!together->active);
    ASSERT(lane->many_count == 0);
    *refused = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!(calls[i].command->flags & COMMAND_WRITE)) continue;
        writes = true;
        bytes += bytes_of(lane, &calls[i]);
    }
    if (writes) {
        enum shard_ran ran = ask_room(lane, bytes, reply, refused);
        if (ran == SHARD_LATER || *refused) return ran;
    }
    together_set_time(lane);
    together->active = true;
    return SHARD_RAN;
}

void together_end(struct lane *lane, uint64_t *gate)
{
    struct together *together = lane->together;
    ASSERT(together->active);
    together->active = false;
    finish(together, gate);
}
