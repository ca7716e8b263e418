/*
 * process.h -- other processes: started in a group of their own, with pipes at their standard
 * streams, watched with poll, ended with their whole group.
 *
 * Our ends of the pipes do not block. Nothing that we hold open passes to a child but its three
 * streams, however many threads start children at once. Starting one makes this process ignore
 * SIGPIPE; the child has all signals as this process was started with, SIGPIPE and SIGXFSZ as by
 * default.
 * A child dies with the thread that started it: a task runs in one thread from its start to its
 * end.
 */
#pragma once

#include "base/fault.h"
#include "io/file.h"
#include "io/guard.h"

struct process_stop; /* see below */

struct process_config {
    const char *const *argv;         /* NULL-ended; argv[0] is a path, or found in PATH */
    const char *const *environment;  /* "NAME=VALUE", NULL-ended: added to ours, or in its place */
    const struct process_stop *stop; /* whose guard ends its group when we are gone; may be NULL */
};

struct process { /* zeroed is not a process: process_start fills it, process_end ends it */
    int pid;     /* of the process, and of its group; 0: ended */
    int watch;   /* readable when the process is gone */
    int input, output, errors; /* our ends of its standard streams; -1: closed */
    int guard;                 /* that watches its group; -1: none */
};

enum process_stream { PROCESS_OUTPUT, PROCESS_ERRORS };

struct process_exit {
    bool by_signal;
    int number; /* the exit status, or the signal */
};

/* Raised once, from any thread or a signal handler, it ends every wait that was given it. */
struct process_stop; /* opaque; process_stop_free frees it */

MUST_USE enum err process_stop_new(struct process_stop **stop, struct fault *fault);
/* Processes started under this stop, and what they start, die with us even when we are killed. */
void process_stop_set_guard(struct process_stop *stop, const struct guard *guard);
void process_stop_raise(struct process_stop *stop);
bool process_stop_is_raised(const struct process_stop *stop); /* false for NULL */
void process_stop_free(struct process_stop *stop);            /* NULL is allowed */

/* Until `file`, a pipe or device, has something to read or has ended. ERR_CANCELLED when `stop`
 * (may be NULL: never) is raised. */
MUST_USE enum err process_stop_wait(const struct process_stop *stop, const struct file *file,
                                    struct fault *fault);

/* A program that is not there or may not run is an error here, not an exit status. */
MUST_USE enum err process_start(const struct process_config *config, struct process *process,
                                struct fault *fault);

/* Write as much as the pipe takes now and move `*input` forward. When the other end is closed, ours
 * closes too (input: -1), and that is no error. */
MUST_USE enum err process_write(struct process *process, struct slice *input, struct fault *fault);

/* The same from a file, in the system, without copying. `*refused`: this file cannot be; nothing
 * has moved. A file that ends before `*bytes` is ERR_CORRUPT. */
MUST_USE enum err process_splice(struct process *process, struct file *file, uint64_t *offset,
                                 uint64_t *bytes, bool *refused, struct fault *fault);

/* Read what is there now, up to `size`: `*got` 0 is nothing yet, or the end, which closes ours. */
MUST_USE enum err process_read(struct process *process, enum process_stream stream, void *to,
                               size_t size, size_t *got, struct fault *fault);

void process_close_input(struct process *process);

/* What to wait for beside the errors stream (always, while open), and what is ready. */
struct process_events {
    bool input, output, errors, exit;
};

/* Until one of `wanted` is ready. ERR_CANCELLED when `stop` (may be NULL) is raised. */
MUST_USE enum err process_wait(struct process *process, struct process_events wanted,
                               const struct process_stop *stop, struct process_events *ready,
                               struct fault *fault);

/* How it ended; waits for that. May be asked until process_end. */
MUST_USE enum err process_exit_of(struct process *process, struct process_exit *ended,
                                  struct fault *fault);

/* Kill what is left of the group, reap the process, close the streams. Twice is fine. */
void process_end(struct process *process);

const char *process_signal_text(int number); /* "Killed" */

uint32_t process_own_id(void);

enum { MACHINE_NAME_BYTES_MAX = 63 };
void process_machine_name(char name[MACHINE_NAME_BYTES_MAX + 1]); /* "": it has none, or too long */

/* A standard stream that we were started without must not be the next file that we open: from now
 * on it is one that refuses to be read, or written. First thing in main. */
void process_fill_streams(void);

/* For a program that speaks a protocol on its standard output and loads code of others: `output` is
 * where standard output went, and all that is printed from now on goes to standard error. */
MUST_USE enum err process_claim_output(struct file *output, struct fault *fault);
