/* help_rows.c -- see help_rows.h. */
#include "cli/help_rows.h"

const struct help_row help_commands[HELP_COMMANDS_COUNT] = {
#define COMMAND(name, arguments, help) {#name, arguments, help},
#include "cli/command.def"
#undef COMMAND
};

const struct help_row help_maps[HELP_MAPS_COUNT] = {
#define MAP_NATIVE(name, argument, help) {#name, argument, help},
#define MAP_CHILD(name, argument, help)  {#name, argument, help},
#include "work/map/map.def"
#undef MAP_NATIVE
#undef MAP_CHILD
};

const struct help_row help_reduces[HELP_REDUCES_COUNT] = {
#define REDUCE_NATIVE(name, kind, combines, argument, help) {#name, argument, help},
#define REDUCE_OTHER(name, kind, argument, help)            {#name, argument, help},
#include "work/reduce/reduce.def"
#undef REDUCE_NATIVE
#undef REDUCE_OTHER
};

const struct help_row help_examples[] = {
#define EXAMPLE(help, command) {"", command, help},
#include "cli/example.def"
#undef EXAMPLE
};
const size_t help_examples_count = COUNT_OF(help_examples);

const struct exit_row help_exits[] = {
#define EXIT(name, status, help) {status, help},
#include "cli/exit.def"
#undef EXIT
};
const size_t help_exits_count = COUNT_OF(help_exits);
