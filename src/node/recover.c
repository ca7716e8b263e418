/*
 * recover.c -- see recover.h.
 *
 * [I1] What has to be agreed on is never written to the old folder: it may still be started with
 *      the others, if they come back before the end.
 */
#include "node/recover.h"

#include "io/file.h"
#include "io/folder.h"
#include "lane/registry_copy.h"
#include "lane/snapshot.h"
#include "node/backup.h"
#include "node/formation.h"

#define RECOVERED ".recovered"
#define BEFORE    ".before-recover"

/* --- looking ---------------------------------------------------------------------------------- */

enum err recovery_registry(struct arena *arena, const struct data_folder *folder,
                           struct registry **registry, struct fault *fault)
{
    struct buffer bytes = {0};
    const char *path = data_folder_registry_path(arena, folder);
    enum err err = registry_copy_read(path, &bytes, registry, fault);
    buffer_free(&bytes);
    return err;
}

bool recovery_has_others(const struct data_folder *folder, const struct registry *registry)
{
    uint32_t count = 0;
    if (registry == NULL) return folder->identity.origin != DATA_ORIGIN_FORMED;
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        count += registry_member_at(registry, i)->state != MEMBER_REMOVED;
    }
    return count > 1;
}

static enum err find_missing(struct arena *arena, struct recovery *recovery, struct fault *fault)
{
    const struct data_folder *folder = &recovery->folder;
    uint32_t shards_count = folder->identity.shards_count;
    bool *here = ARENA_ARRAY(arena, bool, shards_count), root_is_here = false;
    memset(here, 0, shards_count * sizeof *here);
    recovery->missing = ARENA_ARRAY(arena, uint32_t, shards_count);
    for (uint32_t lane = 0; lane < folder->lanes_count; lane++) {
        struct snapshot_found *found;
        const char *path;
        uint32_t count;
        enum err err = data_folder_lane(arena, folder, lane, &path, fault);
        if (err == ERR_OK) err = snapshot_find(path, arena, &found, &count, fault);
        if (err != ERR_OK) return err;
        for (uint32_t i = 0; i < count; i++) {
            shard_id shard = found[i].header.shard;
            if (shard.n < shards_count) here[shard.n] = true;
            root_is_here = root_is_here || shard_eq(shard, SHARD_ROOT);
        }
    }
    for (uint32_t i = 0; i < shards_count; i++) {
        if (!here[i]) recovery->missing[recovery->missing_count++] = i;
    }
    recovery->root_is_missing = !root_is_here && recovery->registry != NULL;
    return ERR_OK;
}

static enum err check(const struct recovery *recovery, struct fault *fault)
{
    const struct data_folder *folder = &recovery->folder;
    if (folder->format < DATA_FORMAT) {
        return fault_set(fault, ERR_USAGE,
                         "%s is of an older format: start its node once with this version",
                         folder->path);
    }
    bool unknown = recovery->registry_trouble != NULL; /* then whoever asks must know */
    if (unknown || recovery->root_is_missing) return ERR_OK;
    if (recovery_has_others(folder, recovery->registry)) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "%s is of a node that is alone: it needs no others, so just start it",
                     folder->path);
}

/* "DIR/" would be the folder inside of it. */
static const char *without_slash(struct arena *arena, const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    return arena_text(arena, slice_of(path, len));
}

enum err recovery_open(struct arena *arena, const char *data, struct recovery *recovery,
                       struct fault *fault)
{
    *recovery = (struct recovery){0};
    enum err err =
        data_folder_open_existing(arena, without_slash(arena, data), &recovery->folder, fault);
    if (err != ERR_OK) return err;
    err = recovery_registry(arena, &recovery->folder, &recovery->registry, fault);
    if (err == ERR_CORRUPT) {
        recovery->registry_trouble = arena_text(arena, slice_text(fault->text));
        err = ERR_OK;
    }
    if (err == ERR_OK) err = find_missing(arena, recovery, fault);
    if (err == ERR_OK) err = check(recovery, fault);
    if (err != ERR_OK) recovery_close(recovery);
    return err;
}

void recovery_close(struct recovery *recovery)
{
    registry_free(recovery->registry);
    data_folder_close(&recovery->folder);
}

/* --- doing ------------------------------------------------------------------------------------ */

/* The registry is of the old cluster: the new one begins its own. */
static enum err drop_root(struct arena *arena, const char *lane, struct fault *fault)
{
    struct snapshot_found *found;
    uint32_t count;
    enum err err = snapshot_find(lane, arena, &found, &count, fault);
    if (err != ERR_OK) return err;
    for (uint32_t i = 0; i < count; i++) {
        if (shard_eq(found[i].header.shard, SHARD_ROOT)) file_remove(found[i].path);
    }
    return folder_sync(lane, fault);
}

static enum err fill(struct arena *arena, const struct recovery *recovery, struct data_folder *made,
                     uint64_t *keys_count, struct fault *fault)
{
    const struct data_folder *old = &recovery->folder;
    struct data_identity identity;
    formation_draw(old->identity.name, old->identity.shards_count, &identity);
    identity.seed = old->identity.seed;
    enum err err = data_folder_found(arena, made, &identity, old->lanes_count, fault);
    for (uint32_t i = 0; i < old->lanes_count && err == ERR_OK; i++) {
        const char *lane;
        uint64_t keys = 0;
        err = data_folder_lane(arena, made, i, &lane, fault);
        if (err == ERR_OK) err = node_save_lane(arena, old, i, true, lane, &keys, fault); /* [I1] */
        if (err == ERR_OK) err = drop_root(arena, lane, fault);
        *keys_count += keys;
    }
    return err;
}

static enum err make(struct arena *arena, const struct recovery *recovery, const char *path,
                     uint64_t *keys_count, struct fault *fault)
{
    struct data_folder made;
    enum err err = data_folder_take(arena, path, &made, fault);
    if (err != ERR_OK) return err;
    err = fill(arena, recovery, &made, keys_count, fault);
    if (err == ERR_OK) err = folder_sync(path, fault);
    data_folder_close(&made);
    return err;
}

static enum err check_free(const char *path, struct fault *fault)
{
    if (!path_exists(path)) return ERR_OK;
    return fault_set(fault, ERR_EXISTS,
                     "%s is in the way, of an earlier attempt: look what it is, and move it away",
                     path);
}

/* The new folder takes the place of the old one. */
static enum err swap(const char *data, const char *made, const char *before, struct fault *fault)
{
    enum err err = file_rename(data, before, fault);
    if (err == ERR_OK) err = file_rename(made, data, fault);
    if (err == ERR_OK) return ERR_OK;
    return fault_prefix(fault, "all is recovered, in %s: start the node with it (--data)", made);
}

enum err recovery_perform(struct arena *arena, struct recovery *recovery, uint64_t *keys_count,
                          struct fault *fault)
{
    const char *data = recovery->folder.path;
    const char *made = arena_format(arena, "%s" RECOVERED, data);
    const char *before = arena_format(arena, "%s" BEFORE, data);
    *keys_count = 0;
    enum err err = check_free(made, fault);
    if (err == ERR_OK) err = check_free(before, fault);
    if (err != ERR_OK) return err;
    err = make(arena, recovery, made, keys_count, fault);
    if (err == ERR_OK) return swap(data, made, before, fault);
    folder_remove_tree(made);
    return err;
}
