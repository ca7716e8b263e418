/* call.c -- what a handler says, and how it finds keys. See call.h. */
#include "cmd/call.h"

#include "base/cursor.h"
#include "core/store/store_over.h"

void call_modified(struct call *call, uint32_t database, struct slice key)
{
    call->changes++;
    const struct call_observer *observer = call->observer;
    if (observer->wants_modified) observer->modified(observer->context, database, key);
}

void call_replaced(struct call *call, uint32_t database, uint32_t other)
{
    call->changes++;
    const struct call_observer *observer = call->observer;
    if (!observer->wants_modified || observer->replaced == NULL) return;
    observer->replaced(observer->context, database, other);
}

void call_notify(struct call *call, enum notify_class class, const char *event, struct slice key)
{
    call_notify_in(call, class, event, call->database, key);
}

void call_notify_in(struct call *call, enum notify_class class, const char *event,
                    uint32_t database, struct slice key)
{
    const struct call_observer *observer = call->observer;
    if (LIKELY((observer->wants_notified & class) == 0)) return;
    observer->notified(observer->context, class, event, database, key);
}

void call_log_instead(struct call *call, uint32_t argc, const struct slice *argv)
{
    put_varint(call->instead, argc);
    for (uint32_t i = 0; i < argc; i++) put_sized(call->instead, argv[i]);
    call->instead_count++;
}

bool call_spans(const struct call *call)
{
    return store_is_over(call->store);
}

void call_block_on(struct call *call, int64_t timeout_ms, uint32_t first_key, uint32_t keys_count,
                   enum call_timeout_reply timeout_reply)
{
    call->block = (struct call_block){true, timeout_ms, first_key, keys_count, timeout_reply};
}

void call_key_missed(struct call *call, struct slice key)
{
    call_notify(call, NOTIFY_KEY_MISS, "keymiss", key);
}

enum call_found call_read(struct call *call, struct slice key, enum value_type type,
                          struct entry **entry)
{
    *entry = store_read(call->store, call->database, key);
    if (*entry == NULL) {
        call_key_missed(call, key);
        return CALL_MISSING;
    }
    if (LIKELY(entry_type(*entry) == type)) return CALL_FOUND;
    call_wrong_type(call);
    return CALL_WRONG_TYPE;
}

enum call_found call_write(struct call *call, struct slice key, enum value_type type,
                           struct entry **entry)
{
    *entry = store_write(call->store, call->database, key);
    if (*entry == NULL) return CALL_MISSING;
    if (LIKELY(entry_type(*entry) == type)) return CALL_FOUND;
    call_wrong_type(call);
    return CALL_WRONG_TYPE;
}

struct entry *call_peek(struct call *call, struct slice key)
{
    struct entry *entry = store_peek(call->store, call->database, key);
    if (entry == NULL) call_key_missed(call, key);
    return entry;
}

const char *value_type_name(enum value_type type)
{
    switch (type) {
    case VALUE_STRING: return "string";
    case VALUE_LIST: return "list";
    case VALUE_SET: return "set";
    case VALUE_ZSET: return "zset";
    case VALUE_HASH: return "hash";
    }
    return "unknown";
}

void call_syntax_error(struct call *call)
{
    reply_error(&call->reply, "ERR syntax error");
}

void call_wrong_type(struct call *call)
{
    reply_error(&call->reply, "WRONGTYPE Operation against a key holding the wrong kind of value");
}

void call_no_such_key(struct call *call)
{
    reply_error(&call->reply, "ERR no such key");
}
