/*
 * start_options.h -- the command line of `tutti start`, its configuration file and the environment,
 * as settings.
 *
 * `--name value` and `--name=value` for every setting, by its name, alias or option; `--config
 * FILE`, or TUTTI_CONFIG. An option wins over the environment, that over the file.
 */
#pragma once

#include "base/arena.h"
#include "serve/config.h"

struct start_options {
    struct config config; /* config_free it */
    const char *config_path;
    bool help; /* asked for: nothing else is read */
};

/* A wrong word is ERR_USAGE. A file that cannot be read is its own error. */
MUST_USE enum err start_options_read(struct arena *arena, int argc, char **argv,
                                     struct start_options *options, struct fault *fault);
