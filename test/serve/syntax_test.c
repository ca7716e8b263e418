/* syntax_test.c -- the syntax column of commands.def as a tree; and every row of it can be read. */
#include "base/buffer.h"
#include "cmd/command.h"
#include "serve/syntax.h"
#include "test/rows.h"

/* As text again: v value, t token, o(…) one of, b(…) block; ? optional, * multiple, "W:" before. */
static void show(struct buffer *out, const struct syntax *syntax)
{
    static const char kinds[] = {
        [SYNTAX_VALUE] = 'v', [SYNTAX_TOKEN] = 't', [SYNTAX_ONE_OF] = 'o', [SYNTAX_BLOCK] = 'b'};
    bool inner = syntax->kind == SYNTAX_ONE_OF || syntax->kind == SYNTAX_BLOCK;
    if (syntax->token.len != 0) {
        buffer_append(out, syntax->token);
        buffer_append_byte(out, ':');
    }
    buffer_append_byte(out, (uint8_t)kinds[syntax->kind]);
    if (inner) buffer_append_byte(out, '(');
    for (uint32_t i = 0; i < syntax->count; i++) {
        if (i != 0) buffer_append_byte(out, ' ');
        show(out, &syntax->items[i]);
    }
    if (inner) buffer_append_byte(out, ')');
    if (syntax->optional) buffer_append_byte(out, '?');
    if (syntax->multiple) buffer_append_byte(out, '*');
}

static const struct syntax_row {
    const char *why, *text, *shown;
} rows[] = {
    {"nothing", "", "b()"},
    {"values", "key value", "b(v v)"},
    {"one or more", "key [key ...]", "b(v*)"},
    {"one or more of two", "key score member [score member ...]", "b(v b(v v)*)"},
    {"an optional one of tokens", "key [NX | XX]", "b(v o(NX:t XX:t)?)"},
    {"a token and its value", "[MATCH pattern] [COUNT count]", "b(MATCH:v? COUNT:v?)"},
    {"a token and two values", "[LIMIT offset count]", "b(LIMIT:b(v v)?)"},
    {"choices with values", "[EX seconds | PX milliseconds | KEEPTTL]",
     "b(o(EX:v PX:v KEEPTTL:t)?)"},
    {"one that must be", "key <LEFT | RIGHT>", "b(v o(LEFT:t RIGHT:t))"},
    {"choices within an option", "[BYLEX <MIN | MAX>]", "b(BYLEX:b(o(MIN:t MAX:t))?)"},
};

Test(syntax, is_a_tree)
{
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct buffer text = {0};
        struct syntax syntax = syntax_parse(arena, row->text);
        show(&text, &syntax);
        buffer_append_byte(&text, '\0');
        cr_expect_str_eq((const char *)text.data, row->shown, "%s", row->why);
        buffer_free(&text);
        arena_free(arena);
    }
}

/* A bracket that does not match would stop it. */
Test(syntax, reads_every_command)
{
    struct arena *arena = arena_new();
    const struct command_table *table = command_table_new(arena);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(table, id);
        struct syntax syntax = syntax_parse(arena, command->syntax);
        cr_expect_eq(syntax.count == 0, command->syntax[0] == '\0', "%s", command->name);
    }
    arena_free(arena);
}
