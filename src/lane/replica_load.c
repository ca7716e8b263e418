/*
 * replica_load.c -- stores from their snapshots and the log behind them: of many shards in one
 * pass.
 *
 * The log may hold entries that were replaced later. They are rare, so entries go to the store as
 * they come; when one shows that others were wrong, all is begun again, and those are passed over.
 *
 * Invariants
 *   D1  an entry goes to the store only if no later record has its index or a lower one: as far as
 *       was known when it did, and in the end for certain.
 */
#include <stdlib.h>

#include "core/store/store_over.h"
#include "io/file.h"
#include "io/folder.h"
#include "lane/replica_impl.h"
#include "lane/snapshot_format.h"

enum { RESTORE_BATCH_BYTES = 256 * 1024 };

struct replacement { /* entries from `index` on, in records before `position`, are no more */
    uint64_t position, index;
};

struct kept_batch { /* of what raft will need */
    struct raft_pos last;
    struct raft_members members; /* as of its last entry */
};

struct loading { /* of one shard */
    struct pass *pass;
    struct replica *replica;
    struct replica_loaded *loaded; /* NULL: a reload */
    uint64_t until;
    uint64_t snapshot_index;     /* 0: the one that was found, if any was */
    bool again;                  /* it is part of this pass over the log */
    struct raft_pos last;        /* the newest entry seen */
    struct raft_members members; /* as of it */
    struct buffer replacements;  /* struct replacement */
    uint64_t replacements_at;    /* the first that is behind the record now read */
    bool wrong;                  /* something is in the store that was replaced */
    struct buffer kept;          /* struct kept_batch: as loaded->batches */
    size_t kept_bytes;
    uint64_t commit; /* at least */
};

struct pass { /* over the log, for several shards */
    struct lane *lane;
    struct arena *arena;
    const struct snapshot_found *found;
    uint32_t found_count;
    struct loading *items;
    uint32_t count;
    struct loading **by_group; /* NULL: nobody wants its records */
    struct lane_opened *opened;
    uint64_t first_position, last_position;
};

struct store *replica_store_new(const struct shard *shard)
{
    struct store *over = shard->lane->over, *store;
    store = store_new(&(struct store_config){.beside = over});
    if (!shard_eq(shard->number, SHARD_ROOT)) store_over_set(over, shard->number.n, store);
    return store;
}

/* --- what was replaced ------------------------------------------------------------------------ */

static struct replacement *replacement_at(const struct loading *loading, uint64_t i)
{
    return (struct replacement *)(void *)loading->replacements.data + i;
}

static uint64_t replacements_count(const struct loading *loading)
{
    return loading->replacements.len / sizeof(struct replacement);
}

/* Of all that are at one or behind it, let it have the lowest index. */
static void spread_replacements(struct loading *loading)
{
    for (uint64_t i = replacements_count(loading); i-- > 1;) {
        struct replacement *before = replacement_at(loading, i - 1);
        before->index = u64_min(before->index, replacement_at(loading, i)->index);
    }
    loading->replacements_at = 0;
}

static bool is_replaced(struct loading *loading, const struct log_record *record)
{
    uint64_t *at = &loading->replacements_at;
    while (*at < replacements_count(loading) &&
           replacement_at(loading, *at)->position <= record->position) {
        ++*at;
    }
    return *at < replacements_count(loading) &&
           replacement_at(loading, *at)->index <= record->index;
}

static void note_replacement(struct loading *loading, uint64_t position, uint64_t index)
{
    struct replacement replacement = {position, index};
    buffer_append(&loading->replacements, slice_of(&replacement, sizeof replacement));
    loading->wrong = true;
}

/* --- for raft --------------------------------------------------------------------------------- */

static void keep_batch(struct loading *loading, struct raft_batch *batch)
{
    struct replica_loaded *loaded = loading->loaded;
    if (loaded->batches_count == loaded->batches_capacity) {
        uint32_t capacity = loaded->batches_capacity == 0 ? 64 : loaded->batches_capacity * 2;
        loaded->batches = reallocarray(loaded->batches, capacity, sizeof(struct raft_batch *));
        ASSERT(loaded->batches != NULL);
        loaded->batches_capacity = capacity;
    }
    loaded->batches[loaded->batches_count++] = batch;
    buffer_append(&loading->kept, slice_of(&(struct kept_batch){0}, sizeof(struct kept_batch)));
}

/* What is agreed on and old need not be in memory. */
static void forget_batches(struct loading *loading)
{
    struct replica_loaded *loaded = loading->loaded;
    struct kept_batch *kept = (struct kept_batch *)(void *)loading->kept.data;
    size_t tail = loading->replica->lane->raft.tail_bytes;
    uint32_t gone = 0;
    for (; gone + 1 < loaded->batches_count && loading->kept_bytes > tail; gone++) {
        if (kept[gone].last.index > loading->commit) break;
        loading->kept_bytes -= raft_batch_bytes(loaded->batches[gone]);
        loaded->start.snapshot = kept[gone].last;
        loaded->start.members = kept[gone].members;
        raft_batch_unref(loaded->batches[gone]);
    }
    if (gone == 0) return;
    loaded->batches_count -= gone;
    memmove(loaded->batches, loaded->batches + gone,
            loaded->batches_count * sizeof(struct raft_batch *));
    buffer_consume(&loading->kept, gone * sizeof(struct kept_batch));
}

static bool decides_alone(const struct loading *loading)
{
    const struct raft_members *members = &loading->members;
    return members->count == 1 && raft_members_is_voter(members, loading->replica->lane->self);
}

static void keep(struct loading *loading, const struct log_record *record)
{
    struct replica_loaded *loaded = loading->loaded;
    if (loaded == NULL || !loading->replica->lane->is_linked) return;
    struct raft_batch *batch =
        loaded->batches_count == 0 ? NULL : loaded->batches[loaded->batches_count - 1];
    if (batch == NULL || raft_batch_bytes(batch) >= RESTORE_BATCH_BYTES) {
        if (decides_alone(loading)) {
            loading->commit = u64_max(loading->commit, loading->last.index - 1);
            forget_batches(loading);
        }
        batch = raft_batch_new(RESTORE_BATCH_BYTES);
        keep_batch(loading, batch);
    }
    size_t before = raft_batch_bytes(batch);
    raft_batch_add_at(batch, loading->last, (enum raft_entry_kind)record->kind, record->payload);
    loading->kept_bytes += raft_batch_bytes(batch) - before;
    struct kept_batch *kept = (struct kept_batch *)(void *)loading->kept.data;
    kept[loaded->batches_count - 1] = (struct kept_batch){loading->last, loading->members};
}

/* --- records ---------------------------------------------------------------------------------- */

static enum err damaged(const struct log_record *record, const char *what, struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "log record %llu: %s",
                     (unsigned long long)record->position, what);
}

static enum err visit_hard(struct loading *loading, const struct log_record *record,
                           struct fault *fault)
{
    struct raft_hard hard;
    bool was_damaged;
    uint64_t commit;
    if (!replica_hard_read(record, &hard, &was_damaged, &commit)) {
        return damaged(record, "it cannot be read", fault);
    }
    loading->commit = u64_max(loading->commit, commit);
    if (loading->loaded == NULL) return ERR_OK;
    loading->loaded->start.hard = hard;
    loading->loaded->has_hard = true;
    loading->replica->was_damaged = was_damaged;
    if (!loading->wrong) forget_batches(loading);
    return ERR_OK;
}

static enum err take_entry(struct loading *loading, const struct log_record *record,
                           struct fault *fault)
{
    struct replica *replica = loading->replica;
    bool is_members = record->kind == RAFT_ENTRY_MEMBERS;
    if (is_members && !raft_members_read(record->payload, &loading->members)) {
        return damaged(record, "it cannot be read", fault);
    }
    loading->last = (struct raft_pos){record->term, record->index};
    keep(loading, record);
    if (record->index > loading->until) {
        replica_runs_add(replica, record->position, record->index, 0); /* for [R1] */
        return ERR_OK;
    }
    loading->pass->opened->replayed_count++;
    replica->stored = loading->last;
    replica->members = loading->members;
    if (record->kind != RAFT_ENTRY_COMMANDS) return ERR_OK;
    return record_replay(replica->shard, record->position, record->payload, NULL, fault);
}

static enum err visit(struct loading *loading, const struct log_record *record, struct fault *fault)
{
    switch (record->kind) {
    case REPLICA_RECORD_HARD: return visit_hard(loading, record, fault);
    case RAFT_ENTRY_COMMANDS:
    case RAFT_ENTRY_EMPTY:
    case RAFT_ENTRY_MEMBERS: break;
    default:
        return damaged(record,
                       "its kind is unknown; start the version of tutti that wrote it, or a newer "
                       "one",
                       fault);
    }
    if (is_replaced(loading, record)) return ERR_OK; /* [D1] */
    uint64_t covered = loading->replica->snapshot.index;
    if (record->index <= loading->last.index) {
        if (loading->last.index == covered) return ERR_OK;
        loading->last.index = u64_max(record->index, covered);
        note_replacement(loading, record->position, u64_max(record->index, covered + 1));
        return ERR_OK;
    }
    if (record->index != loading->last.index + 1) {
        return damaged(record, "entries before it are missing", fault);
    }
    if (!loading->wrong) return take_entry(loading, record, fault);
    loading->last.index = record->index;
    return ERR_OK;
}

/* --- one of them ------------------------------------------------------------------------------ */

static const struct snapshot_found *snapshot_of(const struct pass *pass, shard_id shard)
{
    for (uint32_t low = 0, high = pass->found_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        const struct snapshot_found *found = &pass->found[middle];
        if (shard_eq(found->header.shard, shard)) return found;
        if (found->header.shard.n < shard.n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* Of a replica that is loaded again, it is known. */
static enum err look_at_known(const struct loading *loading, struct snapshot_found *found,
                              char path[SNAPSHOT_PATH_MAX], struct fault *fault)
{
    const struct shard *shard = loading->replica->shard;
    struct file file;
    snapshot_path(path, shard->lane->config.folder, shard->number, loading->snapshot_index, "");
    found->path = path;
    enum err err = file_open_read(path, &file, fault);
    if (err != ERR_OK) return err;
    err = file_size(&file, &found->bytes, fault);
    file_close(&file);
    return err;
}

static enum err load_snapshot(struct loading *loading, struct fault *fault)
{
    struct replica *replica = loading->replica;
    struct shard *shard = replica->shard;
    const struct snapshot_found *found = snapshot_of(loading->pass, shard->number);
    struct snapshot_found known = {0};
    struct snapshot_header header;
    char path[SNAPSHOT_PATH_MAX];
    uint64_t keys_count;
    enum err err = ERR_OK;
    if (loading->snapshot_index > 0) {
        err = look_at_known(loading, &known, path, fault);
        found = &known;
    }
    if (found == NULL || err != ERR_OK) return err;
    err = snapshot_load(found->path, shard->store, &header, &keys_count, fault);
    if (err != ERR_OK) return err;
    replica->snapshot = (struct raft_pos){header.term, header.index};
    replica->snapshot_position = header.position;
    replica->snapshot_bytes = found->bytes;
    if (header.members.count > 0) loading->members = header.members;
    if (replica->lane->is_linked) store_set_time(shard->store, header.made_at_ms);
    shard->save.told.last_done_ms = header.made_at_ms;
    shard->save.index = header.index;
    if (loading->loaded != NULL) shard->save.last_bytes = found->bytes;
    return ERR_OK;
}

/* As it was before anything of the log. */
static void forget(struct loading *loading)
{
    struct replica *replica = loading->replica;
    bool has_empty = loading->loaded == NULL && loading->snapshot_index == 0; /* or none */
    replica->snapshot = (struct raft_pos){0};
    if (!has_empty) replica->snapshot_position = replica->snapshot_bytes = 0;
    replica->runs.count = 0;
    loading->members = replica->config_members;
    loading->last = loading->replica->stored = (struct raft_pos){0};
    loading->wrong = false;
    loading->kept_bytes = 0;
    loading->commit = 0;
    buffer_clear(&loading->kept);
    if (loading->loaded != NULL) {
        replica_loaded_free(loading->loaded);
        *loading->loaded = (struct replica_loaded){0};
    }
}

static enum err begin(struct loading *loading, struct fault *fault)
{
    struct replica *replica = loading->replica;
    forget(loading);
    spread_replacements(loading);
    enum err err = load_snapshot(loading, fault);
    if (err != ERR_OK) return err;
    replica->stored = loading->last = replica->snapshot;
    replica->members = loading->members;
    loading->commit = replica->snapshot.index;
    if (loading->loaded != NULL) {
        loading->loaded->start.snapshot = replica->snapshot;
        loading->loaded->start.members = loading->members;
    }
    return ERR_OK;
}

static void empty_store(struct shard *shard)
{
    struct store *before = shard->store;
    ASSERT(!replica_warm_comes(shard->replica));
    shard->store = replica_store_new(shard);
    store_succeed(shard->store, before);
    lane_discard(shard->lane, before);
    shard->used_bytes = 0;
}

/* Nobody decides here; what is saved has one member. */
static void take_out(struct loading *loading)
{
    struct replica *replica = loading->replica;
    replica->members = (struct raft_members){
        .count = 1, .members = {{.node = replica->lane->self, .role = RAFT_VOTER}}};
    loading->loaded->start.members = (struct raft_members){0};
}

static void end(struct loading *loading)
{
    struct replica *replica = loading->replica;
    replica->logged_ms = store_now_ms(replica->shard->store);
    buffer_free(&loading->replacements);
    buffer_free(&loading->kept);
    shard_note_memory(replica->shard);
    if (loading->loaded == NULL) return;
    struct replica_loaded *loaded = loading->loaded;
    if (!replica->lane->is_linked) { /* all of it is agreed on */
        loaded->start.snapshot = loading->last;
        loaded->start.members = loading->members;
    }
    if (replica->lane->config.taken_out) take_out(loading);
    loaded->commit = loading->commit;
    struct raft_hard *hard = &loaded->start.hard;
    hard->term = u64_max(hard->term, u64_max(loading->last.term, replica->snapshot.term));
}

/* --- all of them ------------------------------------------------------------------------------ */

static struct loading **place_of(struct pass *pass, uint32_t group)
{
    uint32_t count = pass->lane->config.shards_count;
    if (group == SHARD_ROOT.n) return &pass->by_group[count];
    return group < count ? &pass->by_group[group] : NULL;
}

static enum err visit_any(void *context, const struct log_record *record, struct fault *fault)
{
    struct pass *pass = context;
    struct loading **place = place_of(pass, record->group);
    if (pass->first_position == 0) pass->first_position = record->position;
    if (place == NULL) return damaged(record, "there is no shard of that number", fault);
    struct loading *loading = *place;
    if (loading == NULL || record->position <= loading->replica->snapshot_position) return ERR_OK;
    return visit(loading, record, fault);
}

/* The log up to here is needed by none. */
static uint64_t passed_over(const struct pass *pass)
{
    uint64_t after = UINT64_MAX;
    for (uint32_t i = 0; i < pass->count; i++) {
        const struct loading *loading = &pass->items[i];
        if (loading->again) after = u64_min(after, loading->replica->snapshot_position);
    }
    return after == UINT64_MAX ? 0 : after; /* nobody is here: all of the log is looked at */
}

/* Those that are to be loaded (again). */
static enum err read_log(struct pass *pass, struct fault *fault)
{
    struct log_found found = {0};
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < pass->count && err == ERR_OK; i++) {
        struct loading *loading = &pass->items[i];
        *place_of(pass, loading->replica->shard->number.n) = loading->again ? loading : NULL;
        if (loading->again) err = begin(loading, fault);
    }
    if (err != ERR_OK) return err;
    pass->first_position = 0;
    pass->opened->replayed_count = 0;
    err = log_recover(pass->lane->config.folder, passed_over(pass), visit_any, pass, &found, fault);
    if (err != ERR_OK) return err;
    pass->opened->dropped_bytes = found.dropped_bytes;
    memcpy(pass->opened->dropped_at, found.dropped_at, sizeof found.dropped_at);
    pass->last_position = u64_max(pass->last_position, found.last_position);
    return ERR_OK;
}

static bool any_is_wrong(struct pass *pass)
{
    bool any = false;
    for (uint32_t i = 0; i < pass->count; i++) {
        struct loading *loading = &pass->items[i];
        loading->again = loading->again && loading->wrong;
        if (loading->again) empty_store(loading->replica->shard);
        any |= loading->again;
    }
    return any;
}

static enum err load_until_right(struct pass *pass, struct fault *fault)
{
    enum err err = read_log(pass, fault);
    /* Each round knows of more that was replaced; the second of all. */
    while (err == ERR_OK && any_is_wrong(pass)) err = read_log(pass, fault);
    for (uint32_t i = 0; i < pass->count; i++) {
        struct loading *loading = &pass->items[i];
        pass->last_position = u64_max(pass->last_position, loading->replica->snapshot_position);
        end(loading);
    }
    return err;
}

enum err replica_load(struct lane *lane, const struct replica_load_ask *ask,
                      struct lane_opened *opened, uint64_t *last_position, struct fault *fault)
{
    struct arena *arena = arena_new();
    const struct replica_to_load *wanted = ask->replicas;
    uint32_t count = ask->count;
    struct pass pass = {.lane = lane,
                        .arena = arena,
                        .opened = opened,
                        .count = count,
                        .found = ask->found,
                        .found_count = ask->found_count};
    pass.items = ARENA_ARRAY(arena, struct loading, count + 1);
    pass.by_group = ARENA_ARRAY(arena, struct loading *, lane->config.shards_count + 1);
    memset(pass.by_group, 0, (lane->config.shards_count + 1) * sizeof(struct loading *));
    for (uint32_t i = 0; i < count; i++) {
        pass.items[i] = (struct loading){.pass = &pass,
                                         .replica = wanted[i].replica,
                                         .loaded = wanted[i].loaded,
                                         .until = wanted[i].until,
                                         .snapshot_index = wanted[i].snapshot_index,
                                         .again = true};
    }
    enum err err = load_until_right(&pass, fault);
    *last_position = pass.last_position;
    arena_free(arena);
    return err;
}

void replica_loaded_free(struct replica_loaded *loaded)
{
    for (uint32_t i = 0; i < loaded->batches_count; i++) raft_batch_unref(loaded->batches[i]);
    free(loaded->batches);
    *loaded = (struct replica_loaded){0};
}

/* --- a store that is thrown away -------------------------------------------------------------- */

void replica_empty(struct replica *replica)
{
    struct shard *shard = replica->shard;
    const struct call_observer *observer = shard->lane->observer;
    for (uint32_t i = 0; observer != NULL && i < STORE_DATABASES; i++) {
        if (observer->replaced != NULL) observer->replaced(observer->context, i, i);
    }
    shard_save_abort(shard);
    empty_store(shard);
    replica->reload_wanted = false;
    replica->reloads++;
}

void replica_reload(struct lane *lane, const struct replica_load_ask *ask)
{
    struct lane_opened opened = {0};
    struct fault fault;
    uint64_t ignored;
    for (uint32_t i = 0; i < ask->count; i++) replica_empty(ask->replicas[i].replica);
    if (replica_load(lane, ask, &opened, &ignored, &fault) != ERR_OK) {
        lane_fail(lane, &fault);
    }
}

static bool is_ours(struct slice path)
{
    const uint8_t *slash = memrchr(path.data, '/', path.len);
    struct slice name = slash == NULL ? path : slice_from(path, (size_t)(slash - path.data) + 1);
    bool known =
        slice_starts_with(name, SLICE("log-")) || slice_starts_with(name, SLICE("snapshot-"));
    return known && memmem(name.data, name.len, ".damaged", 8) == NULL;
}

static enum err set_aside(struct arena *arena, const char *path, struct fault *fault)
{
    enum { NAMES_MAX = 1000 };
    const char *aside = arena_format(arena, "%s.damaged", path);
    for (int i = 2; path_exists(aside); i++) {
        if (i > NAMES_MAX) {
            return fault_set(fault, ERR_EXISTS, "%s is there already; move it away", aside);
        }
        aside = arena_format(arena, "%s.damaged-%d", path, i);
    }
    return file_rename(path, aside, fault);
}

enum err replica_set_aside(const char *folder, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct folder_files files = {0};
    enum err err = folder_walk(folder, arena, NULL, &files, fault);
    for (uint32_t i = 0; i < files.count && err == ERR_OK; i++) {
        if (!is_ours(files.files[i].path)) continue;
        err = set_aside(arena, (const char *)files.files[i].path.data, fault);
    }
    folder_files_free(&files);
    if (err == ERR_OK) err = folder_sync(folder, fault);
    arena_free(arena);
    return err;
}
