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
#include "serve/config.h"
#include "serve/config_apply.h"

enum { LANES_MAX = 1024, COMPLETIONS_MAX = 64 };

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

static enum err backup_lane(struct arena *arena, const struct data_folder *folder, uint32_t number,
                            const char *to, struct buffer *out, struct fault *fault)
{
    struct config config;
    struct lane_opened opened;
    struct lane *lane = NULL;
    struct io *io;
    config_init(&config);
    struct lane_config lane_config = {
        .number = number,
        .lanes_count = folder->lanes_count,
        .shards_count = folder->lanes_count,
        .seed = folder->identity.seed,
        .segment_bytes = (uint64_t)config_integer(&config, SETTING_LOG_SEGMENT_SIZE),
        .commands = command_table_new(arena),
    };
    config_limits(&config, &lane_config.limits);
    config_call_settings(&config, &lane_config.settings);
    enum err err = data_folder_lane(arena, folder, number, &lane_config.folder, fault);
    if (err == ERR_OK) err = folder_create(to, fault);
    if (err == ERR_OK) err = io_new(&(struct io_config){0}, &io, fault);
    if (err == ERR_OK) {
        err = lane_open(&lane_config, io, &lane, &opened, fault);
        if (err == ERR_OK) err = save(io, lane, to, fault);
        if (lane != NULL) lane_close(lane);
        io_free(io);
    }
    config_free(&config);
    if (err != ERR_OK) return err;
    say_lane(out, number, opened.keys_count, "key");
    return folder_sync(to, fault);
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
    if (err == ERR_OK && data_folder_is_shared(&folder)) {
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
    const char *path; /* of the snapshot */
    struct snapshot_header header;
    uint64_t keys_count;
};

static enum err look_at(struct arena *arena, const char *from, uint32_t number, struct part *part,
                        struct fault *fault)
{
    struct path_status status;
    const char *folder = arena_format(arena, "%s/lane-%u", from, number);
    enum err err = path_look(folder, &status, fault);
    if (err != ERR_OK) {
        (void)fault_prefix(fault, "%s is not a whole backup", from);
        return err;
    }
    err = snapshot_find(folder, arena, &part->path, &part->header, fault);
    if (err != ERR_OK) return err;
    err = snapshot_verify(part->path, &part->header, &part->keys_count, fault);
    if (err != ERR_OK || part->header.lane == number) return err;
    return fault_set(fault, ERR_CORRUPT, "%s is of lane %u, but in the folder of lane %u",
                     part->path, part->header.lane, number);
}

/* All lanes; `*parts` in the arena. */
static enum err look_at_all(struct arena *arena, const char *from, struct part **parts,
                            uint32_t *count, struct fault *fault)
{
    struct part first;
    enum err err = look_at(arena, from, 0, &first, fault);
    if (err != ERR_OK) return err;
    *count = first.header.lanes_count;
    if (*count == 0 || *count > LANES_MAX) {
        (void)fault_set(fault, ERR_CORRUPT, "%s says that it is one of %u lanes", first.path,
                        *count);
        return ERR_CORRUPT;
    }
    *parts = ARENA_ARRAY(arena, struct part, *count);
    (*parts)[0] = first;
    for (uint32_t i = 1; i < *count; i++) {
        struct part *part = &(*parts)[i];
        err = look_at(arena, from, i, part, fault);
        if (err != ERR_OK) return err;
        if (part->header.lanes_count == *count) continue;
        (void)fault_set(fault, ERR_CORRUPT, "%s is one of %u lanes, and %s one of %u", part->path,
                        part->header.lanes_count, first.path, *count);
        return ERR_CORRUPT;
    }
    return ERR_OK;
}

static enum err copy_part(struct arena *arena, const struct part *part, const char *folder,
                          struct fault *fault)
{
    struct file from, to;
    uint64_t bytes;
    const char *path =
        arena_format(arena, "%s/%s", folder, strrchr(part->path, '/') + 1); /* it has a folder */
    enum err err = file_open_read(part->path, &from, fault);
    if (err != ERR_OK) return err;
    err = file_size(&from, &bytes, fault);
    if (err == ERR_OK) err = file_create(path, &to, fault);
    if (err == ERR_OK) {
        err = file_copy(&from, bytes, &to, NULL, fault);
        if (err == ERR_OK) err = file_sync(&to, fault);
        file_close(&to);
    }
    file_close(&from);
    return err == ERR_OK ? folder_sync(folder, fault) : err;
}

static enum err fill_folder(struct arena *arena, const char *aside, const struct part *parts,
                            uint32_t count, struct fault *fault)
{
    struct data_folder folder;
    struct data_identity identity;
    formation_draw(setting_rows[SETTING_CLUSTER].standard, count, &identity);
    enum err err = data_folder_take(arena, aside, &folder, fault);
    if (err != ERR_OK) return err;
    err = data_folder_found(arena, &folder, &identity, count, fault);
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        const char *place;
        err = data_folder_lane(arena, &folder, i, &place, fault);
        if (err == ERR_OK) err = copy_part(arena, &parts[i], place, fault);
    }
    data_folder_close(&folder);
    return err;
}

enum err node_restore(const char *from, const char *data, struct buffer *out, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct part *parts = NULL;
    uint32_t count = 0;
    const char *aside = NULL;
    enum err err = look_at_all(arena, from, &parts, &count, fault);
    if (err == ERR_OK) err = begin_aside(arena, data, &aside, fault);
    if (err == ERR_OK) err = fill_folder(arena, aside, parts, count, fault);
    if (err == ERR_OK) {
        err = publish(arena, aside, data, fault);
    } else if (aside != NULL) {
        folder_remove_tree(aside);
    }
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        say_lane(out, i, parts[i].keys_count, "record"); /* keys and policies */
    }
    arena_free(arena);
    return err;
}
