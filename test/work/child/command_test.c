/* command_test.c -- the text of an operator as a program to start. */
#include <criterion/criterion.h>

#include "test/rows.h"
#include "work/child/command.h"

/* clang-format off */
static const struct command_row {
    const char *why;
    const char *text;
    enum child_stage stage;
    enum err err;
    const char *want; /* argv, with spaces between */
} rows[] = {
    {"a command goes to the shell whole", "cmd:a 'b c'", STAGE_MAP, ERR_OK, "/bin/sh -c a 'b c'"},
    {"a plug-in has a host",              "so:/x/y.so", STAGE_MAP, ERR_OK,
     "host plugin-host map /x/y.so 200"},
    {"and one without a folder is here",  "so:y.so", STAGE_REDUCE, ERR_OK,
     "host plugin-host reduce ./y.so 200"},
    {"no command",                        "cmd:", STAGE_MAP, ERR_USAGE, ""},
    {"no file",                           "so:", STAGE_MAP, ERR_USAGE, ""},
};
/* clang-format on */

Test(command, rows)
{
    struct job_spec spec = {.record_bytes_max = 100};
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct child_command command = {0};
        struct fault fault;
        struct buffer joined = {0};
        ROW_EQ(row,
               command_parse(arena, slice_text(row->text), row->stage, &spec, "host", &command,
                             &fault),
               row->err);
        for (int i = 0; row->err == ERR_OK && command.argv[i] != NULL; i++) {
            buffer_append_format(&joined, "%s%s", i > 0 ? " " : "", command.argv[i]);
        }
        ROW_BYTES_EQ(row, buffer_slice(&joined), row->want);
        buffer_free(&joined);
        arena_free(arena);
    }
}

Test(command, is_told_from_an_operator)
{
    cr_expect(command_is_child(SLICE("cmd:x")));
    cr_expect(command_is_child(SLICE("so:x")));
    cr_expect_not(command_is_child(SLICE("sort")));
    cr_expect_not(command_is_child(SLICE("cmd")));
}
