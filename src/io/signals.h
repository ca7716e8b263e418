/*
 * signals.h -- requests to stop (SIGINT, SIGTERM, SIGHUP) as something the main thread asks for.
 *
 * Open before any thread is made: it blocks these signals, and threads inherit that. A child
 * process inherits it too, and what is ignored: whoever starts one gives it an empty mask and the
 * defaults of SIGPIPE and SIGXFSZ back.
 */
#pragma once

#include "base/fault.h"

struct signals {
    int fd; /* readable when a signal has come */
};

/* SIGPIPE and SIGXFSZ are ignored from here on: a write into a closed pipe, or past the limit of a
 * file's size, is an error, not the end. A SIGHUP
 * that is ignored already (nohup) stays ignored. */
MUST_USE enum err signals_open(struct signals *signals, struct fault *fault);

/* The number of a signal that has come; 0: none. Does not wait. */
int signals_take(struct signals *signals);

/* Has one come? ERR_CANCELLED; it is still there to be taken. NULL: none will. */
MUST_USE enum err signals_check(const struct signals *signals, struct fault *fault);

void signals_close(struct signals *signals);
