/*
 * join_talk.h -- a connection to a node of a cluster, of a machine that wants to join: the
 * handshake of core/peer, both ends having proven that they know the secret; then one question.
 * Blocking, for a process that does nothing else yet.
 */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"
#include "io/io.h"
#include "node/token.h"

struct join_talk; /* opaque */

/* Who says nothing for as long as `patience` is not there. ERR_CLOSED, ERR_IO: it cannot be
 * reached. ERR_USAGE: it does not want us, or we do not believe it; the fault says why and what to
 * do. */
MUST_USE enum err join_talk_open(const struct io_address *to, const struct token *token,
                                 uint32_t lanes_count, duration patience, struct join_talk **talk,
                                 struct fault *fault);
void join_talk_close(struct join_talk *talk);                           /* NULL is allowed */
const struct io_address *join_talk_local(const struct join_talk *talk); /* our end */
/* The payload of JOINED is appended to `answer`. */
MUST_USE enum err join_talk_ask(struct join_talk *talk, struct slice request, struct buffer *answer,
                                struct fault *fault);
