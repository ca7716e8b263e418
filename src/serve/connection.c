/* connection.c -- see connection.h. */
#include "serve/connection.h"

#include <ctype.h>
#include <stdio.h>

#include "base/integer.h"
#include "serve/session_impl.h"

void ping_command(struct session_call *call)
{
    if (call->argc > 2) {
        reply_error(&call->reply, "ERR wrong number of arguments for 'ping' command");
        return;
    }
    struct slice message = call->argc == 2 ? call->argv[1] : SLICE("");
    if ((call->session->flags & SESSION_PUBSUB) && call->session->protocol == 2) {
        reply_array(&call->reply, 2); /* as a message: the client expects nothing else */
        reply_bulk_text(&call->reply, "pong");
        reply_bulk(&call->reply, message);
    } else if (call->argc == 1) {
        reply_simple(&call->reply, "PONG");
    } else {
        reply_bulk(&call->reply, message);
    }
}

void echo_command(struct session_call *call)
{
    reply_bulk(&call->reply, call->argv[1]);
}

void select_command(struct session_call *call)
{
    int64_t database;
    if (!integer_parse(call->argv[1], &database) || database > INT32_MAX || database < INT32_MIN) {
        reply_error(&call->reply, "ERR value is not an integer or out of range");
    } else if (database < 0 || database >= STORE_DATABASES) {
        reply_error(&call->reply, "ERR DB index is out of range");
    } else {
        call->session->database = (uint32_t)database;
        reply_ok(&call->reply);
    }
}

void quit_command(struct session_call *call)
{
    call->session->flags |= SESSION_CLOSE_AFTER_REPLY;
    reply_ok(&call->reply);
}

void help_command(struct session_call *call)
{
    const struct command_table *commands = call->server->commands;
    const struct command *container = command_get(commands, call->command->parent);
    size_t opened = reply_open(&call->reply);
    uint64_t count = 1;
    char line[512]; /* the longest row is half of that */
    size_t len = 0;
    for (const char *at = container->name; *at != '\0'; at++) line[len++] = (char)toupper(*at);
    (void)snprintf(line + len, sizeof(line) - len,
                   " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    reply_simple(&call->reply, line);
    for (uint32_t id = container->id + 1; id < COMMAND_COUNT; id++, count += 2) {
        const struct command *command = command_get(commands, (enum command_id)id);
        if (command->parent != container->id) break;
        len = 0;
        for (const char *at = command->word; *at != '\0'; at++) line[len++] = (char)toupper(*at);
        const char *space = command->syntax[0] == '\0' ? "" : " ";
        (void)snprintf(line + len, sizeof(line) - len, "%s%s", space, command->syntax);
        reply_simple(&call->reply, line);
        (void)snprintf(line, sizeof(line), "    %s", command->summary);
        reply_simple(&call->reply, line);
    }
    reply_close_array(&call->reply, opened, count);
}
