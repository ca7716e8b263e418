/*
 * welcome.h -- machines that ask this node to join (link.h): taken in by the leader of the root
 * group, who gives each a number and the registry; any other node says where that one is.
 *
 * Who asks again from the address of a member that was never seen gets that member's number, after
 * a while: the answer to it was lost. The address of any other that may be there is refused.
 */
#pragma once

#include "lane/link.h"
#include "lane/map.h"
#include "lane/root.h"

struct welcome; /* opaque: one a node, on lane 0 */

struct welcome *welcome_new(struct lane *lane, struct map *map, struct root *root,
                            const struct lane_cluster *cluster);
void welcome_free(struct welcome *welcome); /* NULL is allowed */
/* Once in each turn, after the root's. */
void welcome_turn(struct welcome *welcome, struct links *links);
