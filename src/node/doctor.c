/* doctor.c -- see doctor.h. */
#include <inttypes.h>

#include "io/file.h"
#include "io/folder.h"
#include "lane/lane.h"
#include "lane/log.h"
#include "lane/snapshot_format.h"
#include "node/data_folder.h"
#include "node/doctor.h"
#include "node/recover.h"

struct newest {
    const char *path; /* NULL: none */
    uint64_t index, position;
    bool is_formed; /* it is no place that waits to be filled */
};

struct examination {
    struct arena *arena;
    struct buffer *out;
    const struct data_folder *folder;
    const struct registry *registry; /* NULL: none yet, or it cannot be read */
    bool others;                     /* have the data too, or may have */
    bool repair, gives_up;
    struct newest *newest;  /* [SHARDS_MAX + 1]: of each shard, its newest good snapshot */
    uint32_t good_count;    /* of this lane */
    uint64_t position;      /* the log up to here is needed by none of them */
    uint64_t last_position; /* of this lane's log */
    bool damaged;           /* and not repaired */
    bool folder_is_damaged; /* cluster.secret or registry.copy */
    uint32_t lost_count;    /* of shards, and not given up */
    bool root_is_lost;
};

static enum err set_aside(struct examination *examination, const char *path, struct fault *fault)
{
    const char *aside = arena_format(examination->arena, "%s.damaged", path);
    enum err err = file_rename(path, aside, fault);
    if (err == ERR_OK) buffer_append_format(examination->out, "  set aside as %s\n", aside);
    return err;
}

static enum err look_at_snapshot(struct examination *examination, const char *path,
                                 struct fault *fault)
{
    struct snapshot_header header;
    uint64_t keys;
    enum err err = snapshot_verify(path, &header, &keys, fault);
    if (err == ERR_OK) {
        examination->good_count++;
        struct newest *newest = &examination->newest[header.shard.n];
        if (newest->path != NULL && newest->index > header.index) return ERR_OK;
        *newest = (struct newest){path, header.index, header.position, header.members.count != 0};
        return ERR_OK;
    }
    if (err != ERR_CORRUPT) return err;
    buffer_append_format(examination->out, "  DAMAGED: %s\n", fault->text);
    if (examination->repair) return set_aside(examination, path, fault);
    examination->damaged = true;
    return ERR_OK;
}

static enum err look_at_snapshots(struct examination *examination, const char *folder,
                                  struct fault *fault)
{
    struct folder_files files = {0};
    enum err err = folder_walk(folder, examination->arena, NULL, &files, fault);
    for (uint32_t i = 0; i < files.count && err == ERR_OK; i++) {
        struct snapshot_name name;
        bool is_one = snapshot_name_read(files.files[i].path, &name) && name.suffix.len == 0;
        if (!is_one) continue;
        err = look_at_snapshot(examination, (const char *)files.files[i].path.data, fault);
    }
    folder_files_free(&files);
    buffer_append_format(examination->out, "  snapshots: %" PRIu32 " good\n",
                         examination->good_count);
    examination->position = UINT64_MAX;
    for (uint32_t i = 0; i <= SHARDS_MAX; i++) {
        const struct newest *newest = &examination->newest[i];
        if (newest->path == NULL || newest->position > examination->position) continue;
        examination->position = newest->position;
    }
    if (examination->position == UINT64_MAX) examination->position = 0;
    return err;
}

/* Where the log was cut, or is gone, snapshots may be ahead of it: what is appended next would not
 * follow, and the next start would miss the records in between. */
static enum err bring_back(struct examination *examination, uint64_t last_position,
                           struct fault *fault)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i <= SHARDS_MAX && err == ERR_OK; i++) {
        const struct newest *newest = &examination->newest[i];
        if (newest->path == NULL || newest->position <= last_position) continue;
        err = snapshot_copy(newest->path, newest->path, last_position, fault);
    }
    return err;
}

static enum err look_at_log(struct examination *examination, const char *folder,
                            struct fault *fault)
{
    struct log_found found;
    bool cut = false;
    enum err err = examination->repair
                       ? log_repair(folder, examination->position, &found, &cut, fault)
                       : log_recover(folder, examination->position, NULL, NULL, &found, fault);
    if (err == ERR_CORRUPT) {
        buffer_append_format(examination->out, "  DAMAGED: %s\n", fault->text);
        examination->damaged = true;
        return ERR_OK;
    }
    if (err == ERR_OK && examination->repair) {
        err = bring_back(examination, found.last_position, fault);
    }
    if (err != ERR_OK) return err;
    examination->last_position = found.last_position;
    buffer_append_format(
        examination->out, "  log: %s, %" PRIu64 " records up to number %" PRIu64 "\n",
        cut ? "cut, and good now" : "good", found.records_count, found.last_position);
    if (cut) {
        buffer_append(examination->out,
                      SLICE("  what came behind is kept in files named *.damaged\n"));
    }
    if (found.dropped_bytes > 0) {
        buffer_append_format(examination->out,
                             "  %" PRIu64 " bytes of a last write that was not whole, at %s: no "
                             "damage, it was never acknowledged\n",
                             found.dropped_bytes, found.dropped_at);
    }
    return ERR_OK;
}

/* --- shards of which nothing is left --------------------------------------------------------- */

static void say_lost(struct examination *examination, shard_id shard)
{
    const uint32_t count = examination->folder->identity.shards_count;
    if (shard_eq(shard, SHARD_ROOT)) {
        buffer_append(examination->out,
                      SLICE("  LOST: the root group's shard has no good snapshot: who belongs to "
                            "the cluster is not known any more\n"));
        return;
    }
    buffer_append_format(examination->out,
                         "  LOST: shard %" PRIu32 " has no good snapshot: all keys of the slots %u "
                         "to %u\n",
                         shard.n, shard_first_slot(shard, count), shard_last_slot(shard, count));
}

static enum err give_up(struct examination *examination, const char *folder, shard_id shard,
                        struct fault *fault)
{
    const struct data_identity *identity = &examination->folder->identity;
    enum err err = lane_give_up_shard(folder, shard, identity->shards_count, identity->seed,
                                      examination->last_position, identity->node, fault);
    if (err == ERR_OK) buffer_append(examination->out, SLICE("  it begins empty\n"));
    return err;
}

/* Who is alone has all of them; before it knows so, they may not be made yet. */
static enum err look_at_shards(struct examination *examination, const char *folder, uint32_t number,
                               struct fault *fault)
{
    const struct data_folder *data = examination->folder;
    const uint32_t count = data->identity.shards_count;
    enum err err = ERR_OK;
    if (examination->others || examination->registry == NULL) return ERR_OK;
    for (uint32_t i = 0; i <= count && err == ERR_OK; i++) {
        shard_id shard = i == count ? SHARD_ROOT : (shard_id){i};
        const struct newest *newest = &examination->newest[shard.n];
        bool here = shard_lane(shard, count, data->lanes_count) == number;
        if (!here || (newest->path != NULL && newest->is_formed)) continue;
        say_lost(examination, shard);
        if (i == count) {
            examination->root_is_lost = true;
        } else if (examination->gives_up) {
            err = give_up(examination, folder, shard, fault);
        } else {
            examination->lost_count++;
        }
    }
    return err;
}

static enum err look_at_lane(struct examination *examination, const struct data_folder *folder,
                             uint32_t number, struct fault *fault)
{
    const char *place;
    enum err err = data_folder_lane(examination->arena, folder, number, &place, fault);
    if (err != ERR_OK) return err;
    buffer_append_format(examination->out, "lane %" PRIu32 "\n", number);
    examination->good_count = 0;
    examination->newest = ARENA_ARRAY(examination->arena, struct newest, SHARDS_MAX + 1);
    memset(examination->newest, 0, (SHARDS_MAX + 1) * sizeof(struct newest));
    err = look_at_snapshots(examination, place, fault);
    if (err == ERR_OK) err = look_at_log(examination, place, fault);
    if (err == ERR_OK) err = look_at_shards(examination, place, number, fault);
    if (err == ERR_OK && examination->repair) err = folder_sync(place, fault);
    return err;
}

/* --- what the folder says of itself ----------------------------------------------------------- */

/* That tutti.data is good shows when the folder is opened. */
static enum err look_at_folder(struct examination *examination, struct registry **registry,
                               struct fault *fault)
{
    const struct data_folder *folder = examination->folder;
    buffer_append(examination->out, SLICE("tutti.data: good\n"));
    if (folder->secret_trouble != NULL) {
        buffer_append_format(examination->out,
                             "  DAMAGED: %s; give the node its cluster's token once more with "
                             "--token-file when it starts\n",
                             folder->secret_trouble);
        examination->folder_is_damaged = true;
    } else if (folder->identity.has_secret) {
        buffer_append(examination->out, SLICE("cluster.secret: good\n"));
    }
    enum err err = recovery_registry(examination->arena, folder, registry, fault);
    if (err == ERR_CORRUPT) {
        buffer_append_format(examination->out, "  DAMAGED: %s\n", fault->text);
        examination->folder_is_damaged = true;
        examination->others = true; /* as long as nobody knows */
        return ERR_OK;
    }
    if (err != ERR_OK) return err;
    examination->registry = *registry;
    examination->others = data_folder_is_shared(folder) || recovery_has_others(folder, *registry);
    if (*registry != NULL) buffer_append(examination->out, SLICE("registry.copy: good\n"));
    return ERR_OK;
}

/* What to do about what is left. */
static const char *advice(const struct examination *examination, bool wished)
{
    if (examination->folder_is_damaged) return "first do what is said above";
    if (examination->others) {
        return "nothing was changed: start the node, and it sets aside what is damaged of its data "
               "and gets it again from the others";
    }
    if (examination->root_is_lost) {
        return "'tutti recover --force' makes a new cluster of the shards that are left; or bring "
               "back a backup with 'tutti restore'";
    }
    if (examination->lost_count != 0) {
        return "bring back a backup with 'tutti restore'; or, to let the node start without the "
               "keys that are lost: 'tutti doctor --give-up'";
    }
    if (wished) {
        return "what is left cannot be mended: bring back a backup with 'tutti restore'";
    }
    return "'tutti doctor --repair' cuts off and keeps aside what is damaged; or bring back a "
           "backup with 'tutti restore'";
}

static enum err examine(struct examination *examination, bool wished, struct fault *fault)
{
    const struct data_folder *folder = examination->folder;
    struct registry *registry = NULL;
    enum err err = look_at_folder(examination, &registry, fault);
    if (examination->others) { /* what is cut off its log it has promised to them */
        examination->repair = examination->gives_up = false;
    }
    for (uint32_t i = 0; i < folder->lanes_count && err == ERR_OK; i++) {
        err = look_at_lane(examination, folder, i, fault);
    }
    registry_free(registry);
    bool bad = examination->damaged || examination->folder_is_damaged ||
               examination->lost_count != 0 || examination->root_is_lost;
    if (err != ERR_OK || !bad) return err;
    return fault_set(fault, ERR_CORRUPT, "%s is damaged; %s", folder->path,
                     advice(examination, wished));
}

enum err node_doctor(const char *data, enum doctor_way way, struct buffer *out, struct fault *fault)
{
    struct data_folder folder;
    bool wished = way != DOCTOR_LOOKS;
    struct examination examination = {.arena = arena_new(),
                                      .out = out,
                                      .folder = &folder,
                                      .repair = wished,
                                      .gives_up = way == DOCTOR_GIVES_UP};
    enum err err = data_folder_open_existing(examination.arena, data, &folder, fault);
    if (err == ERR_OK) {
        err = examine(&examination, wished, fault);
        data_folder_close(&folder);
    }
    arena_free(examination.arena);
    return err;
}
