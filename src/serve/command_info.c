/* command_info.c -- see command_info.h. The shapes of the replies are Redis 7.2's. */
#include <stdio.h>

#include "base/glob.h"
#include "cmd/call.h"
#include "serve/command_info.h"
#include "serve/reply_lines.h"

struct named_bit {
    uint32_t bit;
    const char *name;
};

static const struct named_bit flag_names[] = {
    {COMMAND_WRITE, "write"},
    {COMMAND_READONLY, "readonly"},
    {COMMAND_DENYOOM, "denyoom"},
    {COMMAND_ADMIN, "admin"},
    {COMMAND_PUBSUB, "pubsub"},
    {COMMAND_NOSCRIPT, "noscript"},
    {COMMAND_BLOCKING, "blocking"},
    {COMMAND_LOADING, "loading"},
    {COMMAND_STALE, "stale"},
    {COMMAND_SKIP_MONITOR, "skip_monitor"},
    {COMMAND_SKIP_SLOWLOG, "skip_slowlog"},
    {COMMAND_FAST, "fast"},
    {COMMAND_NO_AUTH, "no_auth"},
    {COMMAND_NO_MULTI, "no_multi"},
    {COMMAND_MOVABLE_KEYS, "movablekeys"},
    {COMMAND_NO_ASYNC_LOADING, "no_async_loading"},
    {COMMAND_ALLOW_BUSY, "allow_busy"},
    {COMMAND_NO_MANDATORY_KEYS, "no_mandatory_keys"},
};

static const struct named_bit use_names[] = {
    {KEY_RO, "RO"},
    {KEY_RW, "RW"},
    {KEY_OW, "OW"},
    {KEY_RM, "RM"},
    {KEY_ACCESS, "access"},
    {KEY_UPDATE, "update"},
    {KEY_INSERT, "insert"},
    {KEY_DELETE, "delete"},
    {KEY_NOT_KEY, "not_key"},
    {KEY_INCOMPLETE, "incomplete"},
    {KEY_VARIABLE_FLAGS, "variable_flags"},
};

static void reply_bits(struct reply *reply, uint32_t bits, const struct named_bit *names,
                       size_t count)
{
    uint64_t set = 0;
    for (size_t i = 0; i < count; i++) set += (bits & names[i].bit) != 0;
    reply_set(reply, set);
    for (size_t i = 0; i < count; i++) {
        if ((bits & names[i].bit) != 0) reply_simple(reply, names[i].name);
    }
}

static void reply_use(struct reply *reply, uint32_t use)
{
    reply_bits(reply, use, use_names, COUNT_OF(use_names));
}

static void reply_categories(struct reply *reply, uint64_t categories)
{
    enum { NAME_MAX = 32 };
    reply_set(reply, (uint64_t)__builtin_popcountll(categories));
    for (enum command_category at = 0; at < CATEGORY_COUNT; at++) {
        if ((categories >> at & 1) == 0) continue;
        char name[NAME_MAX];
        (void)snprintf(name, sizeof name, "@%s", category_name(at));
        reply_simple(reply, name);
    }
}

static void pair(struct reply *reply, const char *name, int64_t value)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, value);
}

static void reply_begin(struct reply *reply, const struct key_spec *spec)
{
    reply_map(reply, 2);
    reply_bulk_text(reply, "type");
    reply_bulk_text(reply, spec->keyword[0] == '\0' ? "index" : "keyword");
    reply_bulk_text(reply, "spec");
    if (spec->keyword[0] == '\0') {
        reply_map(reply, 1);
        pair(reply, "index", spec->start);
    } else {
        reply_map(reply, 2);
        reply_bulk_text(reply, "keyword");
        reply_bulk_text(reply, spec->keyword);
        pair(reply, "startfrom", spec->start);
    }
}

static void reply_find(struct reply *reply, const struct key_spec *spec)
{
    enum { FIELDS = 3 };
    reply_map(reply, 2);
    reply_bulk_text(reply, "type");
    reply_bulk_text(reply, spec->counted ? "keynum" : "range");
    reply_bulk_text(reply, "spec");
    reply_map(reply, FIELDS);
    if (spec->counted) {
        pair(reply, "keynumidx", 0);
        pair(reply, "firstkey", 1);
        pair(reply, "keystep", 1);
    } else {
        bool from_end = spec->last < 0; /* else Redis counts from the first key on */
        bool behind_word = spec->keyword[0] != '\0';
        pair(reply, "lastkey", from_end ? spec->last : behind_word ? 0 : spec->last - spec->start);
        pair(reply, "keystep", spec->step);
        pair(reply, "limit", 0);
    }
}

static void reply_specs(struct reply *reply, const struct command *command)
{
    enum { FIELDS = 3 };
    reply_array(reply, command->key_specs_count);
    for (uint32_t i = 0; i < command->key_specs_count; i++) {
        const struct key_spec *spec = &command->key_specs[i];
        reply_map(reply, FIELDS);
        reply_bulk_text(reply, "flags");
        reply_use(reply, spec->use);
        reply_bulk_text(reply, "begin_search");
        reply_begin(reply, spec);
        reply_bulk_text(reply, "find_keys");
        reply_find(reply, spec);
    }
}

/* The first, the last and the step of the range that older clients know. */
static void reply_range(struct reply *reply, const struct command *command)
{
    const struct key_spec *spec = &command->key_specs[0];
    bool ranged = command->key_specs_count != 0 && spec->keyword[0] == '\0' && !spec->counted;
    int64_t last = spec->last;
    /* Several ranges of one key each, one after the other, are one. */
    for (uint32_t i = 1; ranged && i < command->key_specs_count; i++) {
        const struct key_spec *next = &command->key_specs[i];
        bool follows = next->keyword[0] == '\0' && !next->counted && next->start == last + 1;
        if (follows) last = next->last;
    }
    reply_integer(reply, ranged ? spec->start : 0);
    reply_integer(reply, ranged ? last : 0);
    reply_integer(reply, ranged ? spec->step : 0);
}

static uint32_t subcommands_of(const struct server *server, const struct command *command)
{
    uint32_t count = 0;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        count += command_get(server->commands, id)->parent == command->id;
    }
    return count;
}

/* Subcommands have none of their own: it goes one deep. */
static void reply_command(struct reply *reply, const struct server *server,
                          const struct command *command, bool with_subcommands)
{
    enum { FIELDS = 10 };
    reply_array(reply, FIELDS);
    reply_bulk_text(reply, command->name);
    reply_integer(reply, command->arity);
    reply_bits(reply, command->flags, flag_names, COUNT_OF(flag_names));
    reply_range(reply, command);
    reply_categories(reply, command->categories);
    reply_array(reply, 0); /* tips for clients of a cluster */
    reply_specs(reply, command);
    uint32_t count = with_subcommands ? subcommands_of(server, command) : 0;
    reply_array(reply, count);
    for (enum command_id id = 0; id < COMMAND_COUNT && count != 0; id++) {
        const struct command *child = command_get(server->commands, id);
        if (child->parent == command->id) reply_command(reply, server, child, false);
    }
}

static uint32_t commands_count(const struct server *server)
{
    uint32_t count = 0;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        count += command_get(server->commands, id)->parent == COMMAND_NONE;
    }
    return count;
}

static void reply_all(struct session_call *call)
{
    const struct server *server = call->server;
    reply_array(&call->reply, commands_count(server));
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(server->commands, id);
        if (command->parent == COMMAND_NONE) reply_command(&call->reply, server, command, true);
    }
}

static void info(struct session_call *call)
{
    enum { FIRST = 2 };
    if (call->argc == FIRST) {
        reply_all(call);
        return;
    }
    reply_array(&call->reply, call->argc - FIRST);
    for (uint32_t i = FIRST; i < call->argc; i++) {
        const struct command *command = command_find_name(call->server->commands, call->argv[i]);
        if (command == NULL) {
            reply_null(&call->reply);
        } else {
            reply_command(&call->reply, call->server, command, true);
        }
    }
}

/* --- list ------------------------------------------------------------------------------------ */

enum list_filter { LIST_ALL, LIST_CATEGORY, LIST_PATTERN, LIST_MODULE };

static bool is_listed(const struct command *command, enum list_filter filter, struct slice value)
{
    switch (filter) {
    case LIST_ALL: return true;
    case LIST_MODULE: return false;
    case LIST_PATTERN: return glob_match_no_case(value, slice_text(command->name));
    case LIST_CATEGORY: break;
    }
    for (enum command_category at = 0; at < CATEGORY_COUNT; at++) {
        if (!glob_match_no_case(value, slice_text(category_name(at)))) continue;
        return (command->categories >> at & 1) != 0;
    }
    return false;
}

static void list(struct session_call *call)
{
    enum { FILTERED = 5 };
    static const char *const words[] = {[LIST_CATEGORY] = "ACLCAT", "PATTERN", "MODULE"};
    enum list_filter filter = LIST_ALL;
    struct slice value = {0};
    bool good = call->argc == 2;
    if (call->argc == FILTERED && word_is(call->argv[2], "FILTERBY")) {
        value = call->argv[4];
        for (enum list_filter at = LIST_CATEGORY; at <= LIST_MODULE; at++) {
            if (word_is(call->argv[3], words[at])) filter = at;
        }
        good = filter != LIST_ALL;
    }
    if (!good) {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    size_t opened = reply_open(&call->reply);
    uint64_t count = 0;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(call->server->commands, id);
        if (!is_listed(command, filter, value)) continue;
        reply_bulk_text(&call->reply, command->name);
        count++;
    }
    reply_close_array(&call->reply, opened, count);
}

static void help(struct session_call *call)
{
    static const char *const lines[] = {
        "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "(no subcommand)",
        "    Return what is known of all commands.",
        "COUNT",
        "    Return the number of commands.",
        "LIST [FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]",
        "    Return the names of commands.",
        "INFO [<command> ...]",
        "    Return what is known of some commands (default: all).",
        "DOCS [<command> ...]",
        "    Return the documentation of some commands (default: all).",
        "GETKEYS <full-command>",
        "    Return the keys of a whole command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return these keys, and what each is used for.",
        "HELP",
        "    Prints this help.",
    };
    REPLY_LINES(&call->reply, lines);
}

void command_command(struct session_call *call)
{
    enum command_id id = call->command->id;
    if (id == COMMAND_COMMAND) {
        reply_all(call);
    } else if (id == COMMAND_COMMAND_COUNT_OF) {
        reply_integer(&call->reply, commands_count(call->server));
    } else if (id == COMMAND_COMMAND_INFO) {
        info(call);
    } else if (id == COMMAND_COMMAND_LIST) {
        list(call);
    } else {
        help(call);
    }
}

/* --- keys ------------------------------------------------------------------------------------ */

/* The channels of sharded pub/sub have places too, but are no keys. */
static bool has_keys(const struct command *command)
{
    for (uint32_t i = 0; i < command->key_specs_count; i++) {
        if (!(command->key_specs[i].use & KEY_NOT_KEY)) return true;
    }
    return false;
}

static void reply_keys(struct session_call *call, const struct slice *argv,
                       const struct key_place *places, uint32_t count)
{
    bool with_use = call->command->id == COMMAND_COMMAND_GETKEYSANDFLAGS;
    reply_array(&call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        if (with_use) reply_array(&call->reply, 2);
        reply_bulk(&call->reply, argv[places[i].index]);
        if (with_use) reply_use(&call->reply, places[i].use);
    }
}

void command_getkeys_command(struct session_call *call)
{
    enum { FIRST = 2 };
    const struct slice *argv = call->argv + FIRST;
    uint32_t argc = call->argc - FIRST;
    const struct command *container = NULL;
    const struct command *command = command_find(call->server->commands, argv, argc, &container);
    if (command == NULL) {
        reply_error(&call->reply, "ERR Invalid command specified");
    } else if (!has_keys(command)) {
        reply_error(&call->reply, "ERR The command has no key arguments");
    } else if (!command_arity_fits(command, argc)) {
        reply_error(&call->reply, "ERR Invalid number of arguments specified for command");
    } else {
        struct arena *arena = arena_new();
        struct key_place *places = ARENA_ARRAY(arena, struct key_place, argc);
        int64_t count = command_keys(command, argv, argc, places, argc);
        if (count < 0 || (count == 0 && !(command->flags & COMMAND_NO_MANDATORY_KEYS))) {
            reply_error(&call->reply, "ERR Invalid arguments specified for command");
        } else {
            uint32_t known = (uint32_t)u64_min((uint64_t)count, argc);
            for (uint32_t i = 0; i < known; i++)
                places[i].use = command_key_use(command, argv, argc, places[i].use);
            reply_keys(call, argv, places, known);
        }
        arena_free(arena);
    }
}
