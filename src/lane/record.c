/* record.c -- what a lane's log records say: commands, as they were called; see shard_impl.h. */
#include "lane/shard_impl.h"

enum { REPLAY_ARGUMENTS_ON_STACK = 64, UNREAD_KEEP_BYTES_MAX = 64 * 1024 };

void record_begin(struct buffer *record, int64_t now_ms)
{
    buffer_clear(record);
    put_varint(record, (uint64_t)now_ms);
}

void record_add(struct buffer *record, const struct call *call)
{
    put_varint(record, call->database);
    if (call->instead_count > 0) {
        put_varint(record, call->instead_count);
        buffer_append(record, buffer_slice(call->instead));
        return;
    }
    put_varint(record, 1);
    put_varint(record, call->argc);
    for (uint32_t i = 0; i < call->argc; i++) put_sized(record, call->argv[i]);
}

void record_add_bytes(struct buffer *record, uint32_t database, uint32_t count, struct slice bytes)
{
    put_varint(record, database);
    put_varint(record, count);
    buffer_append(record, bytes);
}

void record_add_key(struct buffer *record, uint32_t database, struct slice encoded)
{
    put_varint(record, database);
    put_varint(record, 1);
    put_varint(record, 0);
    put_sized(record, encoded);
}

void record_add_delete(struct buffer *record, uint32_t database, struct slice key)
{
    const struct slice argv[] = {SLICE("DEL"), key};
    const struct call call = {.argv = argv, .argc = COUNT_OF(argv), .database = database};
    record_add(record, &call);
}

static enum err damaged(uint64_t number, const char *what, struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "log record %llu: %s", (unsigned long long)number, what);
}

struct replay {
    struct shard *shard;
    uint64_t number; /* of the record, for a fault */
    const struct call_observer *observer;
    struct slice *argv;
    uint32_t argv_capacity;
};

static bool replay_arguments(struct replay *replay, struct cursor *cursor, uint32_t *argc)
{
    uint64_t count = cursor_varint(cursor);
    if (cursor->bad || count > cursor_left(cursor)) return false;
    if (count > replay->argv_capacity) {
        replay->argv = ARENA_ARRAY(replay->shard->lane->arena, struct slice, count);
        replay->argv_capacity = (uint32_t)count;
    }
    for (uint64_t i = 0; i < count; i++) replay->argv[i] = cursor_sized(cursor);
    *argc = (uint32_t)count;
    return !cursor->bad;
}

static enum err replay_key(struct replay *replay, struct cursor *cursor, struct fault *fault)
{
    struct slice encoded = cursor_sized(cursor), key;
    struct cursor record = cursor_of(encoded);
    uint32_t database;
    bool good = !cursor->bad && entry_encoded_key(encoded, &database, &key) &&
                store_decode_entry(replay->shard->store, &record) && cursor_left(&record) == 0;
    if (!good) return damaged(replay->number, "its key cannot be read", fault);
    const struct call_observer *observer = replay->observer;
    if (observer->wants_modified) observer->modified(observer->context, database, key);
    return ERR_OK;
}

static enum err replay_command(struct replay *replay, struct cursor *cursor, uint32_t database,
                               struct fault *fault)
{
    uint32_t argc;
    if (!replay_arguments(replay, cursor, &argc)) {
        return damaged(replay->number, "its arguments cannot be read", fault);
    }
    if (argc == 0) return replay_key(replay, cursor, fault);
    struct shard *shard = replay->shard;
    struct lane *lane = shard->lane;
    const struct command *command = command_find(lane->config.commands, replay->argv, argc, NULL);
    if (command == NULL || command->handler == NULL || !command_arity_fits(command, argc)) {
        return damaged(replay->number,
                       "it holds a command that this version of tutti does not know; start the "
                       "version that wrote it",
                       fault);
    }
    struct buffer *unread = &lane->unread;
    if (unread->capacity > UNREAD_KEEP_BYTES_MAX) buffer_free(unread);
    buffer_clear(unread);
    struct call call = {
        .command = command,
        .argv = replay->argv,
        .argc = argc,
        .database = database,
        .store = shard->store,
        .settings = &lane->config.settings,
        .observer = replay->observer,
        .reply = {unread, 2},
        .replaying = true,
        .instead = &lane->instead,
    };
    buffer_clear(&lane->instead);
    command->handler(&call);
    return ERR_OK;
}

enum err record_replay(struct shard *shard, uint64_t number, struct slice bytes,
                       const struct call_observer *observer, struct fault *fault)
{
    const struct call_observer nobody = {0};
    struct slice stack[REPLAY_ARGUMENTS_ON_STACK];
    struct replay replay = {shard, number, observer == NULL ? &nobody : observer, stack,
                            REPLAY_ARGUMENTS_ON_STACK};
    struct cursor cursor = cursor_of(bytes);
    store_set_time(shard->store, (int64_t)cursor_varint(&cursor));
    enum err err = ERR_OK;
    while (err == ERR_OK && !cursor.bad && cursor_left(&cursor) > 0) {
        uint64_t database = cursor_varint(&cursor);
        uint64_t count = cursor_varint(&cursor);
        if (database >= STORE_DATABASES || count > cursor_left(&cursor)) cursor.bad = true;
        for (uint64_t i = 0; err == ERR_OK && !cursor.bad && i < count; i++) {
            err = replay_command(&replay, &cursor, (uint32_t)database, fault);
        }
    }
    if (err == ERR_OK && cursor.bad) err = damaged(number, "it cannot be read", fault);
    return err;
}
