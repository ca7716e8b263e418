/*
 * log_fuzz.c -- segments of any bytes; and good ones in which a byte was changed and the end cut
 * off: what is read then is a beginning of what was written. The first 8 bytes of the input say
 * which byte, how, and where to cut; the rest is cut into payloads.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "lane/log_segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SALT = 77, SEQUENCE = 3, SEGMENT_BLOCKS_MAX = 64 };

static const struct log_header header = {LOG_FORMAT, SEQUENCE, SALT, 1, 0};

struct seen {
    struct slice rest; /* of the input: payloads that are to come */
    uint64_t next_position;
};

static struct slice take_payload(struct slice *rest)
{
    size_t len = rest->len == 0 ? 0 : (size_t)rest->data[0] * 3;
    struct slice payload = slice_of(rest->data, len < rest->len ? len : rest->len);
    *rest = slice_from(*rest, payload.len == 0 && rest->len > 0 ? 1 : payload.len);
    return payload;
}

static enum err see(void *context, const struct log_record *record, struct fault *fault)
{
    (void)fault;
    struct seen *seen = context;
    ASSERT(record->position == seen->next_position++);
    ASSERT(slice_eq(record->payload, take_payload(&seen->rest)));
    return ERR_OK;
}

static enum err pass(void *context, const struct log_record *record, struct fault *fault)
{
    (void)context;
    return record->payload.len < 1 << 20 ? ERR_OK : fault_set(fault, ERR_LIMIT, "large");
}

static void read_all(struct slice bytes, log_visit visit, void *context)
{
    struct fault fault;
    struct log_segment segment = log_segment_of(bytes, &header, UINT64_MAX);
    enum err err = log_segment_read(&segment, 0, visit, context, &fault);
    ASSERT(err == ERR_OK || err == ERR_LIMIT);
    ASSERT(segment.offset >= IO_BLOCK_BYTES);
    struct log_tail tail = log_segment_tail(&segment, 0);
    ASSERT(!tail.damaged || tail.later_at < bytes.len);
    (void)log_segment_has_newer(bytes, 0);
}

static void any_bytes(struct slice bytes)
{
    struct log_header got;
    uint32_t version;
    (void)log_header_read(bytes, &got, &version);
    read_all(bytes, pass, NULL);
}

/* Batches of a few records each; the length. */
static size_t write_segment(struct slice payloads, uint8_t *to)
{
    size_t at = IO_BLOCK_BYTES;
    uint64_t position = 1;
    while (payloads.len > 0 && at / IO_BLOCK_BYTES < SEGMENT_BLOCKS_MAX - 8) {
        struct log_batch batch = {LOG_FORMAT, SEQUENCE, SALT, position, 0, 0, position - 1};
        uint8_t *record_at = to + at + LOG_BATCH_BYTES;
        for (int i = 0; i < 5 && payloads.len > 0; i++) {
            struct log_record record = {position++, 1, 1, 1, 1, take_payload(&payloads)};
            uint8_t *payload = record_at + LOG_RECORD_HEADER_BYTES;
            if (record.payload.len > 0) memcpy(payload, record.payload.data, record.payload.len);
            record.payload.data = payload;
            log_record_write(record_at, log_salt_crc(SALT), &record);
            record_at = payload + record.payload.len;
            batch.records_count++;
        }
        batch.bytes = (uint64_t)(record_at - to) - at - LOG_BATCH_BYTES;
        log_batch_write(to + at, &batch);
        at += log_padded(LOG_BATCH_BYTES + batch.bytes);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    any_bytes(slice_of(data, size));
    struct cursor cursor = cursor_of(slice_of(data, size));
    uint32_t flip_at = cursor_u32(&cursor), cut_at = cursor_u32(&cursor);
    if (cursor.bad) return 0;
    struct slice payloads = slice_of(cursor.at, cursor_left(&cursor));
    uint8_t *bytes = calloc(SEGMENT_BLOCKS_MAX, IO_BLOCK_BYTES);
    ASSERT(bytes != NULL);
    size_t len = write_segment(payloads, bytes);
    bytes[flip_at % len] ^= (uint8_t)(flip_at >> 24);
    struct seen seen = {payloads, 1};
    read_all(slice_of(bytes, cut_at % (len + 1)), see, &seen);
    free(bytes);
    return 0;
}
