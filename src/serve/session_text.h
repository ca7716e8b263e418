/* session_text.h -- a client in words: its address, its line of CLIENT LIST. */
#pragma once

#include "serve/session.h"

void session_address_append(struct buffer *out, const struct session *session); /* "127.0.0.1:5" */
void session_local_append(struct buffer *out, const struct session *session);
void session_info_append(struct buffer *out, const struct server *server,
                         const struct session *session);    /* without a line end */
void quoted_append(struct buffer *out, struct slice bytes); /* "a\x00\n" */
