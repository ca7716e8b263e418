/*
 * lane_shards.c -- which shards are here: at the start, and opened and dropped later.
 *
 * Invariants
 *   H1  a shard is here if the folder has a snapshot of it, if only of an empty store: dropping
 *       takes it away, and what the log then still has of it means nothing. (In a folder of an
 *       older format also those without are.)
 *   H2  a snapshot's place in the log is at or behind all that is there of the shard's earlier
 *       life, and at or before what is durable.
 */
#include "lane/replica_impl.h"

#include <stdlib.h>

#include "lane/snapshot_format.h"

static struct shard **place_of(const struct lane *lane, shard_id number)
{
    return &lane->shard_of[shard_eq(number, SHARD_ROOT) ? lane->config.shards_count : number.n];
}

static struct shard **grow(struct shard **shards, uint32_t count)
{
    shards = reallocarray(shards, count, sizeof(struct shard *));
    ASSERT(shards != NULL);
    return shards;
}

static void add(struct lane *lane, struct shard *shard)
{
    uint32_t at = lane->shards_here++;
    lane->shards = grow(lane->shards, lane->shards_here);
    lane->touched = grow(lane->touched, lane->shards_here);
    lane->awaiting = grow(lane->awaiting, lane->shards_here);
    lane->ahead = grow(lane->ahead, lane->shards_here);
    lane->turned = grow(lane->turned, lane->shards_here);
    for (; at > 0 && lane->shards[at - 1]->number.n > shard->number.n; at--) {
        lane->shards[at] = lane->shards[at - 1];
        lane->shards[at]->at = at;
    }
    lane->shards[at] = shard;
    shard->at = at;
    lane->news++;
    *place_of(lane, shard->number) = shard;
}

static void remove_from(struct shard **shards, uint32_t *count, const struct shard *shard)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        if (shards[i] != shard) shards[kept++] = shards[i];
    }
    *count = kept;
}

struct shard *lane_shard(const struct lane *lane, shard_id shard)
{
    if (shard.n >= lane->config.shards_count && !shard_eq(shard, SHARD_ROOT)) return NULL;
    return *place_of(lane, shard);
}

struct shard *lane_shard_of_slot(const struct lane *lane, uint32_t slot)
{
    return lane_shard(lane, shard_of_slot(slot, lane->config.shards_count));
}

struct shard *lane_shard_first(const struct lane *lane)
{
    return lane->shards_here == 0 ? NULL : lane->shards[0];
}

struct shard *lane_shard_next(const struct lane *lane, const struct shard *shard)
{
    uint32_t next = shard->at + 1;
    return next >= lane->shards_here ? NULL : lane->shards[next];
}

struct shard *lane_only(const struct lane *lane)
{
    ASSERT(lane->shards_here == 1);
    return lane->shards[0];
}

/* --- at the start ----------------------------------------------------------------------------- */

static void add_member(struct raft_members *members, node_id node)
{
    ASSERT(members->count < RAFT_MEMBERS_MAX);
    uint32_t at = members->count++;
    for (; at > 0 && members->members[at - 1].node.n > node.n; at--) {
        members->members[at] = members->members[at - 1];
    }
    members->members[at] = (struct raft_member){node, RAFT_VOTER};
}

static struct raft_members members_of(const node_id *nodes, uint32_t count)
{
    struct raft_members members = {0};
    for (uint32_t i = 0; i < count; i++) add_member(&members, nodes[i]);
    return members;
}

/* All nodes there are, as formed by a list of them. */
static struct raft_members all_nodes(const struct lane *lane)
{
    struct raft_members members = {0};
    if (!lane->is_linked) add_member(&members, lane->self);
    for (uint32_t i = 0; lane->is_linked && i < lane->config.replication->link.peers_count; i++) {
        add_member(&members, lane->config.replication->link.peers[i].node);
    }
    return members;
}

/* Its store has no time yet: with this node's clock, which may be ahead, what is in the log would
 * be run at a later time than elsewhere, and keys would go that others have. */
static struct snapshot_header header_of_empty(struct lane *lane, shard_id number,
                                              const struct raft_members *members)
{
    return (struct snapshot_header){
        .position = lane->log == NULL ? 0 : log_durable(lane->log), /* [H2] */
        .members = *members,
        .seed = lane->config.seed,
        .nonce = lane_nonce(lane, number),
        .shard = number,
        .shards_count = lane->config.shards_count,
    };
}

void lane_make_found(struct lane *lane, const struct snapshot_found *found, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_header *header = &found[i].header;
        bool known =
            header->shard.n < lane->config.shards_count || shard_eq(header->shard, SHARD_ROOT);
        if (!known || lane_shard(lane, header->shard) != NULL) continue;
        add(lane, shard_new(lane, header->shard, &header->members)); /* [H1] */
    }
}

void lane_make_all(struct lane *lane)
{
    const struct lane_config *config = &lane->config;
    const struct raft_members all = all_nodes(lane);
    for (uint32_t i = 0; i < config->shards_count; i++) {
        bool ours =
            shard_lane((shard_id){i}, config->shards_count, config->lanes_count) == config->number;
        if (ours) add(lane, shard_new(lane, (shard_id){i}, &all));
    }
}

enum err lane_note_here(struct shard *shard, struct fault *fault) /* [H1] */
{
    struct lane *lane = shard->lane;
    struct replica *replica = shard->replica;
    if (lane->config.starts == NULL && !shard_eq(shard->number, SHARD_ROOT)) return ERR_OK;
    struct snapshot_header header = header_of_empty(lane, shard->number, &replica->config_members);
    replica->snapshot_bytes = SNAPSHOT_HEADER_BYTES + SNAPSHOT_HEAD_BYTES;
    return snapshot_write_empty(lane->config.folder, &header, 1, fault);
}

static void make_one(struct lane *lane, const struct snapshot_header *header)
{
    struct shard *shard = shard_new(lane, header->shard, &header->members);
    add(lane, shard);
    shard->replica->was_damaged = lane->was_damaged;
    replica_begin_empty(shard->replica, header->position);
}

/* Behind the log's end as it is known: nothing of an earlier life may count. */
enum err lane_make_new(struct lane *lane, uint64_t last, struct fault *fault)
{
    const struct lane_config *config = &lane->config;
    struct arena *arena = arena_new();
    struct snapshot_header *headers =
        ARENA_ARRAY(arena, struct snapshot_header, config->starts_count + (size_t)1);
    enum err err = ERR_OK;
    uint32_t count = 0;
    for (uint32_t i = 0; config->starts != NULL && i < config->starts_count; i++) {
        const struct lane_start *start = &config->starts[i];
        if (lane_shard(lane, start->shard) != NULL) continue;
        struct raft_members members = members_of(start->members, start->members_count);
        headers[count] = header_of_empty(lane, start->shard, &members);
        headers[count++].position = last; /* [H2] */
    }
    if (count > 0) err = snapshot_write_empty(config->folder, headers, count, fault);
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) make_one(lane, &headers[i]);
    arena_free(arena);
    return err;
}

enum err lane_renew_folder(const char *folder, shard_id shard, uint32_t shards_count, uint64_t seed,
                           const node_id *members, uint32_t count, struct fault *fault)
{
    struct snapshot_found *found;
    struct arena *arena = arena_new();
    struct snapshot_header header = {.members = members_of(members, count),
                                     .seed = seed,
                                     .nonce = seed + shard.n,
                                     .shard = shard,
                                     .shards_count = shards_count};
    uint32_t found_count;
    enum err err = snapshot_find(folder, arena, &found, &found_count, fault);
    if (err == ERR_OK && found_count == 0) { /* [H1] */
        err = snapshot_write_empty(folder, &header, 1, fault);
    }
    arena_free(arena);
    return err;
}

enum err lane_give_up_shard(const char *folder, shard_id shard, uint32_t shards_count,
                            uint64_t seed, uint64_t position, node_id self, struct fault *fault)
{
    const struct snapshot_header header = {.position = position,
                                           .members = members_of(&self, 1),
                                           .seed = seed,
                                           .nonce = seed + shard.n,
                                           .shard = shard,
                                           .shards_count = shards_count};
    return snapshot_write_empty(folder, &header, 1, fault);
}

/* --- later ------------------------------------------------------------------------------------ */

static enum err not_yet(shard_id number, struct fault *fault)
{
    return fault_set(fault, ERR_CANCELLED, "shard %u: its file is under way, or others are",
                     number.n);
}

enum err lane_open_shard(struct lane *lane, shard_id number, const node_id *members, uint32_t count,
                         struct fault *fault)
{
    if (lane_filing_has(lane, number)) return not_yet(number, fault);
    if (lane_shard(lane, number) != NULL) return ERR_OK;
    if (log_durable(lane->log) < lane->dropped_position) { /* [H2] */
        return fault_set(fault, ERR_CANCELLED, "shard %u was dropped a moment ago", number.n);
    }
    struct raft_members as_formed = members_of(members, count);
    struct snapshot_header header = header_of_empty(lane, number, &as_formed);
    lane_filing_open(lane, &header);
    return not_yet(number, fault);
}

void lane_add_shard(struct lane *lane, shard_id number, const struct raft_members *members,
                    uint64_t position)
{
    struct shard *shard = shard_new(lane, number, members);
    add(lane, shard);
    replica_begin_empty(shard->replica, position);
    replica_start(shard->replica);
}

enum err lane_drop_shard(struct lane *lane, shard_id number, struct fault *fault)
{
    struct shard *shard = lane_shard(lane, number);
    if (lane_filing_has(lane, number)) return not_yet(number, fault);
    if (shard == NULL) return ERR_OK;
    shard_save_abort(shard);
    lane_filing_drop(lane, number);
    return not_yet(number, fault);
}

void lane_remove_shard(struct lane *lane, struct shard *shard)
{
    struct replica *replica = shard->replica;
    shard_id number = shard->number;
    shard_save_abort(shard);
    lane->dropped_position = log_last(lane->log);
    lane->pending_bytes -= replica->pending_bytes;
    lane->saves.bytes -= shard->save.last_bytes;
    lane->saves.told.changes_since -= shard->save.told.changes_since;
    lane->stalled_count -= shard->stalled;
    lane->many_count -= replica->is_many;
    remove_from(lane->touched, &lane->touched_count, shard);
    remove_from(lane->awaiting, &lane->awaiting_count, shard);
    remove_from(lane->ahead, &lane->ahead_count, shard);
    remove_from(lane->turned, &lane->turned_count, shard);
    remove_from(lane->shards, &lane->shards_here, shard);
    for (uint32_t i = shard->at; i < lane->shards_here; i++) lane->shards[i]->at = i;
    lane->news++;
    *place_of(lane, number) = NULL;
    shard_close(shard);
    lane->used_bytes = store_room(lane->over)->heap.used_bytes;
}
