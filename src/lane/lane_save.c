/* lane_save.c -- which of a lane's shards is saved when; and all of them, one after the other. */
#include "base/prng.h"
#include "lane/replica_impl.h"

enum {
    SAVE_LOG_BYTES_MIN = 256 << 20
}; /* the log grows to this, or to the size of the last snapshots */

/* No two are alike: not those of one shard, nor those of two nodes. */
uint64_t lane_nonce(struct lane *lane, shard_id shard)
{
    struct prng prng = {lane->config.seed ^ (uint64_t)io_unix_ms(lane->io) << 20 ^
                        (uint64_t)io_now(lane->io).ns ^ (uint64_t)lane->self.n << 56 ^
                        (uint64_t)shard.n << 40 ^ lane->saves.count++};
    return prng_next(&prng);
}

void lane_save_note(struct lane *lane, bool good, duration took, int64_t unix_ms)
{
    struct shard_saving *told = &lane->saves.told;
    told->last_failed = !good;
    if (!good) return;
    told->last_done_ms = unix_ms;
    told->last_took = took;
}

/* What was ever in the log. */
static uint64_t log_bytes_ever(const struct lane *lane)
{
    return lane->saves.log_bytes_before + log_stats(lane->log)->flushed_bytes;
}

void lane_save_opened(struct lane *lane)
{
    lane->saves.log_bytes_before = log_bytes(lane->log);
}

void lane_save_began(struct shard *shard)
{
    shard->save.log_bytes = log_bytes_ever(shard->lane);
    shard->save.unlogged_seen = shard->lane->saves.unlogged_count;
}

void lane_log_covered(struct lane *lane)
{
    uint64_t position = UINT64_MAX;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        position = u64_min(position, lane->shards[i]->replica->snapshot_position);
    }
    log_covered(lane->log, position);
}

/* Has the lane's folder all of it? Calls over several shards on cache keys do not say whose. */
static bool is_saved(const struct shard *shard)
{
    const struct shard_save *save = &shard->save;
    const struct replica *replica = shard->replica;
    return save->told.changes_since == 0 && !save->told.last_failed &&
           save->unlogged_seen == shard->lane->saves.unlogged_count &&
           replica->snapshot_bytes > 0 && replica->stored.index == replica->snapshot.index;
}

/* The next one of all that is not as it was saved the last time. */
static enum err go_on(struct lane *lane, struct fault *fault)
{
    struct lane_saves *saves = &lane->saves;
    bool own = saves->folder == NULL;
    while (own && saves->at < lane->shards_here && is_saved(lane->shards[saves->at])) saves->at++;
    if (saves->at == lane->shards_here) return ERR_OK;
    enum err err = shard_save(lane->shards[saves->at], saves->folder, fault);
    if (err == ERR_OK) saves->at++;
    return err;
}

enum err lane_save(struct lane *lane, const char *folder, struct fault *fault)
{
    struct lane_saves *saves = &lane->saves;
    if (saves->all) return fault_set(fault, ERR_EXISTS, "a snapshot is under way already");
    saves->folder = folder;
    saves->at = 0;
    saves->began = io_now(lane->io);
    enum err err = go_on(lane, fault);
    saves->all = err == ERR_OK;
    return err;
}

/* One of them is done, or has failed. */
static void all_advance(struct lane *lane, instant now, int64_t unix_ms)
{
    struct lane_saves *saves = &lane->saves;
    struct fault ignored; /* it is noted */
    bool good = saves->at == 0 || !lane->shards[saves->at - 1]->save.told.last_failed;
    if (good && saves->at < lane->shards_here) {
        good = go_on(lane, &ignored) == ERR_OK;
        if (saves->now != NULL) return;
    }
    saves->all = false;
    lane_save_note(lane, good, (duration){now.ns - saves->began.ns}, unix_ms);
}

/* The one whose place in the log is the oldest: without its snapshot nothing can be freed, also
 * where nothing has been written to it since. */
static struct shard *oldest(const struct lane *lane)
{
    struct shard *best = NULL;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = lane->shards[i];
        const struct replica *replica = shard->replica;
        if (best != NULL && best->replica->snapshot_position <= replica->snapshot_position)
            continue;
        best = shard;
    }
    return best;
}

/* What is kept of the log in any case does not count: a snapshot must free something. */
static void save_if_long(struct lane *lane, instant now)
{
    uint64_t limit = u64_max(SAVE_LOG_BYTES_MIN, lane->saves.bytes);
    if (log_bytes(lane->log) <= limit) return;
    struct shard *shard = oldest(lane);
    if (shard == NULL || log_bytes_ever(lane) - shard->save.log_bytes < limit / 2) return;
    shard_save_soon(shard, now);
}

bool lane_save_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    struct lane_saves *saves = &lane->saves;
    bool more = saves->now != NULL && shard_save_step(saves->now, now, unix_ms);
    if (saves->now != NULL) return more;
    if (saves->all) {
        all_advance(lane, now, unix_ms);
    } else {
        save_if_long(lane, now);
    }
    return saves->now != NULL;
}

const struct fault *lane_save_fault(const struct lane *lane)
{
    return &lane->saves.fault;
}

struct shard_saving lane_saving(const struct lane *lane)
{
    const struct lane_saves *saves = &lane->saves;
    struct shard_saving told = saves->told;
    told.active = saves->all || saves->now != NULL;
    if (saves->now != NULL) told.progress = shard_saving(saves->now).progress;
    if (saves->all) {
        told.progress = (told.progress + (double)saves->at - 1) / (double)lane->shards_here;
    }
    return told;
}
