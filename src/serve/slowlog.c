/* slowlog.c -- a queue of the last slow commands, newest first. See slowlog.h. */
#include <stdlib.h>

#include "serve/config.h"
#include "serve/reply_lines.h"
#include "serve/slowlog.h"

enum { ARGUMENTS_MAX = 32, ARGUMENT_BYTES_MAX = 128, GET_DEFAULT = 10 };

struct slow {
    struct slow *older;
    uint64_t id;
    int64_t unix_seconds, microseconds;
    struct buffer *arguments; /* [arguments_count] */
    uint32_t arguments_count;
    struct buffer peer, name;
};

struct slowlog {
    struct slow *newest;
    uint64_t next_id;
    int64_t count;
};

struct slowlog *slowlog_new(struct arena *arena)
{
    return ARENA_NEW(arena, struct slowlog);
}

static void slow_free(struct slow *slow)
{
    for (uint32_t i = 0; i < slow->arguments_count; i++) buffer_free(&slow->arguments[i]);
    free(slow->arguments);
    buffer_free(&slow->peer);
    buffer_free(&slow->name);
    free(slow);
}

/* All behind the newest `keep`. */
static void cut(struct slowlog *slowlog, int64_t keep)
{
    struct slow **at = &slowlog->newest;
    for (int64_t i = 0; i < keep && *at != NULL; i++) at = &(*at)->older;
    while (*at != NULL) {
        struct slow *gone = *at;
        *at = gone->older;
        slow_free(gone);
        slowlog->count--;
    }
}

void slowlog_free(struct slowlog *slowlog)
{
    cut(slowlog, 0);
}

static void copy_argument(struct buffer *out, struct slice argument)
{
    if (argument.len <= ARGUMENT_BYTES_MAX) {
        buffer_append(out, argument);
        return;
    }
    buffer_append(out, slice_of(argument.data, ARGUMENT_BYTES_MAX));
    buffer_append_format(out, "... (%zu more bytes)", argument.len - ARGUMENT_BYTES_MAX);
}

/* What is secret in `argv` is not kept: passwords of AUTH, HELLO, ACL SETUSER and CONFIG SET. */
static bool is_secret(const struct command *command, uint32_t index, struct slice before)
{
    const char *name = command->name;
    if (strcmp(name, "auth") == 0) return index >= 1;
    if (strcmp(name, "acl|setuser") == 0) return index >= 2;
    if (strcmp(name, "hello") == 0) return index >= 4;
    enum setting_id id;
    return strcmp(name, "config|set") == 0 && index >= 3 && setting_find(before, &id) &&
           (setting_rows[id].flags & SETTING_SECRET) != 0;
}

static void copy_arguments(struct slow *slow, const struct command *command,
                           const struct slice *argv, uint32_t argc)
{
    uint32_t count = argc > ARGUMENTS_MAX ? ARGUMENTS_MAX : argc;
    slow->arguments = calloc(count, sizeof *slow->arguments);
    ASSERT(slow->arguments != NULL);
    slow->arguments_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (i == ARGUMENTS_MAX - 1 && argc > ARGUMENTS_MAX) {
            buffer_append_format(&slow->arguments[i], "... (%u more arguments)",
                                 argc - ARGUMENTS_MAX + 1);
        } else if (is_secret(command, i, i == 0 ? argv[0] : argv[i - 1])) {
            buffer_append(&slow->arguments[i], SLICE("(redacted)"));
        } else {
            copy_argument(&slow->arguments[i], argv[i]);
        }
    }
}

void slowlog_note(struct server *server, const struct session *session,
                  const struct command *command, const struct slice *argv, uint32_t argc,
                  duration took)
{
    int64_t least = config_integer(server->config, SETTING_SLOWLOG_LOG_SLOWER_THAN);
    int64_t microseconds = took.ns / 1000;
    if (least < 0 || microseconds < least) return;
    struct slowlog *slowlog = server->slowlog;
    struct slow *slow = calloc(1, sizeof *slow);
    ASSERT(slow != NULL);
    slow->id = slowlog->next_id++;
    slow->unix_seconds = io_unix_ms(server->io) / 1000;
    slow->microseconds = microseconds;
    copy_arguments(slow, command, argv, argc);
    if (session->flags & SESSION_UNIX_SOCKET) {
        buffer_append_format(&slow->peer, "%s:0", session->local.text);
    } else {
        const char *format = strchr(session->peer.text, ':') != NULL ? "[%s]:%u" : "%s:%u";
        buffer_append_format(&slow->peer, format, session->peer.text, session->peer.port);
    }
    buffer_append(&slow->name, buffer_slice(&session->name));
    slow->older = slowlog->newest;
    slowlog->newest = slow;
    slowlog->count++;
    cut(slowlog, config_integer(server->config, SETTING_SLOWLOG_MAX_LEN));
}

static void reply_slow(struct reply *reply, const struct slow *slow)
{
    enum { FIELDS = 6 };
    reply_array(reply, FIELDS);
    reply_integer(reply, (int64_t)slow->id);
    reply_integer(reply, slow->unix_seconds);
    reply_integer(reply, slow->microseconds);
    reply_array(reply, slow->arguments_count);
    for (uint32_t i = 0; i < slow->arguments_count; i++) {
        reply_bulk(reply, buffer_slice(&slow->arguments[i]));
    }
    reply_bulk(reply, buffer_slice(&slow->peer));
    reply_bulk(reply, buffer_slice(&slow->name));
}

static void get(struct session_call *call)
{
    struct slowlog *slowlog = call->server->slowlog;
    int64_t count = GET_DEFAULT;
    if (call->argc > 3) {
        reply_unknown_subcommand(call, "SLOWLOG");
        return;
    }
    if (call->argc == 3) {
        if (!integer_parse(call->argv[2], &count) || count < -1) {
            reply_error(&call->reply, "ERR count should be greater than or equal to -1");
            return;
        }
    }
    if (count < 0 || count > slowlog->count) count = slowlog->count;
    reply_array(&call->reply, (uint64_t)count);
    const struct slow *slow = slowlog->newest;
    for (int64_t i = 0; i < count; i++, slow = slow->older) reply_slow(&call->reply, slow);
}

static void help(struct session_call *call)
{
    static const char *const lines[] = {
        "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GET [<count>]",
        "    Return the newest <count> entries (default: 10, -1 means all).",
        "    An entry is: id, Unix time, microseconds, arguments, client's address, client's name.",
        "LEN",
        "    Return how many entries there are.",
        "RESET",
        "    Forget them all.",
        "HELP",
        "    Prints this help.",
    };
    REPLY_LINES(&call->reply, lines);
}

void slowlog_command(struct session_call *call)
{
    struct slowlog *slowlog = call->server->slowlog;
    enum command_id id = call->command->id;
    if (id == COMMAND_SLOWLOG_GET) {
        get(call);
    } else if (id == COMMAND_SLOWLOG_LEN) {
        reply_integer(&call->reply, slowlog->count);
    } else if (id == COMMAND_SLOWLOG_RESET) {
        cut(slowlog, 0);
        reply_ok(&call->reply);
    } else {
        help(call);
    }
}
