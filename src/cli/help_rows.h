/* help_rows.h -- the rows that help, man page and completion show, besides the options. */
#pragma once

#include "base/base.h"

struct help_row {
    const char *name;
    const char *word; /* what follows the name; "": nothing */
    const char *help;
};

enum {
#define COMMAND(name, arguments, help) HELP_COMMAND_##name,
#include "cli/command.def"
#undef COMMAND
    HELP_COMMANDS_COUNT
};

enum {
#define MAP_NATIVE(name, ...) HELP_MAP_##name,
#define MAP_CHILD(name, ...)  HELP_MAP_##name,
#include "work/map/map.def"
#undef MAP_NATIVE
#undef MAP_CHILD
    HELP_MAPS_COUNT
};

enum {
#define REDUCE_NATIVE(name, ...) HELP_REDUCE_##name,
#define REDUCE_OTHER(name, ...)  HELP_REDUCE_##name,
#include "work/reduce/reduce.def"
#undef REDUCE_NATIVE
#undef REDUCE_OTHER
    HELP_REDUCES_COUNT
};

struct exit_row {
    int status;
    const char *help;
};

extern const struct help_row help_commands[HELP_COMMANDS_COUNT];
extern const struct help_row help_maps[HELP_MAPS_COUNT];
extern const struct help_row help_reduces[HELP_REDUCES_COUNT];
extern const struct help_row help_examples[]; /* `word` is the command */
extern const size_t help_examples_count;
extern const struct exit_row help_exits[];
extern const size_t help_exits_count;
