/* everywhere.c -- see everywhere.h. */
#include "serve/everywhere.h"

#include "cmd/call.h"
#include "serve/session_impl.h"

void everywhere_read(const struct slice *argv, uint32_t argc, struct everywhere *options)
{
    enum { NAME_WORDS = 2 };
    *options = (struct everywhere){.begin = argc, .rows_max = UINT64_MAX};
    for (; options->begin >= NAME_WORDS + 2; options->begin -= 2) {
        bool count = word_is(argv[options->begin - 2], "COUNT");
        if (!count && !word_is(argv[options->begin - 2], "NODE")) return;
        int64_t number;
        bool good = integer_parse(argv[options->begin - 1], &number) && number >= !count;
        options->is_bad |= !good || (!count && number > UINT32_MAX);
        if (options->is_bad) continue;
        if (count) options->rows_max = (uint64_t)number;
        if (!count) options->node.n = (uint32_t)number;
    }
}

bool everywhere_check(struct session_call *call, uint32_t from, struct everywhere *options)
{
    node_id self = lane_self(call->server->lane);
    everywhere_read(call->argv, call->argc, options);
    if (options->begin != from) {
        reply_error(&call->reply, "ERR syntax error: what may come here is COUNT n and NODE n");
    } else if (options->is_bad) {
        reply_error(&call->reply, "ERR value is out of range: COUNT and NODE want a number");
    } else if (options->node.n != 0 && !node_eq(options->node, self)) {
        reply_error(&call->reply, "ERR the cluster has no node %u: CLUSTER MEMBERS lists them",
                    options->node.n);
    } else {
        return true;
    }
    return false;
}
