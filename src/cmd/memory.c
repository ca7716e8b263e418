/* memory.c -- MEMORY USAGE: what one key takes. */
#include "cmd/handlers.h"

void cmd_memory_usage(struct call *call)
{
    enum { FIRST_OPTION = 3 };
    for (uint32_t i = FIRST_OPTION; i < call->argc; i += 2) {
        int64_t samples;
        if (!word_is(call->argv[i], "SAMPLES") || i + 1 == call->argc) {
            call_syntax_error(call);
            return;
        }
        /* Bytes are counted as they change: nothing is sampled. */
        if (!call_integer(call, i + 1, &samples)) return;
        if (samples < 0) {
            call_syntax_error(call);
            return;
        }
    }
    const struct entry *entry = store_peek(call->store, call->database, call->argv[2]);
    if (entry == NULL) {
        reply_null(&call->reply);
    } else {
        reply_integer(&call->reply, (int64_t)entry_bytes(call->store, entry));
    }
}
