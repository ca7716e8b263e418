/*
 * command.h -- "cmd:COMMAND" and "so:FILE" as a program to start, and how it wants its input.
 *
 *   cmd:COMMAND  `sh -c COMMAND`, on lines: records or `key TAB value` in, `key TAB value` out
 *   so:FILE      this program again, as the plug-in's host, on frames (frames.h)
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "core/mapreduce/job_spec.h"

enum child_stage { STAGE_MAP, STAGE_REDUCE };
enum child_framing { FRAMING_LINES, FRAMING_FRAMES };

struct child_command {
    const char *const *argv;
    enum child_framing framing;
};

/* Is it one of the two? */
bool command_is_child(struct slice text);

/* `host` is the program that knows `plugin-host`; NULL: the one that runs. ERR_USAGE: nothing after
 * the colon, or a NUL byte in it. */
MUST_USE enum err command_parse(struct arena *arena, struct slice text, enum child_stage stage,
                                const struct job_spec *spec, const char *host,
                                struct child_command *command, struct fault *fault);
