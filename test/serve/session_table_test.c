/* session_table_test.c -- whatever a client may say about sessions is answered by somebody. */
#include <criterion/criterion.h>

#include "base/arena.h"
#include "serve/session.h"

Test(session_table, every_session_command_has_a_handler)
{
    struct arena *arena = arena_new();
    const struct command_table *table = command_table_new(arena);
    for (uint32_t id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(table, (enum command_id)id);
        /* A container without a subcommand is refused for its number of arguments, -2. */
        bool never = (command->flags & COMMAND_CONTAINER) && command->arity == -2;
        if (command->handler != NULL || never) continue;
        cr_expect(session_handler_of((enum command_id)id) != NULL, "%s has none", command->name);
    }
    arena_free(arena);
}
