/* doctor.c -- see doctor.h. */
#include <inttypes.h>

#include "io/file.h"
#include "io/folder.h"
#include "lane/log.h"
#include "lane/snapshot_format.h"
#include "node/data_folder.h"
#include "node/doctor.h"

struct newest {
    const char *path; /* NULL: none */
    uint64_t index, position;
};

struct examination {
    struct arena *arena;
    struct buffer *out;
    bool repair;
    struct newest *newest; /* [SHARDS_MAX + 1]: of each shard, its newest good snapshot */
    uint32_t good_count;   /* of this lane */
    uint64_t position;     /* the log up to here is needed by none of them */
    bool damaged;          /* and not repaired */
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
        *newest = (struct newest){path, header.index, header.position};
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
    if (err == ERR_OK && examination->repair) err = folder_sync(place, fault);
    return err;
}

enum err node_doctor(const char *data, bool repair, struct buffer *out, struct fault *fault)
{
    struct examination examination = {.arena = arena_new(), .out = out, .repair = repair};
    struct data_folder folder;
    enum err err = data_folder_open_existing(examination.arena, data, &folder, fault);
    bool others = err == ERR_OK && data_folder_is_shared(&folder);
    /* What is cut off its log it has promised to others: it must get it again from them. */
    examination.repair = repair && !others;
    if (err == ERR_OK) {
        for (uint32_t i = 0; i < folder.lanes_count && err == ERR_OK; i++) {
            err = look_at_lane(&examination, &folder, i, fault);
        }
        data_folder_close(&folder);
    }
    if (err == ERR_OK && examination.damaged) {
        const char *way = others ? "nothing was changed: start the node, and it sets aside what "
                                   "is damaged and gets it again from the others"
                          : repair
                              ? "what is left cannot be mended: bring back a backup with 'tutti "
                                "restore'"
                              : "'tutti doctor --repair' cuts off and keeps aside what is "
                                "damaged; or bring back a backup with 'tutti restore'";
        err = fault_set(fault, ERR_CORRUPT, "%s is damaged; %s", data, way);
    }
    arena_free(examination.arena);
    return err;
}
