/* data_folder.c -- see data_folder.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "io/file.h"
#include "io/folder.h"
#include "io/random.h"
#include "io/whole_file.h"
#include "node/data_folder.h"

#define DATA_FILE "tutti.data"
#define DATA_PART "tutti.data.partial"
#define LOCK_FILE "lock"

enum { DATA_BYTES_MAX = 4096 };

struct opening {   /* as what a folder is opened */
    bool existing; /* as whatever it is */
    uint32_t lanes_count;
    const struct data_identity *identity; /* NULL: alone */
};

/* What may be in a folder that no node has used yet. */
static bool is_expected(const char *name)
{
    return strcmp(name, DATA_PART) == 0 || strcmp(name, LOCK_FILE) == 0 ||
           strcmp(name, "lost+found") == 0;
}

static enum err check_foreign(struct arena *arena, const char *path, struct fault *fault)
{
    const char *found = folder_find_unexpected(path, is_expected, arena);
    if (found == NULL) return ERR_OK;
    return fault_set(fault, ERR_EXISTS,
                     "%s is not a data folder of tutti: it holds %s, and no " DATA_FILE
                     "; name another folder with --data",
                     path, found);
}

static enum err make_folder(const char *path, struct fault *fault)
{
    if (path_exists(path)) return ERR_OK;
    enum err err = folder_create(path, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, err,
                         "there is no folder to make %s in; make it first (mkdir -p), or name "
                         "another with --data",
                         path);
    }
    return err;
}

static enum err take_lock(struct arena *arena, struct data_folder *folder, struct fault *fault)
{
    uint32_t holder;
    const char *path = arena_format(arena, "%s/" LOCK_FILE, folder->path);
    enum err err = lock_take(path, &folder->lock, &holder, fault);
    if (err == ERR_EXISTS) {
        const char *who =
            holder == 0 ? "another process" : arena_format(arena, "the process %" PRIu32, holder);
        return fault_set(fault, err,
                         "the data folder %s is in use by %s; stop that node first, or name "
                         "another folder with --data",
                         folder->path, who);
    }
    if (err == ERR_PERMISSION) {
        return fault_prefix(fault, "the data folder %s may not be written by this user",
                            folder->path);
    }
    return err;
}

/* --- what it says of itself ------------------------------------------------------------------ */

static void append_hex(char *to, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    to[2 * count] = '\0';
}

static enum err write_facts(struct arena *arena, const struct data_folder *folder,
                            struct fault *fault)
{
    const char *name = arena_format(arena, "%s/" DATA_FILE, folder->path);
    bool alone = folder->cluster == NULL;
    const char *text =
        arena_format(arena, "format %d\nid %s\nseed %" PRIu64 "\nlanes %" PRIu32 "\n",
                     alone ? DATA_FORMAT_SOLO : DATA_FORMAT_CLUSTER, folder->id, folder->seed,
                     folder->lanes_count);
    if (!alone) {
        text = arena_format(arena, "%scluster %s\nnode %" PRIu32 "\n", text, folder->cluster,
                            folder->node.n);
    }
    return whole_file_replace(name, slice_text(text), fault);
}

static enum err make_facts(struct arena *arena, struct data_folder *folder,
                           const struct opening *opening, struct fault *fault)
{
    uint8_t id[DATA_ID_LEN / 2];
    enum err err = check_foreign(arena, folder->path, fault);
    if (err != ERR_OK) return err;
    random_fill(id, sizeof id);
    append_hex(folder->id, id, sizeof id);
    random_fill(&folder->seed, sizeof folder->seed);
    folder->lanes_count = opening->lanes_count;
    folder->is_new = true;
    if (opening->identity != NULL) {
        folder->cluster = opening->identity->cluster;
        folder->node = opening->identity->node;
        folder->seed = opening->identity->seed;
    }
    return write_facts(arena, folder, fault);
}

/* The value of a line "name value"; empty: there is none. */
static struct slice fact(struct slice text, const char *name)
{
    size_t len = strlen(name);
    while (text.len != 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t line_len = end == NULL ? text.len : (size_t)(end - text.data);
        struct slice line = slice_of(text.data, line_len);
        if (line.len > len && memcmp(line.data, name, len) == 0 && line.data[len] == ' ') {
            return slice_from(line, len + 1);
        }
        text = slice_from(text, end == NULL ? line_len : line_len + 1);
    }
    return (struct slice){0};
}

static enum err check_format(const struct data_folder *folder, struct slice text, uint64_t *format,
                             struct fault *fault)
{
    if (!count_parse(fact(text, "format"), format)) *format = 0;
    if (*format <= DATA_FORMAT) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "the data folder %s has format %" PRIu64 ", and this tutti knows up to %d: "
                     "start it with the newer tutti that made it",
                     folder->path, *format, DATA_FORMAT);
}

static enum err take_facts(struct arena *arena, struct data_folder *folder, struct slice text,
                           struct fault *fault)
{
    uint64_t format, lanes = 0, node = 0;
    struct slice id = fact(text, "id"), cluster = fact(text, "cluster");
    enum err err = check_format(folder, text, &format, fault);
    if (err != ERR_OK) return err;
    bool good = format != 0 && id.len == DATA_ID_LEN &&
                count_parse(fact(text, "seed"), &folder->seed) &&
                count_parse(fact(text, "lanes"), &lanes);
    if (format == DATA_FORMAT_CLUSTER) {
        good = good && cluster.len != 0 && count_parse(fact(text, "node"), &node) && node != 0 &&
               node <= UINT32_MAX;
    }
    if (!good) {
        return fault_set(fault, ERR_CORRUPT,
                         "%s/" DATA_FILE " is damaged; restore the folder from a backup (tutti "
                         "restore)",
                         folder->path);
    }
    memcpy(folder->id, id.data, DATA_ID_LEN);
    folder->lanes_count = (uint32_t)lanes;
    if (format == DATA_FORMAT_CLUSTER) folder->cluster = arena_text(arena, cluster);
    folder->node.n = (uint32_t)node;
    return ERR_OK;
}

static enum err check_identity(const struct data_folder *folder,
                               const struct data_identity *identity, struct fault *fault)
{
    if (identity == NULL && folder->cluster != NULL) {
        return fault_set(fault, ERR_USAGE,
                         "the data folder %s is that of node %" PRIu32 " of the cluster %s: say "
                         "--node %" PRIu32 " and --peers, or begin a new folder with --data",
                         folder->path, folder->node.n, folder->cluster, folder->node.n);
    }
    if (identity != NULL && folder->cluster == NULL) {
        return fault_set(fault, ERR_USAGE,
                         "the data folder %s is that of a node that is alone: leave out --node and "
                         "--peers, or begin a new folder with --data and copy the data into the "
                         "cluster through a client",
                         folder->path);
    }
    if (identity == NULL) return ERR_OK;
    if (strcmp(folder->cluster, identity->cluster) != 0) {
        return fault_set(
            fault, ERR_USAGE,
            "the data folder %s belongs to the cluster %s, not to %s: say --cluster %s, "
            "or begin a new folder with --data",
            folder->path, folder->cluster, identity->cluster, folder->cluster);
    }
    if (!node_eq(folder->node, identity->node)) {
        return fault_set(fault, ERR_USAGE,
                         "the data folder %s is that of node %" PRIu32 ", not of node %" PRIu32
                         ": say --node %" PRIu32 ", or name this node's own folder with --data",
                         folder->path, folder->node.n, identity->node.n, folder->node.n);
    }
    return ERR_OK;
}

static enum err check_facts(const struct data_folder *folder, const struct opening *opening,
                            struct fault *fault)
{
    if (opening->existing) return ERR_OK;
    if (folder->lanes_count != opening->lanes_count) {
        return fault_set(fault, ERR_USAGE,
                         "the data folder %s is dealt to %" PRIu32 " lanes, not %" PRIu32
                         ": say --lanes %" PRIu32 ", or begin a new folder with --data",
                         folder->path, folder->lanes_count, opening->lanes_count,
                         folder->lanes_count);
    }
    return check_identity(folder, opening->identity, fault);
}

static enum err read_facts(struct arena *arena, struct data_folder *folder,
                           const struct opening *opening, struct fault *fault)
{
    uint8_t bytes[DATA_BYTES_MAX];
    size_t got = 0;
    struct file file;
    const char *path = arena_format(arena, "%s/" DATA_FILE, folder->path);
    enum err err = file_open_read(path, &file, fault);
    if (err != ERR_OK) return err;
    err = file_read_at(&file, 0, bytes, sizeof bytes, &got, fault);
    file_close(&file);
    if (err == ERR_OK) err = take_facts(arena, folder, slice_of(bytes, got), fault);
    return err == ERR_OK ? check_facts(folder, opening, fault) : err;
}

static enum err open_as(struct arena *arena, const char *path, const struct opening *opening,
                        struct data_folder *folder, struct fault *fault)
{
    *folder = (struct data_folder){.path = path, .lock = {.fd = -1}};
    const char *facts = arena_format(arena, "%s/" DATA_FILE, path);
    struct path_status status;
    enum err err = make_folder(path, fault);
    if (err != ERR_OK) return err;
    err = path_look(path, &status, fault);
    if (err != ERR_OK) return err;
    if (status.kind != PATH_FOLDER) {
        return fault_set(fault, ERR_USAGE, "%s is not a folder; name one with --data", path);
    }
    /* Before the lock, which would make a file in a stranger's folder. */
    if (!path_exists(facts)) err = check_foreign(arena, path, fault);
    if (err == ERR_OK) err = take_lock(arena, folder, fault);
    if (err != ERR_OK) return err;
    err = path_exists(facts) ? read_facts(arena, folder, opening, fault)
                             : make_facts(arena, folder, opening, fault);
    if (err != ERR_OK) data_folder_close(folder);
    return err;
}

enum err data_folder_open(struct arena *arena, const char *path, uint32_t lanes_count,
                          const struct data_identity *identity, struct data_folder *folder,
                          struct fault *fault)
{
    const struct opening opening = {.lanes_count = lanes_count, .identity = identity};
    return open_as(arena, path, &opening, folder, fault);
}

enum err data_folder_open_existing(struct arena *arena, const char *path,
                                   struct data_folder *folder, struct fault *fault)
{
    if (!path_exists(arena_format(arena, "%s/" DATA_FILE, path))) {
        return fault_set(fault, ERR_NOT_FOUND,
                         "%s is not a data folder: it has no " DATA_FILE "; name one with --data",
                         path);
    }
    return open_as(arena, path, &(struct opening){.existing = true}, folder, fault);
}

void data_folder_close(struct data_folder *folder)
{
    lock_drop(&folder->lock);
}

enum err data_folder_lane(struct arena *arena, const struct data_folder *folder, uint32_t lane,
                          const char **path, struct fault *fault)
{
    *path = arena_format(arena, "%s/lane-%" PRIu32, folder->path, lane);
    if (path_exists(*path)) return ERR_OK;
    enum err err = folder_create(*path, fault);
    return err == ERR_OK ? folder_sync(folder->path, fault) : err;
}
