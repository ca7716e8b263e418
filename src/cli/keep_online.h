/* keep_online.h -- a backup of a node that runs: asked for through its port. */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"

/* `from` is HOST:PORT. The folder `to` is made on the machine of a node that is alone; of a cluster
 * all shards come to this one (keep_gather.h). Returns when the backup is whole, or cannot become
 * so. */
MUST_USE enum err backup_online(const char *from, const char *to, struct buffer *out,
                                struct fault *fault);
