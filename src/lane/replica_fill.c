/*
 * replica_fill.c -- the store from a snapshot that was received: in slices, so that its lane serves
 * the other shards meanwhile.
 *
 * Invariants
 *   F1  until all of it is loaded the replica has an empty store that has seen nothing: nobody sees
 *       half of one, and a start finds the file under its name.
 *   F2  raft is told only then [N2].
 *   F3  a lane loads one slice a turn, whoever's it is.
 */
#include "core/store/store_over.h"
#include "lane/replica_impl.h"

enum { SLICE_BYTES = 512 << 10 };

void replica_fill_forget(struct replica *replica)
{
    struct replica_install *install = &replica->install;
    snapshot_load_end(install->loader);
    if (install->store != NULL) lane_discard(replica->lane, install->store);
    install->loader = NULL;
    install->store = NULL;
}

static void begin(struct replica *replica)
{
    struct lane *lane = replica->lane;
    struct replica_install *install = &replica->install;
    uint64_t commit = raft_commit(replica->raft);
    struct fault fault;
    if (!replica_is_durable(replica)) return;
    if (replica->stored.index > commit) {
        replica_lose_from(replica, commit + 1);
        replica->lost_to_snapshot = true; /* they may be in it */
    }
    replica_empty(replica);
    replica->stored = (struct raft_pos){0, 0}; /* [F1] */
    install->stage = INSTALL_LOAD;
    install->store = store_new(&(struct store_config){.beside = lane->over});
    enum err err = snapshot_load_begin(install->name, install->store, &install->loader, &fault);
    if (err != ERR_OK) lane_fail(lane, &fault);
}

static void take_store(struct replica *replica)
{
    struct shard *shard = replica->shard;
    struct store *empty = shard->store;
    shard->store = replica->install.store;
    replica->install.store = NULL;
    store_succeed(shard->store, empty);
    if (!shard_eq(shard->number, SHARD_ROOT)) {
        store_over_set(replica->lane->over, shard->number.n, shard->store);
    }
    store_free(empty);
}

/* What it is as of now is what the snapshot says. */
static void take_header(struct replica *replica)
{
    struct shard *shard = replica->shard;
    const struct snapshot_header *header = snapshot_load_header(replica->install.loader);
    replica->snapshot = replica->stored = (struct raft_pos){header->term, header->index};
    replica->snapshot_position = header->position;
    replica->snapshot_bytes = snapshot_load_bytes(replica->install.loader);
    replica->members = header->members;
    replica->runs.count = 0;
    store_set_time(shard->store, header->made_at_ms);
    replica->logged_ms = store_now_ms(shard->store);
    shard->save.told.last_done_ms = header->made_at_ms;
    shard->save.index = header->index;
}

static void tell_raft(struct replica *replica) /* [F2] */
{
    struct raft_pos pos = replica->snapshot;
    replica_step(replica, &(struct raft_event){
                              .kind = RAFT_EV_INSTALLED, .pos = pos, .members = replica->members});
    replica->applied_told = u64_max(replica->applied_told, pos.index);
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_COMPACTED,
                                               .pos = pos,
                                               .bytes_count = replica->snapshot_bytes});
}

static void end(struct replica *replica)
{
    struct lane *lane = replica->lane;
    uint64_t index_before = replica->snapshot.index;
    bool had_one = replica->snapshot_bytes > 0;
    take_store(replica);
    take_header(replica);
    replica_install_close(replica); /* it is no part of what comes from others any more */
    tell_raft(replica);
    lane_log_covered(lane);
    if (had_one && index_before != replica->snapshot.index) {
        snapshot_remove(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, lane->config.folder,
                        replica->shard->number, index_before);
    }
}

void replica_fill_turn(struct replica *replica)
{
    struct lane *lane = replica->lane;
    struct replica_install *install = &replica->install;
    struct fault fault;
    bool over;
    if (lane->filled_turn == lane->turn || lane->has_failed) return; /* [F3] */
    if (install->stage == INSTALL_NAMED) begin(replica);
    if (install->stage == INSTALL_NAMED || lane->has_failed) return;
    lane->filled_turn = lane->turn;
    enum err err = snapshot_load_step(install->loader, SLICE_BYTES, &over, &fault);
    shard_note_memory(replica->shard);
    if (err != ERR_OK) {
        lane_fail(lane, &fault);
    } else if (over) {
        end(replica);
    }
}
