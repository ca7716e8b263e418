/* lock.c -- flock. See lock.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/lock.h"

enum { LOCK_MODE = 0640, PID_TEXT_MAX = 16 };

static uint32_t read_holder(int fd)
{
    char text[PID_TEXT_MAX + 1] = {0};
    if (pread(fd, text, PID_TEXT_MAX, 0) <= 0) return 0;
    return (uint32_t)strtoul(text, NULL, 10);
}

/* Only told to people: a failure loses nothing. */
static void write_holder(int fd)
{
    char text[PID_TEXT_MAX];
    int len = snprintf(text, sizeof text, "%u\n", (unsigned)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) return;
}

enum err lock_take(const char *path, struct lock *lock, uint32_t *holder, struct fault *fault)
{
    *holder = 0;
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
    if (lock->fd < 0) return fault_set_errno(fault, errno, "cannot open %s", path);
    if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0) {
        write_holder(lock->fd);
        return ERR_OK;
    }
    int error = errno;
    if (error == EWOULDBLOCK) *holder = read_holder(lock->fd);
    lock_drop(lock);
    if (error != EWOULDBLOCK) return fault_set_errno(fault, error, "cannot lock %s", path);
    return fault_set(fault, ERR_EXISTS, "%s is locked by another process", path);
}

void lock_drop(struct lock *lock)
{
    if (lock->fd >= 0) (void)close(lock->fd);
    lock->fd = -1;
}
