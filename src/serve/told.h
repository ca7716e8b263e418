/*
 * told.h -- what CONFIG SET and ACL SETUSER, DELUSER have changed while the cluster runs, so that a
 * node that was away meanwhile, or comes anew, catches up.
 *
 * A change is told to all nodes as it is made (crossing.h). Beside it each lane keeps a row: which
 * setting or user it was, and a stamp, the same on all lanes of all nodes. When two nodes are
 * linked again, the first lane of each tells the other all its rows, with the values that count
 * now; a row with a later stamp replaces one with an earlier. Rows are in memory only: they last as
 * long as some node does that knows them. A node that starts has what its files say until it is
 * told.
 *
 *   CONFIG TOLD stamp CONFIG SET name value
 *   CONFIG TOLD stamp ACL SETUSER name reset rule …
 *   CONFIG TOLD stamp ACL DELUSER name
 *
 * is said between nodes, never by a client.
 */
#pragma once

#include "serve/session.h"

struct told; /* opaque: one a lane */

struct told *told_new(void);
void told_free(struct told *told); /* NULL is allowed */

enum told_kind { TOLD_SETTING, TOLD_USER };
/* The call has changed it, or removed it. Where the change began here, the others are told. */
void told_note(struct session_call *call, enum told_kind kind, struct slice name);
/* CONFIG TOLD */
void told_command(struct session_call *call);
/* That node is linked to, anew: all rows to it. */
void told_catch_up(struct server *server, node_id node);
