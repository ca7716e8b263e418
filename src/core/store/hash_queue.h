/*
 * hash_queue.h -- what eviction remembers keys by: their hashes, in the order they came, or just
 * that they were there not long ago.
 *
 * A queue is first in, first out, and can be looked into anywhere; it grows by blocks and never
 * copies what is in it. A ghost (the name is S3-FIFO's) remembers about as many of the last hashes
 * as it was told to, four bytes each; it may, rarely, believe to know what it never saw.
 */
#pragma once

#include "base/heap.h"

enum { HASH_QUEUE_BLOCK = 256 };

struct hash_queue { /* zeroed is empty and ready */
    uint64_t **blocks;
    uint64_t capacity; /* of `blocks`, a ring; a power of two, or 0 */
    uint64_t head;     /* counts what was ever taken */
    uint64_t count;
};

void hash_queue_push(struct hash_queue *queue, struct heap *heap, uint64_t hash);
uint64_t hash_queue_pop(struct hash_queue *queue, struct heap *heap);    /* it is not empty */
uint64_t *hash_queue_at(const struct hash_queue *queue, uint64_t index); /* 0 … count - 1 */
void hash_queue_release(struct hash_queue *queue, struct heap *heap);

struct hash_ghost { /* zeroed remembers nothing */
    uint32_t *slots;
    uint64_t places_count; /* of some slots each */
    uint64_t pushed;       /* since it was made */
};

/* `remembered`: how many of the last ones are wanted, now. */
void hash_ghost_push(struct hash_ghost *ghost, struct heap *heap, uint64_t hash,
                     uint64_t remembered);
bool hash_ghost_take(struct hash_ghost *ghost, uint64_t hash); /* was it there? Forget it */
void hash_ghost_release(struct hash_ghost *ghost, struct heap *heap);
