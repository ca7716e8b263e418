#include "cmd/value_scan.h"

enum { STEPS_PER_COUNT = 10 /* the most empty buckets for each element asked for, as in Redis */ };

bool value_scan_wants(struct value_scan *scan, struct slice element)
{
    scan->seen++;
    return scan_wants(&scan->request, element);
}

void value_scan_put(struct value_scan *scan, struct slice bytes)
{
    reply_bulk(&scan->reply, bytes);
    scan->replied++;
}

/* The cursor comes first in the reply, but is known last: elements are gathered aside. */
void value_scan_run(struct call *call, struct value_scan *scan, const void *object,
                    value_scan_step step)
{
    struct scan_request *request = &scan->request;
    if (object == NULL) {
        scan_reply_cursor(call, 0);
        reply_array(&call->reply, 0);
        return;
    }
    if (!scan_read_options(call, 3, false, request)) return;
    struct buffer elements = {0};
    uint64_t count = (uint64_t)request->count, steps = 0;
    scan->reply = (struct reply){&elements, call->reply.protocol};
    do {
        request->cursor = step(object, request->cursor, scan);
        steps++;
    } while (request->cursor != 0 && scan->seen < count && steps / STEPS_PER_COUNT < count);
    scan_reply_cursor(call, request->cursor);
    reply_array(&call->reply, scan->replied);
    buffer_append(call->reply.out, buffer_slice(&elements));
    buffer_free(&elements);
}
