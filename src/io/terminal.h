/* terminal.h -- is a person looking, and how wide is the window. */
#pragma once

#include "base/base.h"

enum { TERMINAL_WIDTH_DEFAULT = 80, TERMINAL_HEIGHT_DEFAULT = 24 };

bool terminal_is(int fd);
uint32_t terminal_width(int fd);  /* columns; TERMINAL_WIDTH_DEFAULT where it cannot be told */
uint32_t terminal_height(int fd); /* lines; TERMINAL_HEIGHT_DEFAULT where it cannot be told */
