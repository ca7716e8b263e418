/* lane.c -- see lane.h. */
#include "core/store/store_over.h"
#include "lane/replica_impl.h"
#include "lane/together_impl.h"

#include <stdlib.h>

#include "io/clock.h"

enum {
    RECORD_HEAD_BYTES = 64,
    LOG_BATCH_BYTES_MAX = 8 << 20,
    EVICT_KEYS_A_CALL = 64,
    WORK_PAUSE_NS = 10 * 1000 * 1000,
    TURN_PAUSE_NS = 100 * 1000 * 1000,
};

/* --- opening --------------------------------------------------------------------------------- */

static enum err open_log(struct lane *lane, uint64_t last, struct fault *fault)
{
    const struct lane_config *config = &lane->config;
    struct log_config log_config = {.folder = config->folder,
                                    .segment_bytes = config->segment_bytes,
                                    .batch_bytes_max = LOG_BATCH_BYTES_MAX,
                                    .seed = config->seed,
                                    .tag = {LANE_TAG_LOG}};
    return log_open(&log_config, lane->io, last, &lane->log, fault);
}

static struct shard **place_of(const struct lane *lane, shard_id number)
{
    return &lane->shard_of[shard_eq(number, SHARD_ROOT) ? lane->config.shards_count : number.n];
}

void lane_add_shard(struct lane *lane, struct shard *shard)
{
    uint32_t at = lane->shards_here++;
    lane->shards = reallocarray(lane->shards, lane->shards_here, sizeof(struct shard *));
    ASSERT(lane->shards != NULL);
    for (; at > 0 && lane->shards[at - 1]->number.n > shard->number.n; at--) {
        lane->shards[at] = lane->shards[at - 1];
    }
    lane->shards[at] = shard;
    *place_of(lane, shard->number) = shard;
}

static struct lane *make(const struct lane_config *config, struct io *io)
{
    struct arena *arena = arena_new();
    struct lane *lane = ARENA_NEW(arena, struct lane);
    ASSERT(config->shards_count > 0 && config->shards_count <= SHARDS_MAX);
    *lane = (struct lane){.config = *config, .io = io, .arena = arena, .now = io_now(io)};
    lane->shard_of = ARENA_ARRAY(arena, struct shard *, config->shards_count + 1);
    memset(lane->shard_of, 0, (config->shards_count + 1) * sizeof(struct shard *));
    lane->over =
        store_new_over(&(struct store_config){.seed = config->seed, .limits = config->limits},
                       config->shards_count);
    lane->used_bytes = store_room(lane->over)->heap.used_bytes;
    lane->together = together_new(lane);
    lane->is_many = config->replication != NULL;
    lane->self = lane->is_many ? config->replication->raft.self : (node_id){LANE_SOLO_NODE};
    lane->eviction = (struct evict_request){
        .kind = EVICT_S3FIFO, .cache_only = true, .samples = 5, .keys_max = EVICT_KEYS_A_CALL};
    lane->saves.told.last_done_ms = io_unix_ms(io);
    lane_set_memory_max(lane, config->memory_max_bytes);
    return lane;
}

enum err lane_open(const struct lane_config *config, struct io *io, struct lane **out,
                   struct lane_opened *opened, struct fault *fault)
{
    instant began = io_now(io);
    struct lane *lane = make(config, io);
    *opened = (struct lane_opened){0};
    uint64_t last = 0;
    enum err err = shard_open(lane, (shard_id){config->number}, opened, &last, fault);
    if (err == ERR_OK) err = open_log(lane, last, fault);
    if (err == ERR_OK && lane->is_many) err = lane_links_open(lane, fault);
    for (uint32_t i = 0; i < lane->shards_here && err == ERR_OK; i++) {
        replica_start(lane->shards[i]->replica);
        lane->saves.told.last_done_ms = lane->shards[i]->save.told.last_done_ms;
    }
    if (err != ERR_OK) {
        lane_close(lane);
        return err;
    }
    opened->took = (duration){clock_now().ns - began.ns};
    *out = lane;
    return ERR_OK;
}

void lane_close(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->shards_here; i++) shard_close(lane->shards[i]);
    lane_links_close(lane);
    if (lane->log != NULL) log_close(lane->log);
    together_free(lane->together);
    store_free(lane->over);
    free(lane->shards);
    buffer_free(&lane->instead);
    buffer_free(&lane->places);
    buffer_free(&lane->unread);
    buffer_free(&lane->frame);
    arena_free(lane->arena);
}

/* --- readers, settings ------------------------------------------------------------------------ */

uint32_t lane_number(const struct lane *lane)
{
    return lane->config.number;
}

node_id lane_self(const struct lane *lane)
{
    return lane->self;
}

bool lane_is_replicated(const struct lane *lane)
{
    return lane->is_many;
}

struct call_settings *lane_settings(struct lane *lane)
{
    return &lane->config.settings;
}

void lane_set_memory_max(struct lane *lane, uint64_t bytes)
{
    lane->config.memory_max_bytes = bytes;
    lane->eviction.bytes_max = bytes;
}

struct evict_request *lane_eviction(struct lane *lane)
{
    return &lane->eviction;
}

void lane_set_observer(struct lane *lane, const struct call_observer *observer)
{
    lane->observer = observer;
}

uint32_t lane_shards_count(const struct lane *lane)
{
    return lane->config.shards_count;
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
    uint32_t low = 0, high = lane->shards_here; /* the first behind it is in between */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (lane->shards[middle]->number.n <= shard->number.n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == lane->shards_here ? NULL : lane->shards[low];
}

struct shard *lane_only(const struct lane *lane)
{
    ASSERT(lane->shards_here == 1);
    return lane->shards[0];
}

/* --- room ------------------------------------------------------------------------------------- */

bool lane_disk_is_behind(const struct lane *lane)
{
    const struct shard *saved = lane->saves.now;
    return UNLIKELY(saved != NULL) && snapshot_is_behind(saved->save.writer);
}

bool lane_has_room(const struct lane *lane)
{
    return lane->stalled_count == 0 && !lane_disk_is_behind(lane) &&
           log_has_room(lane->log, lane->pending_bytes, RECORD_HEAD_BYTES) == LOG_ROOM;
}

bool lane_memory_is_full(struct lane *lane)
{
    uint64_t max = lane->config.memory_max_bytes;
    if (max == 0 || store_room(lane->over)->heap.used_bytes <= max) return false;
    return !evict_store(lane->over, &lane->eviction);
}

/* --- the turn -------------------------------------------------------------------------------- */

void lane_complete(struct lane *lane, const struct io_completion *completion)
{
    if (completion->tag.n < LANE_TAG_SNAPSHOT) {
        log_complete(lane->log, completion);
    } else if (completion->tag.n < LANE_TAG_REPLICA) {
        lane_save_complete(lane, completion);
    } else if (completion->tag.n < LANE_TAG_LINKS) {
        replica_complete(lane->shards[0]->replica, completion);
    } else {
        links_complete(lane->links, completion);
    }
}

void lane_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    if (now.ns > lane->now.ns) lane->now = now;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = lane->shards[i];
        if (shard->work_due || now.ns - shard->worked.ns >= WORK_PAUSE_NS) {
            shard_work(shard, now, unix_ms);
        }
        replica_begin_turn(shard->replica);
    }
    if (lane->links != NULL) lane_take_frames(lane);
    for (uint32_t i = 0; i < lane->shards_here; i++) replica_turn(lane->shards[i]->replica);
}

static instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

instant lane_settle(struct lane *lane, instant now, int64_t unix_ms)
{
    instant deadline = {now.ns + TURN_PAUSE_NS};
    bool more = false;
    log_flush(lane->log);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        deadline = earlier(deadline, replica_settle(lane->shards[i]->replica));
        more |= lane->shards[i]->work_due;
    }
    if (lane->links != NULL) deadline = earlier(deadline, links_turn(lane->links, lane->now));
    more |= lane_save_turn(lane, now, unix_ms);
    log_flush(lane->log); /* what came to it since then */
    return more ? now : deadline;
}

void lane_flush(struct lane *lane)
{
    if (lane->links != NULL) links_flush(lane->links);
}

void lane_hand_over(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->shards_here; i++) shard_hand_over(lane->shards[i], NODE_NONE);
}

bool lane_is_agreed(const struct lane *lane)
{
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        if (shard_agreed(lane->shards[i]) < shard_last(lane->shards[i])) return false;
    }
    return true;
}

static bool is_quiet(const struct replica *replica)
{
    bool handing_over = replica->serving && replica->now.ns < replica->hand_over_until.ns;
    return replica->pending == NULL && !handing_over;
}

bool lane_is_quiet(const struct lane *lane)
{
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        if (!is_quiet(lane->shards[i]->replica)) return false;
    }
    return log_durable(lane->log) == log_last(lane->log) && lane->saves.now == NULL;
}

const struct fault *lane_failed(const struct lane *lane)
{
    return lane->has_failed ? &lane->fault : log_failed(lane->log);
}

const struct log_stats *lane_log_stats(const struct lane *lane)
{
    return log_stats(lane->log);
}

uint64_t lane_log_bytes(const struct lane *lane)
{
    return log_bytes(lane->log);
}
