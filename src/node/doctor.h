/*
 * doctor.h -- looks at every byte of a data folder whose node does not run, and mends what can be.
 *
 * Each lane's snapshots are read whole, then its log from the newest good one on, as a start would.
 */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"

/* What is found is told in `out`, a line each. ERR_CORRUPT: there is damage, and it is still there;
 * the fault says what to do. With `repair`, damaged snapshots and what follows the last good record
 * of a log are set aside in files named *.damaged. */
MUST_USE enum err node_doctor(const char *data, bool repair, struct buffer *out,
                              struct fault *fault);
