/* reply_lines.c -- see reply_lines.h. */
#include "serve/reply_lines.h"
#include "cmd/call.h"

void reply_lines(struct reply *reply, const char *const *lines, size_t count)
{
    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) reply_simple(reply, lines[i]);
}

bool session_integer(struct session_call *call, uint32_t index, int64_t *value)
{
    if (integer_parse(call->argv[index], value)) return true;
    reply_error(&call->reply, "ERR value is not an integer or out of range");
    return false;
}

void reply_unknown_subcommand(struct session_call *call, const char *command)
{
    enum { SHOWN_MAX = 128 };
    struct slice word = call->argv[1];
    reply_error(&call->reply,
                "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
                (int)u64_min(word.len, SHOWN_MAX), (const char *)word.data, command);
}
