/*
 * log.c -- see log.h.
 *
 * Invariants
 *   W1  at most LOG_WRITES_MAX writes at a time, of a batch each; batches follow each other in the
 *       order of their records. A segment's first is alone, and done before the next.
 *   W2  a batch is written to bytes that no batch of this use of the segment was written to.
 *   W3  `durable_position` grows only when a write and all before it are done; after a failed one
 * it never does.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/prng.h"
#include "lane/log_impl.h"

enum {
    RECORDS_AT = IO_BLOCK_BYTES + LOG_BATCH_BYTES, /* in the memory of a gather */
    GATHER_BYTES = 256 * 1024,                     /* of memory, at first */
};

enum err log_open(const struct log_config *config, struct io *io, uint64_t last_position,
                  struct log **opened, struct fault *fault)
{
    ASSERT(config->segment_bytes % IO_BLOCK_BYTES == 0);
    ASSERT(config->segment_bytes >= 2 * (uint64_t)IO_BLOCK_BYTES);
    struct log *log = calloc(1, sizeof *log);
    ASSERT(log != NULL);
    log->io = io;
    log->config = *config;
    log->last_position = log->durable_position = last_position;
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
    for (uint32_t i = 0; i < log->spares_count; i++) {
        io_block_memory_free(log->spares[i].memory, log->spares[i].capacity);
    }
    for (uint32_t i = 0; i < LOG_WRITES_MAX; i++) {
        struct log_gather *gather = &log->writes[i].gather;
        io_block_memory_free(gather->memory, gather->capacity);
    }
    free(log);
}

/* --- appending ------------------------------------------------------------------------------- */

static bool fits_current(const struct log *log, uint64_t segment_bytes)
{
    return segment_bytes - IO_BLOCK_BYTES <= log_batch_room(log);
}

enum log_room log_has_room(struct log *log, size_t pending_bytes, size_t payload_bytes)
{
    uint64_t record = LOG_RECORD_HEADER_BYTES + payload_bytes;
    uint64_t gathered = log->gathering.len + pending_bytes;
    if (log->has_failed) return LOG_ROOM_SOON;
    if (gathered > 0 && gathered + record > log->config.batch_bytes_max) return LOG_ROOM_SOON;
    uint64_t together = log_segment_bytes_for(gathered + record);
    if (fits_current(log, together) || log_find_free(log, together) != NULL) return LOG_ROOM;
    uint64_t alone = log_segment_bytes_for(record);
    if (log_find_free(log, alone) != NULL) return LOG_ROOM_SOON; /* what is gathered goes first */
    log_want_segment(log, alone);
    return log->making.disk_full ? LOG_ROOM_DISK_FULL : LOG_ROOM_SOON;
}

static void gather_grow(struct log_gather *gather, size_t used, size_t needed)
{
    size_t capacity = gather->capacity == 0 ? GATHER_BYTES : gather->capacity;
    while (capacity < needed) capacity *= 2;
    uint8_t *memory = io_block_memory(capacity);
    if (gather->memory != NULL) memcpy(memory, gather->memory, used);
    io_block_memory_free(gather->memory, gather->capacity);
    gather->memory = memory;
    gather->capacity = capacity;
}

/* Where the next `size` bytes go, `behind` those of the records; with room behind them for the
 * batch's padding. */
static uint8_t *gather_reserve(struct log_gather *gather, size_t behind, size_t size)
{
    size_t used = RECORDS_AT + gather->len + behind, needed = used + size + IO_BLOCK_BYTES;
    if (UNLIKELY(needed > gather->capacity)) gather_grow(gather, used, needed);
    return gather->memory + used;
}

static void payload_write(uint8_t *to, const struct slice *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].len > 0) memcpy(to, parts[i].data, parts[i].len);
        to += parts[i].len;
    }
}

/* The record whose payload is behind `record` is whole. */
static uint64_t count_record(struct log *log, uint8_t *record, const struct log_record *head)
{
    struct log_gather *gather = &log->gathering;
    struct log_record whole = *head;
    whole.position = ++log->last_position;
    log_record_write(record, log->salt_crc, &whole);
    if (gather->records_count == 0) gather->first_position = log->last_position;
    gather->records_count++;
    gather->len += LOG_RECORD_HEADER_BYTES + head->payload.len;
    return log->last_position;
}

static uint64_t append_part(struct log *log, const struct log_record *head,
                            const struct slice *parts, uint32_t count, size_t size)
{
    size_t bytes = LOG_PART_HEADER_BYTES + size;
    ASSERT(log->parts_len + bytes <= LOG_RECORD_BYTES_MAX);
    uint8_t *part =
        gather_reserve(&log->gathering, LOG_RECORD_HEADER_BYTES + log->parts_len, bytes);
    struct log_record written = *head;
    written.payload = slice_of(part + LOG_PART_HEADER_BYTES, size);
    payload_write(part + LOG_PART_HEADER_BYTES, parts, count);
    log_part_write(part, &written);
    log->parts_len += bytes;
    log->parts_count++;
    return log->last_position + 1;
}

void log_begin_together(struct log *log)
{
    ASSERT(!log->together);
    (void)gather_reserve(&log->gathering, 0, LOG_RECORD_HEADER_BYTES);
    log->together = true;
    log->parts_count = 0;
    log->parts_len = 0;
}

void log_end_together(struct log *log)
{
    ASSERT(log->together);
    log->together = false;
    if (log->parts_count == 0) return;
    uint8_t *record = log->gathering.memory + RECORDS_AT + log->gathering.len;
    (void)count_record(log, record,
                       &(struct log_record){
                           .group = log->parts_count,
                           .kind = LOG_TOGETHER,
                           .payload = slice_of(record + LOG_RECORD_HEADER_BYTES, log->parts_len)});
}

uint64_t log_append(struct log *log, const struct log_record *head, const struct slice *parts,
                    uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) size += parts[i].len;
    ASSERT(size <= LOG_RECORD_BYTES_MAX);
    if (UNLIKELY(log->together)) return append_part(log, head, parts, count, size);
    uint8_t *record = gather_reserve(&log->gathering, 0, LOG_RECORD_HEADER_BYTES + size);
    struct log_record whole = *head;
    whole.payload = slice_of(record + LOG_RECORD_HEADER_BYTES, size);
    payload_write(record + LOG_RECORD_HEADER_BYTES, parts, count);
    return count_record(log, record, &whole);
}

/* --- writing --------------------------------------------------------------------------------- */

/* Where the gathered batch goes; false: a segment for it is still to be made. */
static bool choose_segment(struct log *log)
{
    uint64_t bytes = log_segment_bytes_for(log->gathering.len);
    if (fits_current(log, bytes)) return true;
    if (log->writes_count > 0) return false; /* [W1] */
    struct log_file_state *next = log_find_free(log, bytes);
    if (next == NULL) {
        log_want_segment(log, bytes);
        return false;
    }
    log_switch_to(log, next, log->gathering.first_position);
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
    log_batch_write(batch, &(struct log_batch){LOG_FORMAT, log->last_sequence, log->salt,
                                               gather->first_position, gather->records_count,
                                               gather->len, log->durable_position});
    if (log->current_at > 0) return slice_of(batch, size);
    memset(gather->memory, 0, IO_BLOCK_BYTES);
    log_header_write(gather->memory,
                     &(struct log_header){LOG_FORMAT, log->last_sequence, log->salt,
                                          gather->first_position, log->current.bytes});
    return slice_of(gather->memory, IO_BLOCK_BYTES + size);
}

/* While a write is under way another is begun only when about as much waits as was written: many
 * clients then share two writes that overlap, and a few do not cost one each. */
static bool may_write(const struct log *log)
{
    if (log->gathering.records_count == 0 || log->writes_count == LOG_WRITES_MAX) return false;
    if (log->writes_count == 0) return true;
    const struct log_write *under_way = &log->writes[log->writes_first];
    if (log->gathering.records_count < under_way->gather.records_count) return false;
    bool same_segment = fits_current(log, log_segment_bytes_for(log->gathering.len));
    return same_segment && !under_way->starts_segment; /* [W1] */
}

static void spare_put(struct log *log, struct log_gather gather)
{
    ASSERT(log->spares_count < LOG_SPARES_MAX);
    log->spares[log->spares_count++] = gather;
}

static struct log_gather spare_take(struct log *log)
{
    if (log->spares_count == 0) return (struct log_gather){0};
    return log->spares[--log->spares_count];
}

void log_flush(struct log *log)
{
    ASSERT(!log->together);
    if (log->has_failed) return;
    log_keep_ready(log);
    if (!may_write(log) || !choose_segment(log)) return;
    struct slice bytes = finish_batch(log, &log->gathering);
    uint32_t place = (log->writes_first + log->writes_count++) % LOG_WRITES_MAX;
    log->writes[place] = (struct log_write){.gather = log->gathering,
                                            .under_way = true,
                                            .starts_segment = log->current_at == 0,
                                            .began = io_now(log->io)};
    log->gathering = spare_take(log);
    io_write(log->io, log->current.handle, log->current_at, bytes,
             (io_tag){log->config.tag.n + TAG_WRITE + place});
    log->current_at += bytes.len; /* [W2] */
}

/* Memory that a large record needed is given back. */
static void gather_recycle(struct log *log, struct log_gather *gather)
{
    gather->len = 0;
    gather->records_count = 0;
    if (gather->capacity > 2 * (log->config.batch_bytes_max + RECORDS_AT)) {
        io_block_memory_free(gather->memory, gather->capacity);
    } else {
        spare_put(log, *gather);
    }
    *gather = (struct log_gather){0};
}

static void written(struct log *log, struct log_write *write,
                    const struct io_completion *completion)
{
    ASSERT(write->under_way);
    write->under_way = false;
    if (completion->err != ERR_OK) {
        log_fail(log, completion->error_number, "write the log to", log->current.number);
        return;
    }
    write->done = true;
    struct log_stats *stats = &log->stats;
    stats->flushes++;
    stats->flushed_bytes += write->gather.len;
    stats->flushed_records += write->gather.records_count;
    stats->last_flush.ns = io_now(log->io).ns - write->began.ns;
    if (stats->last_flush.ns > stats->longest_flush.ns) stats->longest_flush = stats->last_flush;
    while (!log->has_failed && log->writes_count > 0 && log->writes[log->writes_first].done) {
        struct log_write *oldest = &log->writes[log->writes_first];
        log->durable_position =
            oldest->gather.first_position + oldest->gather.records_count - 1; /* [W3] */
        gather_recycle(log, &oldest->gather);
        oldest->done = false;
        log->writes_first = (log->writes_first + 1) % LOG_WRITES_MAX;
        log->writes_count--;
    }
}

void log_complete(struct log *log, const struct io_completion *completion)
{
    uint64_t which = completion->tag.n - log->config.tag.n;
    if (which < TAG_WRITE + LOG_WRITES_MAX) {
        written(log, &log->writes[which - TAG_WRITE], completion);
    } else {
        log_space_complete(log, completion);
    }
}

uint64_t log_last(const struct log *log)
{
    return log->last_position;
}

uint64_t log_durable(const struct log *log)
{
    return log->durable_position;
}

const struct fault *log_failed(const struct log *log)
{
    return log->has_failed ? &log->fault : NULL;
}

const struct log_stats *log_stats(const struct log *log)
{
    return &log->stats;
}
