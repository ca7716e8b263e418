/* log_format.c -- see log_format.h. */
#include "lane/log_format.h"

#include "base/crc.h"
#include "base/cursor.h"

enum {
    BATCH_MAGIC = 0x00424c54, /* "TLB", and then the format's digit */
    HEADER_CRC_FROM = 16,
    BATCH_CRC_FROM = 8
};

static uint32_t batch_magic(uint32_t format)
{
    return BATCH_MAGIC | ('0' + format) << 24;
}

static const char header_magic[8] = {'T', 'U', 'T', 'T', 'I', 'L', 'O', 'G'};

/* Of the version too: it stands before the checksum in every format. */
static uint32_t header_crc(const uint8_t *header)
{
    uint32_t crc = crc32c(0, slice_of(header, 12));
    return crc32c(crc, slice_of(header + HEADER_CRC_FROM, LOG_HEADER_BYTES - HEADER_CRC_FROM));
}

void log_header_write(uint8_t to[LOG_HEADER_BYTES], const struct log_header *header)
{
    memset(to, 0, LOG_HEADER_BYTES);
    memcpy(to, header_magic, sizeof header_magic);
    (void)u32_write(to + 8, header->format);
    uint8_t *at = u64_write(to + HEADER_CRC_FROM, header->sequence);
    at = u64_write(at, header->salt);
    at = u64_write(at, header->first_position);
    (void)u64_write(at, header->bytes);
    (void)u32_write(to + 12, header_crc(to));
}

static bool is_zero(struct slice bytes)
{
    return bytes.data[0] == 0 && memcmp(bytes.data, bytes.data + 1, bytes.len - 1) == 0;
}

enum log_header_kind log_header_read(struct slice bytes, struct log_header *header,
                                     uint32_t *version)
{
    if (bytes.len < LOG_HEADER_BYTES) return LOG_HEADER_BAD;
    if (is_zero(slice_of(bytes.data, LOG_HEADER_BYTES))) return LOG_HEADER_ZERO;
    if (memcmp(bytes.data, header_magic, sizeof header_magic) != 0) return LOG_HEADER_BAD;
    struct cursor cursor = cursor_of(slice_of(bytes.data + 8, LOG_HEADER_BYTES - 8));
    *version = cursor_u32(&cursor);
    if (cursor_u32(&cursor) != header_crc(bytes.data)) return LOG_HEADER_BAD;
    if (*version > LOG_FORMAT) return LOG_HEADER_NEWER;
    header->format = *version;
    header->sequence = cursor_u64(&cursor);
    header->salt = cursor_u64(&cursor);
    header->first_position = cursor_u64(&cursor);
    header->bytes = cursor_u64(&cursor);
    return header->format > 0 && header->first_position > 0 ? LOG_HEADER_GOOD : LOG_HEADER_BAD;
}

static uint32_t batch_crc(const uint8_t *batch)
{
    return crc32c(0, slice_of(batch + BATCH_CRC_FROM, LOG_BATCH_BYTES - BATCH_CRC_FROM));
}

void log_batch_write(uint8_t to[LOG_BATCH_BYTES], const struct log_batch *batch)
{
    (void)u32_write(to, batch_magic(batch->format));
    uint8_t *at = u64_write(to + BATCH_CRC_FROM, batch->sequence);
    at = u64_write(at, batch->salt);
    at = u64_write(at, batch->first_position);
    at = u64_write(at, batch->records_count);
    at = u64_write(at, batch->bytes);
    (void)u64_write(at, batch->durable_position);
    (void)u32_write(to + 4, batch_crc(to));
}

bool log_batch_read(struct slice bytes, struct log_batch *batch)
{
    struct cursor cursor = cursor_of(bytes);
    uint32_t magic = cursor_u32(&cursor), crc = cursor_u32(&cursor);
    batch->format = magic == batch_magic(1) ? 1 : LOG_FORMAT;
    batch->sequence = cursor_u64(&cursor);
    batch->salt = cursor_u64(&cursor);
    batch->first_position = cursor_u64(&cursor);
    batch->records_count = cursor_u64(&cursor);
    batch->bytes = cursor_u64(&cursor);
    batch->durable_position = cursor_u64(&cursor);
    return !cursor.bad && magic == batch_magic(batch->format) && crc == batch_crc(bytes.data);
}

uint32_t log_salt_crc(uint64_t salt)
{
    uint8_t bytes[8];
    (void)u64_write(bytes, salt);
    return crc32c(0, slice_of(bytes, sizeof bytes));
}

/* Another start gives another checksum for certain. */
static uint32_t start_crc(uint32_t salt_crc, uint64_t position)
{
    return salt_crc ^ (uint32_t)position;
}

static uint32_t record_crc(const uint8_t *record, size_t payload_bytes, uint32_t start)
{
    uint32_t crc = crc32c(start, slice_of(record, 4));
    return crc32c(crc, slice_of(record + 8, LOG_RECORD_HEADER_BYTES - 8 + payload_bytes));
}

void log_record_write(uint8_t to[LOG_RECORD_HEADER_BYTES], uint32_t salt_crc,
                      const struct log_record *record)
{
    (void)u32_write(to, (uint32_t)record->payload.len);
    uint8_t *at = u32_write(to + 8, record->group);
    at = u32_write(at, record->kind);
    at = u64_write(at, record->term);
    (void)u64_write(at, record->index);
    (void)u32_write(to + 4,
                    record_crc(to, record->payload.len, start_crc(salt_crc, record->position)));
}

bool log_record_read(struct slice *rest, uint32_t format, uint32_t salt_crc, uint64_t position,
                     struct log_record *record)
{
    uint32_t start = format == 1 ? salt_crc : start_crc(salt_crc, position);
    struct cursor cursor = cursor_of(*rest);
    uint32_t length = cursor_u32(&cursor), crc = cursor_u32(&cursor);
    record->position = position;
    record->group = cursor_u32(&cursor);
    record->kind = cursor_u32(&cursor);
    record->term = cursor_u64(&cursor);
    record->index = cursor_u64(&cursor);
    record->payload = cursor_bytes(&cursor, length);
    if (cursor.bad || crc != record_crc(rest->data, length, start)) return false;
    if (format == 1 && record->index != position) return false;
    *rest = slice_of(cursor.at, cursor_left(&cursor));
    return true;
}

void log_part_write(uint8_t to[LOG_PART_HEADER_BYTES], const struct log_record *part)
{
    uint8_t *at = u32_write(to, (uint32_t)part->payload.len);
    at = u32_write(at, part->group);
    at = u32_write(at, part->kind);
    at = u64_write(at, part->term);
    (void)u64_write(at, part->index);
}

bool log_part_read(struct cursor *cursor, uint64_t position, struct log_record *part)
{
    uint32_t length = cursor_u32(cursor);
    part->position = position;
    part->group = cursor_u32(cursor);
    part->kind = cursor_u32(cursor);
    part->term = cursor_u64(cursor);
    part->index = cursor_u64(cursor);
    part->payload = cursor_bytes(cursor, length);
    return !cursor->bad && part->kind != LOG_TOGETHER;
}
