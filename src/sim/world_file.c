/* world_file.c -- file.h and folder.h in a simulated world: blocking calls, done at once. */
#include <errno.h>
#include <stdlib.h>

#include "io/file.h"
#include "io/folder.h"
#include "sim/sim_impl.h"

enum { FOLDER_FILES_FIRST = 16, COPY_BYTES = 65536 };

static struct host *own(void)
{
    ASSERT(sim_current_host != NULL);
    return sim_current_host;
}

/* Without the slashes at its end, as names are kept. */
static void plain(const char *path, char to[DISK_PATH_MAX])
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    ASSERT(len < DISK_PATH_MAX);
    memcpy(to, path, len);
    to[len] = '\0';
}

static struct disk_name *find(const char *path)
{
    char name[DISK_PATH_MAX];
    plain(path, name);
    return disk_find(&own()->disk, name);
}

static enum err missing(const char *path, struct fault *fault)
{
    return fault_set_errno(fault, ENOENT, "cannot open %s", path);
}

/* Each blocking write or flush is waited for. False: the disk fails. */
static bool take_time(void)
{
    struct host *host = own();
    host->spent_ns += host->sim->disks.latency_ns * host->disk_slowness;
    bool fails = host->disk_fails;
    host->disk_fails = false;
    return !fails;
}

/* --- open files --------------------------------------------------------------------------------
 */

static struct sim_file *of(const struct file *file)
{
    ASSERT(file->fd >= 0);
    ASSERT(file->fd < SIM_OPEN_FILES_MAX);
    return &own()->files[file->fd];
}

static void open_as(struct inode *inode, const char *label, struct file *file)
{
    struct host *host = own();
    int fd = 0;
    while (host->files[fd].inode != NULL) {
        fd++;
        ASSERT(fd < SIM_OPEN_FILES_MAX);
    }
    inode_hold(inode);
    host->files[fd] = (struct sim_file){.inode = inode};
    *file = (struct file){fd, label};
}

enum err file_open_read(const char *path, struct file *file, struct fault *fault)
{
    const struct disk_name *name = find(path);
    *file = (struct file){-1, path};
    if (name == NULL || name->inode == NULL) return missing(path, fault);
    open_as(name->inode, path, file);
    return ERR_OK;
}

enum err file_create(const char *path, struct file *file, struct fault *fault)
{
    char name[DISK_PATH_MAX];
    plain(path, name);
    *file = (struct file){-1, path};
    if (find(path) != NULL) return fault_set_errno(fault, EEXIST, "cannot create %s", path);
    open_as(disk_create(&own()->disk, name), path, file);
    return ERR_OK;
}

/* One user has all. */
enum err file_create_private(const char *path, struct file *file, struct fault *fault)
{
    return file_create(path, file, fault);
}

void file_close(struct file *file)
{
    if (file->fd < 0) return;
    struct sim_file *open = of(file);
    inode_drop(&own()->disk, open->inode);
    open->inode = NULL;
    file->fd = -1;
}

enum err file_read_at(struct file *file, uint64_t offset, void *to, size_t size, size_t *got,
                      struct fault *fault)
{
    const struct inode *inode = of(file)->inode;
    (void)fault;
    *got = 0;
    if (offset >= inode->bytes) return ERR_OK;
    *got = u64_min(size, inode->bytes - offset);
    memcpy(to, inode->cache + offset, *got);
    return ERR_OK;
}

enum err file_read(struct file *file, void *to, size_t size, size_t *got, struct fault *fault)
{
    struct sim_file *open = of(file);
    enum err err = file_read_at(file, open->offset, to, size, got, fault);
    open->offset += *got;
    return err;
}

enum err file_write_at(struct file *file, uint64_t offset, struct slice bytes, struct fault *fault)
{
    struct host *host = own();
    struct inode *inode = of(file)->inode;
    if (host->dying) return ERR_OK;
    if (!take_time()) return fault_set_errno(fault, EIO, "cannot write %s", file->label);
    if (!inode_write(&host->disk, inode, offset, bytes, inode)) {
        return fault_set_errno(fault, ENOSPC, "cannot write %s", file->label);
    }
    inode_written(&host->disk, inode, inode, false);
    return ERR_OK;
}

enum err file_write(struct file *file, struct slice bytes, struct fault *fault)
{
    struct sim_file *open = of(file);
    enum err err = file_write_at(file, open->offset, bytes, fault);
    if (err == ERR_OK) open->offset += bytes.len;
    return err;
}

enum err file_size(struct file *file, uint64_t *size, struct fault *fault)
{
    (void)fault;
    *size = of(file)->inode->bytes;
    return ERR_OK;
}

enum err file_sync(struct file *file, struct fault *fault)
{
    struct host *host = own();
    if (host->dying) return ERR_OK;
    if (!take_time()) return fault_set_errno(fault, EIO, "cannot flush %s", file->label);
    inode_sync(of(file)->inode, host->disk.serial);
    return ERR_OK;
}

void file_will_need(struct file *file, uint64_t offset, uint64_t bytes)
{
    (void)file, (void)offset, (void)bytes;
}

enum err file_copy(struct file *from, uint64_t bytes, struct file *to, const struct signals *stops,
                   struct fault *fault)
{
    uint8_t some[COPY_BYTES];
    (void)stops;
    for (uint64_t at = 0; at < bytes;) { /* ends: with `bytes`, or with the file */
        size_t got;
        enum err err = file_read_at(from, at, some, u64_min(bytes - at, sizeof some), &got, fault);
        if (err != ERR_OK || got == 0) return err;
        err = file_write(to, slice_of(some, got), fault);
        if (err != ERR_OK) return err;
        at += got;
    }
    return ERR_OK;
}

/* --- names -------------------------------------------------------------------------------------
 */

bool path_exists(const char *path)
{
    return find(path) != NULL;
}

enum err file_set_mode(const char *path, uint32_t mode, struct fault *fault)
{
    (void)mode;
    return find(path) == NULL ? missing(path, fault) : ERR_OK;
}

enum err file_rename(const char *from, const char *to, struct fault *fault)
{
    char old_name[DISK_PATH_MAX], new_name[DISK_PATH_MAX];
    plain(from, old_name);
    plain(to, new_name);
    if (find(from) == NULL) return missing(from, fault);
    if (!own()->dying) disk_rename(&own()->disk, old_name, new_name);
    return ERR_OK;
}

void file_remove(const char *path)
{
    char name[DISK_PATH_MAX];
    plain(path, name);
    if (!own()->dying && find(path) != NULL) disk_remove(&own()->disk, name);
}

enum err folder_create(const char *path, struct fault *fault)
{
    char name[DISK_PATH_MAX];
    plain(path, name);
    if (find(path) != NULL) return fault_set_errno(fault, EEXIST, "cannot create %s", path);
    disk_make_folder(&own()->disk, name);
    return ERR_OK;
}

enum err folder_sync(const char *path, struct fault *fault)
{
    char name[DISK_PATH_MAX];
    plain(path, name);
    if (own()->dying) return ERR_OK;
    if (!take_time()) return fault_set_errno(fault, EIO, "cannot flush the folder %s", path);
    disk_sync_folder(&own()->disk, name);
    return ERR_OK;
}

enum err folder_sync_files(const char *path, struct fault *fault)
{
    if (own()->dying) return ERR_OK;
    if (!take_time()) return fault_set_errno(fault, EIO, "cannot flush the folder %s", path);
    disk_sync_all(&own()->disk);
    return ERR_OK;
}

enum err path_look(const char *path, struct path_status *status, struct fault *fault)
{
    const struct disk_name *name = find(path);
    if (name == NULL) return missing(path, fault);
    status->kind = name->inode == NULL ? PATH_FOLDER : PATH_FILE;
    status->bytes = name->inode == NULL ? 0 : name->inode->bytes;
    return ERR_OK;
}

/* --- folders -----------------------------------------------------------------------------------
 */

void folder_files_add(struct folder_files *list, struct slice path, uint64_t bytes)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? FOLDER_FILES_FIRST : list->capacity * 2;
        list->files = reallocarray(list->files, list->capacity, sizeof *list->files);
        ASSERT(list->files != NULL);
    }
    list->files[list->count++] = (struct folder_file){path, bytes};
}

void folder_files_free(struct folder_files *list)
{
    free(list->files);
    *list = (struct folder_files){0};
}

/* What is behind "FOLDER/"; NULL: it is elsewhere. */
static const char *name_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

bool folder_passes_over(const char *name)
{
    return name[0] == '.' || strcmp(name, "_SUCCESS") == 0;
}

enum err folder_walk(const char *path, struct arena *arena, const struct signals *stops,
                     struct folder_files *list, struct fault *fault)
{
    char folder[DISK_PATH_MAX];
    (void)stops;
    plain(path, folder);
    if (find(path) == NULL) return missing(path, fault);
    const struct disk_names *names = &own()->disk.names;
    for (uint32_t i = 0; i < names->count; i++) {
        const struct disk_name *found = &names->items[i];
        const char *name = name_in(found->path, folder);
        if (name == NULL || found->inode == NULL || folder_passes_over(name)) continue;
        struct slice full = slice_text(found->path);
        folder_files_add(list, slice_of(arena_text(arena, full), full.len), found->inode->bytes);
    }
    return ERR_OK;
}

void folder_remove_tree(const char *path)
{
    char folder[DISK_PATH_MAX];
    const struct disk_names *names = &own()->disk.names;
    plain(path, folder);
    for (uint32_t i = names->count; i > 0; i--) { /* what is in a folder is behind it */
        char name[DISK_PATH_MAX];
        memcpy(name, names->items[i - 1].path, sizeof name);
        if (name_in(name, folder) != NULL) file_remove(name);
    }
    file_remove(path);
}

const char *folder_find_unexpected(const char *path, bool (*expected)(const char *name),
                                   struct arena *arena)
{
    char folder[DISK_PATH_MAX];
    plain(path, folder);
    const struct disk_names *names = &own()->disk.names;
    for (uint32_t i = 0; i < names->count; i++) {
        const char *name = name_in(names->items[i].path, folder);
        bool below = name != NULL && strchr(name, '/') == NULL;
        if (below && !expected(name)) return arena_text(arena, slice_text(name));
    }
    return NULL;
}
