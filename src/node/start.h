/*
 * start.h -- one node, from its settings to its end: composition, threads, signals.
 *
 * It opens the data folder, gives each lane a thread with io, log, store and front door, says on
 * standard error when it is ready and where, and serves until SIGTERM or SIGINT, or SHUTDOWN: then
 * it accepts no more, answers what it has received, flushes and returns. A second signal ends the
 * process at once. SIGHUP is taken note of and changes nothing: there is no log file to reopen.
 */
#pragma once

#include "node/node.h"

/* ERR_OK: it was asked to end, and has. ERR_CANCELLED: a second signal came, `*signal_number`; the
 * caller ends the process at once. All that failed has been said on standard error. */
MUST_USE enum err node_run(const struct node_options *options, int *signal_number,
                           struct fault *fault);
