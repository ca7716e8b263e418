/*
 * doctor.h -- looks at every byte of a data folder whose node does not run, and mends what can be.
 *
 * First what the folder says of itself: tutti.data, cluster.secret, registry.copy. Then each lane's
 * snapshots are read whole, and its log from the newest good one on, as a start would. A shard that
 * has no good snapshot is lost to a node that is alone: the log only says what has changed since.
 */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"

enum doctor_way {
    DOCTOR_LOOKS,
    DOCTOR_REPAIRS,  /* damaged snapshots, and what follows the last good record of a log, are set
                        aside in files named *.damaged */
    DOCTOR_GIVES_UP, /* that, and shards that are lost begin empty */
};

/* What is found is told in `out`, a line each. ERR_CORRUPT: there is damage, and it is still there;
 * the fault says what to do. Where other nodes have the data nothing is changed, in any way. */
MUST_USE enum err node_doctor(const char *data, enum doctor_way way, struct buffer *out,
                              struct fault *fault);
