/* saving.c -- a lane's snapshots: when one begins, its slices between turns, what it frees. */
#include "lane/lane_impl.h"

#define SAVE_RETRY_NS INT64_C(10000000000)

enum {
    SAVE_BUCKETS_A_TURN = 64,
    SAVE_LOG_BYTES_MIN = 256 << 20, /* the log grows to this, or to the size of the last snapshot */
};

enum err lane_save(struct lane *lane, const char *folder, struct fault *fault)
{
    struct lane_save *save = &lane->save;
    if (save->writer != NULL) {
        return fault_set(fault, ERR_EXISTS, "a snapshot is under way already");
    }
    struct snapshot_header header = {
        .index = log_last(lane->log),
        .term = LANE_TERM,
        .made_at_ms = store_now_ms(lane->store),
        .seed = lane->config.seed,
        .lane = lane->config.number,
        .lanes_count = lane->config.lanes_count,
    };
    for (uint32_t i = 0; i < STORE_DATABASES; i++) header.keys[i] = store_count(lane->store, i);
    const char *where = folder == NULL ? lane->config.folder : folder;
    enum err err = snapshot_begin(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, where, lane->store,
                                  &header, &save->writer, fault);
    if (err != ERR_OK) {
        save->told.last_failed = true;
        save->fault = *fault;
        return err;
    }
    save->own = folder == NULL;
    save->index = header.index;
    save->began = io_now(lane->io);
    save->told.active = true;
    save->told.changes_since = 0;
    return ERR_OK;
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
        log_covered(lane->log, save->index);
        snapshot_remove_older(lane->io, (io_tag){LANE_TAG_SNAPSHOT}, lane->config.folder,
                              save->index);
    }
}

static bool log_is_long(const struct lane *lane)
{
    return log_bytes(lane->log) > u64_max(SAVE_LOG_BYTES_MIN, lane->save.last_bytes) &&
           log_last(lane->log) > lane->save.index;
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

void lane_save_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    struct lane_save *save = &lane->save;
    if (save->writer == NULL) {
        if (log_is_long(lane) && !failed_just_now(save, now)) save_begin_own(lane, now);
        return;
    }
    /* What a snapshot holds must not be newer than what a power cut would leave of the log. */
    if (log_durable(lane->log) < save->index) return;
    switch (snapshot_step(save->writer, SAVE_BUCKETS_A_TURN)) {
    case SNAPSHOT_RUNNING:
    case SNAPSHOT_WAITING: break;
    case SNAPSHOT_DONE: save_finish(lane, true, now, unix_ms); break;
    case SNAPSHOT_FAILED: save_finish(lane, false, now, unix_ms); break;
    }
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
