/* cluster_view_impl.h -- pieces that the views of cluster_view.h share. */
#pragma once

#include "cli/cluster_view.h"

/* A list among the facts; an empty one where there is none. */
const struct answer *view_list(const struct answer *facts, const char *name);
/* A field of a row as a cell; empty where it has none. */
void view_cell(struct table *table, const struct answer *row, const char *name);
/* A line for each node that has not answered. */
void view_unanswered(const struct answer *facts, struct table_look look, struct buffer *out);

void view_top(const struct answer *facts, struct table_look look, struct buffer *out);
