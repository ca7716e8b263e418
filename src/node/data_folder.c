/* data_folder.c -- see data_folder.h. */
#include <inttypes.h>

#include "io/file.h"
#include "io/folder.h"
#include "io/random.h"
#include "io/summed_file.h"
#include "node/data_facts.h"

#define DATA_FILE     "tutti.data"
#define LOCK_FILE     "lock"
#define SECRET_FILE   "cluster.secret"
#define REGISTRY_FILE "registry.copy"
#define PARTIAL       ".partial"

enum { DATA_BYTES_MAX = 4096 };

/* What may be in a folder that is nobody's yet: of a beginning that was cut off, too. */
static bool is_expected(const char *name)
{
    static const char *const names[] = {DATA_FILE PARTIAL,   LOCK_FILE,     SECRET_FILE,
                                        SECRET_FILE PARTIAL, REGISTRY_FILE, REGISTRY_FILE PARTIAL,
                                        "lost+found"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
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

static const char *name_in(struct arena *arena, const struct data_folder *folder, const char *name)
{
    return arena_format(arena, "%s/%s", folder->path, name);
}

const char *data_folder_registry_path(struct arena *arena, const struct data_folder *folder)
{
    return name_in(arena, folder, REGISTRY_FILE);
}

/* One that is not there, or is damaged, is missing: whoever needs it says what to do. */
static enum err read_secret(struct arena *arena, struct data_folder *folder, struct fault *fault)
{
    const char *path = name_in(arena, folder, SECRET_FILE);
    struct buffer text = {0};
    struct data_identity *identity = &folder->identity;
    if (!path_exists(path)) {
        folder->secret_trouble = arena_format(arena, "%s is missing", path);
        return ERR_OK;
    }
    enum err err = summed_file_read(path, DATA_BYTES_MAX, &text, fault);
    if (err == ERR_OK && text.len != 0 && text.data[text.len - 1] == '\n') text.len--;
    identity->has_secret = err == ERR_OK && data_hex_read(buffer_slice(&text), identity->secret,
                                                          sizeof identity->secret);
    buffer_free(&text);
    if (err == ERR_CORRUPT) {
        folder->secret_trouble = arena_text(arena, slice_text(fault->text));
    } else if (err == ERR_OK && !identity->has_secret) {
        folder->secret_trouble = arena_format(arena, "%s is damaged: it is no secret", path);
    }
    return err == ERR_CORRUPT ? ERR_OK : err;
}

static enum err read_facts(struct arena *arena, struct data_folder *folder, struct fault *fault)
{
    struct buffer text = {0};
    enum err err =
        summed_file_read(name_in(arena, folder, DATA_FILE), DATA_BYTES_MAX, &text, fault);
    if (err == ERR_CORRUPT) {
        struct fault found = *fault;
        (void)fault_set(fault, err, "%s; %s", found.text, data_facts_advice);
    }
    if (err == ERR_OK) err = data_facts_read(arena, buffer_slice(&text), folder, fault);
    buffer_free(&text);
    if (err == ERR_OK && folder->format == DATA_FORMAT) err = read_secret(arena, folder, fault);
    return err;
}

enum err data_folder_set_secret(struct arena *arena, struct data_folder *folder,
                                const uint8_t secret[DATA_SECRET_BYTES], struct fault *fault)
{
    struct buffer text = {0};
    struct data_identity *identity = &folder->identity;
    memcpy(identity->secret, secret, sizeof identity->secret);
    identity->has_secret = true;
    data_hex_append(slice_of(secret, DATA_SECRET_BYTES), &text);
    buffer_append_byte(&text, '\n');
    enum err err = summed_file_replace_private(name_in(arena, folder, SECRET_FILE),
                                               buffer_slice(&text), fault);
    buffer_free(&text);
    return err;
}

static void make_id(struct data_folder *folder)
{
    uint8_t bytes[DATA_ID_LEN / 2];
    struct buffer text = {0};
    random_fill(bytes, sizeof bytes);
    data_hex_append(slice_of(bytes, sizeof bytes), &text);
    memcpy(folder->id, text.data, DATA_ID_LEN);
    buffer_free(&text);
}

enum err data_folder_found(struct arena *arena, struct data_folder *folder,
                           const struct data_identity *identity, uint32_t lanes_count,
                           struct fault *fault)
{
    struct buffer text = {0};
    ASSERT(folder->format < DATA_FORMAT);
    ASSERT(identity->cluster != 0 && identity->node.n != 0 && identity->shards_count != 0);
    if (folder->format == 0) {
        make_id(folder);
        folder->is_new = true;
    }
    folder->identity = *identity;
    folder->lanes_count = lanes_count;
    enum err err = data_folder_set_secret(arena, folder, identity->secret, fault);
    data_facts_write(folder, &text);
    if (err == ERR_OK) {
        err = summed_file_replace(name_in(arena, folder, DATA_FILE), buffer_slice(&text), fault);
    }
    buffer_free(&text);
    if (err == ERR_OK) folder->format = DATA_FORMAT;
    return err;
}

/* --- opening --------------------------------------------------------------------------------- */

enum err data_folder_take(struct arena *arena, const char *path, struct data_folder *folder,
                          struct fault *fault)
{
    *folder = (struct data_folder){.path = path, .lock = {.fd = -1}};
    struct path_status status;
    enum err err = make_folder(path, fault);
    if (err != ERR_OK) return err;
    err = path_look(path, &status, fault);
    if (err != ERR_OK) return err;
    if (status.kind != PATH_FOLDER) {
        return fault_set(fault, ERR_USAGE, "%s is not a folder; name one with --data", path);
    }
    /* Before the lock, which would make a file in a stranger's folder. */
    bool has_facts = path_exists(name_in(arena, folder, DATA_FILE));
    if (!has_facts) err = check_foreign(arena, path, fault);
    if (err == ERR_OK) err = take_lock(arena, folder, fault);
    if (err != ERR_OK) return err;
    if (path_exists(name_in(arena, folder, DATA_FILE))) err = read_facts(arena, folder, fault);
    if (err != ERR_OK) data_folder_close(folder);
    return err;
}

static enum err must_exist(struct arena *arena, const struct data_folder *folder,
                           struct fault *fault)
{
    if (path_exists(name_in(arena, folder, DATA_FILE))) return ERR_OK;
    return fault_set(fault, ERR_NOT_FOUND,
                     "%s is not a data folder: it has no " DATA_FILE "; name one with --data",
                     folder->path);
}

enum err data_folder_open_existing(struct arena *arena, const char *path,
                                   struct data_folder *folder, struct fault *fault)
{
    *folder = (struct data_folder){.path = path, .lock = {.fd = -1}};
    enum err err = must_exist(arena, folder, fault);
    return err == ERR_OK ? data_folder_take(arena, path, folder, fault) : err;
}

enum err data_folder_look(struct arena *arena, const char *path, struct data_folder *folder,
                          struct fault *fault)
{
    *folder = (struct data_folder){.path = path, .lock = {.fd = -1}};
    enum err err = must_exist(arena, folder, fault);
    return err == ERR_OK ? read_facts(arena, folder, fault) : err;
}

bool data_folder_is_shared(const struct data_folder *folder)
{
    return folder->identity.origin != DATA_ORIGIN_FORMED;
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
