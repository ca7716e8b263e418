/* backup.c -- see backup.h. */
#include <stdio.h>

#include "cmd/command.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/folder.h"
#include "lane/lane.h"
#include "lane/snapshot.h"
#include "node/backup.h"
#include "node/formation.h"
#include "node/recover.h"
#include "serve/config.h"
#include "serve/config_apply.h"

enum {
    LANES_MAX = 1024,
    COMPLETIONS_MAX = 64,
    POSITION_RESTORED = 1, /* all shards' snapshots: their lane's log begins behind it */
};

/* The folder above; "." where the path has none. */
static const char *parent_of(struct arena *arena, const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    while (len > 0 && path[len - 1] != '/') len--;
    return len == 0 ? "." : arena_text(arena, slice_of(path, len));
}

static bool nothing(const char *name)
{
    (void)name;
    return false;
}

/* An empty folder DIR.partial for what becomes DIR. */
static enum err begin_aside(struct arena *arena, const char *path, const char **aside,
                            struct fault *fault)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    const char *partial = arena_format(arena, "%.*s.partial", (int)len, path);
    if (path_exists(path) && folder_find_unexpected(path, nothing, arena) != NULL) {
        return fault_set(fault, ERR_EXISTS,
                         "%s is there already, and is not empty; name a new folder", path);
    }
    if (path_exists(partial)) {
        return fault_set(fault, ERR_EXISTS,
                         "%s is in the way: if it is what an earlier attempt left, remove it",
                         partial);
    }
    enum err err = folder_create(partial, fault);
    if (err == ERR_OK) *aside = partial;
    return err;
}

/* Renaming a folder to the name of an empty one takes its place. */
static enum err publish(struct arena *arena, const char *aside, const char *path,
                        struct fault *fault)
{
    enum err err = folder_sync(aside, fault);
    if (err == ERR_OK) err = file_rename(aside, path, fault);
    return err == ERR_OK ? folder_sync(parent_of(arena, path), fault) : err;
}

/* --- backup ----------------------------------------------------------------------------------- */

static enum err save(struct io *io, struct lane *lane, const char *to, struct fault *fault)
{
    enum { PAUSE_NS = 10 * 1000 * 1000 };
    struct io_completion completions[COMPLETIONS_MAX];
    enum err err = lane_save(lane, to, fault);
    if (err != ERR_OK) return err;
    while (lane_saving(lane).active) { /* ends: each turn writes some, or the disk fails */
        instant now = clock_now();
        uint32_t count = io_wait(io, (instant){now.ns}, completions, COMPLETIONS_MAX);
        for (uint32_t i = 0; i < count; i++) lane_complete(lane, &completions[i]);
        lane_turn(lane, io_now(io), io_unix_ms(io));
        instant next = lane_settle(lane, io_now(io), io_unix_ms(io));
        if (next.ns <= now.ns) continue;
        count = io_wait(io, (instant){now.ns + PAUSE_NS}, completions, COMPLETIONS_MAX);
        for (uint32_t i = 0; i < count; i++) lane_complete(lane, &completions[i]);
    }
    if (!lane_saving(lane).last_failed) return ERR_OK;
    *fault = *lane_save_fault(lane);
    return fault->code;
}

static void say_lane(struct buffer *out, uint32_t number, uint64_t count, const char *what)
{
    buffer_append_format(out, "lane %u: %llu %s%s\n", number, (unsigned long long)count, what,
                         count == 1 ? "" : "s");
}

/* The root group's are nobody's. */
static uint64_t count_keys(const struct lane *lane)
{
    uint64_t count = 0;
    struct shard *shard = lane_shard_first(lane);
    for (; shard != NULL; shard = lane_shard_next(lane, shard)) {
        if (shard_eq(shard_number(shard), SHARD_ROOT)) continue;
        for (uint32_t i = 0; i < STORE_DATABASES; i++) count += store_count(shard_store(shard), i);
    }
    return count;
}

/* The log that they were written with stays where it is: all begin behind the same record. */
static enum err place_all(struct arena *arena, const char *place, struct fault *fault)
{
    struct snapshot_found *found;
    uint32_t count;
    enum err err = snapshot_find(place, arena, &found, &count, fault);
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        if (found[i].header.position == POSITION_RESTORED) continue;
        err = snapshot_copy(found[i].path, found[i].path, POSITION_RESTORED, fault);
    }
    return err == ERR_OK ? folder_sync(place, fault) : err;
}

enum err node_save_lane(struct arena *arena, const struct data_folder *folder, uint32_t number,
                        bool taken_out, const char *to, uint64_t *keys_count, struct fault *fault)
{
    const struct lane_start nothing_new = {.shard = SHARD_ROOT};
    struct config config;
    struct lane_opened opened;
    struct lane *lane = NULL;
    struct io *io;
    config_init(&config);
    struct lane_config lane_config = {
        .number = number,
        .lanes_count = folder->lanes_count,
        .shards_count = folder->identity.shards_count,
        .seed = folder->identity.seed,
        .segment_bytes = (uint64_t)config_integer(&config, SETTING_LOG_SEGMENT_SIZE),
        .commands = command_table_new(arena),
        .starts = taken_out ? &nothing_new : NULL,
        .taken_out = taken_out,
    };
    config_limits(&config, &lane_config.limits);
    config_call_settings(&config, &lane_config.settings);
    enum err err = data_folder_lane(arena, folder, number, &lane_config.folder, fault);
    if (err == ERR_OK) err = io_new(&(struct io_config){0}, &io, fault);
    if (err == ERR_OK) {
        err = lane_open(&lane_config, io, &lane, &opened, fault);
        *keys_count = 0;
        if (lane != NULL) {
            if (err == ERR_OK && lane_shard_first(lane) != NULL) {
                err = save(io, lane, to, fault);
                *keys_count = count_keys(lane);
            }
            lane_close(lane);
        }
        io_free(io);
    }
    config_free(&config);
    if (err != ERR_OK) return err;
    return taken_out ? place_all(arena, to, fault) : folder_sync(to, fault);
}

static enum err backup_lane(struct arena *arena, const struct data_folder *folder, uint32_t number,
                            const char *to, struct buffer *out, struct fault *fault)
{
    uint64_t keys_count;
    enum err err = folder_create(to, fault);
    if (err == ERR_OK) err = node_save_lane(arena, folder, number, false, to, &keys_count, fault);
    if (err == ERR_OK) say_lane(out, number, keys_count, "key");
    return err;
}

static enum err look_if_shared(struct arena *arena, struct data_folder *folder, bool *is_shared,
                               struct fault *fault)
{
    struct registry *registry;
    enum err err = recovery_registry(arena, folder, &registry, fault);
    *is_shared = data_folder_is_shared(folder) || recovery_has_others(folder, registry);
    registry_free(registry);
    if (err != ERR_OK) data_folder_close(folder);
    return err;
}

enum err node_backup(const char *data, const char *to, struct buffer *out, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct data_folder folder;
    const char *aside = NULL;
    enum err err = data_folder_open_existing(arena, data, &folder, fault);
    if (err == ERR_EXISTS) {
        struct fault busy = *fault;
        (void)fault_set(fault, err,
                        "%s; or let the node write the backup: tutti backup %s --from HOST:PORT",
                        busy.text, to);
    }
    bool is_shared = false;
    if (err == ERR_OK) err = look_if_shared(arena, &folder, &is_shared, fault);
    if (err == ERR_OK && is_shared) {
        /* Opened here it would believe to be alone, and agree with itself. */
        err = fault_set(fault, ERR_USAGE,
                        "%s is of node %u of the cluster %s: let a node that runs write the "
                        "backup: tutti backup %s --from HOST:PORT",
                        data, folder.identity.node.n, folder.identity.name, to);
        data_folder_close(&folder);
    } else if (err == ERR_OK) {
        err = begin_aside(arena, to, &aside, fault);
        for (uint32_t i = 0; i < folder.lanes_count && err == ERR_OK; i++) {
            const char *place = arena_format(arena, "%s/lane-%u", aside, i);
            err = backup_lane(arena, &folder, i, place, out, fault);
        }
        if (err == ERR_OK) {
            err = publish(arena, aside, to, fault);
        } else if (aside != NULL) {
            folder_remove_tree(aside);
        }
        data_folder_close(&folder);
    }
    arena_free(arena);
    return err;
}

/* --- restore ---------------------------------------------------------------------------------- */

struct part {
    uint32_t lane;
    const struct snapshot_found *snapshot;
    uint64_t keys_count;
};
struct parts {
    struct part *items; /* in the arena */
    uint32_t count, lanes_count;
};

/* The root group's are nobody's. */
static uint64_t keys_in(const struct snapshot_header *header)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) count += header->keys[i];
    return shard_eq(header->shard, SHARD_ROOT) ? 0 : count;
}

static enum err look_at(struct arena *arena, const char *folder, struct parts *parts,
                        struct fault *fault)
{
    struct snapshot_found *found;
    uint32_t count;
    enum err err = snapshot_find(folder, arena, &found, &count, fault);
    if (err != ERR_OK) return err;
    if (count == 0) return fault_set(fault, ERR_NOT_FOUND, "there is no snapshot in %s", folder);
    struct part *items = ARENA_ARRAY(arena, struct part, parts->count + count);
    if (parts->count > 0) memcpy(items, parts->items, parts->count * sizeof *items);
    parts->items = items;
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        struct snapshot_header header;
        struct part *part = &items[parts->count++];
        *part = (struct part){.lane = parts->lanes_count, .snapshot = &found[i]};
        uint64_t records_count;
        err = snapshot_verify(found[i].path, &header, &records_count, fault);
        if (err == ERR_OK) part->keys_count = keys_in(&header);
    }
    return err;
}

/* Each shard once, and all of them; the root group counts for none. */
static enum err check_whole(const char *from, const struct parts *parts, struct fault *fault)
{
    ASSERT(parts->items != NULL); /* each lane has some */
    uint32_t shards_count = parts->items[0].snapshot->header.shards_count, seen = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
        const struct snapshot_header *header = &part->snapshot->header;
        uint32_t lane = shard_lane(header->shard, shards_count, parts->lanes_count);
        if (header->shards_count != shards_count || lane != part->lane) {
            return fault_set(fault, ERR_CORRUPT,
                             "%s is of shard %u of %u: it does not belong into lane %u of %u",
                             part->snapshot->path, header->shard.n, header->shards_count,
                             part->lane, parts->lanes_count);
        }
        seen += !shard_eq(header->shard, SHARD_ROOT);
    }
    if (seen == shards_count) return ERR_OK;
    return fault_set(fault, ERR_CORRUPT, "%s is not a whole backup: it has %u of %u shards", from,
                     seen, shards_count);
}

static enum err look_at_all(struct arena *arena, const char *from, struct parts *parts,
                            struct fault *fault)
{
    *parts = (struct parts){0};
    for (; parts->lanes_count < LANES_MAX; parts->lanes_count++) {
        const char *folder = arena_format(arena, "%s/lane-%u", from, parts->lanes_count);
        struct path_status status;
        enum err err = path_look(folder, &status, fault);
        if (err != ERR_OK && parts->lanes_count > 0) break;
        if (err != ERR_OK) return fault_prefix(fault, "%s is not a whole backup", from);
        err = look_at(arena, folder, parts, fault);
        if (err != ERR_OK) return err;
    }
    return check_whole(from, parts, fault);
}

static enum err copy_part(struct arena *arena, const struct part *part, const char *folder,
                          struct fault *fault)
{
    const char *path = arena_format(arena, "%s/%s", folder,
                                    strrchr(part->snapshot->path, '/') + 1); /* it has a folder */
    enum err err = snapshot_copy(part->snapshot->path, path, POSITION_RESTORED, fault);
    return err == ERR_OK ? folder_sync(folder, fault) : err;
}

/* But for the root group's: what it knows is of another cluster. */
static enum err copy_parts(struct arena *arena, const struct data_folder *folder,
                           const struct parts *parts, struct fault *fault)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < parts->count && err == ERR_OK; i++) {
        const struct part *part = &parts->items[i];
        const char *place;
        if (shard_eq(part->snapshot->header.shard, SHARD_ROOT)) continue;
        err = data_folder_lane(arena, folder, part->lane, &place, fault);
        if (err == ERR_OK) err = copy_part(arena, part, place, fault);
    }
    return err;
}

/* Are there groups in it whose members would be waited for? */
static bool is_of_many(const struct parts *parts)
{
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct raft_members *members = &parts->items[i].snapshot->header.members;
        bool alone =
            members->count <= 1 && (members->count == 0 || members->members[0].node.n == 1);
        if (!alone) return true;
    }
    return false;
}

/* Taken out of their cluster, and written anew. */
static enum err fill_from_many(struct arena *arena, const struct data_folder *folder,
                               const struct parts *parts, struct fault *fault)
{
    struct data_folder copied = *folder;
    copied.path = arena_format(arena, "%s/copied", folder->path);
    enum err err = folder_create(copied.path, fault);
    if (err == ERR_OK) err = copy_parts(arena, &copied, parts, fault);
    for (uint32_t i = 0; i < parts->lanes_count && err == ERR_OK; i++) {
        const char *place;
        uint64_t keys_count;
        err = data_folder_lane(arena, folder, i, &place, fault);
        if (err == ERR_OK) err = node_save_lane(arena, &copied, i, true, place, &keys_count, fault);
    }
    folder_remove_tree(copied.path);
    return err;
}

static enum err fill_folder(struct arena *arena, const char *aside, const struct parts *parts,
                            struct fault *fault)
{
    struct data_folder folder;
    struct data_identity identity;
    ASSERT(parts->items != NULL);
    uint32_t shards_count = parts->items[0].snapshot->header.shards_count;
    formation_draw(setting_rows[SETTING_CLUSTER].standard, shards_count, &identity);
    enum err err = data_folder_take(arena, aside, &folder, fault);
    if (err != ERR_OK) return err;
    err = data_folder_found(arena, &folder, &identity, parts->lanes_count, fault);
    if (err == ERR_OK && is_of_many(parts)) {
        err = fill_from_many(arena, &folder, parts, fault);
    } else if (err == ERR_OK) {
        err = copy_parts(arena, &folder, parts, fault);
    }
    data_folder_close(&folder);
    return err;
}

static void say_parts(const struct parts *parts, struct buffer *out)
{
    uint64_t keys_count = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        keys_count += parts->items[i].keys_count;
        bool last = i + 1 == parts->count || parts->items[i + 1].lane != parts->items[i].lane;
        if (!last) continue;
        say_lane(out, parts->items[i].lane, keys_count, "key");
        keys_count = 0;
    }
}

/* A data folder has snapshots too; but what came after them is in its log alone. */
static enum err check_backup(struct arena *arena, const char *from, struct fault *fault)
{
    if (!path_exists(arena_format(arena, "%s/tutti.data", from))) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "%s is a data folder, no backup: what is in its log would be lost; start a "
                     "node on it, or make a backup of it first: tutti backup DIR --data %s",
                     from, from);
}

enum err node_restore(const char *from, const char *data, struct buffer *out, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct parts parts;
    const char *aside = NULL;
    enum err err = check_backup(arena, from, fault);
    if (err == ERR_OK) err = look_at_all(arena, from, &parts, fault);
    if (err == ERR_OK) err = begin_aside(arena, data, &aside, fault);
    if (err == ERR_OK) err = fill_folder(arena, aside, &parts, fault);
    if (err == ERR_OK) {
        err = publish(arena, aside, data, fault);
    } else if (aside != NULL) {
        folder_remove_tree(aside);
    }
    if (err == ERR_OK) say_parts(&parts, out);
    arena_free(arena);
    return err;
}

/* --- a backup that somebody else fills ---------------------------------------------------------
 */

enum err node_backup_begin(struct arena *arena, const char *to, const char **aside,
                           struct fault *fault)
{
    return begin_aside(arena, to, aside, fault);
}

enum err node_backup_end(struct arena *arena, const char *aside, const char *to, enum err err,
                         struct buffer *out, struct fault *fault)
{
    struct parts parts;
    if (err == ERR_OK) err = look_at_all(arena, aside, &parts, fault);
    if (err == ERR_OK) err = publish(arena, aside, to, fault);
    if (err == ERR_OK) {
        say_parts(&parts, out);
    } else {
        folder_remove_tree(aside);
    }
    return err;
}
