/* store_over.c -- see store_over.h; which part a key is in, and what is asked of all parts. */
#include "core/store/store_over.h"

#include "base/crc.h"
#include "core/store/policy_impl.h"

struct store *store_new_over(const struct store_config *config, uint32_t parts_count)
{
    ASSERT(parts_count > 0);
    ASSERT(parts_count <= KEY_SLOTS);
    struct shared *shared = shared_new(config->seed, &config->limits);
    struct store *over = heap_take_zeroed(&shared->room.heap, sizeof *over);
    over->shared = shared;
    shared->users_count++;
    size_t bytes = sizeof(struct store_parts) + parts_count * sizeof(struct store *);
    struct store_parts *parts = heap_take_zeroed(&shared->room.heap, bytes);
    parts->count = parts_count;
    over->parts = parts;
    parts->nowhere = store_new(&(struct store_config){.beside = over});
    return over;
}

void store_over_free(struct store *over)
{
    struct shared *shared = over->shared;
    struct store_parts *parts = over->parts;
    store_free(parts->nowhere);
    size_t bytes = sizeof *parts + parts->count * sizeof(struct store *);
    heap_give(&shared->room.heap, parts, bytes);
    heap_give(&shared->room.heap, over, sizeof *over);
    shared_leave(shared);
}

void store_over_set(struct store *over, uint32_t part, struct store *store)
{
    ASSERT(part < over->parts->count);
    ASSERT(store == NULL || store->shared == over->shared);
    over->parts->stores[part] = store;
}

bool store_is_over(const struct store *store)
{
    return store->parts != NULL;
}

uint32_t store_over_part_of(const struct store *over, struct slice key)
{
    return shard_of_slot(slot_of_key(key), over->parts->count).n;
}

/* What is asked of a part is asked at the time of all. */
static struct store *at_time_of(const struct store *over, struct store *part)
{
    if (part->now_ms < over->now_ms) store_set_time(part, over->now_ms);
    return part;
}

struct store *store_over_next(const struct store *over, uint32_t *part)
{
    while (*part < over->parts->count) {
        struct store *store = over->parts->stores[(*part)++];
        if (store != NULL) return at_time_of(over, store);
    }
    return NULL;
}

struct store *store_part_to_read(const struct store *over, struct slice key)
{
    struct store *part = over->parts->stores[store_over_part_of(over, key)];
    return at_time_of(over, part == NULL ? over->parts->nowhere : part);
}

struct store *store_part_to_change(struct store *over, struct slice key)
{
    struct store *part = over->parts->stores[store_over_part_of(over, key)];
    ASSERT(part != NULL);
    return at_time_of(over, part);
}

struct store *store_part_first(const struct store *over)
{
    uint32_t at = 0;
    struct store *part = store_over_next(over, &at);
    return part == NULL ? over->parts->nowhere : part;
}

/* --- of all parts ---------------------------------------------------------------------------- */

uint64_t store_over_sum(const struct store *over, uint32_t database,
                        uint64_t (*count)(const struct store *store, uint32_t database))
{
    uint64_t sum = 0;
    uint32_t at = 0;
    for (const struct store *part; (part = store_over_next(over, &at)) != NULL;) {
        sum += count(part, database);
    }
    return sum;
}

struct entry *store_over_random(struct store *over, uint32_t database)
{
    uint64_t all = store_over_sum(over, database, store_count);
    uint32_t at = 0;
    if (all == 0) return NULL;
    uint64_t chosen = prng_below(&over->shared->room.prng, all);
    for (struct store *part; (part = store_over_next(over, &at)) != NULL;) {
        uint64_t count = store_count(part, database);
        if (chosen >= count) {
            chosen -= count;
            continue;
        }
        struct entry *entry = store_random(part, database);
        if (entry != NULL) return entry;
        break; /* all that it has has expired: any other's */
    }
    at = 0;
    for (struct store *part; (part = store_over_next(over, &at)) != NULL;) {
        struct entry *entry = store_random(part, database);
        if (entry != NULL) return entry;
    }
    return NULL;
}

/* A cursor is that of the part's table, times the parts, and the number of the part. */
uint64_t store_over_scan(const struct store *over, uint32_t database, uint64_t cursor,
                         store_visit visit, void *context)
{
    const struct store_parts *parts = over->parts;
    uint32_t at = (uint32_t)(cursor % parts->count);
    const struct store *part = parts->stores[at];
    uint64_t next = 0;
    if (part != NULL) {
        uint32_t again = at;
        part = store_over_next(over, &again);
        next = store_scan(part, database, cursor / parts->count, visit, context);
    }
    if (next != 0) return next * parts->count + at;
    for (at++; at < parts->count; at++) { /* those without keys take no step */
        part = parts->stores[at];
        if (part != NULL && store_count(part, database) > 0) return at;
    }
    return 0;
}

bool store_over_work(struct store *over, uint32_t steps)
{
    struct store_parts *parts = over->parts;
    bool more = false;
    for (uint32_t i = 0; i < parts->count && i < OVER_WORK_PARTS && steps > 0; i++) {
        struct store *part = parts->stores[parts->working];
        bool due = part != NULL && store_work(at_time_of(over, part), steps);
        more = more || due;
        parts->working = (parts->working + 1) % parts->count;
        if (due) break;
    }
    return more;
}

void store_over_prefetch(const struct store *over, uint32_t database, const struct slice *keys,
                         const uint32_t *slots, uint32_t count)
{
    const struct store_parts *parts = over->parts;
    const struct table *tables[STORE_PREFETCH_MAX];
    uint64_t hashes[STORE_PREFETCH_MAX];
    ASSERT(count <= STORE_PREFETCH_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct store *part = parts->stores[shard_of_slot(slots[i], parts->count).n];
        if (part == NULL) part = parts->nowhere;
        tables[i] = &part->databases[database]->table;
        hashes[i] = hash_bytes(&over->shared->room.secret, keys[i]);
        table_prefetch(tables[i], hashes[i]);
    }
    for (uint32_t i = 0; i < count; i++) table_prefetch_item(tables[i], hashes[i]);
}

int64_t store_over_average_ttl_ms(const struct store *over, uint32_t database)
{
    __int128 sum_ms = 0;
    uint64_t count = 0;
    uint32_t at = 0;
    for (const struct store *part; (part = store_over_next(over, &at)) != NULL;) {
        sum_ms += part->databases[database]->expiry_sum_ms;
        count += part->databases[database]->expiring_count;
    }
    if (count == 0) return 0;
    int64_t average = (int64_t)(sum_ms / (__int128)count);
    return average > over->now_ms ? average - over->now_ms : 0;
}
