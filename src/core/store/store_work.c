/*
 * store_work.c -- what a store does between commands: freeing what was flushed or is large, and
 * dropping keys whose time is over. All of it in small steps. See store.h.
 */
#include "core/store/store_impl.h"
#include "core/store/value.h"

enum {
    GARBAGE_COUNT_MIN = 64,     /* a collection with fewer elements is freed at once */
    GARBAGE_BUCKETS_A_STEP = 4, /* of a larger one */
    EXPIRE_BUSY_PERCENT = 10,   /* of the buckets looked at had an expired key: go on at once */
    EXPIRE_BUCKETS_A_MS = 64,   /* else looking takes a few percent of a core at most */
    EXPIRE_CREDIT_MAX = 1024,
};

/* --- the trash ------------------------------------------------------------------------------- */

void trash_take_database(struct store *store, struct database *database)
{
    database->next = store->trash.databases;
    store->trash.databases = database;
}

void trash_take_object(struct store *store, enum value_type type, void *object)
{
    struct trash *trash = &store->trash;
    if (value_count(type, object) < GARBAGE_COUNT_MIN) {
        value_free(&store->shared->room, type, object);
        return;
    }
    if (trash->objects_count == trash->objects_capacity) {
        uint64_t had = trash->objects_capacity, capacity = had == 0 ? 16 : had * 2;
        trash->objects =
            heap_resize(&store->shared->room.heap, trash->objects, had * sizeof *trash->objects,
                        capacity * sizeof *trash->objects);
        trash->objects_capacity = capacity;
    }
    trash->objects[trash->objects_count++] =
        (struct garbage){object, type, policy_accounted(store)};
    store->shared->stats.pending_free_blocks++;
}

static void trash_object(struct store *store)
{
    struct trash *trash = &store->trash;
    ASSERT(trash->objects != NULL);
    const struct garbage *garbage = &trash->objects[trash->objects_count - 1];
    if (UNLIKELY(store->shared->accounts_count > 0)) policy_account(store, garbage->policy);
    uint32_t steps = GARBAGE_BUCKETS_A_STEP;
    if (!value_free_some(&store->shared->room, garbage->type, garbage->object, steps)) return;
    store->shared->stats.pending_free_blocks--;
    if (--trash->objects_count > 0) return;
    heap_give(&store->shared->room.heap, trash->objects,
              trash->objects_capacity * sizeof *trash->objects);
    trash->objects = NULL;
    trash->objects_capacity = 0;
}

static void trash_entry(void *context, void *item)
{
    struct store *store = context;
    struct entry *entry = item;
    if (UNLIKELY(store->shared->accounts_count > 0)) policy_account_key(store, entry_key(entry));
    if (entry->cache) policy_key_removed(store, entry);
    entry_give(store, entry);
}

static void trash_bucket(struct store *store)
{
    struct database *database = store->trash.databases;
    if (table_drop_bucket(&database->table, trash_entry, store)) return;
    if (database->in_walk) walk_leave(store, database);
    store->trash.databases = database->next;
    heap_give(&store->shared->room.heap, database, sizeof *database);
}

bool trash_work(struct store *store, uint32_t *steps)
{
    struct trash *trash = &store->trash;
    for (; *steps > 0; --*steps) {
        if (trash->objects_count > 0) {
            trash_object(store);
        } else if (trash->databases != NULL) {
            trash_bucket(store);
        } else {
            return false;
        }
    }
    return trash->objects_count > 0 || trash->databases != NULL;
}

/* --- keys whose time is over ----------------------------------------------------------------- */

/* One expired key of the chain, or NULL. */
static struct entry *chain_expired(const struct store *store, const struct table_bucket *bucket)
{
    for (; bucket != NULL; bucket = bucket_next(bucket)) {
        for (unsigned marks = bucket->marks; marks != 0; marks &= marks - 1) {
            struct entry *entry = bucket_item(bucket, (unsigned)__builtin_ctz(marks));
            if (entry_is_expired(store, entry)) return entry;
        }
    }
    return NULL;
}

static void drop_expired(struct store *store, uint32_t database, struct entry *entry)
{
    struct found found;
    store_found_again(store, database, entry, &found);
    store_tell(store, STORE_DROP_EXPIRED, &found);
    store_remove(store, &found);
}

/* How many keys went from some buckets of the database. */
static uint32_t expire_buckets(struct store *store, uint32_t number, uint32_t *steps)
{
    struct database *database = store->databases[number];
    uint32_t dropped = 0;
    for (uint64_t seen = 0; *steps > 0 && database->expiring_count > 0; --*steps) {
        const struct table *table = &database->table;
        if (database->expire_bucket >= table->buckets_count) database->expire_bucket = 0;
        if (seen++ > table->buckets_count) break;
        struct entry *entry = chain_expired(store, table_bucket_at(table, database->expire_bucket));
        if (entry == NULL) {
            database->expire_bucket++;
            continue;
        }
        drop_expired(store, number, entry);
        dropped++;
    }
    return dropped;
}

/* How many buckets may be looked at: as many as time has passed for, unless much was found. */
static uint32_t expire_credit(struct store *store, uint32_t steps)
{
    uint64_t passed_ms = (uint64_t)(store->now_ms - store->shared->expire_paced_ms);
    uint64_t earned = u64_min(passed_ms, EXPIRE_CREDIT_MAX) * EXPIRE_BUCKETS_A_MS;
    store->shared->expire_paced_ms = store->now_ms;
    store->shared->expire_credit =
        (uint32_t)u64_min(store->shared->expire_credit + earned, EXPIRE_CREDIT_MAX);
    return store->expire_busy ? steps : (uint32_t)u64_min(steps, store->shared->expire_credit);
}

/* True: there were so many that more is likely. */
static bool expire_work(struct store *store, uint32_t steps)
{
    uint32_t allowed = expire_credit(store, steps), left = allowed, dropped = 0;
    for (uint32_t i = 0; i < STORE_DATABASES && left > 0; i++) {
        dropped += expire_buckets(store, store->expire_database, &left);
        store->expire_database = (store->expire_database + 1) % STORE_DATABASES;
    }
    uint32_t used = allowed - left;
    store->shared->expire_credit -= (uint32_t)u64_min(used, store->shared->expire_credit);
    store->expire_busy = used > 0 && dropped * 100 / used >= EXPIRE_BUSY_PERCENT;
    return store->expire_busy;
}

static bool has_expiring(const struct store *store)
{
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        if (store->databases[i]->expiring_count > 0) return true;
    }
    return false;
}

bool store_work(struct store *store, uint32_t steps)
{
    if (UNLIKELY(store->parts != NULL)) return store_over_work(store, steps);
    uint32_t left = steps;
    bool more = trash_work(store, &left);
    if (!has_expiring(store)) {
        store->expire_busy = false;
    } else if (store->shared->active_expire && !store->shared->holds_expiry && left > 0) {
        more |= expire_work(store, left);
    }
    return more;
}

void store_hold_expiry(struct store *store, bool held)
{
    store->shared->holds_expiry = held;
}

void store_set_active_expire(struct store *store, bool active)
{
    store->shared->active_expire = active;
}
