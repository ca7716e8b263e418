/* cluster_options.h -- the words behind a subcommand of cluster.def. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "cli/cluster.h"
#include "io/io.h"

struct cluster_options {
    enum cluster_verb verb;
    const char *host, *user, *password, *data; /* password NULL: none */
    uint16_t port;
    bool json, watch, dry_run, pause, force, yes, slots, shards, keys, large, help;
    uint32_t count;   /* rows of a list */
    const char *word; /* the one that is no option: KEY, NODE; NULL: none */
    uint32_t node;    /* --node; 0: that which answers; of top, all */
};

/* Does it ask a node that runs, or look at a folder of this machine? */
bool cluster_verb_is_online(enum cluster_verb verb);
/* Texts are argv's, the environment's or in `arena`. */
MUST_USE enum err cluster_options_read(struct arena *arena, enum cluster_verb verb, int argc,
                                       char **argv, struct cluster_options *options,
                                       struct fault *fault);
