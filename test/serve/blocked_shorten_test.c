/* blocked_shorten_test.c -- a call that waits for keys goes on elsewhere for what is left of its
 * time: never for ever, and never longer. */
#include "base/arena.h"
#include "serve/blocked.h"
#include "test/rows.h"

enum { WORDS_MAX = 8 };

Test(blocked_shorten, rows)
{
    static const struct {
        const char *why, *words[WORDS_MAX];
        int64_t passed_ms;
        uint32_t index; /* of the timeout */
        const char *want;
    } rows[] = {
        {"the last word is the timeout", {"BLPOP", "a", "5"}, 1500, 2, "3.500"},
        {"of many keys too", {"BRPOP", "a", "b", "c", "2.25"}, 250, 4, "2.000"},
        {"BLMOVE's is behind its directions",
         {"BLMOVE", "a", "b", "LEFT", "LEFT", "1"},
         999,
         5,
         "0.001"},
        {"BLMPOP's comes first", {"BLMPOP", "9", "1", "a", "LEFT"}, 4000, 1, "5.000"},
        {"and BZMPOP's", {"BZMPOP", "9", "1", "a", "MIN"}, 1, 1, "8.999"},
        {"for ever stays for ever", {"BLPOP", "a", "0"}, 5000, 2, "0"},
        {"a time that is over ends at once, and not never", {"BLPOP", "a", "1"}, 7000, 2, "0.001"},
        {"what is no number is refused there", {"BLPOP", "a", "soon"}, 10, 2, "soon"},
        {"nothing has passed", {"BZPOPMIN", "a", "3"}, 0, 2, "3.000"},
    };
    struct arena *arena = arena_new();
    const struct command_table *table = command_table_new(arena);
    FOR_ROWS (row, rows) {
        struct slice argv[WORDS_MAX];
        uint32_t argc = 0;
        char text[BLOCKED_TIMEOUT_TEXT];
        for (; argc < WORDS_MAX && row->words[argc] != NULL; argc++)
            argv[argc] = slice_text(row->words[argc]);
        const struct command *command = command_find(table, argv, argc, NULL);
        cr_assert_not_null(command, "%s", row->why);
        blocked_shorten(command, argv, argc, (duration){row->passed_ms * 1000000}, text);
        ROW_BYTES_EQ(row, argv[row->index], row->want);
        for (uint32_t i = 0; i < argc; i++)
            if (i != row->index) ROW_BYTES_EQ(row, argv[i], row->words[i]);
    }
    arena_free(arena);
}
