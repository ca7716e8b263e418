/*
 * raft_batch.h -- entries of a log as they are kept in memory, written, and sent: many in one
 * piece of memory, which is shared by counting references.
 *
 * All that a leader is asked for in one turn is one batch, and what comes in one append message is
 * one. An entry's bytes, little-endian:
 *
 *   payload length u32, kind u32, term u64, index u64, payload
 */
#pragma once

#include "base/base.h"

struct raft_pos {
    uint64_t term, index;
};

/* By term, then by index. */
static inline int raft_pos_cmp(struct raft_pos a, struct raft_pos b)
{
    if (a.term != b.term) return a.term < b.term ? -1 : 1;
    return (a.index > b.index) - (a.index < b.index);
}

enum raft_entry_kind {
    RAFT_ENTRY_COMMANDS = 1, /* the driver's: what it means is not looked at */
    RAFT_ENTRY_EMPTY,        /* a new leader's first */
    RAFT_ENTRY_MEMBERS       /* struct raft_members, encoded */
};
enum { RAFT_ENTRY_HEADER_BYTES = 24 };

struct raft_entry {
    struct raft_pos pos;
    enum raft_entry_kind kind;
    struct slice payload; /* borrowed from its batch */
};

struct raft_batch; /* opaque; belongs to one thread */

struct raft_batch *raft_batch_new(size_t capacity_bytes); /* empty, with one reference */
struct raft_batch *raft_batch_ref(struct raft_batch *batch);
void raft_batch_unref(struct raft_batch *batch); /* the last one frees it; NULL is allowed */

/* Only while nobody else holds it. Term and index are stamped when it is proposed. */
void raft_batch_add(struct raft_batch *batch, enum raft_entry_kind kind, const struct slice *parts,
                    uint32_t parts_count);
/* The same for an entry that is on disk already, for raft_restore: it has its place. A batch holds
 * neighbours: begin another one where the index is not the next. */
void raft_batch_add_at(struct raft_batch *batch, struct raft_pos pos, enum raft_entry_kind kind,
                       struct slice payload);
uint32_t raft_batch_count(const struct raft_batch *batch);
size_t raft_batch_bytes(const struct raft_batch *batch);

/* Some neighbouring entries of a batch. Borrows from it: who keeps a span keeps a reference. */
struct raft_span {
    struct raft_batch *batch;
    struct slice bytes;
    uint64_t first; /* index */
    uint32_t count;
};
/* The next entry, and the span behind it. False: there is none. */
bool raft_span_next(struct raft_span *span, struct raft_entry *entry);
