/* client.h -- CLIENT and its subcommands. */
#pragma once

#include "serve/session.h"

/* Printable, without blanks. False: it is replied. */
bool client_name_fits(struct reply *reply, struct slice name);
void client_set_text(struct buffer *text, struct slice value); /* empty: none */

/* "normal", "pubsub", "replica" …; false: there is no such class. */
enum client_class { CLIENTS_NORMAL, CLIENTS_PUBSUB, CLIENTS_REPLICA, CLIENTS_MASTER };
bool client_class_parse(struct slice word, enum client_class *class);
enum client_class client_class_of(const struct session *session);

void client_id_command(struct session_call *call);
void client_info_command(struct session_call *call);
void client_list_command(struct session_call *call);
void client_kill_command(struct session_call *call);
void client_setname_command(struct session_call *call);
void client_getname_command(struct session_call *call);
void client_setinfo_command(struct session_call *call);
void client_no_evict_command(struct session_call *call);
void client_no_touch_command(struct session_call *call);
void client_pause_command(struct session_call *call);
void client_unpause_command(struct session_call *call);
void client_reply_command(struct session_call *call);
void client_unblock_command(struct session_call *call);
