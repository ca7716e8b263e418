/*
 * top_command.h -- CLUSTER TOP and HOTKEYS: what is busy and what is large, of one lane (all lanes
 * of all nodes are asked: everywhere.h); and what the front door does for them.
 *
 * Operations are those that ran in this lane, for clients of any lane or node.
 */
#pragma once

#include "serve/dispatch.h"

/* A call over the store is about to run, and heat_wants it. */
void top_note(struct server *server, const struct session *session, const struct request *request);
/* Once in a turn: looks at a few keys for how large they are. When to come again. */
instant top_turn(struct server *server, instant now);

void cluster_top_command(struct session_call *call);
void hotkeys_command(struct session_call *call); /* GET, RESET */
void top_info_stats(const struct server *server, struct buffer *out);
void top_info_memory(const struct server *server, struct buffer *out);
