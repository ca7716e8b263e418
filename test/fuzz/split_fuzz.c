/* split_fuzz.c -- a split's message of any bytes: refused, or the same after another trip. */
#include "work/read/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct fault fault;
    struct split split, again;
    if (split_decode(slice_of(data, size), arena, &split, &fault) == ERR_OK) {
        struct buffer message = {0}, label = {0};
        split_encode(&split, &message);
        enum err err = split_decode(buffer_slice(&message), arena, &again, &fault);
        ASSERT(err == ERR_OK);
        ASSERT(again.count == split.count);
        ASSERT(again.bytes == split.bytes);
        for (uint32_t i = 0; i < split.count; i++) {
            ASSERT(slice_eq(again.pieces[i].path, split.pieces[i].path));
            ASSERT(again.pieces[i].offset == split.pieces[i].offset);
        }
        split_label(&split, &label);
        buffer_free(&message);
        buffer_free(&label);
    }
    arena_free(arena);
    return 0;
}
