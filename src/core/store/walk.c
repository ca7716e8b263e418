/*
 * walk.c -- snapshots bucket by bucket, and records of keys. See walk.h.
 *
 * What stays true while a walk is active:
 *   [I1] A bucket of a database in the walk whose version is the walk's has been saved, and holds
 *        what came since; any other is as it was when the walk began.
 *   [I2] Buckets before `bucket` of the database `at`, and databases before that, are saved.
 */
#include "core/store/store_impl.h"
#include "core/store/value.h"

enum {
    WALK_RECORDS_BYTES = 64 * 1024, /* gathered before the sink gets them */
    WALK_AHEAD = 2,                 /* buckets whose entries are on their way meanwhile */
};

/* --- records --------------------------------------------------------------------------------- */

/*
 * A record: database u8; kind u8, which is the type with RECORD_EXPIRES and RECORD_INTEGER; expiry
 * u64 if it has one; the key, sized; the integer u64, the string sized, or what value_encode says.
 */
enum {
    RECORD_TYPE_MASK = 15,
    RECORD_EXPIRES = 16,
    RECORD_INTEGER = 32,
    RECORD_HEAD_MAX = 64,
    RECORD_POLICY = 255 /* in place of the database */
};

void entry_encode(uint32_t database, const struct entry *entry, struct buffer *out)
{
    int64_t integer = 0;
    bool is_integer = entry_integer(entry, &integer);
    unsigned kind = entry->type | (entry->expires ? RECORD_EXPIRES : 0u);
    uint8_t *start = buffer_reserve(out, RECORD_HEAD_MAX), *at = start;
    *at++ = (uint8_t)database;
    *at++ = (uint8_t)(kind | (is_integer ? RECORD_INTEGER : 0u));
    if (entry->expires) {
        memcpy(at, entry->bytes, sizeof(int64_t));
        at += sizeof(int64_t);
    }
    at = varint_write(at, entry->key_len);
    out->len += (size_t)(at - start);
    buffer_append(out, entry_key(entry));
    if (is_integer) {
        put_u64(out, (uint64_t)integer);
    } else if (entry->type == VALUE_STRING) {
        put_sized(out, entry_string(entry, NULL));
    } else {
        value_encode(entry_type(entry), entry_pointer(entry), out);
    }
}

bool entry_encoded_key(struct slice record, uint32_t *database, struct slice *key)
{
    struct cursor in = cursor_of(record);
    *database = cursor_u8(&in);
    if ((cursor_u8(&in) & RECORD_EXPIRES) != 0) (void)cursor_u64(&in);
    *key = cursor_sized(&in);
    return !in.bad && *database < STORE_DATABASES;
}

struct record {
    uint32_t database;
    struct found found;
    struct entry *entry; /* NULL: it was a policy, and is in force */
};

/*
 * A policy's record: RECORD_POLICY u8; mode u8, with RECORD_WARM; evict u8; memory_max_bytes u64;
 * ttl_seconds u64; the prefix, sized. Policies come before all keys.
 */
enum { RECORD_WARM = 128 };

static void policy_encode(const struct policy *policy, struct buffer *out)
{
    put_u8(out, RECORD_POLICY);
    put_u8(out, (uint8_t)(policy->mode | (policy->warm ? RECORD_WARM : 0u)));
    put_u8(out, (uint8_t)policy->evict);
    put_u64(out, policy->memory_max_bytes);
    put_u64(out, policy->ttl_seconds);
    put_sized(out, policy->prefix);
}

static bool policy_decode(struct store *store, struct cursor *in)
{
    uint8_t mode = cursor_u8(in), evict = cursor_u8(in);
    struct policy policy = {.memory_max_bytes = cursor_u64(in), .ttl_seconds = cursor_u64(in)};
    policy.prefix = cursor_sized(in);
    policy.warm = (mode & RECORD_WARM) != 0;
    mode &= (uint8_t)~RECORD_WARM;
    if (in->bad || mode > POLICY_CACHE || evict > EVICT_NONE) return false;
    if (policy.warm && mode != POLICY_CACHE) return false;
    policy.mode = (enum policy_mode)mode;
    policy.evict = (enum evict_kind)evict;
    struct fault fault;
    return store_policy_set(store, &policy, &fault) == ERR_OK;
}

/* The value of a record, into a plan that owns it. False: damaged. */
static bool plan_decode_value(struct store *store, unsigned kind, struct cursor *in,
                              struct entry_plan *plan)
{
    plan->type = (enum value_type)(kind & RECORD_TYPE_MASK);
    if (plan->type == VALUE_STRING && (kind & RECORD_INTEGER) != 0) {
        plan->form = FORM_INTEGER;
        plan->word = cursor_u64(in);
        return !in->bad;
    }
    if (plan->type == VALUE_STRING) {
        struct slice text = cursor_sized(in);
        if (in->bad || text.len > STORE_STRING_BYTES_MAX) return false;
        entry_plan_string(plan, &store->shared->room.heap, text);
        return true;
    }
    if (plan->type < VALUE_STRING || plan->type > VALUE_HASH || (kind & RECORD_INTEGER) != 0) {
        return false;
    }
    plan->form = FORM_OBJECT;
    void *object = value_decode(&store->shared->room, plan->type, in);
    plan->word = (uintptr_t)object;
    if (object == NULL || value_count(plan->type, object) > 0) return object != NULL;
    value_free(&store->shared->room, plan->type, object);
    return false;
}

/* An entry that is not in the store yet, and the hash of its key. */
static bool record_decode(struct store *store, struct cursor *in, struct record *record)
{
    record->database = cursor_u8(in);
    record->entry = NULL;
    if (record->database == RECORD_POLICY) return policy_decode(store, in);
    unsigned kind = cursor_u8(in);
    struct entry_plan plan = {.expiry_ms = STORE_NO_EXPIRY};
    if ((kind & RECORD_EXPIRES) != 0) plan.expiry_ms = (int64_t)cursor_u64(in);
    plan.key = cursor_sized(in);
    if (in->bad || record->database >= STORE_DATABASES) return false;
    if ((kind & ~63u) != 0 || plan.key.len > STORE_KEY_BYTES_MAX) return false;
    if (UNLIKELY(store->shared->accounts_count > 0)) policy_account_key(store, plan.key);
    if (!plan_decode_value(store, kind, in, &plan)) return false;
    record->entry = entry_new(&store->shared->room.heap, &plan);
    record->found.database = store->databases[record->database];
    record->found.hash = hash_bytes(&store->shared->room.secret, plan.key);
    return true;
}

static void record_put(struct store *store, struct record *record)
{
    struct found found;
    store_find_to_change(store, record->database, entry_key(record->entry), &found);
    if (found.entry != NULL) store_remove(store, &found);
    store_insert(store, &found, record->entry);
}

bool store_decode_entry(struct store *store, struct cursor *in)
{
    struct record record;
    if (!record_decode(store, in, &record)) return false;
    if (record.entry != NULL) record_put(store, &record);
    return true;
}

enum { DECODE_BATCH = 32 };

/* Three rounds over a batch, so that the cache misses of each overlap. */
static void records_put(struct store *store, struct record *records, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].entry == NULL) continue;
        struct found *found = &records[i].found;
        struct slice key = entry_key(records[i].entry);
        bool plain = store->shared->accounts_count == 0 && !found->database->in_walk;
        found->entry = plain ? table_find(&found->database->table, found->hash, entry_same, &key,
                                          &found->place)
                             : NULL;
        if (plain && found->entry == NULL) {
            store_insert(store, found, records[i].entry);
        } else {
            record_put(store, &records[i]);
        }
    }
}

bool store_decode_some(struct store *store, struct cursor *in, uint64_t count)
{
    struct record records[DECODE_BATCH];
    while (count > 0) {
        uint32_t batch = 0;
        bool good = true;
        while (good && batch < DECODE_BATCH && batch < count) {
            good = record_decode(store, in, &records[batch]);
            if (!good) break;
            if (records[batch++].entry == NULL) continue;
            table_prefetch(&records[batch - 1].found.database->table,
                           records[batch - 1].found.hash);
        }
        records_put(store, records, batch);
        if (!good) return false;
        count -= batch;
    }
    return true;
}

bool store_decode_entries(struct store *store, struct slice bytes, uint64_t count)
{
    struct cursor in = cursor_of(bytes);
    return store_decode_some(store, &in, count) && cursor_left(&in) == 0;
}

void store_reserve(struct store *store, uint32_t database, uint64_t keys)
{
    table_reserve(&store->databases[database]->table, keys);
}

/* --- walking --------------------------------------------------------------------------------- */

static void walk_flush(struct walk *walk)
{
    if (walk->records_count == 0) return;
    walk->sink(walk->context, buffer_slice(&walk->records), walk->records_count);
    buffer_clear(&walk->records);
    walk->records_count = 0;
}

void walk_save(struct store *store, struct database *database, uint64_t bucket)
{
    struct walk *walk = &store->walk;
    if (LIKELY(!database->in_walk)) return;
    struct table_bucket *first = table_bucket_at(&database->table, bucket);
    if (first->version == walk->version) return;
    first->version = walk->version; /* [I1] */
    struct table_walk chain = {.at = first};
    for (const struct entry *entry; (entry = table_chain_next(&chain)) != NULL;) {
        bool expired = entry->expires && entry_expiry(entry) <= walk->began_ms; /* then */
        if (entry->cache || expired) continue;
        entry_encode(database->number, entry, &walk->records);
        walk->records_count++;
    }
    if (walk->records.len >= WALK_RECORDS_BYTES) walk_flush(walk);
}

void store_walk_begin(struct store *store, walk_sink sink, void *context)
{
    struct walk *walk = &store->walk;
    ASSERT(!walk->active);
    uint32_t version = walk->version + 1;
    *walk = (struct walk){
        .active = true,
        .began_ms = store->now_ms,
        .version = version == 0 ? 1 : version, /* 0 is that of buckets that no walk has seen */
        .sink = sink,
        .context = context,
    };
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        struct database *database = store->databases[i];
        database->number = i;
        database->in_walk = true;
        database->table.version_of_new = walk->version; /* what comes to it has come since */
        walk->databases[i] = database;
    }
    for (uint32_t i = 0; i < store_policy_count(store); i++) {
        policy_encode(store_policy(store, i), &walk->records);
        walk->records_count++;
    }
}

void walk_leave(struct store *store, struct database *database)
{
    struct walk *walk = &store->walk;
    database->in_walk = false;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        if (walk->databases[i] == database) walk->databases[i] = NULL;
    }
}

static void walk_end(struct store *store)
{
    struct walk *walk = &store->walk;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        if (walk->databases[i] != NULL) walk_leave(store, walk->databases[i]);
    }
    buffer_free(&walk->records);
    walk->active = false;
}

/* The next database of the walk that is not done. NULL: all are. */
static struct database *walk_database(struct store *store)
{
    struct walk *walk = &store->walk;
    for (; walk->at < STORE_DATABASES; walk->at++, walk->bucket = 0) {
        struct database *database = walk->databases[walk->at];
        if (database == NULL) continue;
        if (walk->bucket < database->table.buckets_count) return database;
        walk_leave(store, database);
    }
    return NULL;
}

bool store_walk_step(struct store *store, uint32_t buckets)
{
    struct walk *walk = &store->walk;
    ASSERT(walk->active);
    struct database *database = walk_database(store);
    for (; buckets > 0 && database != NULL; buckets--) {
        table_prefetch_items(&database->table, walk->bucket + WALK_AHEAD);
        walk_save(store, database, walk->bucket++); /* [I2] */
        database = walk_database(store);
    }
    walk_flush(walk);
    if (database != NULL) return true;
    walk_end(store);
    return false;
}

bool store_walk_is_active(const struct store *store)
{
    return store->walk.active;
}

double store_walk_progress(const struct store *store)
{
    const struct walk *walk = &store->walk;
    uint64_t done = walk->bucket, all = 0;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        const struct database *database = walk->databases[i];
        if (!walk->active || database == NULL) continue;
        all += database->table.buckets_count;
    }
    return all == 0 ? 1 : (double)done / (double)(all > done ? all : done);
}

void walk_forget(struct store *store)
{
    if (store->walk.active) walk_end(store);
}

void store_walk_cancel(struct store *store)
{
    walk_forget(store);
}
