/* cluster_view.h -- what cluster_gather has gathered, for people: tables, and bars. Pure. */
#pragma once

#include "cli/client.h"
#include "cli/cluster.h"
#include "cli/table.h"

void cluster_view(enum cluster_verb verb, const struct answer *facts, struct table_look look,
                  struct buffer *out);
/* What CLUSTER REBALANCE DRYRUN answers. */
void cluster_view_plan(const struct answer *plan, struct table_look look, struct buffer *out);
/* The exit status of `tutti status`: 0, or one of enum cluster_exit. */
int cluster_view_exit(const struct answer *facts);
