/*
 * log_format.h -- the bytes of a log segment, in memory: what log.c writes and the others read.
 *
 * All integers are little-endian. A segment begins with a block of its own:
 *
 *   magic "TUTTILOG", version u32, crc32c u32 (of the rest), sequence u64, salt u64,
 *   first position u64, segment bytes u64, zeros up to LOG_HEADER_BYTES
 *
 * and goes on with batches, each at a multiple of IO_BLOCK_BYTES:
 *
 *   magic u32, crc32c u32 (of the rest), sequence u64, salt u64, first position u64, records
 * count u64, bytes of all records u64, durable position u64, then the records, each: length u32 (of
 * the payload), crc32c u32 (of all but itself), group u32, kind u32, term u64, index u64, payload
 *
 * The sequence counts the uses of segments, so what an earlier use left behind in a file that is
 * used again never passes for new. The salt is drawn when the log is opened and starts the
 * checksum of each record: nobody who sends data can make it look like a record or a batch. The
 * record's position starts it too, so that a record is good in its own place alone.
 *
 * A record of the kind LOG_TOGETHER holds others, which are there all or not at all; its group is
 * how many. Each: length u32 (of the payload), group u32, kind u32, term u64, index u64, payload.
 *
 * Format 1 knew one group: there a record's index is its position, which its checksum leaves out.
 */
#pragma once

#include "base/cursor.h"
#include "io/io.h"
#include "lane/log.h"

enum {
    LOG_FORMAT = 2, /* what is written; 1 is read as well */
    LOG_HEADER_BYTES = 64,
    LOG_BATCH_BYTES = 56,
    LOG_RECORD_HEADER_BYTES = 32,
    LOG_PART_HEADER_BYTES = 28,
};
#define LOG_TOGETHER UINT32_MAX

struct log_header {
    uint32_t format;
    uint64_t sequence, salt;
    uint64_t first_position; /* of its first record */
    uint64_t bytes;          /* of the whole segment */
};

struct log_batch {
    uint32_t format;
    uint64_t sequence, salt;
    uint64_t first_position, records_count;
    uint64_t bytes;            /* of the records */
    uint64_t durable_position; /* when it was written, records up to here were on disk */
};

enum log_header_kind {
    LOG_HEADER_GOOD,
    LOG_HEADER_ZERO,  /* never used */
    LOG_HEADER_NEWER, /* whole, but of a format that we do not know; `*version` */
    LOG_HEADER_BAD
};

void log_header_write(uint8_t to[LOG_HEADER_BYTES], const struct log_header *header);
enum log_header_kind log_header_read(struct slice bytes, struct log_header *header,
                                     uint32_t *version);

void log_batch_write(uint8_t to[LOG_BATCH_BYTES], const struct log_batch *batch);
/* False: it is none, or damaged; `batch` then has what is there all the same. */
bool log_batch_read(struct slice bytes, struct log_batch *batch);

uint32_t log_salt_crc(uint64_t salt); /* with the position, what a record's checksum starts with */

/* The payload is behind the header already. */
void log_record_write(uint8_t to[LOG_RECORD_HEADER_BYTES], uint32_t salt_crc,
                      const struct log_record *record);
/* False: damaged, or of another position; `*rest` then stands where it stood. The payload borrows
 * from `rest`. */
bool log_record_read(struct slice *rest, uint32_t format, uint32_t salt_crc, uint64_t position,
                     struct log_record *record);

/* Of a record of the kind LOG_TOGETHER. The payload is behind the header already. */
void log_part_write(uint8_t to[LOG_PART_HEADER_BYTES], const struct log_record *part);
/* The next of its parts, with the position of the whole; false: it is damaged. */
bool log_part_read(struct cursor *cursor, uint64_t position, struct log_record *part);

static inline uint64_t log_padded(uint64_t bytes)
{
    return (bytes + IO_BLOCK_BYTES - 1) / IO_BLOCK_BYTES * IO_BLOCK_BYTES;
}
