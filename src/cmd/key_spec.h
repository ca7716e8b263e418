/* key_spec.h -- the keys column of commands.def, read: its grammar is at the head of that file. */
#pragma once

#include "cmd/command.h"

/* Returns how many there are. The text is part of the program: a wrong one asserts. */
uint32_t key_specs_parse(const char *text, struct key_spec specs[COMMAND_KEY_SPECS_MAX]);
