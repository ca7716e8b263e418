/*
 * keeper.h -- makes a lane's shards as the map says they shall be, and reports how they are.
 *
 * Of a shard that this node leads: members, one change at a time, and then leadership, which goes
 * to the node that is preferred, once that one has caught up. Of a shard that this node shall hold
 * and has not: it is opened, empty, and its leader fills it. Of one that is here and shall not be:
 * it is dropped, when its leader has said that its members are without us.
 */
#pragma once

#include "lane/map_impl.h"
#include "lane/report.h"

struct keeper; /* opaque: one a lane */

struct keeper *keeper_new(struct lane *lane, struct map *map);
void keeper_free(struct keeper *keeper); /* NULL is allowed */
/* Reports go into `reports` when it is their time (report.h, without the kind). When it wants to be
 * called again. */
instant keeper_turn(struct keeper *keeper, instant now, struct buffer *reports);
