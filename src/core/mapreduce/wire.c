/* wire.c -- see wire.h. */
#include "core/mapreduce/wire.h"

enum {
    ERRORS = 0
#define ERROR(name, text) +1
#include "base/error.def"
#undef ERROR
};

uint64_t wire_number(struct cursor *cursor, uint64_t max)
{
    uint64_t value = cursor_varint(cursor);
    if (value <= max) return value;
    cursor->bad = true;
    return 0;
}

uint32_t wire_u32(struct cursor *cursor)
{
    return (uint32_t)wire_number(cursor, UINT32_MAX);
}

bool wire_bool(struct cursor *cursor)
{
    return wire_number(cursor, 1) == 1;
}

enum err wire_err(struct cursor *cursor)
{
    return (enum err)wire_number(cursor, ERRORS - 1);
}

struct slice wire_text(struct cursor *cursor, size_t max)
{
    return cursor_bytes(cursor, wire_number(cursor, max));
}

uint32_t wire_count(struct cursor *cursor, uint32_t max, size_t element_bytes_min)
{
    size_t room = cursor_left(cursor) / element_bytes_min;
    return (uint32_t)wire_number(cursor, u64_min(max, room));
}

enum err wire_end(const struct cursor *cursor, struct slice bytes, const char *what,
                  struct fault *fault)
{
    if (!cursor->bad && cursor_left(cursor) == 0) return ERR_OK;
    size_t at = bytes.len - cursor_left(cursor);
    return fault_set(fault, ERR_CORRUPT, "%zu bytes are not %s: they stop making sense at byte %zu",
                     bytes.len, what, at);
}

void wire_put_text(struct buffer *out, struct slice text, size_t max)
{
    put_sized(out, slice_of(text.data, u64_min(text.len, max)));
}
