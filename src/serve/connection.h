/* connection.h -- PING, ECHO, SELECT, QUIT, and the help of containers. */
#pragma once

#include "serve/session.h"

void ping_command(struct session_call *call);
void echo_command(struct session_call *call);
void select_command(struct session_call *call);
void quit_command(struct session_call *call);
void help_command(struct session_call *call); /* of the container, from its rows */
