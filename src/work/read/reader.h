/*
 * reader.h -- the records of one split, block by block, decompressed on the way.
 *
 * A piece that starts inside a file begins with the first record that starts at or after its
 * offset, and ends with the record that covers its last byte, so that each record of a file is read
 * by exactly one split. A record over record_bytes_max, a damaged or truncated compressed file, an
 * unreadable file: an error that names file and offset; where the spec tolerates bad records, a
 * long record or the damaged rest of a file is passed over and counted once. The offset of damage
 * is one in the compressed file, and the text says so.
 *
 * What compresses a file is told by its first bytes: gzip, zstd, xz, bzip2. A byte order mark at
 * the start of a csv, tsv or json file is passed over. A json file that is one array is an error
 * that says how to convert it.
 *
 * Memory: at most `memory_bytes` (1 KiB at least) plus one record of up to record_bytes_max, and
 * the window that a compressed file asks for: 32 KiB for gzip, 8 MiB for most others, at most 128,
 * or what the limits say.
 */
#pragma once

#include "base/arena.h"
#include "io/process.h"
#include "work/read/block.h"
#include "work/read/plan.h"

struct reader; /* opaque; reader_close frees it */

/* `split` and `bad` are borrowed until reader_close. spec->header is HEADER_YES or HEADER_NO: the
 * caller has resolved HEADER_AUTO; it counts for csv and tsv. */
MUST_USE enum err reader_open(const struct job_spec *spec, const struct split *split,
                              size_t memory_bytes, struct bad_records *bad, struct reader **reader,
                              struct fault *fault);

/* What a worker's share of the machine allows; before the first reader_next. */
struct reader_limits {
    const struct process_stop *stop; /* ends the waiting for a pipe; NULL: nothing does */
    size_t window_bytes_max;         /* to decompress in; 0: what the formats allow */
    bool record_by_memory;           /* record_bytes_max is what memory allows, for messages */
};
void reader_set_limits(struct reader *reader, const struct reader_limits *limits);

/* The next block, borrowed until the next call. Empty bytes: the split is finished. */
MUST_USE enum err reader_next(struct reader *reader, struct block *block, struct fault *fault);

/* Bytes of the split's files (as stored, compressed) read so far: for the progress line. */
uint64_t reader_bytes_read(const struct reader *reader);

/* For a command on lines: when the split is one plain, uncompressed piece, its exact range of whole
 * records, so that it can be spliced instead of read. Asked before the first reader_next. The file
 * stays the reader's; what is spliced does not count in reader_bytes_read, and no record's length
 * is looked at. False: use reader_next, also for the fault of a file that cannot be opened. */
bool reader_as_range(struct reader *reader, struct file **file, uint64_t *offset, uint64_t *bytes);

void reader_close(struct reader *reader);
