/*
 * token.h -- what a new machine needs to be let into a cluster: its id and its secret, as a line of
 * text that a person carries over. Whoever has it can take part: it is a password.
 *
 *   tutti1-<id, 16 hex digits><secret, 64><CRC32C of both, 8>
 *
 * It is read from a file, standard input or the environment, never from an argument: others can see
 * a command line. It is never in a log.
 */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"
#include "node/data_folder.h"

struct token {
    uint64_t cluster;
    uint8_t secret[DATA_SECRET_BYTES];
};

void token_write(const struct token *token, struct buffer *out); /* no end of line */
/* Blanks and ends of lines around it do not count. ERR_USAGE: it is none, or not whole; the fault
 * does not say what was read. */
MUST_USE enum err token_read(struct slice text, struct token *token, struct fault *fault);
/* Of a file; "-": standard input. */
MUST_USE enum err token_read_file(const char *path, struct token *token, struct fault *fault);
