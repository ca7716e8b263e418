/* summed_file_test.c -- every byte that flips is found and named; files of before are read. */
#include "io/summed_file.h"

#include <stdio.h>

#include "io/whole_file.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

enum { BYTES_MAX = 1000 };

static const char text[] = "format 3\nid 0123456789\nnode 7\n";

static enum err read_back(const char *path, struct buffer *read, struct fault *fault)
{
    buffer_clear(read);
    return summed_file_read(path, BYTES_MAX, read, fault);
}

Test(summed_file, is_read_as_it_was_written)
{
    struct arena *arena = arena_new();
    const char *path = arena_format(arena, "%s/file", fixture_folder(arena));
    struct buffer read = {0};
    struct fault fault = {0};
    cr_assert_eq(summed_file_replace(path, slice_text(text), &fault), ERR_OK);
    cr_assert_eq(read_back(path, &read, &fault), ERR_OK, "%s", fault.text);
    cr_expect(slice_eq(buffer_slice(&read), slice_text(text)));
    cr_assert_eq(summed_file_replace_private(path, SLICE(""), &fault), ERR_OK);
    cr_assert_eq(read_back(path, &read, &fault), ERR_OK, "%s", fault.text);
    cr_expect_eq(read.len, 0);
    buffer_free(&read);
    arena_free(arena);
}

Test(summed_file, of_an_older_version_is_read_as_it_is)
{
    struct arena *arena = arena_new();
    const char *path = arena_format(arena, "%s/file", fixture_folder(arena));
    struct buffer read = {0};
    struct fault fault = {0};
    cr_assert_eq(whole_file_replace(path, slice_text(text), &fault), ERR_OK);
    cr_assert_eq(read_back(path, &read, &fault), ERR_OK, "%s", fault.text);
    cr_expect(slice_eq(buffer_slice(&read), slice_text(text)));
    buffer_free(&read);
    arena_free(arena);
}

/* Also one of the line with the sum itself. */
Test(summed_file, names_the_byte_that_has_flipped)
{
    struct arena *arena = arena_new();
    const char *path = arena_format(arena, "%s/file", fixture_folder(arena));
    struct buffer whole = {0}, read = {0};
    struct fault fault = {0};
    cr_assert_eq(summed_file_replace(path, slice_text(text), &fault), ERR_OK);
    cr_assert_eq(whole_file_read(path, BYTES_MAX, &whole, &fault), ERR_OK);
    for (size_t i = 0; i < whole.len; i++) {
        for (uint32_t bits = 1; bits <= UINT8_MAX; bits += 21) {
            whole.data[i] ^= (uint8_t)bits;
            cr_assert_eq(whole_file_replace(path, buffer_slice(&whole), &fault), ERR_OK);
            cr_assert_eq(read_back(path, &read, &fault), ERR_CORRUPT, "byte %zu ^ %u", i, bits);
            const char *named = arena_format(arena, "%s is damaged: its byte %zu is not", path, i);
            bool of_text = i < sizeof text - 1;
            cr_expect(!of_text || strstr(fault.text, named) != NULL, "%zu: %s", i, fault.text);
            whole.data[i] ^= (uint8_t)bits;
        }
    }
    buffer_free(&whole);
    buffer_free(&read);
    arena_free(arena);
}

Test(summed_file, with_several_wrong_bytes_is_damaged)
{
    struct arena *arena = arena_new();
    const char *path = arena_format(arena, "%s/file", fixture_folder(arena));
    struct buffer whole = {0}, read = {0};
    struct fault fault = {0};
    cr_assert_eq(summed_file_replace(path, slice_text(text), &fault), ERR_OK);
    cr_assert_eq(whole_file_read(path, BYTES_MAX, &whole, &fault), ERR_OK);
    whole.data[3] ^= 0x10;
    whole.data[12] ^= 0x01;
    cr_assert_eq(whole_file_replace(path, buffer_slice(&whole), &fault), ERR_OK);
    cr_assert_eq(read_back(path, &read, &fault), ERR_CORRUPT);
    cr_expect(strstr(fault.text, "more than one") != NULL, "%s", fault.text);
    buffer_free(&whole);
    buffer_free(&read);
    arena_free(arena);
}
