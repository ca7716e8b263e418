/*
 * block.h -- a run of whole records of one file, and how to step through them.
 *
 * A block never ends inside a record. Behind its last byte are at least BLOCK_PADDING bytes that
 * may be read, though not used: operators can load whole vectors.
 */
#pragma once

#include "base/fault.h"
#include "core/mapreduce/job_spec.h"

enum { BLOCK_PADDING = 64 };

struct block {
    struct slice bytes;
    struct slice path;   /* of the file, for messages */
    uint64_t offset;     /* of the first byte in the file, after decompression */
    struct slice header; /* the file's first record where the job reads it as names, else empty */
};

/* How the bytes of a block part into records. */
struct record_rule {
    enum record_format format;
    uint32_t fixed_bytes;
};

/* Take the next record off `rest`, without its line end (LF or CR LF; csv: outside of quotes).
 * False: none is left. Blank lines are records of FORMAT_LINES and TSV; CSV and JSON pass over
 * them. In csv a quote opens only at the start of a field; anywhere else outside of quotes it is a
 * byte like others, and a quote that never closes makes the rest of the file one record. */
bool record_next(const struct record_rule *rule, struct slice *rest, struct slice *record);

/* How many record_next would give. */
uint64_t records_count(const struct record_rule *rule, struct slice bytes);

/* Bad records: counted, tolerated up to `allowed`, and the first is kept to be shown. */
struct bad_records {
    uint64_t allowed, count;
    char first[512];
};

/* Note one, at `at` in `block`. ERR_OK: tolerated, go on with the next record. ERR_BAD_RECORD: too
 * many; the fault names the file, the offset and why. */
MUST_USE enum err bad_record(struct bad_records *bad, const struct block *block, const uint8_t *at,
                             struct fault *fault, const char *format, ...) PRINTF(5, 6);
