/* hash.c -- setting, getting and deleting fields. */
#include "cmd/hash.h"

#include "cmd/handlers.h"

bool hash_read(struct call *call, struct slice key, const struct hash **hash)
{
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_HASH, &entry);
    *hash = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

bool hash_write(struct call *call, struct slice key, struct hash **hash)
{
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_HASH, &entry);
    *hash = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

struct hash *hash_make(struct call *call, struct slice key)
{
    struct hash *hash = hash_new(store_room(call->store));
    store_add_object(call->store, call->database, key, VALUE_HASH, hash);
    call_notify(call, NOTIFY_NEW, "new", key);
    return hash;
}

void hash_changed(struct call *call, struct slice key, const char *event)
{
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_HASH, event, key);
}

/* --- setting ---------------------------------------------------------------------------------- */

/* How many fields are new; -1: an error is replied. */
static int64_t set_fields(struct call *call)
{
    struct room *room = store_room(call->store);
    struct slice key = call->argv[1];
    struct hash *hash;
    if (call->argc % 2 != 0) {
        reply_error(&call->reply, "ERR wrong number of arguments for '%s' command",
                    call->command->name);
        return -1;
    }
    if (!hash_write(call, key, &hash)) return -1;
    if (hash == NULL) hash = hash_make(call, key);
    int64_t added = 0;
    for (uint32_t i = 2; i < call->argc; i += 2) {
        added += hash_set(room, hash, call->argv[i], call->argv[i + 1]);
    }
    hash_changed(call, key, "hset");
    return added;
}

void cmd_hset(struct call *call)
{
    int64_t added = set_fields(call);
    if (added >= 0) reply_integer(&call->reply, added);
}

void cmd_hmset(struct call *call)
{
    if (set_fields(call) >= 0) reply_ok(&call->reply);
}

void cmd_hsetnx(struct call *call)
{
    struct slice key = call->argv[1], field = call->argv[2], value;
    char scratch[INTEGER_TEXT_MAX];
    struct hash *hash;
    if (!hash_write(call, key, &hash)) return;
    if (hash != NULL && hash_get(hash, field, &value, scratch)) {
        reply_integer(&call->reply, 0);
        return;
    }
    if (hash == NULL) hash = hash_make(call, key);
    hash_set(store_room(call->store), hash, field, call->argv[3]);
    reply_integer(&call->reply, 1);
    hash_changed(call, key, "hset");
}

void cmd_hdel(struct call *call)
{
    struct room *room = store_room(call->store);
    struct slice key = call->argv[1];
    struct hash *hash;
    if (!hash_write(call, key, &hash)) return;
    int64_t deleted = 0;
    for (uint32_t i = 2; hash != NULL && i < call->argc; i++) {
        deleted += hash_delete(room, hash, call->argv[i]);
    }
    reply_integer(&call->reply, deleted);
    if (deleted == 0) return;
    hash_changed(call, key, "hdel");
    if (hash_count(hash) > 0) return;
    store_delete(call->store, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

/* --- getting ---------------------------------------------------------------------------------- */

static void reply_field(struct call *call, const struct hash *hash, struct slice field)
{
    char scratch[INTEGER_TEXT_MAX];
    struct slice value;
    if (hash != NULL && hash_get(hash, field, &value, scratch)) {
        reply_bulk(&call->reply, value);
    } else {
        reply_null(&call->reply);
    }
}

void cmd_hget(struct call *call)
{
    const struct hash *hash;
    if (hash_read(call, call->argv[1], &hash)) reply_field(call, hash, call->argv[2]);
}

void cmd_hmget(struct call *call)
{
    const struct hash *hash;
    if (!hash_read(call, call->argv[1], &hash)) return;
    reply_array(&call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) reply_field(call, hash, call->argv[i]);
}

void cmd_hexists(struct call *call)
{
    char scratch[INTEGER_TEXT_MAX];
    const struct hash *hash;
    struct slice value;
    if (!hash_read(call, call->argv[1], &hash)) return;
    bool there = hash != NULL && hash_get(hash, call->argv[2], &value, scratch);
    reply_integer(&call->reply, there);
}

void cmd_hstrlen(struct call *call)
{
    char scratch[INTEGER_TEXT_MAX];
    const struct hash *hash;
    struct slice value;
    if (!hash_read(call, call->argv[1], &hash)) return;
    bool there = hash != NULL && hash_get(hash, call->argv[2], &value, scratch);
    reply_integer(&call->reply, there ? (int64_t)value.len : 0);
}

void cmd_hlen(struct call *call)
{
    const struct hash *hash;
    if (!hash_read(call, call->argv[1], &hash)) return;
    reply_integer(&call->reply, hash == NULL ? 0 : (int64_t)hash_count(hash));
}

static void reply_all(struct call *call, bool fields, bool values)
{
    const struct hash *hash;
    if (!hash_read(call, call->argv[1], &hash)) return;
    uint64_t count = hash == NULL ? 0 : hash_count(hash);
    if (fields && values) {
        reply_map(&call->reply, count);
    } else {
        reply_array(&call->reply, count);
    }
    struct hash_walk walk = {0};
    struct hash_pair pair;
    while (hash != NULL && hash_walk_next(hash, &walk, &pair)) {
        if (fields) reply_bulk(&call->reply, pair.field);
        if (values) reply_bulk(&call->reply, pair.value);
    }
}

void cmd_hgetall(struct call *call)
{
    reply_all(call, true, true);
}

void cmd_hkeys(struct call *call)
{
    reply_all(call, true, false);
}

void cmd_hvals(struct call *call)
{
    reply_all(call, false, true);
}
