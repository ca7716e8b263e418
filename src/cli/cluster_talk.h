/*
 * cluster_talk.h -- asking a node about its cluster; and the one that it names, where only that one
 * knows: "-ASKROOT HOST:PORT …".
 */
#pragma once

#include "cli/client.h"
#include "cli/cluster_options.h"

struct cluster_talk {
    const struct cluster_options *options;
    struct client *client; /* NULL: not connected */
    struct fault *fault;
};

MUST_USE enum err cluster_talk_open(struct cluster_talk *talk);
void cluster_talk_close(struct cluster_talk *talk);
/* An error that the node answers is the fault, in its words. The answer lives in `arena`. */
MUST_USE enum err cluster_talk_ask(struct cluster_talk *talk, struct arena *arena,
                                   const struct slice *words, uint32_t count,
                                   struct answer *answer);
