/* raft_batch_impl.h -- what raft itself may do with a batch. Ordinals count from 0. */
#pragma once

#include "core/raft/raft_batch.h"

void raft_batch_stamp(struct raft_batch *batch, struct raft_pos first);
struct raft_entry raft_batch_entry(const struct raft_batch *batch, uint32_t ordinal);
struct raft_span raft_batch_span(struct raft_batch *batch, uint32_t ordinal, uint32_t count);
/* A copy of entries that a peer sent. NULL: not the bytes of neighbouring entries. */
struct raft_batch *raft_batch_read(struct slice bytes);
