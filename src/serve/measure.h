/*
 * measure.h -- what commands cost and how they failed: INFO commandstats, latencystats, errorstats
 * and LATENCY HISTOGRAM; and the one place to tell of a command that has run.
 */
#pragma once

#include "serve/session.h"

struct measures; /* opaque; in server->measures */
struct measures *measures_new(struct arena *arena);

/* A command has run for `took`: counts it, keeps it in the histogram, the slow log and the latency
 * monitor as the settings say. `failed`: its reply is an error. */
void measure_command(struct server *server, struct session *session, const struct command *command,
                     const struct slice *argv, uint32_t argc, duration took, bool failed);
void measure_rejected(struct server *server, const struct command *command); /* it did not run */
/* An error reply without its dash: "ERR syntax error". Counted by its first word. */
void measure_error(struct server *server, struct slice text);
void measures_reset(struct server *server); /* CONFIG RESETSTAT */

enum { MEASURE_ERRORS_MAX = 128, MEASURE_ERROR_BYTES_MAX = 32 };
struct measure_error_count {
    char code[MEASURE_ERROR_BYTES_MAX];
    uint64_t count;
};
const struct measure_error_count *measures_errors(const struct measures *measures, uint32_t *count);

/* The time that so many percent of a command's calls took at most; 0: it was never called. */
duration measures_percentile(const struct measures *measures, enum command_id id, double percent);
uint64_t measures_calls(const struct measures *measures, enum command_id id);
/* Calls that took about 2^power nanoseconds at most. */
uint64_t measures_up_to(const struct measures *measures, enum command_id id, unsigned power);
