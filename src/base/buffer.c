/* buffer.c -- see buffer.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"

enum { BUFFER_CAPACITY_MIN = 256 };

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->data == NULL || buffer->capacity - buffer->len < more) {
        size_t capacity = u64_max(buffer->capacity + buffer->capacity / 2, buffer->len + more);
        capacity = u64_max(capacity, BUFFER_CAPACITY_MIN);
        uint8_t *data = realloc(buffer->data, capacity);
        ASSERT(data != NULL);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->len;
}

void buffer_append(struct buffer *buffer, struct slice bytes)
{
    if (bytes.len == 0) return;
    memcpy(buffer_reserve(buffer, bytes.len), bytes.data, bytes.len);
    buffer->len += bytes.len;
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    *buffer_reserve(buffer, 1) = byte;
    buffer->len++;
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(len >= 0);
    char *start = (char *)buffer_reserve(buffer, (size_t)len + 1);
    (void)vsnprintf(start, (size_t)len + 1, format, again);
    va_end(again);
    buffer->len += (size_t)len;
}

void buffer_consume(struct buffer *buffer, size_t count)
{
    ASSERT(count <= buffer->len);
    if (count == 0) return;
    memmove(buffer->data, buffer->data + count, buffer->len - count);
    buffer->len -= count;
}
