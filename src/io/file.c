/* file.c -- see file.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { FILE_MODE = 0666, FOLDER_MODE = 0777, PATH_BYTES_MAX = 4096 };
enum {
    COPY_BYTES = 256 * 1024,
    COPY_STEP_BYTES = 1 << 20, /* between two looks at whether to stop */
    COPY_READY_BYTES = 4096,   /* that a pipe which is ready takes for certain (pipe(7)) */
};

static enum err opened(int fd, const char *label, const char *verb, struct file *file,
                       struct fault *fault)
{
    *file = (struct file){fd, label};
    if (fd >= 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot %s %s", verb, label);
}

enum err file_open_read(const char *path, struct file *file, struct fault *fault)
{
    return opened(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), path, "open", file,
                  fault);
}

enum err file_create(const char *path, struct file *file, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    return opened(fd, path, "create", file, fault);
}

enum err file_create_private(const char *path, struct file *file, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return opened(fd, path, "create", file, fault);
}

enum err file_create_nameless(const char *folder, struct file *file, struct fault *fault)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        char path[PATH_BYTES_MAX];
        (void)snprintf(path, sizeof path, "%s/.tutti-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0) (void)unlink(path);
    }
    return opened(fd, folder, "create a temporary file in", file, fault);
}

bool file_is_stream(const struct file *file)
{
    struct stat status;
    return fstat(file->fd, &status) == 0 && !S_ISREG(status.st_mode);
}

void file_close(struct file *file)
{
    if (file->fd >= 0) (void)close(file->fd);
    file->fd = -1;
}

/* Somebody else may have made it one that does not wait. */
static void wait_until(int fd, short ready)
{
    (void)poll(&(struct pollfd){fd, ready, 0}, 1, -1);
}

enum err file_read(struct file *file, void *to, size_t size, size_t *got, struct fault *fault)
{
    ssize_t count;
    while ((count = read(file->fd, to, size)) < 0) {
        if (errno == EAGAIN)
            wait_until(file->fd, POLLIN);
        else if (errno != EINTR)
            break;
    }
    *got = count > 0 ? (size_t)count : 0;
    if (count >= 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot read %s", file->label);
}

enum err file_read_at(struct file *file, uint64_t offset, void *to, size_t size, size_t *got,
                      struct fault *fault)
{
    *got = 0;
    while (*got < size) {
        ssize_t count = pread(file->fd, (uint8_t *)to + *got, size - *got, (off_t)(offset + *got));
        if (count == 0) return ERR_OK;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return fault_set_errno(fault, errno, "cannot read %s at byte %llu", file->label,
                                   (unsigned long long)(offset + *got));
        }
        *got += (size_t)count;
    }
    return ERR_OK;
}

enum err file_write(struct file *file, struct slice bytes, struct fault *fault)
{
    while (bytes.len > 0) {
        ssize_t count = write(file->fd, bytes.data, bytes.len);
        if (count < 0 && errno == EAGAIN) wait_until(file->fd, POLLOUT);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return fault_set_errno(fault, errno, "cannot write %s", file->label);
        bytes = slice_from(bytes, (size_t)count);
    }
    return ERR_OK;
}

enum err file_write_at(struct file *file, uint64_t offset, struct slice bytes, struct fault *fault)
{
    while (bytes.len > 0) {
        ssize_t count = pwrite(file->fd, bytes.data, bytes.len, (off_t)offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return fault_set_errno(fault, errno, "cannot write %s at byte %llu", file->label,
                                   (unsigned long long)offset);
        }
        offset += (uint64_t)count;
        bytes = slice_from(bytes, (size_t)count);
    }
    return ERR_OK;
}

enum err file_size(struct file *file, uint64_t *size, struct fault *fault)
{
    struct stat status;
    *size = 0;
    if (fstat(file->fd, &status) != 0) {
        return fault_set_errno(fault, errno, "cannot look at %s", file->label);
    }
    *size = (uint64_t)status.st_size;
    return ERR_OK;
}

enum err file_sync(struct file *file, struct fault *fault)
{
    if (fdatasync(file->fd) == 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot flush %s to the disk", file->label);
}

void file_will_need(struct file *file, uint64_t offset, uint64_t bytes)
{
    (void)posix_fadvise(file->fd, (off_t)offset, (off_t)bytes, POSIX_FADV_WILLNEED);
}

void file_start_flush(struct file *file, uint64_t offset, uint64_t bytes)
{
    (void)sync_file_range(file->fd, (off_t)offset, (off_t)bytes, SYNC_FILE_RANGE_WRITE);
}

void file_cut(struct file *file, uint64_t bytes)
{
    (void)!ftruncate(file->fd, (off_t)bytes);
}

void file_punch(struct file *file, uint64_t offset, uint64_t bytes)
{
    (void)fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                    (off_t)bytes);
}

static enum err copy_through_memory(struct file *from, uint64_t offset, uint64_t bytes,
                                    struct file *to, struct fault *fault)
{
    uint8_t *chunk = malloc(COPY_BYTES);
    ASSERT(chunk != NULL);
    enum err err = ERR_OK;
    while (bytes > 0 && err == ERR_OK) {
        size_t got;
        err = file_read_at(from, offset, chunk, u64_min(bytes, COPY_BYTES), &got, fault);
        if (err != ERR_OK) break;
        if (got == 0) {
            err = fault_set(fault, ERR_CORRUPT, "%s is shorter than it was", from->label);
            break;
        }
        err = file_write(to, slice_of(chunk, got), fault);
        offset += got;
        bytes -= got;
    }
    free(chunk);
    return err;
}

/* Until `to` takes something. */
static enum err wait_to_write(const struct file *to, const struct signals *stops,
                              struct fault *fault)
{
    struct pollfd polls[] = {{to->fd, POLLOUT, 0}, {stops == NULL ? -1 : stops->fd, POLLIN, 0}};
    int ready;
    do ready = poll(polls, COUNT_OF(polls), -1);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return fault_set_errno(fault, errno, "cannot wait for %s", to->label);
    if (polls[1].revents == 0) return ERR_OK;
    return fault_set(fault, ERR_CANCELLED, "stopped while writing %s", to->label);
}

enum err file_copy(struct file *from, uint64_t bytes, struct file *to, const struct signals *stops,
                   struct fault *fault)
{
    struct stat status;
    if (fstat(to->fd, &status) != 0) {
        return fault_set_errno(fault, errno, "cannot look at %s", to->label);
    }
    bool is_pipe = S_ISFIFO(status.st_mode);
    bool may_block = is_pipe || S_ISSOCK(status.st_mode) || isatty(to->fd);
    uint64_t step = may_block ? COPY_READY_BYTES : COPY_STEP_BYTES;
    for (off_t offset = 0; (uint64_t)offset < bytes;) {
        enum err err = wait_to_write(to, stops, fault);
        if (err != ERR_OK) return err;
        uint64_t left = bytes - (uint64_t)offset;
        ssize_t count = is_pipe ? splice(from->fd, &offset, to->fd, NULL,
                                         u64_min(left, COPY_STEP_BYTES), SPLICE_F_NONBLOCK)
                                : sendfile(to->fd, from->fd, &offset, u64_min(left, step));
        if (count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN))) continue;
        /* Refused for this kind of file, or an error that writing by hand names better. */
        left = u64_min(left, step);
        err = copy_through_memory(from, (uint64_t)offset, left, to, fault);
        if (err != ERR_OK) return err;
        offset += (off_t)left;
    }
    return ERR_OK;
}

bool path_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

bool path_is_executable(const char *path)
{
    return access(path, X_OK) == 0;
}

enum err file_rename(const char *from, const char *to, struct fault *fault)
{
    if (rename(from, to) == 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot rename %s to %s", from, to);
}

enum err file_set_mode(const char *path, uint32_t mode, struct fault *fault)
{
    if (chmod(path, mode) == 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot set the permissions of %s", path);
}

void file_remove(const char *path)
{
    (void)unlink(path);
}

enum err folder_create(const char *path, struct fault *fault)
{
    if (mkdir(path, FOLDER_MODE) == 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot create the folder %s", path);
}

static enum err flush_folder(const char *path, int (*flush)(int fd), struct fault *fault)
{
    struct file folder;
    enum err err =
        opened(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, "open", &folder, fault);
    if (err != ERR_OK) return err;
    if (flush(folder.fd) != 0) {
        err = fault_set_errno(fault, errno, "cannot flush the folder %s to the disk", path);
    }
    file_close(&folder);
    return err;
}

enum err folder_sync(const char *path, struct fault *fault)
{
    return flush_folder(path, fsync, fault);
}

enum err folder_sync_files(const char *path, struct fault *fault)
{
    return flush_folder(path, syncfs, fault);
}

enum err folder_publish(const char *from, const char *to, bool replace, struct fault *fault)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return ERR_OK;
    if (errno == EINVAL && !path_exists(to) && rename(from, to) == 0) return ERR_OK;
    if (errno != EEXIST || !replace) {
        return fault_set_errno(fault, errno, "cannot give the output its name %s", to);
    }
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0) {
        return fault_set_errno(fault, errno, "cannot replace %s", to);
    }
    return ERR_OK;
}

/* Opened by descriptor at each step, so that a link put in the way is never followed. */
static void remove_entries(int folder_fd)
{
    DIR *folder = fdopendir(folder_fd);
    if (folder == NULL) {
        (void)close(folder_fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(folder_fd, entry->d_name, 0) == 0) continue;
        int inner =
            openat(folder_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) continue;
        remove_entries(inner);
        (void)unlinkat(folder_fd, entry->d_name, AT_REMOVEDIR);
    }
    (void)closedir(folder);
}

void folder_remove_tree(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        (void)unlink(path);
        return;
    }
    remove_entries(fd);
    (void)rmdir(path);
}
