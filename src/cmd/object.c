/* object.c -- OBJECT: what is behind a key. */
#include "cmd/handlers.h"

/* Without leaving a trace; replies a null where the key is not there. */
static const struct entry *look(struct call *call)
{
    const struct entry *entry = store_peek(call->store, call->database, call->argv[2]);
    if (entry == NULL) reply_null(&call->reply);
    return entry;
}

void cmd_object_encoding(struct call *call)
{
    const struct entry *entry = look(call);
    if (entry != NULL) reply_bulk_text(&call->reply, entry_encoding(entry));
}

void cmd_object_refcount(struct call *call)
{
    if (look(call) != NULL) reply_integer(&call->reply, 1);
}

void cmd_object_idletime(struct call *call)
{
    const struct entry *entry = look(call);
    if (entry == NULL) return;
    if (call->settings->counts_uses) {
        reply_error(&call->reply, "ERR An LFU maxmemory policy is selected, idle time not tracked. "
                                  "Please note that when switching between policies at runtime LRU "
                                  "and LFU data will take some time to adjust.");
        return;
    }
    reply_integer(&call->reply, (int64_t)entry_idle_seconds(call->store, entry));
}

void cmd_object_freq(struct call *call)
{
    const struct entry *entry = look(call);
    if (entry == NULL) return;
    if (!call->settings->counts_uses) {
        reply_error(&call->reply, "ERR An LFU maxmemory policy is not selected, access frequency "
                                  "not tracked. Please note that when switching between policies "
                                  "at runtime LRU and LFU data will take some time to adjust.");
        return;
    }
    reply_integer(&call->reply, entry_frequency(call->store, entry));
}

void cmd_object_help(struct call *call)
{
    static const char *const lines[] = {
        "OBJECT <subcommand> [<arg> ...]. Subcommands are:",
        "ENCODING <key>",
        "    The form in which the value is kept.",
        "FREQ <key>",
        "    How often the key is used, on a logarithmic scale; under an LFU policy.",
        "IDLETIME <key>",
        "    Seconds since the key was last used.",
        "REFCOUNT <key>",
        "    How many share the value.",
        "HELP",
        "    Print this help.",
    };
    reply_array(&call->reply, COUNT_OF(lines));
    for (size_t i = 0; i < COUNT_OF(lines); i++) reply_simple(&call->reply, lines[i]);
}
