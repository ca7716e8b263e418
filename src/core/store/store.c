/*
 * store.c -- the key space: from keys to entries, and what happens to keys whole. See store.h;
 * strings are in store_string.c, what happens between commands in store_work.c, what is told about
 * keys in store_about.c.
 *
 * What stays true:
 *   [I1] A bucket changes only after walk_save: store_find_to_change, and the table's before_move.
 *   [I2] An entry's mark in its bucket says whether it expires; expiring_count and expiry_sum_ms of
 *        a database are over those.
 *   [I3] An entry with `cache` set is under a policy whose mode is cache, and the policy counts it.
 *   [I4] What is large is freed by store_work: no change takes time for what it drops.
 */
#include "base/crc.h"
#include "core/store/store_impl.h"
#include "core/store/store_over.h"
#include "core/store/value.h"

/* --- databases ------------------------------------------------------------------------------- */

static uint64_t table_entry_hash(const struct table *table, const void *item)
{
    return entry_hash(table->owner, item);
}

static void table_before_move(struct table *table, uint64_t bucket)
{
    walk_save(table->owner, (struct database *)table, bucket); /* [I1] */
}

static struct database *database_new(struct store *store, uint32_t slot)
{
    static const struct table_kind kind = {table_entry_hash, table_before_move};
    struct database *database = heap_take_zeroed(&store->shared->room.heap, sizeof *database);
    table_init(&database->table, &store->shared->room.heap, &kind, store);
    database->slot = slot;
    store->slots[slot] = database;
    return database;
}

struct shared *shared_new(uint64_t seed, const struct store_limits *limits)
{
    struct heap heap = {0};
    struct shared *shared = heap_take_zeroed(&heap, sizeof *shared);
    shared->room.heap = heap;
    shared->room.limits = *limits;
    shared->room.prng = (struct prng){seed};
    hash_secret_fill(&shared->room.secret, prng_next(&shared->room.prng));
    shared->touch = true;
    shared->active_expire = true;
    return shared;
}

void shared_leave(struct shared *shared)
{
    if (--shared->users_count > 0) return;
    heap_give(&shared->room.heap, shared->stores, shared->stores_capacity * sizeof(struct store *));
    struct heap heap = shared->room.heap;
    heap_give(&heap, shared, sizeof *shared);
    ASSERT(heap.used_bytes == 0);
    ASSERT(heap.blocks_count == 0);
    heap_release(&heap);
}

static void shared_list(struct shared *shared, struct store *store)
{
    if (shared->stores_count == shared->stores_capacity) {
        uint32_t had = shared->stores_capacity, capacity = had == 0 ? 1 : had * 2;
        shared->stores =
            heap_resize(&shared->room.heap, shared->stores, had * sizeof(struct store *),
                        capacity * sizeof(struct store *));
        shared->stores_capacity = capacity;
    }
    store->place = shared->stores_count;
    shared->stores[shared->stores_count++] = store;
}

static void shared_unlist(struct shared *shared, struct store *store)
{
    struct store *last = shared->stores[--shared->stores_count];
    shared->stores[store->place] = last;
    last->place = store->place;
}

struct store *store_new(const struct store_config *config)
{
    struct shared *shared =
        config->beside != NULL ? config->beside->shared : shared_new(config->seed, &config->limits);
    struct store *store = heap_take_zeroed(&shared->room.heap, sizeof *store);
    store->shared = shared;
    shared->users_count++;
    shared_list(shared, store);
    for (uint32_t i = 0; i < STORE_DATABASES; i++) store->databases[i] = database_new(store, i);
    store->notes_prng = (struct prng){prng_next(&shared->room.prng)};
    store->expired_seen = heap_take_zeroed(&shared->room.heap, sizeof *store->expired_seen);
    policies_new(store);
    return store;
}

void store_set_companion(struct store *store, void *companion, void (*free)(void *companion))
{
    if (store->companion != NULL) store->companion_free(store->companion);
    store->companion = companion;
    store->companion_free = free;
}

void *store_companion(const struct store *store)
{
    return store->companion;
}

void store_free(struct store *store)
{
    if (store == NULL) return;
    struct shared *shared = store->shared;
    if (store->parts != NULL) {
        store_over_free(store);
        return;
    }
    store_set_companion(store, NULL, NULL);
    walk_forget(store);
    for (uint32_t i = 0; i < STORE_DATABASES; i++) trash_take_database(store, store->databases[i]);
    for (bool more = true; more;) {
        uint32_t steps = UINT32_MAX;
        more = trash_work(store, &steps);
    }
    policies_free(store);
    shared_unlist(shared, store);
    heap_give(&shared->room.heap, store->expired_seen, sizeof *store->expired_seen);
    heap_give(&shared->room.heap, store, sizeof *store);
    shared_leave(shared);
}

void store_succeed(struct store *store, const struct store *before)
{
    *store->expired_seen = *before->expired_seen;
    struct shared *to = store->shared;
    const struct shared *from = before->shared;
    if (to == from) return;
    to->room.limits = from->room.limits;
    to->observer = from->observer;
    to->observer_context = from->observer_context;
    to->touch = from->touch;
    to->active_expire = from->active_expire;
    to->holds_expiry = from->holds_expiry;
    to->stats = from->stats;
}

/* Take it out, with its value: it is the caller's. */
static struct entry *store_detach(struct store *store, struct found *found)
{
    struct entry *entry = found->entry;
    table_remove(&found->database->table, found->hash, entry);
    store_note_expiry(found, entry, NULL);
    if (UNLIKELY(entry->cache)) policy_key_removed(store, entry);
    found->entry = NULL;
    return entry;
}

static bool take_nothing(void *context, uint32_t database, struct entry *entry)
{
    (void)context;
    (void)database;
    (void)entry;
    return false;
}

static void database_take_cache(struct store *store, uint32_t number, store_taker take,
                                void *context)
{
    struct buffer entries = {0}; /* addresses */
    struct table_walk walk = {0};
    const struct table *table = &store->databases[number]->table;
    for (struct entry *entry; (entry = table_walk_next(table, &walk)) != NULL;) {
        uintptr_t address = (uintptr_t)entry;
        if (entry->cache) buffer_append(&entries, slice_of(&address, sizeof address));
    }
    for (size_t i = 0; i < entries.len; i += sizeof(uintptr_t)) {
        uintptr_t address;
        memcpy(&address, entries.data + i, sizeof address);
        struct found found;
        store_found_again(store, number, (struct entry *)address, &found);
        if (take(context, number, found.entry)) {
            store_detach(store, &found);
        } else {
            store_remove(store, &found);
        }
    }
    buffer_free(&entries);
}

void store_take_cache(struct store *store, store_taker take, void *context)
{
    ASSERT(store->parts == NULL);
    if (!store->accounts) return; /* no policy is cache */
    for (uint32_t i = 0; i < STORE_DATABASES; i++) database_take_cache(store, i, take, context);
    policies_forget_keys(store);
}

void store_drop_cache(struct store *store)
{
    store_take_cache(store, take_nothing, NULL);
}

struct room *store_room(struct store *store)
{
    return &store->shared->room;
}

void store_set_time(struct store *store, int64_t now_ms)
{
    if (now_ms <= store->now_ms) return;
    store->now_ms = now_ms;
    uint64_t time = (uint64_t)now_ms >> ENTRY_TIME_SHIFT;
    store->access_time = (uint32_t)(time & ((1u << ENTRY_TIME_BITS) - 1));
}

void store_turn_back_time(struct store *store, int64_t now_ms)
{
    if (now_ms >= store->now_ms) return;
    store->now_ms = now_ms - 1;
    store_set_time(store, now_ms);
    store->shared->expire_paced_ms = now_ms;
}

uint64_t store_expired_seen(const struct store *store)
{
    ASSERT(store->parts == NULL);
    return *store->expired_seen;
}

int64_t store_now_ms(const struct store *store)
{
    return store->now_ms;
}

void store_set_touch(struct store *store, bool touch)
{
    store->shared->touch = touch;
}

/* --- looking up ------------------------------------------------------------------------------ */

void store_prefetch(const struct store *store, uint32_t database, const struct slice *keys,
                    uint32_t count)
{
    if (UNLIKELY(store->parts != NULL)) {
        uint32_t slots[STORE_PREFETCH_MAX];
        ASSERT(count <= STORE_PREFETCH_MAX);
        for (uint32_t i = 0; i < count; i++) slots[i] = slot_of_key(keys[i]);
        store_over_prefetch(store, database, keys, slots, count);
        return;
    }
    const struct table *table = &store->databases[database]->table;
    uint64_t hashes[STORE_PREFETCH_MAX];
    ASSERT(count <= STORE_PREFETCH_MAX);
    for (uint32_t i = 0; i < count; i++) {
        hashes[i] = hash_bytes(&store->shared->room.secret, keys[i]);
        table_prefetch(table, hashes[i]);
    }
    for (uint32_t i = 0; i < count; i++) table_prefetch_item(table, hashes[i]);
}

struct entry *store_read(struct store *store, uint32_t database, struct slice key)
{
    store = store_to_read(store, key);
    struct entry *entry = store_look(store, database, key);
    if (entry == NULL || UNLIKELY(entry_is_expired(store, entry))) {
        store->shared->stats.misses++;
        if (entry != NULL && !store->shared->holds_expiry) (void)store_write(store, database, key);
        return NULL;
    }
    store->shared->stats.hits++;
    entry_note_access(store, entry);
    return entry;
}

struct entry *store_peek(const struct store *store, uint32_t database, struct slice key)
{
    store = store_to_read(store, key);
    struct entry *entry = store_look(store, database, key);
    return entry == NULL || entry_is_expired(store, entry) ? NULL : entry;
}

void store_tell(struct store *store, enum store_drop why, const struct found *found)
{
    uint32_t number = 0;
    while (store->databases[number] != found->database) number++;
    switch (why) {
    case STORE_DROP_EXPIRED: store->shared->stats.expired_keys++; break;
    case STORE_DROP_EVICTED: store->shared->stats.evicted_keys++; break;
    }
    if (store->shared->observer == NULL) return;
    store->shared->observer(store->shared->observer_context, why, number, entry_key(found->entry));
}

void store_find_to_change(struct store *store, uint32_t database, struct slice key,
                          struct found *found)
{
    if (UNLIKELY(store->shared->accounts_count > 0)) policy_account_key(store, key);
    store_find(store, database, key, found);
    const struct table *table = &found->database->table;
    if (UNLIKELY(found->database->in_walk) && table->buckets_count > 0) { /* [I1] */
        walk_save(store, found->database, table_bucket_of(table, found->hash));
    }
}

void store_found_again(struct store *store, uint32_t database, struct entry *entry,
                       struct found *found)
{
    store_find_to_change(store, database, entry_key(entry), found);
    ASSERT(found->entry == entry);
}

struct entry *store_write(struct store *store, uint32_t database, struct slice key)
{
    store = store_to_change(store, key);
    struct found found;
    store_find_to_change(store, database, key, &found);
    if (found.entry == NULL) return NULL;
    if (UNLIKELY(entry_is_expired(store, found.entry))) {
        store_tell(store, STORE_DROP_EXPIRED, &found);
        store_remove(store, &found);
        return NULL;
    }
    entry_note_access(store, found.entry);
    return found.entry;
}

/* --- putting and taking ---------------------------------------------------------------------- */

/* [I2] */
void store_note_expiry(struct found *found, const struct entry *before, const struct entry *after)
{
    struct database *database = found->database;
    if (before != NULL && before->expires) {
        database->expiring_count--;
        database->expiry_sum_ms -= entry_expiry(before);
    }
    if (after != NULL && after->expires) {
        database->expiring_count++;
        database->expiry_sum_ms += entry_expiry(after);
    }
}

struct entry *store_insert(struct store *store, struct found *found, struct entry *entry)
{
    found->entry = entry;
    found->place = table_insert(&found->database->table, found->hash, entry);
    entry->time = store->access_time & ((1u << ENTRY_TIME_BITS) - 1);
    if (entry->expires) {
        table_mark(found->place, true);
        store_note_expiry(found, NULL, entry);
    }
    if (UNLIKELY(store->accounts)) policy_key_added(store, found);
    return entry;
}

struct entry *store_exchange(struct store *store, struct found *found, struct entry *entry)
{
    struct entry *old = found->entry;
    uint64_t bits = (uint64_t)(uintptr_t)entry;
    memcpy(found->place.bucket->items[found->place.index], &bits, TABLE_POINTER_BYTES);
    if (old->expires || entry->expires) {
        table_mark(found->place, entry->expires);
        store_note_expiry(found, old, entry);
    }
    entry->cache = old->cache;
    entry->s3_frequency = old->s3_frequency;
    entry->s3_main = old->s3_main;
    entry->frequency = old->frequency;
    entry->time = old->time;
    heap_give(&store->shared->room.heap, old, entry_size(old));
    return found->entry = entry;
}

void store_remove(struct store *store, struct found *found)
{
    entry_give(store, store_detach(store, found));
}

/* Make what is at `found`, if anything, go; told if its time was over. */
static void store_clear(struct store *store, struct found *found)
{
    if (found->entry == NULL) return;
    if (entry_is_expired(store, found->entry)) store_tell(store, STORE_DROP_EXPIRED, found);
    store_remove(store, found);
}

bool store_delete(struct store *store, uint32_t database, struct slice key)
{
    store = store_to_change(store, key);
    struct found found;
    store_find_to_change(store, database, key, &found);
    if (found.entry == NULL) return false;
    bool expired = entry_is_expired(store, found.entry);
    store_clear(store, &found);
    return !expired;
}

/* --- collections ----------------------------------------------------------------------------- */

static struct entry *insert_plan(struct store *store, struct found *found,
                                 const struct entry_plan *plan)
{
    return store_insert(store, found, entry_new(&store->shared->room.heap, plan));
}

struct entry *store_put_object(struct store *store, uint32_t database, struct slice key,
                               enum value_type type, void *object)
{
    store = store_to_change(store, key);
    struct found found;
    store_find_to_change(store, database, key, &found);
    store_clear(store, &found);
    struct entry_plan plan = {
        .key = key,
        .expiry_ms = store->gives_ttl ? policy_expiry_ms(store, key) : STORE_NO_EXPIRY,
        .type = type,
        .form = FORM_OBJECT,
        .word = (uintptr_t)object,
    };
    return insert_plan(store, &found, &plan);
}

struct entry *store_add_object(struct store *store, uint32_t database, struct slice key,
                               enum value_type type, void *object)
{
    return store_put_object(store, database, key, type, object);
}

/* --- keys ------------------------------------------------------------------------------------ */

struct entry *store_set_expiry(struct store *store, uint32_t database, struct entry *entry,
                               int64_t expiry_ms)
{
    store = store_to_change(store, entry_key(entry));
    struct found found;
    store_found_again(store, database, entry, &found);
    struct entry_plan plan = entry_plan_of(entry);
    bool expires = expiry_ms != STORE_NO_EXPIRY;
    if (expires && entry->expires) {
        store_note_expiry(&found, entry, NULL);
        memcpy(entry->bytes, &expiry_ms, sizeof expiry_ms);
        store_note_expiry(&found, NULL, entry);
        return entry;
    }
    if (!expires && !entry->expires) return entry;
    plan.expiry_ms = expiry_ms;
    return store_exchange(store, &found, entry_new(&store->shared->room.heap, &plan));
}

void store_rename(struct store *store, uint32_t database, struct slice from, uint32_t to_database,
                  struct slice to)
{
    struct store *source_store = store_to_change(store, from);
    store = store_to_change(store, to);
    struct found source;
    store_find_to_change(source_store, database, from, &source);
    ASSERT(source.entry != NULL);
    struct entry *old = store_detach(source_store, &source);
    struct entry_plan plan = entry_plan_of(old);
    plan.key = to;
    struct found target;
    store_find_to_change(store, to_database, to, &target);
    store_clear(store, &target);
    insert_plan(store, &target, &plan);
    heap_give(&store->shared->room.heap, old, entry_size(old));
}

void store_copy(struct store *store, uint32_t database, struct slice from, uint32_t to_database,
                struct slice to)
{
    const struct store *source_store = store_to_read(store, from);
    store = store_to_change(store, to);
    struct found target;
    store_find_to_change(store, to_database, to, &target);
    struct entry *old = store_look(source_store, database, from);
    ASSERT(old != NULL);
    if (old == target.entry) return;
    struct entry_plan plan = entry_plan_of(old);
    plan.key = to;
    if (plan.form == FORM_BLOCK) {
        const struct block *block = entry_pointer(old);
        struct slice text = slice_of(block->bytes, block->len);
        plan.word =
            (uintptr_t)block_new(&store->shared->room.heap, text, block_capacity_for(text.len));
    } else if (plan.form == FORM_OBJECT) {
        plan.word = (uintptr_t)value_copy(&store->shared->room, plan.type, entry_pointer(old));
    }
    struct entry *copy = entry_new(&store->shared->room.heap, &plan);
    store_clear(store, &target);
    store_insert(store, &target, copy);
}

uint64_t store_count(const struct store *store, uint32_t database)
{
    if (UNLIKELY(store->parts != NULL)) return store_over_sum(store, database, store_count);
    return store->databases[database]->table.count;
}

uint64_t store_expiring_count(const struct store *store, uint32_t database)
{
    if (UNLIKELY(store->parts != NULL)) {
        return store_over_sum(store, database, store_expiring_count);
    }
    return store->databases[database]->expiring_count;
}

int64_t store_average_ttl_ms(const struct store *store, uint32_t database)
{
    if (UNLIKELY(store->parts != NULL)) return store_over_average_ttl_ms(store, database);
    const struct database *it = store->databases[database];
    if (it->expiring_count == 0) return 0;
    int64_t average = (int64_t)(it->expiry_sum_ms / (__int128)it->expiring_count);
    return average > store->now_ms ? average - store->now_ms : 0;
}

void store_flush(struct store *store, uint32_t database)
{
    if (UNLIKELY(store->parts != NULL)) {
        uint32_t at = 0;
        for (struct store *part; (part = store_over_next(store, &at)) != NULL;) {
            store_flush(part, database);
        }
        return;
    }
    struct database *old = store->databases[database];
    if (old->table.count == 0) return;
    store->databases[database] = database_new(store, old->slot);
    trash_take_database(store, old);
}

void store_swap(struct store *store, uint32_t a, uint32_t b)
{
    if (UNLIKELY(store->parts != NULL)) {
        uint32_t at = 0;
        for (struct store *part; (part = store_over_next(store, &at)) != NULL;) {
            store_swap(part, a, b);
        }
        return;
    }
    struct database *first = store->databases[a];
    store->databases[a] = store->databases[b];
    store->databases[b] = first;
}

enum { RANDOM_EXPIRED_MAX = 100 };

struct entry *store_random(struct store *store, uint32_t database)
{
    if (UNLIKELY(store->parts != NULL)) return store_over_random(store, database);
    const struct table *table = &store->databases[database]->table;
    for (int tries = 0; tries < RANDOM_EXPIRED_MAX; tries++) {
        struct entry *entry = table_random(table, &store->shared->room.prng);
        if (entry == NULL || !entry_is_expired(store, entry)) return entry;
    }
    struct table_walk walk = {0};
    for (struct entry *entry; (entry = table_walk_next(table, &walk)) != NULL;) {
        if (!entry_is_expired(store, entry)) return entry;
    }
    return NULL;
}

struct visible {
    const struct store *store;
    store_visit visit;
    void *context;
};

static void visit_visible(void *context, void *item)
{
    const struct visible *visible = context;
    if (entry_is_expired(visible->store, item)) return;
    visible->visit(visible->context, item);
}

uint64_t store_scan(const struct store *store, uint32_t database, uint64_t cursor,
                    store_visit visit, void *context)
{
    if (UNLIKELY(store->parts != NULL)) {
        return store_over_scan(store, database, cursor, visit, context);
    }
    struct visible visible = {store, visit, context};
    return table_scan(&store->databases[database]->table, cursor, visit_visible, &visible);
}
