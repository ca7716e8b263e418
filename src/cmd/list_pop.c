/*
 * list_pop.c -- popping and moving, at once or waiting for an element.
 *
 * A blocking command is an attempt: if nothing is there and the call may block, it asks to be run
 * again when one of its keys has changed. What a successful attempt took follows from the data, so
 * that it is logged as it is.
 */
#include "cmd/handlers.h"
#include "cmd/list.h"

static const char *pop_event(enum list_end end)
{
    return end == LIST_HEAD ? "lpop" : "rpop";
}

static const char *push_event(enum list_end end)
{
    return end == LIST_HEAD ? "lpush" : "rpush";
}

static void reply_end(struct call *call, const struct list *list, enum list_end end)
{
    char scratch[INTEGER_TEXT_MAX];
    reply_bulk(&call->reply, element_text(list_peek(list, end), scratch));
}

/* Reply the `count` elements at an end, from it on. */
static void reply_ends(struct call *call, const struct list *list, enum list_end end,
                       uint64_t count)
{
    bool head = end == LIST_HEAD;
    struct list_place place = list_at(list, head ? 0 : list_count(list));
    reply_array(&call->reply, count);
    for (uint64_t i = 0; i < count; i++) {
        char scratch[INTEGER_TEXT_MAX];
        const uint8_t *at = head ? list_forward(&place) : list_backward(&place);
        reply_bulk(&call->reply, element_text(at, scratch));
    }
}

static void drop(struct call *call, struct slice key, struct list *list, enum list_end end,
                 uint64_t count)
{
    if (call_spans(call)) {
        char text[INTEGER_TEXT_MAX];
        struct slice number = slice_of(text, integer_format((int64_t)count, text));
        struct slice pop = end == LIST_HEAD ? SLICE("LPOP") : SLICE("RPOP");
        call_log_instead(call, 3, (const struct slice[]){pop, key, number});
    }
    list_drop(store_room(call->store), list, end, count);
    list_taken(call, key, list, pop_event(end));
}

/* --- LPOP, RPOP ------------------------------------------------------------------------------- */

static void pop_count(struct call *call, enum list_end end)
{
    struct list *list;
    int64_t count;
    if (!call_integer_in(call, 2, 0, INT64_MAX, &count,
                         "ERR value is out of range, must be positive")) {
        return;
    }
    if (!list_write(call, call->argv[1], &list)) return;
    if (list == NULL) {
        reply_null_array(&call->reply);
        return;
    }
    uint64_t popped = u64_min((uint64_t)count, list_count(list));
    reply_ends(call, list, end, popped);
    if (popped > 0) drop(call, call->argv[1], list, end, popped);
}

static void pop(struct call *call, enum list_end end)
{
    struct list *list;
    if (call->argc > 3) {
        reply_error(&call->reply, "ERR wrong number of arguments for '%s' command",
                    call->command->name);
        return;
    }
    if (call->argc == 3) {
        pop_count(call, end);
        return;
    }
    if (!list_write(call, call->argv[1], &list)) return;
    if (list == NULL) {
        reply_null(&call->reply);
        return;
    }
    reply_end(call, list, end);
    drop(call, call->argv[1], list, end, 1);
}

void cmd_lpop(struct call *call)
{
    pop(call, LIST_HEAD);
}

void cmd_rpop(struct call *call)
{
    pop(call, LIST_TAIL);
}

/* --- the first list of several ---------------------------------------------------------------- */

/* The first key of `keys_count` from argv[index] on that has a list. False: the error is replied;
 * `*list` NULL: none has. */
static bool first_list(struct call *call, uint32_t index, uint32_t keys_count, struct list **list,
                       struct slice *key)
{
    *list = NULL;
    for (uint32_t i = index; i < index + keys_count && *list == NULL; i++) {
        *key = call->argv[i];
        if (!list_write(call, *key, list)) return false;
    }
    return true;
}

struct many { /* what LMPOP and BLMPOP were asked */
    uint32_t first_key, keys_count;
    enum list_end end;
    uint64_t count;
};

/* "numkeys key [key ...] LEFT|RIGHT [COUNT count]" from `index` on. */
static bool many_read(struct call *call, uint32_t index, struct many *many)
{
    int64_t keys_count, count = 1;
    if (!call_integer_in(call, index, 1, INT64_MAX, &keys_count,
                         "ERR numkeys should be greater than 0")) {
        return false;
    }
    if (keys_count >= (int64_t)(call->argc - index - 1)) {
        call_syntax_error(call);
        return false;
    }
    uint32_t where = index + 1 + (uint32_t)keys_count;
    if (!list_end_read(call, where, &many->end)) return false;
    uint32_t rest = where + 1;
    if (rest + 1 < call->argc && word_is(call->argv[rest], "COUNT")) {
        if (!call_integer_in(call, rest + 1, 1, INT64_MAX, &count,
                             "ERR count should be greater than 0")) {
            return false;
        }
        rest += 2;
    }
    if (rest < call->argc) {
        call_syntax_error(call);
        return false;
    }
    many->first_key = index + 1;
    many->keys_count = (uint32_t)keys_count;
    many->count = (uint64_t)count;
    return true;
}

/* False: an error is replied, or nothing was there and nothing is replied. */
static bool many_pop(struct call *call, const struct many *many, bool *nothing)
{
    struct list *list;
    struct slice key;
    *nothing = false;
    if (!first_list(call, many->first_key, many->keys_count, &list, &key)) return false;
    if (list == NULL) {
        *nothing = true;
        return false;
    }
    uint64_t count = u64_min(many->count, list_count(list));
    reply_array(&call->reply, 2);
    reply_bulk(&call->reply, key);
    reply_ends(call, list, many->end, count);
    drop(call, key, list, many->end, count);
    return true;
}

void cmd_lmpop(struct call *call)
{
    struct many many;
    bool nothing;
    if (!many_read(call, 1, &many)) return;
    if (!many_pop(call, &many, &nothing) && nothing) reply_null_array(&call->reply);
}

static void wait_for(struct call *call, int64_t timeout_ms, uint32_t first_key, uint32_t keys_count)
{
    if (call->may_block) {
        call_block_on(call, timeout_ms, first_key, keys_count, TIMEOUT_NULL_ARRAY);
    } else {
        reply_null_array(&call->reply);
    }
}

void cmd_blmpop(struct call *call)
{
    struct many many;
    int64_t timeout_ms;
    bool nothing;
    if (!many_read(call, 2, &many) || !call_timeout(call, 1, &timeout_ms)) return;
    if (many_pop(call, &many, &nothing) || !nothing) return;
    wait_for(call, timeout_ms, many.first_key, many.keys_count);
}

static void blocking_pop(struct call *call, enum list_end end)
{
    struct list *list;
    struct slice key;
    int64_t timeout_ms;
    uint32_t keys_count = call->argc - 2;
    if (!call_timeout(call, call->argc - 1, &timeout_ms)) return;
    if (!first_list(call, 1, keys_count, &list, &key)) return;
    if (list == NULL) {
        wait_for(call, timeout_ms, 1, keys_count);
        return;
    }
    reply_array(&call->reply, 2);
    reply_bulk(&call->reply, key);
    reply_end(call, list, end);
    drop(call, key, list, end, 1);
}

void cmd_blpop(struct call *call)
{
    blocking_pop(call, LIST_HEAD);
}

void cmd_brpop(struct call *call)
{
    blocking_pop(call, LIST_TAIL);
}

/* --- from one list to another ----------------------------------------------------------------- */

static void rotate(struct call *call, struct slice key, struct list *list, enum list_end from,
                   enum list_end to)
{
    if (from != to) list_rotate(store_room(call->store), list, from);
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_LIST, push_event(to), key);
    call_notify(call, NOTIFY_LIST, pop_event(from), key);
}

/* From argv[1], which is `source`, to argv[2]. */
static void move(struct call *call, struct list *source, enum list_end from, enum list_end to)
{
    struct slice source_key = call->argv[1], target_key = call->argv[2];
    if (slice_eq(source_key, target_key)) {
        reply_end(call, source, from);
        rotate(call, source_key, source, from, to);
        return;
    }
    struct list *target;
    if (!list_write(call, target_key, &target)) return;
    reply_end(call, source, from);
    if (target == NULL) target = list_make(call, target_key);
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = element_text(list_peek(source, from), scratch);
    if (call_spans(call)) {
        struct slice push = to == LIST_HEAD ? SLICE("LPUSH") : SLICE("RPUSH");
        call_log_instead(call, 3, (const struct slice[]){push, target_key, text});
    }
    list_push(store_room(call->store), target, to, text);
    call_modified(call, call->database, target_key);
    call_notify(call, NOTIFY_LIST, push_event(to), target_key);
    drop(call, source_key, source, from, 1);
}

static void move_now(struct call *call, enum list_end from, enum list_end to)
{
    struct list *source;
    if (!list_write(call, call->argv[1], &source)) return;
    if (source == NULL) {
        reply_null(&call->reply);
        return;
    }
    move(call, source, from, to);
}

static void move_or_wait(struct call *call, enum list_end from, enum list_end to,
                         int64_t timeout_ms)
{
    struct list *source;
    if (!list_write(call, call->argv[1], &source)) return;
    if (source != NULL) {
        move(call, source, from, to);
    } else if (call->may_block) {
        call_block_on(call, timeout_ms, 1, 1, TIMEOUT_NULL_ARRAY);
    } else {
        reply_null(&call->reply);
    }
}

void cmd_lmove(struct call *call)
{
    enum list_end from, to;
    if (!list_end_read(call, 3, &from) || !list_end_read(call, 4, &to)) return;
    move_now(call, from, to);
}

void cmd_rpoplpush(struct call *call)
{
    move_now(call, LIST_TAIL, LIST_HEAD);
}

void cmd_blmove(struct call *call)
{
    enum list_end from, to;
    int64_t timeout_ms;
    if (!list_end_read(call, 3, &from) || !list_end_read(call, 4, &to)) return;
    if (!call_timeout(call, 5, &timeout_ms)) return;
    move_or_wait(call, from, to, timeout_ms);
}

void cmd_brpoplpush(struct call *call)
{
    int64_t timeout_ms;
    if (!call_timeout(call, 3, &timeout_ms)) return;
    move_or_wait(call, LIST_TAIL, LIST_HEAD, timeout_ms);
}
