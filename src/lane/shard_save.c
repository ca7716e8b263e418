/* shard_save.c -- snapshots of a lane's shards: when one begins, its slices between turns, what it
 * frees. One is written at a time. */
#include "lane/replica_impl.h"

#define SAVE_RETRY_NS INT64_C(10000000000)

enum {
    SAVE_BUCKETS_A_TURN = 64,
    HARD_ROOM_BYTES = 4096, /* of what is logged when a snapshot begins */
};

static struct snapshot_header header_of(const struct shard *shard)
{
    const struct replica *replica = shard->replica;
    struct snapshot_header header = {
        .index = replica->stored.index,
        .term = replica->stored.term,
        .position = replica_covered_position(replica),
        .members = replica->members,
        .made_at_ms = store_now_ms(shard->store),
        .seed = shard->lane->config.seed,
        .nonce = lane_nonce(shard->lane, shard->number),
        .shard = shard->number,
        .shards_count = shard->lane->config.shards_count,
    };
    for (uint32_t i = 0; i < STORE_DATABASES; i++) header.keys[i] = store_count(shard->store, i);
    return header;
}

static enum err note_failure(struct shard *shard, const struct fault *fault)
{
    shard->save.told.last_failed = shard->lane->saves.told.last_failed = true;
    shard->lane->saves.fault = *fault;
    return fault->code;
}

/* ERR_OK: it may begin now. */
static enum err may_save(struct shard *shard, bool own, struct fault *fault)
{
    struct lane *lane = shard->lane;
    const struct replica *replica = shard->replica;
    if (lane->saves.now != NULL) {
        return fault_set(fault, ERR_EXISTS, "a snapshot is under way already");
    }
    if (replica->reload_wanted || replica_is_installing(replica)) {
        return fault_set(fault, ERR_CANCELLED, "this node is being filled again from another one");
    }
    bool hard = own && lane->is_linked; /* who is alone has promised nobody anything */
    if (hard &&
        log_has_room(lane->log, lane->pending_bytes, HARD_ROOM_BYTES) == LOG_ROOM_DISK_FULL) {
        (void)fault_set(fault, ERR_NO_SPACE, "the disk of the data folder is full: no snapshot");
        return note_failure(shard, fault);
    }
    return ERR_OK;
}

enum err shard_save(struct shard *shard, const char *folder, struct fault *fault)
{
    struct lane *lane = shard->lane;
    struct shard_save *save = &shard->save;
    bool own = folder == NULL;
    enum err err = may_save(shard, own, fault);
    if (err != ERR_OK) return err;
    /* It leaves out what is expired: whoever loads it must not be at an earlier time. */
    if (lane->is_linked && shard->replica->serving) shard_log_time(shard);
    replica_propose(shard->replica);
    struct snapshot_header header = header_of(shard);
    err = snapshot_begin(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, own ? lane->config.folder : folder,
                         shard->store, &header, &save->writer, fault);
    if (err != ERR_OK) return note_failure(shard, fault);
    if (own && lane->is_linked) replica_log_hard(shard->replica); /* [R2] */
    lane->saves.now = shard;
    save->own = own;
    if (own) lane_save_began(shard);
    save->pos = (struct raft_pos){header.term, header.index};
    save->index = header.index;
    save->position = header.position;
    save->hard_position = log_last(lane->log);
    save->began = io_now(lane->io);
    save->told.active = true;
    lane->saves.told.changes_since -= save->told.changes_since;
    save->told.changes_since = 0;
    return ERR_OK;
}

void shard_save_abort(struct shard *shard)
{
    struct shard_save *save = &shard->save;
    struct fault fault;
    if (save->writer == NULL) return;
    snapshot_end(save->writer);
    save->writer = NULL;
    shard->lane->saves.now = NULL;
    save->told.active = false;
    save->began.ns -= SAVE_RETRY_NS; /* nothing is wrong with the disk */
    (void)fault_set(&fault, ERR_CANCELLED,
                    "the snapshot was given up: this lane's data is loaded again");
    (void)note_failure(shard, &fault);
}

void lane_save_complete(struct lane *lane, const struct io_completion *completion)
{
    if (lane->saves.now != NULL) snapshot_complete(lane->saves.now->save.writer, completion);
}

static void save_finish(struct shard *shard, bool good, instant now, int64_t unix_ms)
{
    struct lane *lane = shard->lane;
    struct shard_save *save = &shard->save;
    save->told.active = false;
    save->told.last_failed = !good;
    if (good) {
        lane->saves.bytes -= save->last_bytes;
        save->told.last_done_ms = unix_ms;
        save->told.last_took = (duration){now.ns - save->began.ns};
        save->last_bytes = snapshot_written_bytes(save->writer);
        lane->saves.bytes += save->last_bytes;
    } else {
        (void)note_failure(shard, snapshot_fault(save->writer));
    }
    snapshot_end(save->writer);
    save->writer = NULL;
    lane->saves.now = NULL;
    if (!lane->saves.all) lane_save_note(lane, good, save->told.last_took, unix_ms);
    if (good && save->own) {
        uint64_t before = shard->replica->snapshot.index;
        bool had_one = shard->replica->snapshot_bytes > 0;
        replica_saved(shard->replica, save->pos, save->position, save->last_bytes);
        lane_log_covered(lane);
        if (had_one && before != save->index) {
            snapshot_remove(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, lane->config.folder,
                            shard->number, before);
        }
    }
}

/* A full disk: it is not tried again at every turn. */
static bool failed_just_now(const struct shard_save *save, instant now)
{
    return save->told.last_failed && now.ns - save->began.ns < SAVE_RETRY_NS;
}

void shard_save_soon(struct shard *shard, instant now)
{
    struct fault fault;
    if (shard->lane->saves.now != NULL || failed_just_now(&shard->save, now)) return;
    shard->save.began = now;
    if (shard_save(shard, NULL, &fault) != ERR_OK) shard->save.told.last_failed = true;
}

bool shard_save_step(struct shard *shard, instant now, int64_t unix_ms)
{
    struct shard_save *save = &shard->save;
    /* What a snapshot holds must not be newer than what a power cut would leave of the log, nor
     * than what is agreed on. */
    if (log_durable(shard->lane->log) < save->hard_position) return false;
    replica_tell_alone(shard->replica);
    if (raft_commit(shard->replica->raft) < save->pos.index) return false;
    switch (snapshot_step(save->writer, SAVE_BUCKETS_A_TURN)) {
    case SNAPSHOT_RUNNING: return true;
    case SNAPSHOT_WAITING: break;
    case SNAPSHOT_DONE: save_finish(shard, true, now, unix_ms); break;
    case SNAPSHOT_FAILED: save_finish(shard, false, now, unix_ms); break;
    }
    return false;
}

struct shard_saving shard_saving(const struct shard *shard)
{
    struct shard_saving told = shard->save.told;
    if (told.active) told.progress = store_walk_progress(shard->store);
    return told;
}
