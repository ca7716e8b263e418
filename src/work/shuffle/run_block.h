/* run_block.h -- the codec of a run's blocks. See run.h for the layout. */
#pragma once

#include "base/fault.h"

enum { RUN_HEAD_BYTES = 16, RUN_BLOCK_BYTES_MAX = 1 << 30 };

enum run_codec { RUN_CODEC_PLAIN, RUN_CODEC_LZ4 };

struct run_head {
    uint32_t records_bytes, stored_bytes, checksum;
    enum run_codec codec;
};

/* Write the head of a block whose stored bytes are at `stored`. */
void run_head_write(uint8_t *head, size_t records_bytes, struct slice stored, enum run_codec codec);

/* ERR_CORRUPT: not a head. `head` has RUN_HEAD_BYTES. */
MUST_USE enum err run_head_read(const uint8_t *head, struct run_head *out, struct fault *fault);

/* Check stored bytes against their head and give the records: `stored` itself, or `scratch`, which
 * has room for records_bytes. */
MUST_USE enum err run_block_open(const struct run_head *head, struct slice stored, uint8_t *scratch,
                                 struct slice *records, struct fault *fault);

static inline bool run_length_take(struct slice *bytes, uint32_t *length)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 5 && i < bytes->len; i++) {
        value |= (uint64_t)(bytes->data[i] & 0x7f) << 7 * i;
        if ((bytes->data[i] & 0x80) == 0) {
            *length = (uint32_t)value;
            *bytes = slice_of(bytes->data + i + 1, bytes->len - i - 1);
            return value <= UINT32_MAX;
        }
    }
    return false;
}

/* Take one record off the front of `*records`. False: what is there is not a record. */
static inline bool run_record_take(struct slice *records, struct slice *key, struct slice *value)
{
    uint32_t key_len, value_len;
    if (!run_length_take(records, &key_len) || !run_length_take(records, &value_len)) return false;
    if ((uint64_t)key_len + value_len > records->len) return false;
    *key = slice_of(records->data, key_len);
    *value = slice_of(records->data + key_len, value_len);
    records->data += (size_t)key_len + value_len;
    records->len -= (size_t)key_len + value_len;
    return true;
}
