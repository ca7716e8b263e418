/* keyspace.c -- commands on whole databases. */
#include <strings.h>

#include "cmd/handlers.h"
#include "cmd/scan.h"

/* As in Redis: a scan that finds little ends after so many steps for each element asked for. */
enum { SCAN_STEPS_PER_COUNT = 10 };

struct visit {
    struct call *call;
    const struct scan_request *request;
    uint64_t visited, shown;
};

static void show_key(void *context, struct entry *entry)
{
    struct visit *visit = context;
    const struct scan_request *request = visit->request;
    struct slice key = entry_key(entry);
    visit->visited++;
    if (!scan_wants(request, key)) return;
    if (request->has_type) {
        const char *name = value_type_name(entry_type(entry));
        struct slice type = request->type;
        if (strlen(name) != type.len || strncasecmp(name, (const char *)type.data, type.len) != 0) {
            return;
        }
    }
    reply_bulk(&visit->call->reply, key);
    visit->shown++;
}

void cmd_keys(struct call *call)
{
    struct scan_request request = {.pattern = call->argv[1]};
    request.has_pattern = !slice_eq(request.pattern, SLICE("*"));
    struct visit visit = {.call = call, .request = &request};
    size_t opened = reply_open(&call->reply);
    do {
        request.cursor = store_scan(call->store, call->database, request.cursor, show_key, &visit);
    } while (request.cursor != 0);
    reply_close_array(&call->reply, opened, visit.shown);
}

/* The cursor comes first in the reply, but is known last: the keys are gathered aside. */
void cmd_scan(struct call *call)
{
    struct scan_request request;
    if (!scan_read(call, 1, true, &request)) return;
    struct reply reply = call->reply;
    struct buffer keys = {0};
    struct visit visit = {.call = call, .request = &request};
    uint64_t count = (uint64_t)request.count, steps = 0;
    call->reply.out = &keys;
    do {
        request.cursor = store_scan(call->store, call->database, request.cursor, show_key, &visit);
        steps++;
    } while (request.cursor != 0 && visit.visited < count && steps / SCAN_STEPS_PER_COUNT < count);
    call->reply = reply;
    scan_reply_cursor(call, request.cursor);
    reply_array(&call->reply, visit.shown);
    buffer_append(reply.out, buffer_slice(&keys));
    buffer_free(&keys);
}

void cmd_dbsize(struct call *call)
{
    reply_integer(&call->reply, (int64_t)store_count(call->store, call->database));
}

/* ASYNC and SYNC are the same here: the memory is always freed afterwards, bit by bit. */
static bool flush_arguments(struct call *call)
{
    if (call->argc == 1) return true;
    struct slice word = call->argv[1];
    if (call->argc == 2 && (word_is(word, "ASYNC") || word_is(word, "SYNC"))) return true;
    call_syntax_error(call);
    return false;
}

void cmd_flushdb(struct call *call)
{
    if (!flush_arguments(call)) return;
    call_replaced(call, call->database, call->database);
    store_flush(call->store, call->database);
    reply_ok(&call->reply);
}

void cmd_flushall(struct call *call)
{
    if (!flush_arguments(call)) return;
    for (uint32_t database = 0; database < STORE_DATABASES; database++) {
        call_replaced(call, database, database);
        store_flush(call->store, database);
    }
    reply_ok(&call->reply);
}

static bool swap_argument(struct call *call, uint32_t index, const char *error, uint32_t *database)
{
    int64_t number;
    if (!integer_parse(call->argv[index], &number) || number != (int)number) {
        reply_error(&call->reply, "%s", error);
        return false;
    }
    *database = (uint32_t)number;
    return true;
}

void cmd_swapdb(struct call *call)
{
    uint32_t a, b;
    if (!swap_argument(call, 1, "ERR invalid first DB index", &a)) return;
    if (!swap_argument(call, 2, "ERR invalid second DB index", &b)) return;
    if (a >= STORE_DATABASES || b >= STORE_DATABASES) {
        reply_error(&call->reply, "ERR DB index is out of range");
        return;
    }
    if (a != b) {
        call_replaced(call, a, b);
        store_swap(call->store, a, b);
    } else {
        call->changes++;
    }
    reply_ok(&call->reply);
}
