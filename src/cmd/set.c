/* set.c -- SADD and what else asks or changes single members of sets. */
#include "cmd/set.h"

#include "cmd/handlers.h"
#include "cmd/value_scan.h"

bool set_read(struct call *call, struct slice key, const struct set **set)
{
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_SET, &entry);
    *set = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

bool set_write(struct call *call, struct slice key, struct set **set)
{
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_SET, &entry);
    *set = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

void set_taken(struct call *call, struct slice key, const struct set *set, const char *event)
{
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_SET, event, key);
    if (set_count(set) > 0) return;
    store_delete(call->store, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

void cmd_sadd(struct call *call)
{
    struct slice key = call->argv[1];
    struct room *room = store_room(call->store);
    struct set *set;
    if (!set_write(call, key, &set)) return;
    bool made = set == NULL;
    if (made) set = set_new(room);
    if (call->argc > 3) set_expect(room, set, call->argc - 2);
    int64_t added = 0;
    for (uint32_t i = 2; i < call->argc; i++) added += set_add(room, set, call->argv[i]);
    if (made) store_add_object(call->store, call->database, key, VALUE_SET, set);
    if (added > 0) {
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_SET, "sadd", key);
    }
    reply_integer(&call->reply, added);
}

void cmd_srem(struct call *call)
{
    struct room *room = store_room(call->store);
    struct set *set;
    if (!set_write(call, call->argv[1], &set)) return;
    int64_t removed = 0;
    for (uint32_t i = 2; set != NULL && i < call->argc && set_count(set) > 0; i++)
        removed += set_remove(room, set, call->argv[i]);
    if (removed > 0) set_taken(call, call->argv[1], set, "srem");
    reply_integer(&call->reply, removed);
}

void cmd_smove(struct call *call)
{
    struct slice from = call->argv[1], to = call->argv[2], member = call->argv[3];
    struct room *room = store_room(call->store);
    struct set *source, *target;
    if (!set_write(call, from, &source)) return;
    if (source == NULL) {
        reply_integer(&call->reply, 0);
        return;
    }
    if (!set_write(call, to, &target)) return;
    if (source == target) { /* nothing moves */
        reply_integer(&call->reply, set_has(source, member));
        return;
    }
    bool moved = set_remove(room, source, member);
    reply_integer(&call->reply, moved);
    if (!moved) return;
    if (call_spans(call)) {
        call_log_instead(call, 3, (const struct slice[]){SLICE("SREM"), from, member});
        call_log_instead(call, 3, (const struct slice[]){SLICE("SADD"), to, member});
    }
    set_taken(call, from, source, "srem");
    bool made = target == NULL;
    if (made) target = set_new(room);
    bool added = set_add(room, target, member);
    if (made) store_add_object(call->store, call->database, to, VALUE_SET, target);
    if (!added) return;
    call_modified(call, call->database, to);
    call_notify(call, NOTIFY_SET, "sadd", to);
}

void cmd_sismember(struct call *call)
{
    const struct set *set;
    if (!set_read(call, call->argv[1], &set)) return;
    reply_integer(&call->reply, set != NULL && set_has(set, call->argv[2]));
}

void cmd_smismember(struct call *call)
{
    const struct set *set;
    if (!set_read(call, call->argv[1], &set)) return;
    reply_array(&call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++)
        reply_integer(&call->reply, set != NULL && set_has(set, call->argv[i]));
}

void cmd_scard(struct call *call)
{
    const struct set *set;
    if (!set_read(call, call->argv[1], &set)) return;
    reply_integer(&call->reply, set == NULL ? 0 : (int64_t)set_count(set));
}

void cmd_smembers(struct call *call)
{
    const struct set *set;
    if (!set_read(call, call->argv[1], &set)) return;
    reply_set(&call->reply, set == NULL ? 0 : set_count(set));
    struct set_walk walk = {0};
    for (struct slice member; set != NULL && set_walk_next(set, &walk, &member);)
        reply_bulk(&call->reply, member);
}

static void scan_member(void *context, struct slice member)
{
    if (value_scan_wants(context, member)) value_scan_put(context, member);
}

static uint64_t scan_set(const void *object, uint64_t cursor, struct value_scan *scan)
{
    return set_scan(object, cursor, scan_member, scan);
}

void cmd_sscan(struct call *call)
{
    struct value_scan scan = {0};
    const struct set *set;
    if (!scan_read_cursor(call, 2, &scan.request)) return;
    if (set_read(call, call->argv[1], &set)) value_scan_run(call, &scan, set, scan_set);
}
