/*
 * threads.h -- the lanes' threads, seen from the main one: started, told to stop, waited for.
 *
 * A thread runs `run` from its start to its end. It says when it serves (thread_ready), asks in its
 * turns whether it should finish (thread_stop_wanted), and says before its io goes that it can be
 * woken no more (thread_leave). The main thread sleeps in threads_wait until one of them has
 * something to say, or a signal has come.
 */
#pragma once

#include "base/fault.h"
#include "io/io.h"

struct thread; /* opaque: what a lane's thread has of it */
struct threads;

typedef void (*thread_run)(void *context, uint32_t number, struct thread *self);

MUST_USE enum err threads_start(uint32_t count, thread_run run, void *context,
                                struct threads **threads, struct fault *fault);

void thread_ready(struct thread *self, struct io *io);
bool thread_stop_wanted(const struct thread *self);
void thread_leave(struct thread *self);
void thread_ask(struct thread *self); /* for something that only the main thread can do */

struct threads_state {
    uint32_t ready_count, ended_count, asks_count;
};
/* Until the counts differ from `known`, or `fd` can be read. */
struct threads_state threads_wait(struct threads *threads, struct threads_state known, int fd);
void threads_stop(struct threads *threads); /* all of them shall finish */
void threads_join(struct threads *threads); /* waits for all, and frees */
