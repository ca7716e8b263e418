/* auth.h -- who a client is: AUTH, HELLO, RESET, and what it is when it comes. */
#pragma once

#include "serve/session.h"

void session_greet(struct server *server, struct session *session); /* it has just connected */
#define REDIS_VERSION_SPOKEN "7.2.0" /* what clients may expect of us */

bool user_is_known(struct session_call *call, struct slice name); /* false: it is replied */
const char *session_user_name(const struct session *session);

void auth_command(struct session_call *call);
void hello_command(struct session_call *call);
void reset_command(struct session_call *call);
