/* folder.c -- see folder.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/folder.h"

enum {
    FOLDER_DEPTH_MAX = 512,
    FOLDER_FILES_MAX = 100 * 1000 * 1000,
    LIST_COUNT_MIN = 64,
    ALL_MAY_READ = 0444
};

static enum path_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode)) return PATH_FILE;
    if (S_ISDIR(mode)) return PATH_FOLDER;
    return S_ISFIFO(mode) || S_ISCHR(mode) || S_ISBLK(mode) ? PATH_STREAM : PATH_OTHER;
}

uint64_t path_disk_bytes(const char *path)
{
    struct statvfs found;
    if (statvfs(path, &found) != 0) return 0;
    return (uint64_t)found.f_blocks * found.f_frsize;
}

enum err path_look(const char *path, struct path_status *status, struct fault *fault)
{
    struct stat found;
    *status = (struct path_status){PATH_OTHER, 0};
    if (stat(path, &found) != 0) return fault_set_errno(fault, errno, "cannot read %s", path);
    status->kind = kind_of(found.st_mode);
    if (status->kind == PATH_FILE) status->bytes = (uint64_t)found.st_size;
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
        return fault_set_errno(fault, errno, "cannot read %s", path);
    }
    return ERR_OK;
}

const char *path_real(const char *path, struct arena *arena)
{
    char *found = realpath(path, NULL);
    const char *kept = found == NULL ? NULL : arena_text(arena, slice_text(found));
    free(found);
    return kept;
}

void folder_files_add(struct folder_files *list, struct slice path, uint64_t bytes)
{
    if (list->count == list->capacity) {
        list->capacity = (uint32_t)u64_max(2 * (uint64_t)list->capacity, LIST_COUNT_MIN);
        list->files = realloc(list->files, list->capacity * sizeof *list->files);
        ASSERT(list->files != NULL);
    }
    list->files[list->count++] = (struct folder_file){path, bytes};
}

void folder_files_free(struct folder_files *list)
{
    free(list->files);
    *list = (struct folder_files){0};
}

bool folder_passes_over(const char *name)
{
    return name[0] == '.' || strcmp(name, "_SUCCESS") == 0;
}

/* One folder's entries: files with their size; folders with ENTRY_IS_FOLDER. */
#define ENTRY_IS_FOLDER UINT64_MAX

static int by_path(const void *left, const void *right)
{
    const struct folder_file *a = left, *b = right;
    return slice_cmp(a->path, b->path);
}

/* Size of the file that `entry` is, or ENTRY_IS_FOLDER. False: to be passed over. `is_open`: the
 * file's mode lets everybody read it. */
static bool entry_look(int folder_fd, const struct dirent *entry, uint64_t *bytes, bool *is_open)
{
    struct stat found;
    bool is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) { /* some file systems do not say */
        if (fstatat(folder_fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) return false;
        is_folder = S_ISDIR(found.st_mode);
    }
    *bytes = ENTRY_IS_FOLDER;
    *is_open = true; /* of a folder, entering it will tell */
    if (is_folder) return true;
    bool may_be_file =
        entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    if (!may_be_file) return false;
    if (fstatat(folder_fd, entry->d_name, &found, 0) != 0)
        return false; /* dangling, or just gone */
    *bytes = (uint64_t)found.st_size;
    *is_open = (found.st_mode & ALL_MAY_READ) == ALL_MAY_READ;
    return S_ISREG(found.st_mode);
}

static enum err list_entries(DIR *folder, const char *path, struct arena *arena,
                             struct folder_files *entries, struct fault *fault)
{
    size_t path_len = strlen(path);
    const char *slash = path_len > 0 && path[path_len - 1] == '/' ? "" : "/";
    int fd = dirfd(folder);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) break;
        uint64_t bytes;
        bool is_open;
        if (folder_passes_over(entry->d_name)) continue;
        if (!entry_look(fd, entry, &bytes, &is_open)) continue;
        const char *full = arena_format(arena, "%s%s%s", path, slash, entry->d_name);
        if (!is_open && faccessat(fd, entry->d_name, R_OK, AT_EACCESS) != 0) {
            return fault_set_errno(fault, errno, "cannot read %s", full);
        }
        folder_files_add(entries, slice_text(full), bytes);
    }
    if (errno != 0) return fault_set_errno(fault, errno, "cannot read the folder %s", path);
    return ERR_OK;
}

static enum err walk(const char *path, uint32_t depth, struct arena *arena,
                     const struct signals *stops, struct folder_files *list, struct fault *fault)
{
    enum err err = signals_check(stops, fault);
    if (err != ERR_OK) return err;
    if (depth > FOLDER_DEPTH_MAX) {
        return fault_set(fault, ERR_LIMIT, "%s lies more than %d folders deep", path,
                         FOLDER_DEPTH_MAX);
    }
    DIR *folder = opendir(path);
    if (folder == NULL) return fault_set_errno(fault, errno, "cannot read the folder %s", path);
    struct folder_files entries = {0};
    err = list_entries(folder, path, arena, &entries, fault);
    (void)closedir(folder); /* before going deeper: a deep tree must not use up descriptors */
    if (err == ERR_OK && entries.count > 1) {
        qsort(entries.files, entries.count, sizeof *entries.files, by_path);
    }
    for (uint32_t i = 0; i < entries.count && err == ERR_OK; i++) {
        const struct folder_file *entry = &entries.files[i];
        if (entry->bytes == ENTRY_IS_FOLDER) {
            err = walk((const char *)entry->path.data, depth + 1, arena, stops, list, fault);
        } else if (list->count == FOLDER_FILES_MAX) {
            err = fault_set(fault, ERR_LIMIT, "more than %d files", FOLDER_FILES_MAX);
        } else {
            folder_files_add(list, entry->path, entry->bytes);
        }
    }
    folder_files_free(&entries);
    return err;
}

enum err folder_walk(const char *path, struct arena *arena, const struct signals *stops,
                     struct folder_files *list, struct fault *fault)
{
    return walk(path, 0, arena, stops, list, fault);
}

const char *folder_find_unexpected(const char *path, bool (*expected)(const char *name),
                                   struct arena *arena)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return NULL;
    const char *found = NULL;
    for (struct dirent *entry; found == NULL && (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || expected(name)) continue;
        found = arena_text(arena, slice_text(name));
    }
    (void)closedir(folder);
    return found;
}

bool path_is_pattern(const char *path)
{
    return strpbrk(path, "*?[{") != NULL;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

enum err path_glob(const char *pattern, struct arena *arena, char ***paths, uint32_t *count,
                   struct fault *fault)
{
    glob_t found = {0};
    *paths = NULL;
    *count = 0;
    int result = glob(pattern, GLOB_NOSORT | GLOB_BRACE, NULL, &found);
    bool too_many = found.gl_pathc > FOLDER_FILES_MAX;
    if (too_many || (result != 0 && result != GLOB_NOMATCH)) {
        globfree(&found);
        return fault_set(fault, too_many ? ERR_LIMIT : ERR_IO, "cannot match %s: %s", pattern,
                         too_many ? "too many files" : "the system gave up");
    }
    *paths = ARENA_ARRAY(arena, char *, found.gl_pathc + 1);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++) {
        (*paths)[(*count)++] = arena_text(arena, slice_text(found.gl_pathv[i]));
    }
    globfree(&found);
    if (*count > 1) qsort(*paths, *count, sizeof **paths, by_text);
    return ERR_OK;
}
