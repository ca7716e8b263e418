/*
 * run_fixture.h -- runs made of random records, and the records that they should hold.
 */
#pragma once

#include "test/work/shuffle/shuffle_fixture.h"
#include "work/shuffle/run.h"

/* Write `pairs`, sorted by partition, as one run; the parts it gave are appended to `parts`, which
 * has room for them. Returns how many. */
uint32_t fixture_run(struct run_store *store, const struct fixture_pairs *pairs,
                     struct run_part *parts);

/* Read a part and compare it with `count` pairs. */
void fixture_check_part(const struct run_store *store, const struct run_part *part,
                        const struct fixture_pair *want, size_t count);

/* A value of `len` bytes that compresses, or does not. */
struct slice fixture_value(struct random *random, size_t len, bool compresses,
                           struct buffer *scratch);
