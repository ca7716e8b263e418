/*
 * raft_world_fixture.h -- a group of members with disks, a network and clocks, all simulated: the
 * driver that raft.h asks for, at its plainest, and judges of what Raft promises.
 *
 * Members meet in bytes. A disk is a list of records of which a beginning is durable; a crash keeps
 * any part of the rest that is a beginning. What is committed is written down in a ledger, and
 * every member's log and every commit is held against it.
 */
#pragma once

#include "core/raft/raft.h"

enum {
    WORLD_NODES_MAX = 7,
    WORLD_LETTERS_MAX = 4096,
    WORLD_TERMS_MAX = 4096,
    WORLD_LINE_MAX = 256,
    WORLD_READS_MAX = 16
};

struct world_record { /* on a disk: an entry, or `hard` */
    bool is_hard;
    struct raft_hard hard;
    struct raft_pos pos;
    enum raft_entry_kind kind;
    uint64_t value; /* of commands: what they say; zeros are behind it */
    size_t payload_bytes;
    struct raft_members members;
};

struct world_snapshot {
    struct raft_pos pos;
    struct raft_members members;
};

struct world_disk {
    struct world_record *records;
    size_t count, capacity, durable;
    uint64_t hards_before; /* records of `hard` in earlier lives: raft counts from 0 */
    struct world_snapshot snapshot;
    bool wiped; /* it may have forgotten something */
};

struct world_read {
    uint64_t number, want;
};

struct world_node {
    struct raft *raft; /* NULL: it is down */
    struct arena *arena;
    struct raft_outbox *out; /* of its last step */
    struct world_disk disk;
    uint64_t applied;
    uint64_t lives;
    instant deadline;        /* on its own clock */
    int64_t skew_ns, rate;   /* its clock: in millionths */
    int64_t paused_until_ns; /* in world time */
    int64_t flush_at_ns;     /* a flush is under way that ends then; INT64_MAX: none */
    size_t flush_count;
    bool no_room;
    struct buffer incoming; /* parts of a snapshot */
    struct world_read reads[WORLD_READS_MAX];
    uint32_t reads_count;
};

struct world_letter {
    node_id from, to;
    int64_t at_ns;
    struct buffer bytes;
};

struct world_said { /* in the ledger, at an index */
    uint64_t term, value;
};

struct world {
    struct raft_config config; /* of all; but for self and seed */
    uint64_t seed;
    int64_t now_ns;
    uint32_t nodes_count;
    struct world_node nodes[WORLD_NODES_MAX + 1]; /* by node: from 1 on */
    struct raft_members members;                  /* the first */
    struct world_letter *letters;
    size_t letters_count;
    bool cut[WORLD_NODES_MAX + 1][WORLD_NODES_MAX + 1]; /* from, to */
    uint64_t leaders[WORLD_TERMS_MAX];                  /* of a term: the node that led */
    struct world_said *ledger;                          /* what is committed, by index */
    uint64_t ledger_count, ledger_capacity;
    uint64_t acknowledged,
        acknowledged_term;       /* by a leader to its clients, and the latest's term */
    struct world_entry *entries; /* every entry that ever was: for log matching */
    size_t entries_count, entries_capacity;
    uint64_t values;      /* proposed so far */
    struct buffer *trace; /* NULL: none is kept */
    void (*send)(struct world *world, node_id from, node_id to, struct slice bytes);
    void *context; /* of `send` */
};

struct world *raft_world_new(uint32_t nodes_count, uint32_t voters_count, uint64_t seed);
void raft_world_free(struct world *world);

instant raft_world_clock(const struct world *world, uint32_t node);
void raft_world_start(struct world *world, uint32_t node);
void raft_world_crash(struct world *world, uint32_t node, size_t kept); /* records not durable */
void raft_world_wipe(struct world *world, uint32_t node);               /* it is down */

void raft_world_step(struct world *world, uint32_t node, struct raft_event *event);
void raft_world_tick(struct world *world, uint32_t node);
void raft_world_deliver(struct world *world, size_t letter); /* and takes it out */
void raft_world_drop(struct world *world, size_t letter);
void raft_world_durable(struct world *world, uint32_t node, size_t count); /* of its records */
/* Entries of `bytes` each. False: it may not. */
bool raft_world_propose(struct world *world, uint32_t node, uint32_t count, size_t bytes);
void raft_world_compact(struct world *world, uint32_t node);
void raft_world_read(struct world *world, uint32_t node);
void raft_world_check(struct world *world); /* leases and leaders; the rest is checked as it is */

uint32_t raft_world_leader(const struct world *world); /* of the highest term; 0: nobody leads */
struct raft_members raft_world_voters(const uint32_t *nodes, uint32_t count);
