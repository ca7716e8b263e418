/* generic.c -- commands on keys of any type: deleting, naming, copying, looking. */
#include <limits.h>

#include "cmd/handlers.h"

/* The number of a database among the arguments. False: the error is replied. */
MUST_USE static bool database_read(struct call *call, uint32_t index, uint32_t *database)
{
    int64_t number;
    if (!call_integer_in(call, index, INT_MIN, INT_MAX, &number, NULL)) return false;
    if (number < 0 || number >= STORE_DATABASES) {
        reply_error(&call->reply, "ERR DB index is out of range");
        return false;
    }
    *database = (uint32_t)number;
    return true;
}

void cmd_del(struct call *call)
{
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) {
        struct slice key = call->argv[i];
        if (!store_delete(call->store, call->database, key)) continue;
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_GENERIC, "del", key);
        count++;
    }
    reply_integer(&call->reply, count);
}

void cmd_exists(struct call *call)
{
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) {
        if (call_peek(call, call->argv[i]) != NULL) count++;
    }
    reply_integer(&call->reply, count);
}

void cmd_touch(struct call *call)
{
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) {
        if (store_read(call->store, call->database, call->argv[i]) != NULL) {
            count++;
        } else {
            call_key_missed(call, call->argv[i]);
        }
    }
    reply_integer(&call->reply, count);
}

void cmd_type(struct call *call)
{
    const struct entry *entry = call_peek(call, call->argv[1]);
    reply_simple(&call->reply, entry == NULL ? "none" : value_type_name(entry_type(entry)));
}

void cmd_randomkey(struct call *call)
{
    const struct entry *entry = store_random(call->store, call->database);
    if (entry == NULL) {
        reply_null(&call->reply);
    } else {
        reply_bulk(&call->reply, entry_key(entry));
    }
}

/* --- renaming, moving, copying ---------------------------------------------------------------- */

static void carry_out_rename(struct call *call, struct slice from, struct slice to)
{
    store_rename(call->store, call->database, from, call->database, to);
    call_notify(call, NOTIFY_NEW, "new", to);
    call_modified(call, call->database, from);
    call_modified(call, call->database, to);
    call_notify(call, NOTIFY_GENERIC, "rename_from", from);
    call_notify(call, NOTIFY_GENERIC, "rename_to", to);
}

void cmd_rename(struct call *call)
{
    struct slice from = call->argv[1], to = call->argv[2];
    if (store_write(call->store, call->database, from) == NULL) {
        call_no_such_key(call);
        return;
    }
    if (!slice_eq(from, to)) carry_out_rename(call, from, to);
    reply_ok(&call->reply);
}

void cmd_renamenx(struct call *call)
{
    struct slice from = call->argv[1], to = call->argv[2];
    if (store_write(call->store, call->database, from) == NULL) {
        call_no_such_key(call);
        return;
    }
    bool free = store_write(call->store, call->database, to) == NULL; /* the same: it is not */
    if (free) carry_out_rename(call, from, to);
    reply_integer(&call->reply, free);
}

static bool is_same_key(struct call *call, struct slice from, uint32_t to_database, struct slice to)
{
    if (call->database != to_database || !slice_eq(from, to)) return false;
    reply_error(&call->reply, "ERR source and destination objects are the same");
    return true;
}

void cmd_move(struct call *call)
{
    struct slice key = call->argv[1];
    uint32_t to_database;
    if (!database_read(call, 2, &to_database)) return;
    if (is_same_key(call, key, to_database, key)) return;
    bool moves = store_write(call->store, call->database, key) != NULL &&
                 store_write(call->store, to_database, key) == NULL;
    if (moves) {
        store_rename(call->store, call->database, key, to_database, key);
        call_notify_in(call, NOTIFY_NEW, "new", to_database, key);
        call_modified(call, call->database, key);
        call_modified(call, to_database, key);
        call_notify(call, NOTIFY_GENERIC, "move_from", key);
        call_notify_in(call, NOTIFY_GENERIC, "move_to", to_database, key);
    }
    reply_integer(&call->reply, moves);
}

static bool copy_options(struct call *call, uint32_t *to_database, bool *replace)
{
    *to_database = call->database;
    *replace = false;
    for (uint32_t i = 3; i < call->argc; i++) {
        if (word_is(call->argv[i], "REPLACE")) {
            *replace = true;
        } else if (word_is(call->argv[i], "DB") && i + 1 < call->argc) {
            if (!database_read(call, ++i, to_database)) return false;
        } else {
            call_syntax_error(call);
            return false;
        }
    }
    return true;
}

void cmd_copy(struct call *call)
{
    struct slice from = call->argv[1], to = call->argv[2];
    uint32_t to_database;
    bool replace;
    if (!copy_options(call, &to_database, &replace)) return;
    if (is_same_key(call, from, to_database, to)) return;
    bool is_there = store_read(call->store, call->database, from) != NULL;
    if (!is_there) call_key_missed(call, from);
    bool copies = is_there && (store_write(call->store, to_database, to) == NULL || replace);
    if (copies) {
        store_copy(call->store, call->database, from, to_database, to);
        call_notify_in(call, NOTIFY_NEW, "new", to_database, to);
        call_modified(call, to_database, to);
        call_notify_in(call, NOTIFY_GENERIC, "copy_to", to_database, to);
    }
    reply_integer(&call->reply, copies);
}
