/*
 * cluster.h -- the subcommands of cluster.def: they ask a running node, which asks who knows, and
 * show what it says: as tables, as JSON, or again and again.
 */
#pragma once

#include "base/buffer.h"

enum cluster_verb {
#define VERB(name, ...) VERB_##name,
#include "cli/cluster.def"
#undef VERB
    VERBS_COUNT
};

struct cluster_verb_row {
    const char *name, *arguments, *help, *details;
};
extern const struct cluster_verb_row cluster_verbs[VERBS_COUNT];

/* Of `tutti status`, beside those of exit.def. */
enum cluster_exit {
    CLUSTER_DEGRADED = 4,   /* all keys are served; copies or nodes are missing */
    CLUSTER_UNAVAILABLE = 5 /* some keys are not */
};

/* Is this word such a subcommand? */
bool cluster_verb_find(const char *word, enum cluster_verb *verb);
/* `argv[0]` is the first word after the subcommand. Returns the exit status. */
int cluster_main(enum cluster_verb verb, int argc, char **argv);
