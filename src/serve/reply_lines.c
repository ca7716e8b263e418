/* reply_lines.c -- see reply_lines.h. */
#include "serve/reply_lines.h"
#include "cmd/call.h"

void reply_lines(struct reply *reply, const char *const *lines, size_t count)
{
    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) reply_simple(reply, lines[i]);
}

void reply_pair_number(struct reply *reply, const char *name, uint64_t value)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, (int64_t)u64_min(value, INT64_MAX));
}

void reply_pair_text(struct reply *reply, const char *name, const char *value)
{
    reply_bulk_text(reply, name);
    reply_bulk_text(reply, value);
}

void reply_pair_node(struct reply *reply, const char *name, node_id node)
{
    reply_bulk_text(reply, name);
    if (node.n == 0) {
        reply_null(reply);
    } else {
        reply_integer(reply, node.n);
    }
}

void reply_pair_shard(struct reply *reply, const char *name, shard_id shard)
{
    reply_bulk_text(reply, name);
    if (shard_eq(shard, SHARD_ROOT)) {
        reply_bulk_text(reply, "root");
    } else {
        reply_integer(reply, shard.n);
    }
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
