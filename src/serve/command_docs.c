/* command_docs.c -- see command_docs.h. */
#include "serve/command_docs.h"
#include "serve/syntax.h"

enum { NAME_MAX = 64 };

/* --- arguments ------------------------------------------------------------------------------- */

static bool is_one_of(struct slice name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(name, slice_text(names[i]))) return true;
    }
    return false;
}

static const char *value_type(struct slice name)
{
    static const char *const keys[] = {"key",  "newkey", "source",  "destination",
                                       "key1", "key2",   "destkey", "sourcekey"};
    static const char *const integers[] = {
        "seconds", "milliseconds", "count",    "offset",    "start",  "stop",    "end",  "index",
        "cursor",  "numkeys",      "len",      "limit",     "bytes",  "timeout", "rank", "db",
        "port",    "numreplicas",  "numlocal", "decrement", "index1", "index2"};
    if (is_one_of(name, keys, COUNT_OF(keys))) return "key";
    if (is_one_of(name, integers, COUNT_OF(integers))) return "integer";
    if (slice_eq(name, SLICE("pattern"))) return "pattern";
    if (slice_starts_with(name, SLICE("unix-time"))) return "unix-time";
    if (slice_eq(name, SLICE("score")) || slice_eq(name, SLICE("weight"))) return "double";
    return "string";
}

/* A value has a name; the others are called after their word. */
static void name_of(const struct syntax *argument, char name[NAME_MAX])
{
    struct slice from = argument->name;
    if (argument->kind != SYNTAX_VALUE) from = argument->token;
    if (from.len == 0) from = argument->kind == SYNTAX_ONE_OF ? SLICE("choice") : SLICE("group");
    size_t len = u64_min(from.len, NAME_MAX - 1);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = from.data[i];
        name[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    name[len] = '\0';
}

static const char *type_of(const struct syntax *argument)
{
    switch (argument->kind) {
    case SYNTAX_VALUE: return value_type(argument->name);
    case SYNTAX_TOKEN: return "pure-token";
    case SYNTAX_ONE_OF: return "oneof";
    case SYNTAX_BLOCK: break;
    }
    return "block";
}

static void reply_arguments(struct reply *reply, const struct syntax *arguments, uint32_t *keys);

static void reply_argument(struct reply *reply, const struct syntax *argument, uint32_t *keys)
{
    char name[NAME_MAX];
    uint64_t pairs = 2;
    size_t opened = reply_open(reply);
    const char *type = type_of(argument);
    name_of(argument, name);
    reply_bulk_text(reply, "name");
    reply_bulk_text(reply, name);
    reply_bulk_text(reply, "type");
    reply_bulk_text(reply, type);
    if (argument->kind == SYNTAX_VALUE) {
        reply_bulk_text(reply, "display_text");
        reply_bulk_text(reply, name);
        pairs++;
    }
    if (strcmp(type, "key") == 0) {
        reply_bulk_text(reply, "key_spec_index");
        reply_integer(reply, (*keys)++);
        pairs++;
    }
    if (argument->token.len != 0) {
        reply_bulk_text(reply, "token");
        reply_bulk(reply, argument->token);
        pairs++;
    }
    if (argument->optional || argument->multiple) {
        reply_bulk_text(reply, "flags");
        reply_array(reply, (uint64_t)argument->optional + argument->multiple);
        if (argument->optional) reply_simple(reply, "optional");
        if (argument->multiple) reply_simple(reply, "multiple");
        pairs++;
    }
    if (argument->kind == SYNTAX_ONE_OF || argument->kind == SYNTAX_BLOCK) {
        reply_bulk_text(reply, "arguments");
        reply_arguments(reply, argument, keys);
        pairs++;
    }
    reply_close_map(reply, opened, pairs);
}

static void reply_arguments(struct reply *reply, const struct syntax *arguments, uint32_t *keys)
{
    reply_array(reply, arguments->count);
    for (uint32_t i = 0; i < arguments->count; i++) {
        reply_argument(reply, &arguments->items[i], keys);
    }
}

/* --- commands -------------------------------------------------------------------------------- */

static void pair(struct reply *reply, const char *name, const char *value, uint64_t *pairs)
{
    reply_bulk_text(reply, name);
    reply_bulk_text(reply, value);
    (*pairs)++;
}

static uint64_t children_of(const struct server *server, enum command_id parent)
{
    uint64_t count = 0;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        count += command_get(server->commands, id)->parent == parent;
    }
    return count;
}

static void reply_docs(struct session_call *call, const struct command *command, bool top)
{
    struct reply *reply = &call->reply;
    uint64_t pairs = 0;
    size_t opened = reply_open(reply);
    pair(reply, "summary", command->summary, &pairs);
    if (command->since[0] != '\0') pair(reply, "since", command->since, &pairs);
    pair(reply, "group", command->group, &pairs);
    pair(reply, "complexity", command->complexity, &pairs);
    if (command->syntax[0] != '\0') {
        struct arena *arena = arena_new();
        struct syntax syntax = syntax_parse(arena, command->syntax);
        uint32_t keys = 0;
        reply_bulk_text(reply, "arguments");
        reply_arguments(reply, &syntax, &keys);
        arena_free(arena);
        pairs++;
    }
    uint64_t children = top ? children_of(call->server, command->id) : 0;
    if (children != 0) {
        reply_bulk_text(reply, "subcommands");
        reply_map(reply, children);
        pairs++;
    }
    for (enum command_id id = 0; id < COMMAND_COUNT && children != 0; id++) {
        const struct command *child = command_get(call->server->commands, id);
        if (child->parent != command->id) continue;
        reply_bulk_text(reply, child->name);
        reply_docs(call, child, false);
    }
    reply_close_map(reply, opened, pairs);
}

void command_docs_command(struct session_call *call)
{
    enum { FIRST = 2 };
    const struct command_table *table = call->server->commands;
    size_t opened = reply_open(&call->reply);
    uint64_t count = 0;
    for (enum command_id id = 0; id < COMMAND_COUNT && call->argc == FIRST; id++) {
        const struct command *command = command_get(table, id);
        if (command->parent != COMMAND_NONE) continue;
        reply_bulk_text(&call->reply, command->name);
        reply_docs(call, command, true);
        count++;
    }
    for (uint32_t i = FIRST; i < call->argc; i++) {
        const struct command *command = command_find_name(table, call->argv[i]);
        if (command == NULL) continue;
        reply_bulk_text(&call->reply, command->name);
        reply_docs(call, command, true);
        count++;
    }
    reply_close_map(&call->reply, opened, count);
}

/* --- docs/commands.md ------------------------------------------------------------------------ */

static const struct {
    const char *group, *title;
} groups[] = {
    {"generic", "Keys"},
    {"string", "Strings"},
    {"bitmap", "Bits"},
    {"list", "Lists"},
    {"hash", "Hashes"},
    {"set", "Sets"},
    {"sorted-set", "Sorted sets"},
    {"pubsub", "Publish and subscribe"},
    {"transactions", "Transactions"},
    {"connection", "Connections"},
    {"server", "The node"},
    {"cluster", "The cluster"},
    {"policy", "Policies"},
};

/* Within a table a bar would end the cell. */
static void append_cell(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)*text);
    }
}

static void append_name(struct buffer *out, const char *name)
{
    for (; *name != '\0'; name++) {
        bool letter = *name >= 'a' && *name <= 'z';
        buffer_append_byte(out, (uint8_t)(*name == '|' ? ' ' : letter ? *name - 32 : *name));
    }
}

static void append_command(struct buffer *out, const struct command *command)
{
    buffer_append(out, SLICE("| `"));
    append_name(out, command->name);
    if (command->syntax[0] != '\0') {
        buffer_append_byte(out, ' ');
        append_cell(out, command->syntax);
    }
    buffer_append(out, SLICE("` | "));
    append_cell(out, command->summary);
    buffer_append(out, SLICE(" | "));
    append_cell(out, command->complexity);
    buffer_append_format(out, " | %s |\n", command->since[0] == '\0' ? "tutti" : command->since);
}

void commands_document(struct buffer *out)
{
    struct arena *arena = arena_new();
    const struct command_table *table = command_table_new(arena);
    buffer_append(out, SLICE("# Commands\n\nMade by `tutti help --commands`; do not edit.\n\n"
                             "What a Redis client can say to a node. Replies and errors are those "
                             "of Redis 7.2. `since` is the\nversion of Redis that had a command "
                             "first.\n"));
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        buffer_append_format(out,
                             "\n## %s\n\n| command | what it does | cost | since |\n"
                             "|---|---|---|---|\n",
                             groups[i].title);
        for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
            const struct command *command = command_get(table, id);
            bool container =
                (command->flags & COMMAND_CONTAINER) != 0 && command->syntax[0] == '\0';
            bool alone = id == COMMAND_COMMAND; /* a container that does something by itself */
            if (strcmp(command->group, groups[i].group) != 0 || (container && !alone)) continue;
            append_command(out, command);
        }
    }
    arena_free(arena);
}
