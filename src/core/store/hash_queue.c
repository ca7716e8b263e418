/* hash_queue.c -- see hash_queue.h. */
#include "core/store/hash_queue.h"

/* --- the queue ------------------------------------------------------------------------------- */

uint64_t *hash_queue_at(const struct hash_queue *queue, uint64_t index)
{
    ASSERT(index < queue->count);
    uint64_t at = queue->head + index;
    return &queue->blocks[at / HASH_QUEUE_BLOCK & (queue->capacity - 1)][at % HASH_QUEUE_BLOCK];
}

/* Twice the ring; block number n is at n modulo its size, before and after. */
static void queue_widen(struct hash_queue *queue, struct heap *heap)
{
    uint64_t had = queue->capacity, capacity = had == 0 ? 1 : had * 2;
    uint64_t **blocks = heap_take_zeroed(heap, capacity * sizeof *blocks);
    uint64_t first = queue->head / HASH_QUEUE_BLOCK;
    for (uint64_t i = first; i < first + had; i++) {
        blocks[i & (capacity - 1)] = queue->blocks[i & (had - 1)];
    }
    heap_give(heap, queue->blocks, had * sizeof *blocks);
    queue->blocks = blocks;
    queue->capacity = capacity;
}

void hash_queue_push(struct hash_queue *queue, struct heap *heap, uint64_t hash)
{
    uint64_t block = (queue->head + queue->count) / HASH_QUEUE_BLOCK;
    if (block - queue->head / HASH_QUEUE_BLOCK >= queue->capacity) queue_widen(queue, heap);
    uint64_t **at = &queue->blocks[block & (queue->capacity - 1)];
    if (*at == NULL) *at = heap_take(heap, HASH_QUEUE_BLOCK * sizeof **at);
    queue->count++;
    *hash_queue_at(queue, queue->count - 1) = hash;
}

uint64_t hash_queue_pop(struct hash_queue *queue, struct heap *heap)
{
    uint64_t hash = *hash_queue_at(queue, 0);
    uint64_t block = queue->head / HASH_QUEUE_BLOCK;
    queue->head++;
    queue->count--;
    if (queue->head / HASH_QUEUE_BLOCK != block) {
        uint64_t **at = &queue->blocks[block & (queue->capacity - 1)];
        heap_give(heap, *at, HASH_QUEUE_BLOCK * sizeof **at);
        *at = NULL;
    }
    return hash;
}

void hash_queue_release(struct hash_queue *queue, struct heap *heap)
{
    for (uint64_t i = 0; i < queue->capacity; i++) {
        heap_give(heap, queue->blocks[i], HASH_QUEUE_BLOCK * sizeof **queue->blocks);
    }
    heap_give(heap, queue->blocks, queue->capacity * sizeof *queue->blocks);
    *queue = (struct hash_queue){0};
}

/* --- the ghost ------------------------------------------------------------------------------- */

/*
 * Sixteen slots of one cache line make a place; a slot is 24 bits of the hash and an age, which is
 * when it came, counted in 64ths of what is remembered, modulo 256. What is older than 64 of those
 * is forgotten; the oldest of the place makes room.
 */
enum {
    GHOST_WAYS = 16,
    GHOST_AGES = 64,
    GHOST_AGE_MASK = 255,
};

static uint32_t ghost_mark(uint64_t hash)
{
    uint32_t mark = (uint32_t)(hash >> 32) & ~(uint32_t)GHOST_AGE_MASK;
    return mark == 0 ? GHOST_AGE_MASK + 1u : mark;
}

static uint32_t *ghost_place(const struct hash_ghost *ghost, uint64_t hash)
{
    uint64_t place = (hash & UINT32_MAX) * ghost->places_count >> 32;
    return &ghost->slots[place * GHOST_WAYS];
}

static uint32_t ghost_now(const struct hash_ghost *ghost)
{
    uint64_t period = u64_max(ghost->places_count * GHOST_WAYS / GHOST_AGES, 1);
    return (uint32_t)(ghost->pushed / period) & GHOST_AGE_MASK;
}

static uint32_t ghost_age(const struct hash_ghost *ghost, uint32_t slot)
{
    return (ghost_now(ghost) - slot) & GHOST_AGE_MASK;
}

/* Places are chosen by bits that slots do not keep: a ghost of another size begins anew. */
static void ghost_fit(struct hash_ghost *ghost, struct heap *heap, uint64_t remembered)
{
    uint64_t wanted = remembered / GHOST_WAYS + 1, has = ghost->places_count;
    if (wanted <= has && wanted * 4 >= has) return;
    hash_ghost_release(ghost, heap);
    ghost->places_count = wanted + wanted / 4;
    size_t bytes = ghost->places_count * GHOST_WAYS * sizeof *ghost->slots;
    ghost->slots = heap_take_zeroed(heap, bytes);
}

void hash_ghost_push(struct hash_ghost *ghost, struct heap *heap, uint64_t hash,
                     uint64_t remembered)
{
    ghost_fit(ghost, heap, remembered);
    uint32_t *place = ghost_place(ghost, hash);
    unsigned oldest = 0;
    uint32_t oldest_age = 0;
    for (unsigned i = 0; i < GHOST_WAYS; i++) {
        uint32_t age = place[i] == 0 ? UINT32_MAX : ghost_age(ghost, place[i]);
        if (age <= oldest_age) continue;
        oldest = i;
        oldest_age = age;
    }
    place[oldest] = ghost_mark(hash) | ghost_now(ghost);
    ghost->pushed++;
}

bool hash_ghost_take(struct hash_ghost *ghost, uint64_t hash)
{
    if (ghost->places_count == 0) return false;
    uint32_t *place = ghost_place(ghost, hash);
    for (unsigned i = 0; i < GHOST_WAYS; i++) {
        if ((place[i] & ~(uint32_t)GHOST_AGE_MASK) != ghost_mark(hash)) continue;
        bool is_recent = ghost_age(ghost, place[i]) <= GHOST_AGES;
        place[i] = 0;
        return is_recent;
    }
    return false;
}

void hash_ghost_release(struct hash_ghost *ghost, struct heap *heap)
{
    size_t bytes = ghost->places_count * GHOST_WAYS * sizeof *ghost->slots;
    heap_give(heap, ghost->slots, bytes);
    *ghost = (struct hash_ghost){0};
}
