/* exit.h -- the exit statuses of `tutti`, from exit.def. */
#pragma once

enum exit_status {
#define EXIT(name, status, help) EXIT_##name = (status),
#include "cli/exit.def"
#undef EXIT
};
