/*
 * join.h -- `tutti start --join`: a machine with an empty data folder is let into a cluster, before
 * anything of its node runs. Blocking.
 *
 * It asks the nodes of --join in turn, and whoever they send it to: the leader of the root group,
 * who alone can take it in. It says where it will be reached and what it has, gets its number and
 * the registry, and keeps both in the folder, with the secret. From then on the folder is that
 * node's, and starts like any other: --join means nothing to it any more.
 *
 * A number that was given and whose answer got lost is given again to who comes from the same
 * address (lane/welcome.h).
 */
#pragma once

#include "node/node.h"

/* Nothing to do, without --join or with a folder that has joined: ERR_OK. Else the fault says for
 * each node why it did not work, and what to do. A token without --join is refused, where the
 * folder is nobody's yet. Waits for nodes: signals must not be held back. */
MUST_USE enum err node_join(const struct node_options *options, struct fault *fault);
