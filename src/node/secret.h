/*
 * secret.h -- what all nodes of a cluster know and nobody else does: where it comes from.
 *
 * It is 32 bytes: drawn by chance when a node forms a cluster, or hashed from a file that all nodes
 * were given (peer-secret-file), whose bytes are then in no folder.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "node/data_folder.h"

enum { PEER_SECRET_BYTES_MIN = 16, PEER_SECRET_BYTES_MAX = 1024 };

/* The text of a secret file, without the end of its line; in `arena`. */
MUST_USE enum err secret_read(struct arena *arena, const char *path, struct slice *text,
                              struct fault *fault);
void secret_derive(struct slice text, uint8_t secret[DATA_SECRET_BYTES]);
/* The first bytes of a hash of `text`, for what only has to differ where it does. Never 0. */
uint64_t secret_hash(struct slice text);
