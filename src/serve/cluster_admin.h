/*
 * cluster_admin.h -- tutti's own subcommands of CLUSTER, which the subcommands of `tutti` ask with.
 * Answers are maps and lists of maps, as RESP3 has them.
 *
 *   STATUS            a map: cluster, name, epoch, nodes …, shards …, root-leader …
 *   MEMBERS           a map for each node there is or was: node, me, state, address …
 *   TABLE             a map for each shard: shard, slots, copies, leader, state, why
 *   EXPLAIN key       a map: slot, shard, copies, leader, state, why …
 *   LEAVE node, REMOVE node [FORCE], REBALANCE GO | PAUSE
 *                     OK: the leader of the root group is asked; MEMBERS and STATUS tell when it is
 *                     so. What cannot be is refused at once.
 *   REBALANCE DRYRUN  a map: moves, and what they wait for. Only where the root group is led:
 *                     elsewhere "-ASKROOT HOST:PORT …"
 *
 * All but the last are answered from the map of the lane that is asked.
 */
#pragma once

#include "serve/session.h"

void cluster_admin_command(struct session_call *call);
