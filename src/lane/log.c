/*
 * log.c -- see log.h.
 *
 * Invariants
 *   W1  one write at a time, of one batch; batches follow each other in the order of their records.
 *   W2  a batch is written to bytes that no batch of this use of the segment was written to.
 *   W3  `durable_index` grows only when a write is done; after a failed one it never does.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/prng.h"
#include "lane/log_impl.h"

enum {
    RECORDS_AT = IO_BLOCK_BYTES + LOG_BATCH_BYTES, /* in the memory of a gather */
    GATHER_BYTES = 256 * 1024,                     /* of memory, at first */
};

enum err log_open(const struct log_config *config, struct io *io, uint64_t last_index,
                  struct log **opened, struct fault *fault)
{
    ASSERT(config->segment_bytes % IO_BLOCK_BYTES == 0);
    ASSERT(config->segment_bytes >= 2 * (uint64_t)IO_BLOCK_BYTES);
    struct log *log = calloc(1, sizeof *log);
    ASSERT(log != NULL);
    log->io = io;
    log->config = *config;
    log->last_index = log->durable_index = last_index;
    enum err err = log_space_open(log, fault);
    if (err != ERR_OK) {
        log_close(log);
        return err;
    }
    struct prng prng = {config->seed ^ (uint64_t)io_now(io).ns};
    log->salt = prng_next(&prng);
    log->salt_crc = log_salt_crc(log->salt);
    log_make_first(log);
    *opened = log;
    return ERR_OK;
}

void log_close(struct log *log)
{
    log_space_close(log);
    io_block_memory_free(log->gathering.memory, log->gathering.capacity);
    io_block_memory_free(log->flying.memory, log->flying.capacity);
    free(log);
}

/* --- appending ------------------------------------------------------------------------------- */

static bool fits_current(const struct log *log, uint64_t segment_bytes)
{
    return segment_bytes - IO_BLOCK_BYTES <= log_batch_room(log);
}

enum log_room log_has_room(struct log *log, size_t payload_bytes)
{
    uint64_t record = LOG_RECORD_HEADER_BYTES + payload_bytes, gathered = log->gathering.len;
    if (log->has_failed) return LOG_ROOM_SOON;
    if (gathered > 0 && gathered + record > log->config.batch_bytes_max) return LOG_ROOM_SOON;
    uint64_t together = log_segment_bytes_for(gathered + record);
    if (fits_current(log, together) || log_find_free(log, together) != NULL) return LOG_ROOM;
    uint64_t alone = log_segment_bytes_for(record);
    if (log_find_free(log, alone) != NULL) return LOG_ROOM_SOON; /* what is gathered goes first */
    log_want_segment(log, alone);
    return log->making.disk_full ? LOG_ROOM_DISK_FULL : LOG_ROOM_SOON;
}

static void gather_grow(struct log_gather *gather, size_t needed)
{
    size_t capacity = gather->capacity == 0 ? GATHER_BYTES : gather->capacity;
    while (capacity < needed) capacity *= 2;
    uint8_t *memory = io_block_memory(capacity);
    if (gather->memory != NULL) memcpy(memory, gather->memory, RECORDS_AT + gather->len);
    io_block_memory_free(gather->memory, gather->capacity);
    gather->memory = memory;
    gather->capacity = capacity;
}

/* Where the next record of `size` bytes goes; with room behind it for the batch's padding. */
static uint8_t *gather_reserve(struct log_gather *gather, size_t size)
{
    size_t needed = RECORDS_AT + gather->len + size + IO_BLOCK_BYTES;
    if (UNLIKELY(needed > gather->capacity)) gather_grow(gather, needed);
    return gather->memory + RECORDS_AT + gather->len;
}

uint64_t log_append(struct log *log, uint32_t group, uint32_t kind, uint64_t term,
                    const struct slice *parts, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) size += parts[i].len;
    ASSERT(size <= LOG_RECORD_BYTES_MAX);
    struct log_gather *gather = &log->gathering;
    uint8_t *record = gather_reserve(gather, LOG_RECORD_HEADER_BYTES + size);
    uint8_t *payload = record + LOG_RECORD_HEADER_BYTES, *to = payload;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].len > 0) memcpy(to, parts[i].data, parts[i].len);
        to += parts[i].len;
    }
    log->last_index++;
    log_record_write(
        record, log->salt_crc,
        &(struct log_record){group, kind, term, log->last_index, slice_of(payload, size)});
    if (gather->records_count == 0) gather->first_index = log->last_index;
    gather->records_count++;
    gather->len += LOG_RECORD_HEADER_BYTES + size;
    return log->last_index;
}

/* --- writing --------------------------------------------------------------------------------- */

/* Where the gathered batch goes; false: a segment for it is still to be made. */
static bool choose_segment(struct log *log)
{
    uint64_t bytes = log_segment_bytes_for(log->gathering.len);
    if (fits_current(log, bytes)) return true;
    struct log_file_state *next = log_find_free(log, bytes);
    if (next == NULL) {
        log_want_segment(log, bytes);
        return false;
    }
    log_switch_to(log, next, log->gathering.first_index);
    log->last_sequence++;
    return true;
}

/* Head and padding around the records; what is to be written, with the segment's own header when it
 * is the first. */
static struct slice finish_batch(struct log *log, struct log_gather *gather)
{
    uint64_t size = log_padded(LOG_BATCH_BYTES + gather->len);
    uint8_t *batch = gather->memory + IO_BLOCK_BYTES;
    memset(batch + LOG_BATCH_BYTES + gather->len, 0, size - LOG_BATCH_BYTES - gather->len);
    log_batch_write(batch, &(struct log_batch){log->last_sequence, log->salt, gather->first_index,
                                               gather->records_count, gather->len});
    if (log->current_at > 0) return slice_of(batch, size);
    memset(gather->memory, 0, IO_BLOCK_BYTES);
    log_header_write(gather->memory, &(struct log_header){log->last_sequence, log->salt,
                                                          gather->first_index, log->current.bytes});
    return slice_of(gather->memory, IO_BLOCK_BYTES + size);
}

void log_flush(struct log *log)
{
    if (log->has_failed) return;
    log_keep_ready(log);
    bool due = !log->writing && log->gathering.records_count > 0;
    if (!due || !choose_segment(log)) return;
    struct slice bytes = finish_batch(log, &log->gathering);
    struct log_gather written = log->gathering;
    log->gathering = log->flying; /* empty: [W1] */
    log->flying = written;
    log->writing = true;
    log->write_began = io_now(log->io);
    io_write(log->io, log->current.handle, log->current_at, bytes,
             (io_tag){log->config.tag.n + TAG_WRITE});
    log->current_at += bytes.len; /* [W2] */
}

/* Memory that a large record needed is given back. */
static void gather_clear(struct log *log, struct log_gather *gather)
{
    gather->len = 0;
    gather->records_count = 0;
    if (gather->capacity <= 2 * (log->config.batch_bytes_max + RECORDS_AT)) return;
    io_block_memory_free(gather->memory, gather->capacity);
    *gather = (struct log_gather){0};
}

static void written(struct log *log, const struct io_completion *completion)
{
    struct log_gather *gather = &log->flying;
    ASSERT(log->writing);
    log->writing = false;
    if (completion->err != ERR_OK) {
        log_fail(log, completion->error_number, "write the log to", log->current.number);
        return;
    }
    log->durable_index = gather->first_index + gather->records_count - 1; /* [W3] */
    struct log_stats *stats = &log->stats;
    stats->flushes++;
    stats->flushed_bytes += gather->len;
    stats->flushed_records += gather->records_count;
    stats->last_flush.ns = io_now(log->io).ns - log->write_began.ns;
    if (stats->last_flush.ns > stats->longest_flush.ns) stats->longest_flush = stats->last_flush;
    gather_clear(log, gather);
}

void log_complete(struct log *log, const struct io_completion *completion)
{
    if (completion->tag.n == log->config.tag.n + TAG_WRITE) {
        written(log, completion);
    } else {
        log_space_complete(log, completion);
    }
}

uint64_t log_last(const struct log *log)
{
    return log->last_index;
}

uint64_t log_durable(const struct log *log)
{
    return log->durable_index;
}

const struct fault *log_failed(const struct log *log)
{
    return log->has_failed ? &log->fault : NULL;
}

const struct log_stats *log_stats(const struct log *log)
{
    return &log->stats;
}
