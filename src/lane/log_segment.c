/* log_segment.c -- see log_segment.h. */
#include "lane/log_segment.h"

struct log_segment log_segment_of(struct slice bytes, const struct log_header *header,
                                  uint64_t stop_position)
{
    return (struct log_segment){
        .bytes = bytes,
        .header = *header,
        .stop_position = stop_position,
        .next_position = header->first_position,
        .batch_at = IO_BLOCK_BYTES,
        .offset = IO_BLOCK_BYTES,
    };
}

/* A good batch of this segment at `at`. */
static bool batch_at(const struct log_segment *segment, uint64_t at, struct log_batch *batch)
{
    if (at >= segment->bytes.len) return false;
    if (!log_batch_read(slice_from(segment->bytes, at), batch)) return false;
    return batch->format == segment->header.format && batch->sequence == segment->header.sequence &&
           batch->salt == segment->header.salt;
}

/* Show a record, or what it unfolds into. */
static enum err show(struct log_segment *segment, const struct log_record *record, log_visit visit,
                     void *context, struct fault *fault)
{
    struct cursor cursor = cursor_of(record->payload);
    enum err err = ERR_OK;
    if (record->kind != LOG_TOGETHER) {
        segment->last_term = u64_max(segment->last_term, record->term);
        return visit == NULL ? ERR_OK : visit(context, record, fault);
    }
    for (uint32_t i = 0; err == ERR_OK && i < record->group; i++) {
        struct log_record part;
        if (!log_part_read(&cursor, record->position, &part)) {
            return fault_set(fault, ERR_CORRUPT, "log record %llu: its parts cannot be read",
                             (unsigned long long)record->position);
        }
        segment->last_term = u64_max(segment->last_term, part.term);
        if (visit != NULL) err = visit(context, &part, fault);
    }
    return err;
}

/* False in `*whole`: it ended at a record that is not good. */
static enum err read_batch(struct log_segment *segment, struct slice rest, uint64_t count,
                           uint64_t after, log_visit visit, void *context, bool *whole,
                           struct fault *fault)
{
    uint32_t salt_crc = log_salt_crc(segment->header.salt);
    struct log_record record;
    *whole = false;
    for (uint64_t i = 0; i < count; i++) {
        if (segment->next_position >= segment->stop_position) return ERR_OK;
        if (!log_record_read(&rest, segment->header.format, salt_crc, segment->next_position,
                             &record)) {
            return ERR_OK;
        }
        segment->next_position++;
        segment->offset = (uint64_t)(rest.data - segment->bytes.data);
        bool wanted = record.position > after;
        segment->records_count += wanted;
        enum err err = show(segment, &record, wanted ? visit : NULL, context, fault);
        if (err != ERR_OK) return err;
    }
    *whole = rest.len == 0;
    return ERR_OK;
}

enum err log_segment_read(struct log_segment *segment, uint64_t after, log_visit visit,
                          void *context, struct fault *fault)
{
    struct log_batch batch;
    bool whole = true;
    enum err err = ERR_OK;
    while (err == ERR_OK && whole && segment->next_position < segment->stop_position) {
        uint64_t at = segment->batch_at;
        if (!batch_at(segment, at, &batch) || batch.first_position != segment->next_position) break;
        struct slice records = slice_from(segment->bytes, at + LOG_BATCH_BYTES);
        bool cut = batch.bytes > records.len;
        if (!cut) records.len = batch.bytes;
        segment->offset = at + LOG_BATCH_BYTES;
        err =
            read_batch(segment, records, batch.records_count, after, visit, context, &whole, fault);
        if (cut || !whole) break;
        segment->batch_at = at + log_padded(LOG_BATCH_BYTES + batch.bytes);
        segment->offset = segment->batch_at;
    }
    return err;
}

/* Of the records that stand behind a batch header that cannot be read. */
static uint64_t headless_bytes(const struct log_segment *segment)
{
    uint64_t at = segment->batch_at + LOG_BATCH_BYTES, next = segment->next_position;
    if (at >= segment->bytes.len) return 0;
    struct slice rest = slice_from(segment->bytes, at);
    uint32_t salt_crc = log_salt_crc(segment->header.salt);
    struct log_record record;
    while (log_record_read(&rest, segment->header.format, salt_crc, next, &record)) next++;
    if (next == segment->next_position) return 0;
    return (uint64_t)(rest.data - segment->bytes.data) - segment->batch_at;
}

static uint64_t torn_bytes(const struct log_segment *segment)
{
    struct log_batch batch;
    if (!batch_at(segment, segment->batch_at, &batch)) return headless_bytes(segment);
    uint64_t left = segment->bytes.len - segment->offset;
    uint64_t read = segment->offset - segment->batch_at;
    uint64_t size = LOG_BATCH_BYTES + batch.bytes;
    uint64_t torn = size > read ? u64_min(size - read, left) : 0;
    return u64_max(torn, 1); /* cut off at its very end: it was there all the same */
}

/* Is the batch at `at` proof that records were lost? Two batches may have been on their way to the
 * disk at once, and the later alone have arrived; but each says what was durable before it. */
static bool is_later(const struct log_segment *segment, uint64_t at, uint64_t after)
{
    struct log_batch batch;
    if (!batch_at(segment, at, &batch)) return false;
    if (batch.first_position + batch.records_count <= after + 1) return false;
    return batch.durable_position >= segment->next_position;
}

struct log_tail log_segment_tail(const struct log_segment *segment, uint64_t after)
{
    for (uint64_t at = segment->batch_at; at < segment->bytes.len; at += IO_BLOCK_BYTES) {
        if (is_later(segment, at, after)) return (struct log_tail){.damaged = true, .later_at = at};
    }
    return (struct log_tail){.torn_bytes = torn_bytes(segment)};
}

bool log_segment_has_newer(struct slice bytes, uint64_t after)
{
    struct log_batch batch;
    for (uint64_t at = 0; at < bytes.len; at += IO_BLOCK_BYTES) {
        if (!log_batch_read(slice_from(bytes, at), &batch)) continue;
        if (batch.first_position + batch.records_count > after + 1) return true;
    }
    return false;
}
