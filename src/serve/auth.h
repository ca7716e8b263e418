/* auth.h -- who a client is: AUTH, HELLO, RESET, and what it is when it comes. */
#pragma once

#include "serve/acl.h"
#include "serve/session.h"

void session_greet(struct server *server, struct session *session); /* it has just connected */
#define REDIS_VERSION_SPOKEN "7.2.0" /* what clients may expect of us */

bool user_is_known(struct session_call *call, struct slice name); /* false: it is replied */
/* For ACL LOG. */
void session_log_denial(struct server *server, const struct session *session,
                        enum acl_verdict verdict, struct slice object, struct slice username);

void auth_command(struct session_call *call);
void hello_command(struct session_call *call);
void reset_command(struct session_call *call);
