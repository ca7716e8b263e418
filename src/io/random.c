/* random.c -- see random.h. */
#include <errno.h>
#include <sys/random.h>

#include "io/random.h"

void random_fill(void *to, size_t size)
{
    uint8_t *at = to;
    while (size != 0) { /* ends: each call gives some, or the process ends */
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        ASSERT(got > 0);
        at += got;
        size -= (size_t)got;
    }
}
