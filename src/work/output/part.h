/*
 * part.h -- one part file of the output folder: a sink of lines, that gets its name when whole.
 *
 * It is written as ".part-00000.1" (the attempt) and renamed to "part-00000" (with .gz or .zst
 * where compressed) by part_commit. Lines are `key TAB value`, and `key` alone where the value is
 * empty.
 */
#pragma once

#include "work/output/sink.h"
#include "work/output/writer.h"

struct part; /* opaque; part_free frees it, and removes a file that was not committed */

struct part_config {
    const char *folder;
    uint32_t number, attempt;
    enum compression compress;
    bool fsync;
};

MUST_USE enum err part_new(const struct part_config *config, struct part **part,
                           struct fault *fault);
struct sink *part_sink(struct part *part);     /* pairs */
struct writer *part_writer(struct part *part); /* bytes as they are: whole lines */

/* A whole pair at once, as part_sink would take it, but faster. */
MUST_USE enum err part_put(struct part *part, struct slice key, struct slice value,
                           struct fault *fault);
MUST_USE enum err part_commit(struct part *part, struct fault *fault);
uint64_t part_bytes(const struct part *part); /* put so far, before compression */
uint64_t part_pairs(const struct part *part); /* through sink and part_put */
void part_free(struct part *part);            /* NULL is allowed */

/* "part-00000.gz", into a buffer of PART_NAME_MAX. */
enum { PART_NAME_MAX = 32 };
void part_name(uint32_t number, enum compression compress, char *name);
