/* lane.c -- see lane.h. */
#include "core/store/store_over.h"
#include "lane/replica_impl.h"
#include "lane/together_impl.h"
#include "lane/wiring.h"

#include <stdlib.h>

#include "io/clock.h"
#include "io/file.h"
#include "io/folder.h"
#include "lane/snapshot_format.h"

enum {
    RECORD_HEAD_BYTES = 64,
    LOG_BATCH_BYTES_MAX = 8 << 20,
    EVICT_KEYS_A_CALL = 64,
    TAIL_BYTES = 32 << 20,
    TAIL_BYTES_MIN = 1 << 20,
};

#define SOLO_ELECTION_NS (INT64_C(1) << 60)
#define SOLO_BEAT_NS     INT64_C(1000000000)

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

/* Who is alone campaigns at once, and wins when that is durable: never again. */
static struct raft_config solo_raft(const struct lane_config *config)
{
    return (struct raft_config){
        .self = {LANE_SOLO_NODE},
        .election_min = {SOLO_ELECTION_NS},
        .election_max = {SOLO_ELECTION_NS},
        .heartbeat = {SOLO_BEAT_NS},
        .tail_bytes = TAIL_BYTES,
        .window_bytes = TAIL_BYTES,
        .window_entries = 1,
        .append_bytes = TAIL_BYTES,
        .chunk_bytes = TAIL_BYTES,
        .seed = config->seed,
    };
}

static struct lane *make(const struct lane_config *config, struct io *io)
{
    struct arena *arena = arena_new();
    struct lane *lane = ARENA_NEW(arena, struct lane);
    ASSERT(config->shards_count > 0);
    ASSERT(config->shards_count <= SHARDS_MAX);
    *lane = (struct lane){.config = *config, .io = io, .arena = arena, .now = io_now(io)};
    lane->shard_of = ARENA_ARRAY(arena, struct shard *, config->shards_count + 1);
    memset(lane->shard_of, 0, (config->shards_count + 1) * sizeof(struct shard *));
    lane->over =
        store_new_over(&(struct store_config){.seed = config->seed, .limits = config->limits},
                       config->shards_count);
    lane->used_bytes = store_room(lane->over)->heap.used_bytes;
    lane->together = together_new(lane);
    lane->is_linked = config->replication != NULL;
    lane->raft = lane->is_linked ? config->replication->raft : solo_raft(config);
    /* What is kept in memory for members that are behind is the lane's, shared. */
    uint64_t shards_here = config->shards_count / u64_max(config->lanes_count, 1);
    uint64_t share = lane->raft.tail_bytes / u64_max(shards_here, 1);
    lane->raft.tail_bytes = (size_t)u64_max(share, u64_min(TAIL_BYTES_MIN, lane->raft.tail_bytes));
    lane->self = lane->raft.self;
    lane->eviction = (struct evict_request){
        .kind = EVICT_S3FIFO, .cache_only = true, .samples = 5, .keys_max = EVICT_KEYS_A_CALL};
    lane->saves.told.last_done_ms = io_unix_ms(io);
    lane_set_memory_max(lane, config->memory_max_bytes);
    return lane;
}

/* --- the shards that are here at the start ---------------------------------------------------- */

/* An older name does not say the shard. */
static enum err rename_old(const struct lane *lane, const struct snapshot_found *found,
                           uint32_t count, struct fault *fault)
{
    char path[SNAPSHOT_PATH_MAX];
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_header *header = &found[i].header;
        snapshot_path(path, lane->config.folder, header->shard, header->index, "");
        if (strcmp(path, found[i].path) == 0) continue;
        enum err err = file_rename(found[i].path, path, fault);
        if (err != ERR_OK) return err;
        any = true;
    }
    return any ? folder_sync(lane->config.folder, fault) : ERR_OK;
}

static enum err find_snapshots(const struct lane *lane, struct arena *arena,
                               struct replica_load_ask *ask, struct fault *fault)
{
    struct snapshot_found *found;
    enum err err = snapshot_find(lane->config.folder, arena, &found, &ask->found_count, fault);
    if (err == ERR_OK) err = rename_old(lane, found, ask->found_count, fault);
    if (err == ERR_OK)
        err = snapshot_find(lane->config.folder, arena, &found, &ask->found_count, fault);
    if (err == ERR_OK) snapshot_tidy(lane->config.folder, found, ask->found_count);
    ask->found = found;
    return err;
}

static bool has_others(const struct lane *lane)
{
    return lane->is_linked && lane->config.replication->link.peers_count > 1;
}

/* What is damaged is refilled by the others. */
static enum err begin_again(struct lane *lane, struct lane_opened *opened, struct fault *fault)
{
    memcpy(opened->set_aside, fault->text, sizeof opened->set_aside);
    lane->was_damaged = true;
    opened->set_aside[sizeof opened->set_aside - 1] = '\0';
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = lane->shards[i];
        store_free(shard->store);
        shard->store = replica_store_new(shard);
        shard->replica->repairs++;
        shard->replica->was_damaged = true;
    }
    return replica_set_aside(lane->config.folder, fault);
}

static void begin(struct shard *shard, struct replica_loaded *loaded, struct lane_opened *opened)
{
    replica_begin(shard->replica, loaded);
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        opened->keys_count += store_count(shard->store, i);
    }
    shard->lane->saves.bytes += shard->save.last_bytes;
    shard_note_memory(shard);
    int64_t *done_ms = &shard->save.told.last_done_ms;
    if (*done_ms == 0) *done_ms = io_unix_ms(shard->lane->io);
}

static enum err load_found(struct lane *lane, struct replica_load_ask *ask,
                           struct lane_opened *opened, uint64_t *last, struct fault *fault)
{
    enum err err = replica_load(lane, ask, opened, last, fault);
    if (err != ERR_CORRUPT || !has_others(lane)) return err;
    err = begin_again(lane, opened, fault);
    ask->found_count = 0;
    if (err == ERR_OK) err = replica_load(lane, ask, opened, last, fault);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        lane->shards[i]->replica->was_damaged = true;
        if (err == ERR_OK) err = lane_note_here(lane->shards[i], fault);
    }
    return err;
}

static enum err load(struct lane *lane, struct arena *arena, struct replica_load_ask *ask,
                     struct lane_opened *opened, uint64_t *last, struct fault *fault)
{
    struct replica_loaded *loaded =
        ARENA_ARRAY(arena, struct replica_loaded, lane->shards_here + 1);
    struct replica_to_load *wanted =
        ARENA_ARRAY(arena, struct replica_to_load, lane->shards_here + 1);
    memset(loaded, 0, (lane->shards_here + 1) * sizeof *loaded);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        wanted[i] = (struct replica_to_load){lane->shards[i]->replica, &loaded[i], UINT64_MAX, 0};
    }
    ask->replicas = wanted;
    ask->count = lane->shards_here;
    enum err err = load_found(lane, ask, opened, last, fault);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        if (err == ERR_OK) begin(lane->shards[i], &loaded[i], opened);
        replica_loaded_free(&loaded[i]);
    }
    return err;
}

static enum err open_shards(struct lane *lane, struct lane_opened *opened, uint64_t *last,
                            struct fault *fault)
{
    struct arena *arena = arena_new();
    struct replica_load_ask ask = {0};
    if (lane->config.starts == NULL) lane_make_all(lane);
    enum err err = find_snapshots(lane, arena, &ask, fault);
    if (err == ERR_CORRUPT && has_others(lane)) { /* none is taken from a folder in such a state */
        err = begin_again(lane, opened, fault);
        ask.found_count = 0;
    }
    lane_make_found(lane, ask.found, ask.found_count);
    if (err == ERR_OK) err = load(lane, arena, &ask, opened, last, fault);
    if (err == ERR_OK) err = lane_make_new(lane, *last, fault);
    arena_free(arena);
    return err;
}

enum err lane_open(const struct lane_config *config, struct io *io, struct lane **out,
                   struct lane_opened *opened, struct fault *fault)
{
    instant began = io_now(io);
    struct lane *lane = make(config, io);
    *opened = (struct lane_opened){0};
    uint64_t last = 0;
    enum err err = open_shards(lane, opened, &last, fault);
    if (err == ERR_OK) err = open_log(lane, last, fault);
    if (err == ERR_OK && lane->is_linked) err = lane_links_open(lane, fault);
    opened->is_deaf = lane->links != NULL && links_is_deaf(lane->links);
    if (err != ERR_OK) {
        lane_close(lane);
        return err;
    }
    if (config->cluster != NULL) lane->wiring = wiring_new(lane, config->cluster);
    lane->log_seen = log_durable(lane->log);
    lane_save_opened(lane);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        replica_start(lane->shards[i]->replica);
        int64_t done_ms = lane->shards[i]->save.told.last_done_ms;
        bool is_new = done_ms == 0; /* it has nothing to save yet */
        if (!is_new && done_ms < lane->saves.told.last_done_ms)
            lane->saves.told.last_done_ms = done_ms;
    }
    opened->took = (duration){clock_now().ns - began.ns};
    *out = lane;
    return ERR_OK;
}

void lane_fail(struct lane *lane, const struct fault *fault)
{
    if (lane->has_failed) return;
    lane->has_failed = true;
    lane->fault = *fault;
}

void lane_close(struct lane *lane)
{
    wiring_free(lane->wiring);
    lane_filing_close(lane);
    for (uint32_t i = 0; i < lane->shards_here; i++) shard_close(lane->shards[i]);
    lane_discard_rest(lane);
    lane_links_close(lane);
    if (lane->log != NULL) log_close(lane->log);
    together_free(lane->together);
    store_free(lane->over);
    free(lane->shards);
    free(lane->touched);
    free(lane->awaiting);
    free(lane->ahead);
    free(lane->turned);
    buffer_free(&lane->instead);
    buffer_free(&lane->places);
    buffer_free(&lane->unread);
    buffer_free(&lane->frame);
    buffer_free(&lane->warm.keys);
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
    return lane->is_linked;
}

uint64_t lane_news(const struct lane *lane)
{
    return lane->news;
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

struct wiring *lane_wiring(const struct lane *lane)
{
    return lane->wiring;
}

uint32_t lane_shards_count(const struct lane *lane)
{
    return lane->config.shards_count;
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
    const struct heap *heap = &store_room(lane->over)->heap;
    if (max == 0 || heap->used_bytes <= max) return false;
    replica_warm_make_room(lane, max);
    if (heap->used_bytes <= max) return false;
    return !evict_store(lane->over, &lane->eviction);
}

/* --- the turn -------------------------------------------------------------------------------- */

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
    bool handing_over = replica->serving && replica->lane->now.ns < replica->hand_over_until.ns;
    return replica->pending == NULL && !handing_over && !replica_warm_is_leaving(replica);
}

bool lane_is_quiet(const struct lane *lane)
{
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        if (!is_quiet(lane->shards[i]->replica)) return false;
    }
    return log_durable(lane->log) == log_last(lane->log) && lane->saves.now == NULL &&
           lane_filing_is_idle(lane);
}

const struct fault *lane_failed(const struct lane *lane)
{
    return lane->has_failed ? &lane->fault : log_failed(lane->log);
}

uint64_t lane_durable(const struct lane *lane)
{
    return log_durable(lane->log);
}

const struct log_stats *lane_log_stats(const struct lane *lane)
{
    return log_stats(lane->log);
}

void lane_tell_warm(const struct lane *lane, uint64_t *sent, uint64_t *taken)
{
    *sent = lane->warm.keys_sent;
    *taken = lane->warm.keys_taken;
}

uint64_t lane_log_bytes(const struct lane *lane)
{
    return log_bytes(lane->log);
}
