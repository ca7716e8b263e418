/*
 * start.h -- one node, from its settings to its end: composition, threads, signals.
 *
 * It opens the data folder, gives each lane a thread with io, log, store and front door, says on
 * standard error when it is ready and where, and serves until SIGTERM or SIGINT, or SHUTDOWN: then
 * it accepts no more, answers what it has received, flushes and returns. A second signal ends the
 * process at once. SIGHUP is taken note of and changes nothing: there is no log file to reopen.
 */
#pragma once

#include "base/fault.h"
#include "serve/config.h"

struct node_options {
    const struct config *config;
    const char *config_path; /* NULL: none */
    const char *version;
};

/* ERR_OK: it was asked to end, and has. ERR_CANCELLED: a second signal came, `*signal_number`; the
 * caller ends the process at once. All that failed has been said on standard error. */
MUST_USE enum err node_run(const struct node_options *options, int *signal_number,
                           struct fault *fault);

/* Would these settings let strangers in? ERR_USAGE: they listen wider than this machine, and
 * nobody needs a password. */
MUST_USE enum err node_check_exposure(const struct config *config, struct fault *fault);
