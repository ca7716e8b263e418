/*
 * registry_fuzz.c -- what is said to be an event, a registry or a row of one: any bytes. What is
 * read as an event is written and read back the same, and stepped; what is read as a registry holds
 * all its invariants and is written back to the same meaning.
 */
#include "base/crc.h"
#include "core/registry/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_event(struct slice bytes)
{
    struct arena *arena = arena_new();
    struct registry_event event, again;
    struct buffer out = {0}, second = {0};
    if (registry_event_read(bytes, arena, &event)) {
        registry_event_write(&event, &out);
        ASSERT(registry_event_read(buffer_slice(&out), arena, &again));
        registry_event_write(&again, &second);
        ASSERT(slice_eq(buffer_slice(&out), buffer_slice(&second)));
        struct registry *registry = registry_new();
        registry_step(registry, &event);
        registry_check(registry);
        registry_free(registry);
    }
    buffer_free(&out);
    buffer_free(&second);
    arena_free(arena);
}

/* With a checksum that is right, so that what is behind it is reached. */
static void read_whole(struct slice bytes)
{
    struct buffer sealed = {0}, out = {0};
    struct registry *registry = registry_read(bytes);
    registry_free(registry);
    buffer_append(&sealed, bytes);
    put_u32(&sealed, crc32c(0, bytes));
    registry = registry_read(buffer_slice(&sealed));
    if (registry != NULL) {
        registry_check(registry);
        registry_write(registry, &out);
        struct registry *again = registry_read(buffer_slice(&out));
        ASSERT(again != NULL);
        registry_free(again);
    }
    registry_free(registry);
    buffer_free(&sealed);
    buffer_free(&out);
}

static void read_row(struct slice bytes)
{
    struct cursor in = cursor_of(bytes);
    struct registry *registry = registry_new();
    for (uint32_t i = 0; i < 64 && !in.bad && cursor_left(&in) > 0; i++) {
        struct slice name = cursor_sized(&in);
        struct slice value = cursor_sized(&in);
        if (in.bad || !registry_row_load(registry, name, value)) break;
    }
    if (registry_rows_end(registry)) registry_check(registry);
    registry_free(registry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    read_event(input);
    read_whole(input);
    read_row(input);
    return 0;
}
