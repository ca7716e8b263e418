/*
 * tutti_job.h -- write your own map and reduce for `tutti mapreduce`, in C or C++.
 *
 * A plug-in is a shared library that exports TUTTI_PLUGIN and tutti_map, tutti_reduce, or both. It
 * links with nothing of tutti's. It runs in a process of its own, one for each task, in one thread:
 * its crash fails that task, and nothing else. What it prints to standard output or standard error
 * is shown when the task fails.
 *
 *     #include <ctype.h>
 *     #include "tutti_job.h"
 *
 *     TUTTI_PLUGIN
 *
 *     // Once for each record, without its line end.
 *     int tutti_map(struct tutti_context *context, const void *record, size_t len)
 *     {
 *         if (len == 0) tutti_count(context, "lines", "empty", 1);
 *         else tutti_emit(context, record, 1, "1", 1); // lines by their first byte
 *         return 0;
 *     }
 *
 *     // Once for each key, with its values in order.
 *     int tutti_reduce(struct tutti_context *context, const void *key, size_t key_len)
 *     {
 *         const void *value;
 *         size_t len, lines = 0;
 *         while (tutti_next_value(context, &value, &len)) lines++;
 *         char text[32];
 *         int text_len = snprintf(text, sizeof text, "%zu", lines);
 *         tutti_emit(context, key, key_len, text, (size_t)text_len);
 *         return 0;
 *     }
 *
 *     cc -shared -fPIC -O2 -o initials.so initials.c
 *     tutti mapreduce --map so:./initials.so --reduce so:./initials.so --input logs --output out
 *
 * Both return 0, or another number to fail the task. Bytes handed to you are yours to read until
 * you return (a value: until the next tutti_next_value); they end with no NUL. Bytes that you emit
 * are copied. Values that tutti_reduce does not ask for are passed over.
 */
#ifndef TUTTI_JOB_H
#define TUTTI_JOB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TUTTI_EXTERN extern "C"
extern "C" {
#else
#define TUTTI_EXTERN extern
#endif

#define TUTTI_JOB_VERSION 1

#define TUTTI_EXPORT __attribute__((visibility("default")))

/* Once in each plug-in, outside of all functions: by which header it was built. */
#define TUTTI_PLUGIN                                                                               \
    TUTTI_EXTERN TUTTI_EXPORT const uint32_t tutti_job_version;                                    \
    const uint32_t tutti_job_version = TUTTI_JOB_VERSION;

struct tutti_context;

/* What the host does for a plug-in; call it through the functions below. */
struct tutti_host {
    void (*emit)(struct tutti_context *context, const void *key, size_t key_len, const void *value,
                 size_t value_len);
    int (*next_value)(struct tutti_context *context, const void **value, size_t *value_len);
    void (*count)(struct tutti_context *context, const char *group, const char *name,
                  int64_t amount);
    void (*status)(struct tutti_context *context, const char *text);
    const char *(*environment)(struct tutti_context *context, const char *name);
};

struct tutti_context {
    const struct tutti_host *host;
    void *plugin; /* yours: set it in tutti_open, free it in tutti_close */
};

/* What a plug-in exports. */
TUTTI_EXPORT int tutti_map(struct tutti_context *context, const void *record, size_t len);
TUTTI_EXPORT int tutti_reduce(struct tutti_context *context, const void *key, size_t key_len);

/* If you export them: called before the first record or key, and after the last, where you may
 * still emit. Return 0, or another number to fail the task. */
TUTTI_EXPORT int tutti_open(struct tutti_context *context);
TUTTI_EXPORT int tutti_close(struct tutti_context *context);

/* A pair into the job. */
static inline void tutti_emit(struct tutti_context *context, const void *key, size_t key_len,
                              const void *value, size_t value_len)
{
    context->host->emit(context, key, key_len, value, value_len);
}

/* In tutti_reduce: the key's next value; 0 when there is none. */
static inline int tutti_next_value(struct tutti_context *context, const void **value,
                                   size_t *value_len)
{
    return context->host->next_value(context, value, value_len);
}

/* Add to a counter of the job, shown at its end. No line ends in the names, and no comma in the
 * group's. */
static inline void tutti_count(struct tutti_context *context, const char *group, const char *name,
                               int64_t amount)
{
    context->host->count(context, group, name, amount);
}

/* One line that says what the task does just now. */
static inline void tutti_status(struct tutti_context *context, const char *text)
{
    context->host->status(context, text);
}

/* A variable of the task's environment, or NULL: mapreduce_map_input_file, mapreduce_task_id, …,
 * and what --cmdenv added. */
static inline const char *tutti_environment(struct tutti_context *context, const char *name)
{
    return context->host->environment(context, name);
}

#ifdef __cplusplus
}
#endif
#endif
