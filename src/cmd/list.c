/* list.c -- pushing, and what looks at or changes elements by index. */
#include "cmd/list.h"

#include "cmd/handlers.h"

bool list_read(struct call *call, struct slice key, const struct list **list)
{
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_LIST, &entry);
    *list = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

bool list_write(struct call *call, struct slice key, struct list **list)
{
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_LIST, &entry);
    *list = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

struct list *list_make(struct call *call, struct slice key)
{
    struct list *list = list_new(store_room(call->store));
    store_add_object(call->store, call->database, key, VALUE_LIST, list);
    call_notify(call, NOTIFY_NEW, "new", key);
    return list;
}

void list_taken(struct call *call, struct slice key, const struct list *list, const char *event)
{
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_LIST, event, key);
    if (list_count(list) > 0) return;
    store_delete(call->store, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

bool list_fits(struct call *call, uint32_t index, uint32_t count)
{
    for (uint32_t i = index; i < index + count; i++) {
        if (LIKELY(call->argv[i].len <= LIST_ELEMENT_BYTES_MAX)) continue;
        reply_error(&call->reply,
                    "ERR element of %zu bytes exceeds the maximum of a list's, %d bytes",
                    call->argv[i].len, LIST_ELEMENT_BYTES_MAX);
        return false;
    }
    return true;
}

bool list_end_read(struct call *call, uint32_t index, enum list_end *end)
{
    bool left = word_is(call->argv[index], "LEFT");
    *end = left ? LIST_HEAD : LIST_TAIL;
    if (left || word_is(call->argv[index], "RIGHT")) return true;
    call_syntax_error(call);
    return false;
}

/* --- pushing ---------------------------------------------------------------------------------- */

static void push(struct call *call, enum list_end end, bool make)
{
    struct slice key = call->argv[1];
    struct room *room = store_room(call->store);
    struct list *list;
    if (!list_fits(call, 2, call->argc - 2) || !list_write(call, key, &list)) return;
    if (list == NULL && !make) {
        reply_integer(&call->reply, 0);
        return;
    }
    if (list == NULL) list = list_make(call, key);
    for (uint32_t i = 2; i < call->argc; i++) list_push(room, list, end, call->argv[i]);
    reply_integer(&call->reply, (int64_t)list_count(list));
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_LIST, end == LIST_HEAD ? "lpush" : "rpush", key);
}

void cmd_lpush(struct call *call)
{
    push(call, LIST_HEAD, true);
}

void cmd_rpush(struct call *call)
{
    push(call, LIST_TAIL, true);
}

void cmd_lpushx(struct call *call)
{
    push(call, LIST_HEAD, false);
}

void cmd_rpushx(struct call *call)
{
    push(call, LIST_TAIL, false);
}

/* --- by index --------------------------------------------------------------------------------- */

void cmd_llen(struct call *call)
{
    const struct list *list;
    if (!list_read(call, call->argv[1], &list)) return;
    reply_integer(&call->reply, list == NULL ? 0 : (int64_t)list_count(list));
}

void cmd_lindex(struct call *call)
{
    const struct list *list;
    int64_t index;
    if (!list_read(call, call->argv[1], &list)) return;
    if (list == NULL) {
        reply_null(&call->reply);
        return;
    }
    if (!call_integer(call, 2, &index)) return;
    index = list_index(list, index);
    if (index < 0 || (uint64_t)index >= list_count(list)) {
        reply_null(&call->reply);
        return;
    }
    char scratch[INTEGER_TEXT_MAX];
    struct list_place place = list_at(list, (uint64_t)index);
    reply_bulk(&call->reply, element_text(list_forward(&place), scratch));
}

void cmd_lset(struct call *call)
{
    struct list *list;
    int64_t index;
    if (!list_fits(call, 3, 1) || !list_write(call, call->argv[1], &list)) return;
    if (list == NULL) {
        call_no_such_key(call);
        return;
    }
    if (!call_integer(call, 2, &index)) return;
    index = list_index(list, index);
    if (index < 0 || (uint64_t)index >= list_count(list)) {
        reply_error(&call->reply, "ERR index out of range");
        return;
    }
    struct list_place place = list_at(list, (uint64_t)index);
    list_replace(store_room(call->store), list, place, call->argv[3]);
    reply_ok(&call->reply);
    call_modified(call, call->database, call->argv[1]);
    call_notify(call, NOTIFY_LIST, "lset", call->argv[1]);
}

/* --- by range --------------------------------------------------------------------------------- */

struct range {
    uint64_t first, count;
};

/* From two indexes, both included. */
static struct range range_of(const struct list *list, int64_t start, int64_t stop)
{
    int64_t count = (int64_t)list_count(list);
    start = list_index(list, start);
    stop = list_index(list, stop);
    if (start < 0) start = 0;
    if (stop >= count) stop = count - 1;
    if (start > stop || start >= count) return (struct range){0, 0};
    return (struct range){(uint64_t)start, (uint64_t)(stop - start) + 1};
}

void cmd_lrange(struct call *call)
{
    const struct list *list;
    int64_t start, stop;
    if (!call_integer(call, 2, &start) || !call_integer(call, 3, &stop)) return;
    if (!list_read(call, call->argv[1], &list)) return;
    if (list == NULL) {
        reply_array(&call->reply, 0);
        return;
    }
    struct range range = range_of(list, start, stop);
    struct list_place place = list_at(list, range.first);
    reply_array(&call->reply, range.count);
    for (uint64_t i = 0; i < range.count; i++) {
        char scratch[INTEGER_TEXT_MAX];
        reply_bulk(&call->reply, element_text(list_forward(&place), scratch));
    }
}

void cmd_ltrim(struct call *call)
{
    struct room *room = store_room(call->store);
    struct list *list;
    int64_t start, stop;
    if (!call_integer(call, 2, &start) || !call_integer(call, 3, &stop)) return;
    if (!list_write(call, call->argv[1], &list)) return;
    reply_ok(&call->reply);
    if (list == NULL) return;
    struct range range = range_of(list, start, stop);
    uint64_t behind = list_count(list) - range.first - range.count;
    if (range.first + behind == 0) {
        call_notify(call, NOTIFY_LIST, "ltrim", call->argv[1]);
        return;
    }
    list_drop(room, list, LIST_HEAD, range.first);
    list_drop(room, list, LIST_TAIL, behind);
    list_taken(call, call->argv[1], list, "ltrim");
}
