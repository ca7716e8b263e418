/*
 * buffer.h -- bytes that grow. Zeroed is empty and ready; free it when done.
 *
 * A buffer holds no bound of its own: whoever appends what a stranger sent checks a limit first.
 * Memory that the system refuses ends the process.
 */
#pragma once

#include "base/base.h"

struct buffer {
    uint8_t *data; /* owned; from malloc */
    size_t len;
    size_t capacity;
};

void buffer_free(struct buffer *buffer);

/* Make room for `more` bytes past `len`; returns where they start. `len` does not move. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, struct slice bytes);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF(2, 3);

/* Forget the first `count` bytes and move the rest to the front. */
void buffer_consume(struct buffer *buffer, size_t count);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return slice_of(buffer->data, buffer->len);
}

static inline void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
}
