#include "cmd/value_scan.h"

#include "base/glob.h"

bool value_scan_cursor(struct call *call, uint32_t index, struct value_scan *scan)
{
    struct slice text = call->argv[index];
    uint64_t cursor = 0;
    bool good = text.len > 0;
    for (size_t i = 0; i < text.len && good; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        good = digit <= 9 && !__builtin_mul_overflow(cursor, 10, &cursor) &&
               !__builtin_add_overflow(cursor, digit, &cursor);
    }
    if (!good) reply_error(&call->reply, "ERR invalid cursor");
    *scan = (struct value_scan){.cursor = cursor, .count = VALUE_SCAN_COUNT_DEFAULT};
    return good;
}

bool value_scan_options(struct call *call, uint32_t index, struct value_scan *scan)
{
    for (; index + 1 < call->argc; index += 2) {
        int64_t count;
        if (word_is(call->argv[index], "COUNT")) {
            if (!call_integer(call, index + 1, &count)) return false;
            if (count < 1) break;
            scan->count = (uint64_t)count;
        } else if (word_is(call->argv[index], "MATCH")) {
            scan->pattern = call->argv[index + 1];
            scan->filters = !slice_eq(scan->pattern, SLICE("*"));
        } else {
            break;
        }
    }
    if (index == call->argc) return true;
    call_syntax_error(call);
    return false;
}

void value_scan_reply_empty(struct call *call)
{
    reply_array(&call->reply, 2);
    reply_bulk(&call->reply, SLICE("0"));
    reply_array(&call->reply, 0);
}

bool value_scan_wants(struct value_scan *scan, struct slice element)
{
    scan->seen++;
    return !scan->filters || glob_match(scan->pattern, element);
}

void value_scan_run(struct call *call, struct value_scan *scan, const void *object,
                    value_scan_step step)
{
    struct buffer elements = {0};
    struct reply into = {&elements, call->reply.protocol};
    uint64_t steps_left =
        scan->count > UINT64_MAX / SCAN_STEPS_EACH ? UINT64_MAX : scan->count * SCAN_STEPS_EACH;
    scan->reply = &into;
    do {
        scan->cursor = step(object, scan->cursor, scan);
    } while (scan->cursor != 0 && scan->seen < scan->count && --steps_left > 0);
    reply_array(&call->reply, 2);
    reply_bulk_format(&call->reply, "%llu", (unsigned long long)scan->cursor);
    reply_array(&call->reply, scan->replied);
    buffer_append(call->reply.out, buffer_slice(&elements));
    buffer_free(&elements);
}
