/*
 * raft_tail.h -- the end of the log that is kept in memory: pieces of batches, neighbours all.
 *
 * `base` is the entry before the first: the last that was dropped, or a snapshot's. Zeroed is an
 * empty log; raft_tail_clear gives back the batches.
 */
#pragma once

#include "core/raft/raft_batch.h"

#include "base/buffer.h"

struct raft_piece { /* entries of a batch, from the ordinal `skip` on */
    struct raft_batch *batch;
    uint32_t skip, count;
    struct raft_pos first, last;
    size_t bytes;
    uint64_t bytes_until; /* of all that was ever appended, up to its end */
};

struct raft_tail {
    struct raft_pos base, last;
    struct buffer pieces; /* struct raft_piece */
    size_t head;          /* those before it are gone */
    size_t bytes;
};

/* Of the pieces behind the one that has `index`. */
uint64_t raft_tail_bytes_behind(const struct raft_tail *tail, uint64_t index);
void raft_tail_clear(struct raft_tail *tail, struct raft_pos base);
/* Entries of `batch` from an ordinal on; the first follows `last`. Keeps a reference. */
void raft_tail_append(struct raft_tail *tail, struct raft_batch *batch, uint32_t skip);
void raft_tail_truncate(struct raft_tail *tail, uint64_t from); /* behind base */
/* The oldest piece, if there is one. */
const struct raft_piece *raft_tail_first(const struct raft_tail *tail);
void raft_tail_drop_first(struct raft_tail *tail);

/* False: it is not in memory. */
bool raft_tail_term(const struct raft_tail *tail, uint64_t index, uint64_t *term);
/* The largest index up to `index` whose term is at most `term`; base's, if all are later. */
struct raft_pos raft_tail_before(const struct raft_tail *tail, uint64_t index, uint64_t term);
/* Entries from `from` on, inside one piece, up to `until`, and about `bytes_max`; at least one.
 * `from` is behind base, and there. */
struct raft_span raft_tail_span(const struct raft_tail *tail, uint64_t from, uint64_t until,
                                size_t bytes_max);
