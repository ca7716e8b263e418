/*
 * tame.h -- a stranger's bytes on a person's terminal, which obeys some of them: control characters
 * become question marks.
 */
#pragma once

#include "base/buffer.h"

void tame_append(struct buffer *out, struct slice text);
void tame_lines_append(struct buffer *out, struct slice text); /* line ends and TABs stay */
