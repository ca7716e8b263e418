/*
 * pure.h -- put before every file of core/ by the Makefile: what a machine must not know is no
 * word there.
 *
 * Poisoned are words that can only mean the world outside: clocks, chance, files, the network,
 * threads, the environment, memory that no arena owns. Words that a machine may well use for a
 * field (`time`, `read`, `open`, `send`) stay free: tools/check_purity finds the calls by the
 * symbols of the objects.
 */
#pragma once

/* Headers that core/ may use are read first: they mention some of the words themselves. Of the last
 * two it wants snprintf and qsort. */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

#undef stdin
#undef stdout
#undef stderr
#pragma GCC poison clock_gettime gettimeofday localtime gmtime nanosleep usleep
#pragma GCC poison rand srand srandom drand48 getrandom getentropy
#pragma GCC poison fopen fdopen fclose fread fwrite fflush fprintf printf puts stdin stdout stderr
#pragma GCC poison openat pread pwrite mmap munmap ioctl errno
#pragma GCC poison socket sendto recvfrom sendmsg recvmsg epoll_wait epoll_ctl
#pragma GCC poison fork execve waitpid getenv setenv getpid
#pragma GCC poison malloc calloc realloc
#pragma GCC poison pthread_create pthread_mutex_lock pthread_self _Atomic _Thread_local
