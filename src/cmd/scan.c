/* scan.c -- see scan.h. */
#include "cmd/scan.h"

#include "base/glob.h"

bool scan_cursor_parse(struct slice text, uint64_t *cursor)
{
    *cursor = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(*cursor, UINT64_C(10), cursor) ||
            __builtin_add_overflow(*cursor, (uint64_t)digit, cursor)) {
            return false;
        }
    }
    return text.len != 0;
}

static bool option_read(struct call *call, uint32_t index, bool with_type,
                        struct scan_request *request)
{
    struct slice word = call->argv[index];
    bool has_value = index + 1 < call->argc;
    if (has_value && word_is(word, "COUNT")) {
        if (!call_integer(call, index + 1, &request->count)) return false;
        if (request->count >= 1) return true;
    } else if (has_value && word_is(word, "MATCH")) {
        request->pattern = call->argv[index + 1];
        request->has_pattern = !slice_eq(request->pattern, SLICE("*"));
        return true;
    } else if (has_value && with_type && word_is(word, "TYPE")) {
        request->type = call->argv[index + 1];
        request->has_type = true;
        return true;
    }
    call_syntax_error(call);
    return false;
}

bool scan_read_cursor(struct call *call, uint32_t index, struct scan_request *request)
{
    *request = (struct scan_request){.count = SCAN_COUNT_DEFAULT};
    if (scan_cursor_parse(call->argv[index], &request->cursor)) return true;
    reply_error(&call->reply, "ERR invalid cursor");
    return false;
}

bool scan_read_options(struct call *call, uint32_t index, bool with_type,
                       struct scan_request *request)
{
    for (uint32_t i = index; i < call->argc; i += 2) {
        if (!option_read(call, i, with_type, request)) return false;
    }
    return true;
}

bool scan_read(struct call *call, uint32_t index, bool with_type, struct scan_request *request)
{
    return scan_read_cursor(call, index, request) &&
           scan_read_options(call, index + 1, with_type, request);
}

bool scan_wants(const struct scan_request *request, struct slice element)
{
    return !request->has_pattern || glob_match(request->pattern, element);
}

void scan_reply_cursor(struct call *call, uint64_t cursor)
{
    reply_array(&call->reply, 2);
    reply_bulk_format(&call->reply, "%llu", (unsigned long long)cursor);
}
