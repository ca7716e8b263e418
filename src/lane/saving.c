/* saving.c -- a lane's snapshots: when one begins, its slices between turns, what it frees. */
#include "base/prng.h"
#include "lane/lane_impl.h"
#include "lane/replica_impl.h"

#define SAVE_RETRY_NS INT64_C(10000000000)

enum {
    SAVE_BUCKETS_A_TURN = 64,
    HARD_ROOM_BYTES = 4096,         /* of what is logged when a snapshot begins */
    SAVE_LOG_BYTES_MIN = 256 << 20, /* the log grows to this, or to the size of the last snapshot */
};

/* No two are alike: not those of one lane, nor those of two nodes. */
static uint64_t new_nonce(struct lane *lane)
{
    struct prng prng = {lane->config.seed ^ (uint64_t)io_unix_ms(lane->io) << 20 ^
                        (uint64_t)io_now(lane->io).ns ^
                        (uint64_t)lane->replica->config.raft.self.n << 56 ^ lane->save.count++};
    return prng_next(&prng);
}

static struct snapshot_header header_of(struct lane *lane)
{
    const struct replica *replica = lane->replica;
    struct snapshot_header header = {
        .index = replica->stored.index,
        .term = replica->stored.term,
        .position = replica_covered_position(replica),
        .members = replica->members,
        .made_at_ms = store_now_ms(lane->store),
        .seed = lane->config.seed,
        .nonce = new_nonce(lane),
        .lane = lane->config.number,
        .lanes_count = lane->config.lanes_count,
    };
    for (uint32_t i = 0; i < STORE_DATABASES; i++) header.keys[i] = store_count(lane->store, i);
    return header;
}

static enum err note_failure(struct lane_save *save, const struct fault *fault)
{
    save->told.last_failed = true;
    save->fault = *fault;
    return fault->code;
}

enum err lane_save(struct lane *lane, const char *folder, struct fault *fault)
{
    struct lane_save *save = &lane->save;
    struct replica *replica = lane->replica;
    if (save->writer != NULL) {
        return fault_set(fault, ERR_EXISTS, "a snapshot is under way already");
    }
    if (replica->reload_wanted || replica_is_installing(replica)) {
        return fault_set(fault, ERR_CANCELLED, "this node is being filled again from another one");
    }
    bool hard = folder == NULL && lane->is_many; /* who is alone has promised nobody anything */
    if (hard &&
        log_has_room(lane->log, replica->pending_bytes, HARD_ROOM_BYTES) == LOG_ROOM_DISK_FULL) {
        (void)fault_set(fault, ERR_NO_SPACE, "the disk of the data folder is full: no snapshot");
        return note_failure(save, fault);
    }
    /* It leaves out what is expired: whoever loads it must not be at an earlier time. */
    if (lane->is_many && replica->serving) lane_log_time(lane);
    replica_propose(replica);
    struct snapshot_header header = header_of(lane);
    const char *where = folder == NULL ? lane->config.folder : folder;
    enum err err = snapshot_begin(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, where, lane->store,
                                  &header, &save->writer, fault);
    if (err != ERR_OK) return note_failure(save, fault);
    if (hard) replica_log_hard(replica); /* [R2] */
    save->own = folder == NULL;
    save->pos = (struct raft_pos){header.term, header.index};
    save->index = header.index;
    save->position = header.position;
    save->hard_position = log_last(lane->log);
    save->began = io_now(lane->io);
    save->told.active = true;
    save->told.changes_since = 0;
    return ERR_OK;
}

void lane_save_abort(struct lane *lane)
{
    struct lane_save *save = &lane->save;
    if (save->writer == NULL) return;
    snapshot_end(save->writer);
    save->writer = NULL;
    save->told.active = false;
    save->told.last_failed = true;
    save->began.ns -= SAVE_RETRY_NS; /* nothing is wrong with the disk */
    (void)fault_set(&save->fault, ERR_CANCELLED,
                    "the snapshot was given up: this lane's data is loaded again");
}

void lane_save_complete(struct lane *lane, const struct io_completion *completion)
{
    if (lane->save.writer != NULL) snapshot_complete(lane->save.writer, completion);
}

static void save_finish(struct lane *lane, bool good, instant now, int64_t unix_ms)
{
    struct lane_save *save = &lane->save;
    save->told.active = false;
    save->told.last_failed = !good;
    if (good) {
        save->told.last_done_ms = unix_ms;
        save->told.last_took = (duration){now.ns - save->began.ns};
        save->last_bytes = snapshot_written_bytes(save->writer);
    } else {
        save->fault = *snapshot_fault(save->writer);
    }
    snapshot_end(save->writer);
    save->writer = NULL;
    if (good && save->own) {
        replica_saved(lane->replica, save->pos, save->position, save->last_bytes);
        log_covered(lane->log, save->position);
        snapshot_remove_older(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, lane->config.folder,
                              save->index);
    }
}

static bool log_is_long(const struct lane *lane)
{
    return log_bytes(lane->log) > u64_max(SAVE_LOG_BYTES_MIN, lane->save.last_bytes) &&
           lane->replica->stored.index > lane->save.index;
}

/* A full disk: it is not tried again at every turn. */
static bool failed_just_now(const struct lane_save *save, instant now)
{
    return save->told.last_failed && now.ns - save->began.ns < SAVE_RETRY_NS;
}

static void save_begin_own(struct lane *lane, instant now)
{
    struct fault fault;
    lane->save.began = now;
    if (lane_save(lane, NULL, &fault) != ERR_OK) lane->save.told.last_failed = true;
}

void lane_save_soon(struct lane *lane, instant now)
{
    bool may = lane->save.writer == NULL && !failed_just_now(&lane->save, now);
    if (may) save_begin_own(lane, now);
}

bool lane_save_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    struct lane_save *save = &lane->save;
    if (save->writer == NULL) {
        if (log_is_long(lane)) lane_save_soon(lane, now);
        return false;
    }
    /* What a snapshot holds must not be newer than what a power cut would leave of the log, nor
     * than what is agreed on. */
    if (log_durable(lane->log) < save->hard_position) return false;
    if (raft_commit(lane->replica->raft) < save->pos.index) return false;
    switch (snapshot_step(save->writer, SAVE_BUCKETS_A_TURN)) {
    case SNAPSHOT_RUNNING: return true;
    case SNAPSHOT_WAITING: break;
    case SNAPSHOT_DONE: save_finish(lane, true, now, unix_ms); break;
    case SNAPSHOT_FAILED: save_finish(lane, false, now, unix_ms); break;
    }
    return false;
}

const struct fault *lane_save_fault(const struct lane *lane)
{
    return &lane->save.fault;
}

struct lane_saving lane_saving(const struct lane *lane)
{
    struct lane_saving told = lane->save.told;
    if (told.active) told.progress = store_walk_progress(lane->store);
    return told;
}
