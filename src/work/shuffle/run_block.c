/* run_block.c -- see run_block.h. */
#include <lz4.h>
#include <xxhash.h>

#include "base/cursor.h"
#include "work/shuffle/run_block.h"

static void write_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t checksum_of(struct slice stored)
{
    return (uint32_t)XXH3_64bits(stored.data, stored.len);
}

void run_head_write(uint8_t *head, size_t records_bytes, struct slice stored, enum run_codec codec)
{
    ASSERT(records_bytes <= RUN_BLOCK_BYTES_MAX);
    write_u32(head, (uint32_t)records_bytes);
    write_u32(head + 4, (uint32_t)stored.len);
    write_u32(head + 8, checksum_of(stored));
    write_u32(head + 12, codec);
}

enum err run_head_read(const uint8_t *head, struct run_head *out, struct fault *fault)
{
    struct cursor cursor = cursor_of(slice_of(head, RUN_HEAD_BYTES));
    out->records_bytes = cursor_u32(&cursor);
    out->stored_bytes = cursor_u32(&cursor);
    out->checksum = cursor_u32(&cursor);
    uint32_t codec = cursor_u32(&cursor);
    out->codec = codec == RUN_CODEC_LZ4 ? RUN_CODEC_LZ4 : RUN_CODEC_PLAIN;
    bool sound = codec <= RUN_CODEC_LZ4 && out->records_bytes <= RUN_BLOCK_BYTES_MAX &&
                 out->stored_bytes <= out->records_bytes &&
                 (codec == RUN_CODEC_LZ4 || out->stored_bytes == out->records_bytes);
    return sound ? ERR_OK : fault_set(fault, ERR_CORRUPT, "the head of a block is damaged");
}

enum err run_block_open(const struct run_head *head, struct slice stored, uint8_t *scratch,
                        struct slice *records, struct fault *fault)
{
    *records = (struct slice){0};
    if (stored.len != head->stored_bytes || checksum_of(stored) != head->checksum) {
        return fault_set(fault, ERR_CORRUPT, "the checksum of a block is wrong");
    }
    if (head->codec == RUN_CODEC_PLAIN) {
        *records = stored;
        return ERR_OK;
    }
    int len = LZ4_decompress_safe((const char *)stored.data, (char *)scratch, (int)stored.len,
                                  (int)head->records_bytes);
    if (len < 0 || (uint32_t)len != head->records_bytes) {
        return fault_set(fault, ERR_CORRUPT, "a compressed block is damaged");
    }
    *records = slice_of(scratch, head->records_bytes);
    return ERR_OK;
}
