/* reply_lines.h -- what several session commands answer alike. */
#pragma once

#include "serve/session.h"

/* An array of simple strings: what the HELP subcommands say. */
#define REPLY_LINES(reply, lines) reply_lines((reply), (lines), COUNT_OF(lines))
void reply_lines(struct reply *reply, const char *const *lines, size_t count);

/* A pair of a map. A node of NODE_NONE is null. */
void reply_pair_number(struct reply *reply, const char *name, uint64_t value);
void reply_pair_text(struct reply *reply, const char *name, const char *value);
void reply_pair_node(struct reply *reply, const char *name, node_id node);
void reply_pair_shard(struct reply *reply, const char *name, shard_id shard); /* 7, "root" */

/* An argument as an integer; false: Redis's error is replied. */
MUST_USE bool session_integer(struct session_call *call, uint32_t index, int64_t *value);

/* "ERR unknown subcommand or wrong number of arguments for 'x'. Try C HELP." */
void reply_unknown_subcommand(struct session_call *call, const char *command);
