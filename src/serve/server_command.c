/* server_command.c -- see server_command.h. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/call.h"
#include "io/clock.h"
#include "io/file.h"
#include "serve/reply_lines.h"
#include "serve/server_command.h"

void time_command(struct session_call *call)
{
    enum { US_PER_S = 1000000 };
    int64_t now = clock_unix_us();
    reply_array(&call->reply, 2);
    reply_bulk_integer(&call->reply, now / US_PER_S);
    reply_bulk_integer(&call->reply, now % US_PER_S);
}

/* SAVE answers when the snapshot that it began is done: it is called again until then. */
static void save_in_front(struct session_call *call)
{
    struct server *server = call->server;
    struct shard_saving saving = lane_saving(server->lane);
    struct fault fault;
    if (server->save_session == call->session->id) {
        call->later = saving.active;
        if (saving.active) return;
        server->save_session = 0;
        if (saving.last_failed) {
            reply_error(&call->reply,
                        "ERR the snapshot failed; what was acknowledged is in the log");
        } else {
            reply_ok(&call->reply);
        }
        return;
    }
    enum err err = lane_save(server->lane, NULL, &fault);
    if (err == ERR_EXISTS) {
        reply_error(&call->reply, "ERR Background save already in progress");
    } else if (err != ERR_OK) {
        reply_error(&call->reply, "ERR %s", fault.text);
    } else {
        server->save_session = call->session->id;
        call->later = true;
    }
}

static void save_in_background(struct session_call *call)
{
    struct fault fault;
    if (call->argc > 2 || (call->argc == 2 && !word_is(call->argv[1], "SCHEDULE"))) {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    enum err err = lane_save(call->server->lane, NULL, &fault);
    if (err == ERR_OK) {
        reply_simple(&call->reply, "Background saving started");
    } else if (err != ERR_EXISTS) {
        reply_error(&call->reply, "ERR %s", fault.text);
    } else if (call->argc == 2) {
        reply_simple(&call->reply, "Background saving scheduled");
    } else {
        reply_error(&call->reply, "ERR Background save already in progress");
    }
}

void save_command(struct session_call *call)
{
    if (call->command->id == COMMAND_SAVE) {
        save_in_front(call);
    } else {
        save_in_background(call);
    }
}

/* What is under way already shortens the log as well. */
void rewrite_command(struct session_call *call)
{
    struct fault fault;
    enum err err = lane_save(call->server->lane, NULL, &fault);
    if (err == ERR_OK) {
        reply_simple(&call->reply, "Background append only file rewriting started");
    } else if (err == ERR_EXISTS) {
        reply_simple(&call->reply, "Background append only file rewriting scheduled");
    } else {
        reply_error(&call->reply, "ERR %s", fault.text);
    }
}

void lastsave_command(struct session_call *call)
{
    int64_t done_ms = lane_saving(call->server->lane).last_done_ms;
    if (done_ms == 0) done_ms = call->server->started_unix_ms;
    reply_integer(&call->reply, done_ms / 1000);
}

/* The words change nothing here: what was acknowledged is on disk, and a snapshot is not needed. */
void shutdown_command(struct session_call *call)
{
    static const char *const words[] = {"SAVE", "NOSAVE", "NOW", "FORCE", "ABORT"};
    bool abort = false, save = false, nosave = false;
    for (uint32_t i = 1; i < call->argc; i++) {
        bool known = false;
        for (size_t at = 0; at < COUNT_OF(words); at++) {
            known = known || word_is(call->argv[i], words[at]);
        }
        save = save || word_is(call->argv[i], "SAVE");
        nosave = nosave || word_is(call->argv[i], "NOSAVE");
        abort = abort || word_is(call->argv[i], "ABORT");
        if (known) continue;
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    if ((save && nosave) || (abort && call->argc > 2)) {
        reply_error(&call->reply, "ERR syntax error");
    } else if (abort) {
        reply_error(&call->reply, "ERR No shutdown in progress.");
    } else {
        call->server->stop_wanted = true;
        call->session->flags |= SESSION_CLOSE_AFTER_REPLY;
    }
}
