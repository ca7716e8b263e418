/*
 * store_impl.h -- the inside of the store, for its own .c files: entries, databases, and the way
 * from a key to its entry. See store.c for what stays true.
 */
#pragma once

#include "base/bytes.h"
#include "core/store/policy.h"
#include "core/store/store.h"
#include "core/store/table.h"
#include "core/store/walk.h"

/* --- entries --------------------------------------------------------------------------------- */

enum entry_form {
    FORM_INLINE,  /* a length byte and the string's bytes */
    FORM_INTEGER, /* a string that is an integer: 8 bytes */
    FORM_BLOCK,   /* a string in a block of its own: 8 bytes, a pointer to struct block */
    FORM_OBJECT,  /* a collection: 8 bytes, a pointer */
};

enum {
    INLINE_BYTES_MAX = 255,
    EMBSTR_BYTES_MAX = 44, /* longer strings are "raw" to Redis's clients */
    ENTRY_TIME_BITS = 22,
    ENTRY_TIME_SHIFT = 7, /* milliseconds to the unit of `time`: an eighth of a second, about */
    FREQUENCY_START = 5,  /* of a new key: it must not be the first to go */
    S3_FREQUENCY_MAX = 3,
};

/* Then, with `expires`, 8 bytes of Unix time in ms; the key; and what the form says. */
struct entry {
    uint32_t key_len : 24;
    uint32_t type : 3; /* enum value_type */
    uint32_t form : 2; /* enum entry_form */
    uint32_t s3_frequency : 2;
    uint32_t s3_main : 1;
    uint32_t time : ENTRY_TIME_BITS; /* of the last access, in units of ENTRY_TIME_SHIFT; wraps */
    uint32_t expires : 1;
    uint32_t cache : 1;     /* its policy's mode is cache */
    uint32_t frequency : 8; /* Morris counter for lfu, as Redis's */
    uint8_t bytes[];
};

struct block { /* a raw string */
    uint32_t len, capacity;
    uint8_t bytes[];
};

static inline const uint8_t *entry_key_at(const struct entry *entry)
{
    return entry->bytes + entry->expires * sizeof(int64_t);
}

static inline uint8_t *entry_value_at(const struct entry *entry)
{
    return (uint8_t *)(uintptr_t)(entry_key_at(entry) + entry->key_len);
}

static inline void *entry_pointer(const struct entry *entry)
{
    void *pointer;
    memcpy(&pointer, entry_value_at(entry), sizeof pointer);
    return pointer;
}

static inline size_t entry_size(const struct entry *entry)
{
    const uint8_t *value = entry_value_at(entry);
    size_t bytes = entry->form == FORM_INLINE ? (size_t)1 + value[0] : sizeof(int64_t);
    return (size_t)(value - (const uint8_t *)entry) + bytes;
}

static inline int64_t entry_expiry(const struct entry *entry)
{
    int64_t expiry_ms;
    if (!entry->expires) return STORE_NO_EXPIRY;
    memcpy(&expiry_ms, entry->bytes, sizeof expiry_ms);
    return expiry_ms;
}

static inline bool entry_same(const void *item, const void *wanted)
{
    const struct entry *entry = item;
    const struct slice *key = wanted;
    if (entry->key_len != key->len) return false;
    return bytes_same(entry_key_at(entry), key->data, key->len);
}

/* What an entry is made of. */
struct entry_plan {
    struct slice key;
    int64_t expiry_ms;
    enum value_type type;
    enum entry_form form;
    struct slice text; /* FORM_INLINE */
    uint64_t word;     /* the others: the integer, or the pointer */
};

struct entry *entry_new(struct heap *heap, const struct entry_plan *plan);
size_t entry_plan_size(const struct entry_plan *plan);
struct entry_plan entry_plan_of(const struct entry *entry); /* borrows its key and text */
void entry_write_value(struct entry *entry, const struct entry_plan *plan); /* the size fits */
void entry_give_value(struct store *store, struct entry *entry);
void entry_give(struct store *store, struct entry *entry); /* with its value */
struct block *block_new(struct heap *heap, struct slice text, size_t capacity);
size_t block_capacity_for(size_t len);
/* How a string is kept best. Allocates a block if it is long. */
void entry_plan_string(struct entry_plan *plan, struct heap *heap, struct slice text);

/* --- databases ------------------------------------------------------------------------------- */

struct database {
    struct table table; /* first: a table's database is found by it */
    uint32_t slot;      /* of store.slots: stays when databases are swapped or flushed */
    uint32_t number;    /* for the running snapshot: when it began */
    bool in_walk;       /* of the running snapshot, and not yet done */
    uint64_t expiring_count;
    __int128 expiry_sum_ms;
    uint64_t expire_bucket; /* where active expiry goes on */
    struct database *next;  /* of those that are being freed */
};

struct garbage { /* a collection that is being freed */
    void *object;
    enum value_type type;
    uint32_t policy; /* that counts its memory */
};

struct trash {
    struct database *databases;
    struct garbage *objects;
    uint64_t objects_count, objects_capacity;
};

struct walk {
    bool active;
    int64_t began_ms; /* the store's time: what had expired by then is not walked */
    uint32_t version;
    walk_sink sink;
    void *context;
    struct database *databases[STORE_DATABASES]; /* in the order of the walk */
    uint32_t at;                                 /* of databases */
    uint64_t bucket;
    struct buffer records;
    uint64_t records_count;
};

struct policies;

/* A prefix, as all stores that share a room have it together. */
struct policy_total {
    struct policy_total *next;
    uint64_t used_bytes, keys_count;
    uint32_t users_count; /* stores that have a policy of this prefix */
    uint32_t prefix_len;
    uint8_t prefix[];
};

/* What the stores of one lane share. */
struct shared {
    struct room room;      /* first: it is found by it */
    struct store **stores; /* those that have data */
    uint32_t stores_count, stores_capacity;
    uint32_t users_count; /* stores, with those that have no data of their own */
    bool touch;
    bool active_expire;
    bool holds_expiry; /* nothing is dropped for its time but by a write to it */
    store_observer observer;
    void *observer_context;
    struct store_stats stats;
    uint32_t expire_credit; /* buckets that may be looked at */
    int64_t expire_paced_ms;
    /* Counting: what the heap holds beyond accounted_bytes belongs to this policy. */
    uint32_t accounts_count;     /* stores of which some policy is cache */
    struct store *accounted_for; /* NULL: to nobody's */
    uint32_t accounted;
    uint64_t accounted_bytes;
    struct policy_total *totals;
    uint32_t evict_store; /* where the next to lose keys is looked for */
};

struct store {
    struct shared *shared;
    struct store_parts *parts; /* of one that is made of others: see store_over.h; else NULL */
    uint32_t place;            /* among shared->stores */
    struct database *databases[STORE_DATABASES]; /* by number */
    struct database *slots[STORE_DATABASES];
    int64_t now_ms;
    uint32_t access_time;     /* now, as entries keep it */
    bool notes_frequency;     /* some policy is lfu */
    bool notes_s3_frequency;  /* some policy is s3fifo */
    bool accounts;            /* some policy is cache: its keys are counted, see policy.c */
    bool gives_ttl;           /* some policy gives keys an expiry */
    uint32_t expire_database; /* where active expiry goes on */
    bool expire_busy;
    struct trash trash;
    uint64_t *expired_seen; /* counts in looks that change nothing too */
    struct policies *policies;
    struct prng notes_prng; /* for eviction; no data depends on it */
    struct walk walk;
    void *companion; /* see store_set_companion */
    void (*companion_free)(void *companion);
};

/* --- from a key to its entry ----------------------------------------------------------------- */

struct found {
    struct database *database;
    uint64_t hash;
    struct entry *entry; /* NULL: not there */
    struct table_place place;
};

static inline bool entry_is_expired(const struct store *store, const struct entry *entry)
{
    if (!entry->expires || entry_expiry(entry) > store->now_ms) return false;
    *store->expired_seen += !entry->cache;
    return true;
}

/* Written where the caller has it: a struct of this size, returned, is copied before its parts have
 * arrived in the cache, and that costs as much as all the rest. */
static inline void store_find(const struct store *store, uint32_t database, struct slice key,
                              struct found *found)
{
    found->database = store->databases[database];
    found->hash = hash_bytes(&store->shared->room.secret, key);
    found->entry =
        table_find(&found->database->table, found->hash, entry_same, &key, &found->place);
}

static inline struct entry *store_look(const struct store *store, uint32_t database,
                                       struct slice key)
{
    uint64_t hash = hash_bytes(&store->shared->room.secret, key);
    return table_find(&store->databases[database]->table, hash, entry_same, &key, NULL);
}

static inline uint64_t entry_hash(const struct store *store, const struct entry *entry)
{
    return hash_bytes(&store->shared->room.secret, slice_of(entry_key_at(entry), entry->key_len));
}

void entry_note_frequency(struct store *store, struct entry *entry); /* evict_note.c */

static inline void entry_note_access(struct store *store, struct entry *entry)
{
    if (UNLIKELY(!store->shared->touch)) return;
    if (UNLIKELY(store->notes_frequency || store->notes_s3_frequency)) {
        entry_note_frequency(store, entry);
    }
    /* Reading must not make a clean cache line dirty each time. */
    if (entry->time != store->access_time) {
        entry->time = store->access_time & ((1u << ENTRY_TIME_BITS) - 1);
    }
}

/* Everything that a change begins with: see the rule in store.h. */
void store_find_to_change(struct store *store, uint32_t database, struct slice key,
                          struct found *found);
/* The same for an entry that was found before. */
void store_found_again(struct store *store, uint32_t database, struct entry *entry,
                       struct found *found);
/* Put an entry that is not there; it is owned now. */
struct entry *store_insert(struct store *store, struct found *found, struct entry *entry);
/* Put `entry` where `found->entry` is, which is given back without its value. */
struct entry *store_exchange(struct store *store, struct found *found, struct entry *entry);
void store_remove(struct store *store, struct found *found); /* and give back */
void store_tell(struct store *store, enum store_drop why, const struct found *found);
void store_note_expiry(struct found *found, const struct entry *before, const struct entry *after);

/* --- what the parts of a store tell each other ----------------------------------------------- */

void trash_take_database(struct store *store, struct database *database);
void trash_take_object(struct store *store, enum value_type type, void *object);
/* True: more is there. `*steps` goes down by what was done. */
bool trash_work(struct store *store, uint32_t *steps);

/* Save the bucket for the running snapshot, if that wants it. */
void walk_save(struct store *store, struct database *database, uint64_t bucket);
void walk_forget(struct store *store);                           /* frees what a walk holds */
void walk_leave(struct store *store, struct database *database); /* all of it is saved */

void policies_new(struct store *store);
void policies_free(struct store *store);
/* No key of it is under a cache policy any more. */
void policies_forget_keys(struct store *store);
/* From here on, memory is counted for the policy of this key; or for this one. */
void policy_account_key(struct store *store, struct slice key);
void policy_account(struct store *store, uint32_t policy);
void policy_account_nobody(struct shared *shared);
uint32_t policy_accounted(const struct store *store); /* POLICY_NONE: none of its own */
/* The expiry of a key that is made without one, by its policy. */
int64_t policy_expiry_ms(const struct store *store, struct slice key);
/* A key came under a policy that counts, or went. */
void policy_key_added(struct store *store, struct found *found);
void policy_key_removed(struct store *store, const struct entry *entry);

/* --- stores made of others (store_over.c) ---------------------------------------------------- */

struct shared *shared_new(uint64_t seed, const struct store_limits *limits);
void shared_leave(struct shared *shared); /* the last one frees it */

enum { OVER_WORK_PARTS = 64 }; /* looked at in one go */

struct store_parts {
    uint32_t count;
    uint32_t working;      /* where work goes on */
    struct store *nowhere; /* empty: in place of one that is not here */
    struct store *stores[];
};

void store_over_free(struct store *over);
/* Of a store with parts. */
struct store *store_part_to_read(const struct store *over, struct slice key);
struct store *store_part_to_change(struct store *over, struct slice key);
struct store *store_part_first(const struct store *over); /* all have the same policies */
uint64_t store_over_sum(const struct store *over, uint32_t database,
                        uint64_t (*count)(const struct store *store, uint32_t database));
struct entry *store_over_random(struct store *over, uint32_t database);
uint64_t store_over_scan(const struct store *over, uint32_t database, uint64_t cursor,
                         store_visit visit, void *context);
bool store_over_work(struct store *over, uint32_t steps);
int64_t store_over_average_ttl_ms(const struct store *over, uint32_t database);

/* Where a key is: the store itself, or its part. */
static inline struct store *store_to_read(const struct store *store, struct slice key)
{
    if (LIKELY(store->parts == NULL)) return (struct store *)(uintptr_t)store;
    return store_part_to_read(store, key);
}

static inline struct store *store_to_change(struct store *store, struct slice key)
{
    return LIKELY(store->parts == NULL) ? store : store_part_to_change(store, key);
}
