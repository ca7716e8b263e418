/*
 * run.h -- sorted records as blocks of bytes: the form in which map output waits in memory, lies on
 * disk and will travel between machines.
 *
 * A block is a head of 16 bytes (little-endian: bytes of the records, bytes as stored, the
 * low 32 bits of XXH3 over the stored bytes, codec) and the records, stored plain or as one LZ4
 * block. A record is a varint of the key's length, one of the value's, the key, the value; it never
 * crosses blocks: one that is longer than a block gets a block to itself.
 *
 * A store belongs to one worker, which alone writes it, one run at a time. A run is first held in
 * memory; when the store's memory is full it moves to a nameless file, compressed. Runs that are
 * finished may be read from any thread as long as nothing is written or dropped; the thread that
 * writes may read them meanwhile.
 */
#pragma once

#include "base/fault.h"

struct record {
    struct slice key, value;
};

struct run_store; /* opaque; run_store_free frees it and closes its file */

/* `block_bytes`: how large blocks should be. The file is made in `folder`, when first needed. */
struct run_store *run_store_new(const char *folder, size_t memory_bytes, size_t block_bytes);
void run_store_free(struct run_store *store);
uint64_t run_store_spilled_bytes(const struct run_store *store); /* written to the file so far */

/* Where records lie: a part of a run whose records are all of one partition. */
struct run_part {
    uint64_t run;
    uint32_t partition;
    uint64_t offset, bytes; /* in the run */
    uint64_t records;
};

/* One run: begin, then for each partition its records in order and run_end_part, then run_end.
 * After an error, run_abandon. */
void run_begin(struct run_store *store);
/* ERR_TOO_LONG: over RUN_BLOCK_BYTES_MAX. */
MUST_USE enum err run_put(struct run_store *store, struct slice key, struct slice value,
                          struct fault *fault);
MUST_USE enum err run_end_part(struct run_store *store, uint32_t partition, struct fault *fault);
/* The parts that have records; borrowed until the next run_begin. */
MUST_USE enum err run_end(struct run_store *store, const struct run_part **parts, uint32_t *count,
                          struct fault *fault);
void run_abandon(struct run_store *store);

/* The runs so far: to give up all that came later, and none in between was dropped. */
struct run_mark {
    uint64_t runs, file_bytes;
    size_t memory_bytes;
};
struct run_mark run_store_mark(const struct run_store *store);
void run_store_rewind(struct run_store *store, struct run_mark mark);

/* Give up a run that nobody will read: its room in the file goes back to the disk. */
void run_drop(struct run_store *store, uint64_t run);

/* The records of one part, in order. */
struct run_cursor; /* opaque; run_cursor_free frees it */

/* Memory that reading a part takes. */
size_t run_cursor_bytes(const struct run_store *store, uint64_t run);

/* ERR_CORRUPT: there is no such part. */
MUST_USE enum err run_cursor_new(const struct run_store *store, uint64_t run, uint64_t offset,
                                 uint64_t bytes, struct run_cursor **cursor, struct fault *fault);
/* `*record` is borrowed until the next call. ERR_CORRUPT: a checksum is wrong; the fault names the
 * place. */
MUST_USE enum err run_cursor_next(struct run_cursor *cursor, struct record *record, bool *got,
                                  struct fault *fault);
void run_cursor_free(struct run_cursor *cursor);
