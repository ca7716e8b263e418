/* whole_file_test.c -- small files are read up to a limit, and replaced whole or not at all. */
#include <unistd.h>

#include "io/file.h"
#include "io/whole_file.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

Test(whole_file, is_replaced_and_read)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *path = arena_format(arena, "%s/settings", folder);
    const char *aside = arena_format(arena, "%s.partial", path);
    struct buffer text = {0};
    struct fault fault;
    cr_expect_eq(whole_file_read(path, 9, &text, &fault), ERR_NOT_FOUND);
    cr_expect_eq(whole_file_replace(path, SLICE("first"), &fault), ERR_OK);
    (void)fixture_file(arena, folder, "settings.partial", SLICE("cut off"));
    cr_expect_eq(whole_file_replace(path, SLICE("second"), &fault), ERR_OK);
    cr_expect_not(path_exists(aside));
    buffer_append(&text, SLICE("> "));
    cr_expect_eq(whole_file_read(path, 6, &text, &fault), ERR_OK, "all of the limit");
    cr_expect(slice_eq(buffer_slice(&text), SLICE("> second")));
    cr_expect_eq(whole_file_read(path, 5, &text, &fault), ERR_LIMIT, "one byte more than it");
    cr_expect_not_null(strstr(fault.text, path));
    file_remove(path);
    cr_expect_eq(rmdir(folder), 0);
    buffer_free(&text);
    arena_free(arena);
}

Test(whole_file, says_where_it_cannot_be_written)
{
    struct fault fault;
    enum err err = whole_file_replace("/nowhere/settings", SLICE("text"), &fault);
    cr_expect_eq(err, ERR_NOT_FOUND);
    cr_expect_not_null(strstr(fault.text, "/nowhere/settings"));
}
