/* split.c -- a split as bytes and as words. See plan.h. */
#include "base/cursor.h"
#include "work/read/plan.h"

enum { PIECE_WHOLE = 1, PIECE_LAST = 2, PIECE_BYTES_MIN = 5 };

void split_encode(const struct split *split, struct buffer *out)
{
    put_varint(out, split->count);
    for (uint32_t i = 0; i < split->count; i++) {
        const struct piece *piece = &split->pieces[i];
        put_sized(out, piece->path);
        put_varint(out, piece->offset);
        put_varint(out, piece->bytes);
        put_u8(out, (uint8_t)((piece->whole ? PIECE_WHOLE : 0) | (piece->last ? PIECE_LAST : 0)));
    }
}

static bool piece_decode(struct cursor *cursor, struct piece *piece)
{
    piece->path = cursor_sized(cursor);
    piece->offset = cursor_varint(cursor);
    piece->bytes = cursor_varint(cursor);
    uint8_t flags = cursor_u8(cursor);
    piece->whole = (flags & PIECE_WHOLE) != 0;
    piece->last = (flags & PIECE_LAST) != 0;
    if (cursor->bad || piece->path.len == 0) return false;
    if (memchr(piece->path.data, '\0', piece->path.len) != NULL) return false;
    bool flags_known = (flags & ~(PIECE_WHOLE | PIECE_LAST)) == 0;
    bool whole_is_whole = !piece->whole || (piece->offset == 0 && piece->last);
    return flags_known && whole_is_whole && piece->bytes <= UINT64_MAX / 2 &&
           piece->offset <= UINT64_MAX / 2;
}

enum err split_decode(struct slice bytes, struct arena *arena, struct split *split,
                      struct fault *fault)
{
    *split = (struct split){0};
    struct cursor cursor = cursor_of(bytes);
    uint64_t count = cursor_varint(&cursor);
    bool fine = !cursor.bad && count > 0 && count <= SPLIT_PIECES_MAX &&
                count <= cursor_left(&cursor) / PIECE_BYTES_MIN;
    struct piece *pieces = fine ? ARENA_ARRAY(arena, struct piece, count) : NULL;
    uint64_t total = 0;
    for (uint64_t i = 0; i < count && fine; i++) {
        fine = piece_decode(&cursor, &pieces[i]);
        if (fine) fine = !__builtin_add_overflow(total, pieces[i].bytes, &total);
    }
    if (!fine || cursor_left(&cursor) != 0) {
        return fault_set(fault, ERR_CORRUPT, "a message is damaged: it does not describe a split");
    }
    *split = (struct split){pieces, (uint32_t)count, total};
    return ERR_OK;
}

static size_t folder_len(struct slice path)
{
    const uint8_t *slash = path.len > 0 ? memrchr(path.data, '/', path.len) : NULL;
    return slash != NULL ? (size_t)(slash - path.data) + 1 : 0;
}

/* Length of the folder, with its slash, that all pieces lie in; 0: none. */
static size_t common_folder_len(const struct split *split)
{
    struct slice common = split->pieces[0].path;
    common.len = folder_len(common);
    for (uint32_t i = 1; i < split->count; i++) {
        while (common.len > 0 && !slice_starts_with(split->pieces[i].path, common)) {
            common.len = folder_len(slice_of(common.data, common.len - 1));
        }
    }
    return common.len;
}

void split_label(const struct split *split, struct buffer *out)
{
    ASSERT(split->count > 0);
    const struct piece *first = &split->pieces[0];
    if (split->count == 1) {
        if (slice_eq(first->path, SLICE("-"))) {
            buffer_append(out, SLICE("standard input"));
            return;
        }
        buffer_append(out, first->path);
        if (first->whole) return;
        buffer_append_format(out, ", bytes %llu to %llu", (unsigned long long)first->offset,
                             (unsigned long long)(first->offset + first->bytes));
        return;
    }
    size_t common_len = common_folder_len(split);
    buffer_append(out, slice_from(first->path, common_len));
    buffer_append_format(out, " and %u more file%s", split->count - 1,
                         split->count == 2 ? "" : "s");
    if (common_len == 0) return;
    buffer_append(out, SLICE(", from "));
    buffer_append(out, slice_of(first->path.data, common_len));
}
