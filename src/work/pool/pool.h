/*
 * pool.h -- worker threads, and the mailboxes between them and the thread that made them.
 *
 * Messages are bytes, as they would be between machines: nothing else passes. A mailbox holds at
 * most POOL_MAILBOX_MAX messages; a sender that finds it full waits.
 */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"

enum { POOL_MAILBOX_MAX = 1024 };

struct pool;          /* opaque; pool_free frees it */
struct pool_endpoint; /* a worker's side; opaque, owned by the pool */

/* What a worker thread runs; it ends by returning, at the latest when pool_receive says so. */
typedef void pool_body(void *context, struct pool_endpoint *endpoint);

/* contexts[i] goes to worker i: its own from now on, until pool_free has returned. */
MUST_USE enum err pool_new(uint32_t workers, pool_body *body, void *const *contexts,
                           struct pool **pool, struct fault *fault);

/* The maker's side. */
void pool_send(struct pool *pool, uint32_t worker, struct slice message);

/* Wait for a message of any worker, at most `timeout_max`. False: none came. The bytes replace what
 * is in `message`. */
bool pool_receive_any(struct pool *pool, duration timeout_max, uint32_t *worker,
                      struct buffer *message);

/* Close the mailboxes, wait for the threads to end, free all. NULL is allowed. */
void pool_free(struct pool *pool);

/* The worker's side. False: the pool closes, return. */
bool pool_receive(struct pool_endpoint *endpoint, struct buffer *message);
void pool_answer(struct pool_endpoint *endpoint, struct slice message);
