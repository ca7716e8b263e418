/* frames.c -- see frames.h. */
#include "work/child/frames.h"

void frame_put_record(struct buffer *out, struct slice record)
{
    uint8_t *start = buffer_reserve(out, VARINT_BYTES_MAX + record.len);
    uint8_t *at = varint_write(start, record.len);
    if (record.len > 0) memcpy(at, record.data, record.len);
    out->len += (size_t)(at - start) + record.len;
}

void frame_put_pair(struct buffer *out, struct slice key, struct slice value)
{
    frame_put_record(out, key);
    frame_put_record(out, value);
}

/* A length that is wholly there, or `*got` false. */
static MUST_USE enum err take_length(struct slice *rest, uint64_t *length, bool *got,
                                     struct fault *fault)
{
    *got = rest->len > 0;
    if (!*got) return ERR_OK;
    if (LIKELY(rest->data[0] < 0x80)) {
        *length = rest->data[0];
        *rest = slice_from(*rest, 1);
        return ERR_OK;
    }
    struct cursor cursor = cursor_of(*rest);
    *length = cursor_varint(&cursor);
    *got = !cursor.bad;
    if (cursor.bad && rest->len >= VARINT_BYTES_MAX) {
        return fault_set(fault, ERR_CORRUPT, "what the plug-in's host wrote is no frame");
    }
    if (*got) *rest = slice_of(cursor.at, cursor_left(&cursor));
    return ERR_OK;
}

enum err frame_take_record(struct slice *rest, uint64_t bytes_max, struct slice *record, bool *got,
                           struct fault *fault)
{
    struct slice after = *rest;
    uint64_t length = 0;
    enum err err = take_length(&after, &length, got, fault);
    if (err != ERR_OK || !*got) return err;
    if (length > bytes_max) {
        return fault_set(fault, ERR_TOO_LONG, "a record of %llu bytes is longer than %llu",
                         (unsigned long long)length, (unsigned long long)bytes_max);
    }
    *got = length <= after.len;
    if (!*got) return ERR_OK;
    *record = slice_of(after.data, length);
    *rest = slice_from(after, length);
    return ERR_OK;
}

enum err frame_take_pair(struct slice *rest, uint64_t bytes_max, struct slice *key,
                         struct slice *value, bool *got, struct fault *fault)
{
    struct slice after = *rest;
    enum err err = frame_take_record(&after, bytes_max, key, got, fault);
    if (err != ERR_OK || !*got) return err;
    err = frame_take_record(&after, bytes_max - key->len, value, got, fault);
    if (err == ERR_OK && *got) *rest = after;
    return err;
}
