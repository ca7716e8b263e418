/*
 * value_order.h -- a sink that holds the pairs of a partition back and gives them on ordered by
 * their values, equal values by their keys.
 */
#pragma once

#include "work/output/part.h"
#include "work/shuffle/run.h"

struct value_order; /* opaque; value_order_free frees it */

/* Sorts within memory_bytes; what does not fit goes through `store`. */
struct value_order *value_order_new(size_t memory_bytes, bool descending, struct run_store *store);
struct sink *value_order_sink(struct value_order *order);

/* All pairs are there: put them into the part. */
MUST_USE enum err value_order_finish(struct value_order *order, struct part *part,
                                     struct fault *fault);
uint64_t value_order_spills(const struct value_order *order);
void value_order_free(struct value_order *order); /* NULL is allowed */
