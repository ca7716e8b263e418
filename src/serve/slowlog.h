/* slowlog.h -- the last commands that took long: what SLOWLOG shows. */
#pragma once

#include "serve/session.h"

struct slowlog; /* opaque; in server->slowlog */
struct slowlog *slowlog_new(struct arena *arena);
void slowlog_free(struct slowlog *slowlog);

/* Kept where it took as long as slowlog-log-slower-than says. */
void slowlog_note(struct server *server, const struct session *session,
                  const struct command *command, const struct slice *argv, uint32_t argc,
                  duration took);

void slowlog_command(struct session_call *call); /* GET, LEN, RESET, HELP */
