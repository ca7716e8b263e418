/* store_about.c -- what is told about keys and about the store. See store.h. */
#include "core/store/store_impl.h"
#include "core/store/store_over.h"
#include "core/store/value.h"

enum { TABLE_SHARE_BYTES = 12 /* of a key, about */ };

uint64_t entry_bytes(const struct store *store, const struct entry *entry)
{
    (void)store;
    uint64_t bytes = heap_rounded_bytes(entry_size(entry)) + TABLE_SHARE_BYTES;
    switch ((enum entry_form)entry->form) {
    case FORM_INLINE:
    case FORM_INTEGER: break;
    case FORM_BLOCK: {
        const struct block *block = entry_pointer(entry);
        bytes += heap_rounded_bytes(sizeof *block + block->capacity);
        break;
    }
    case FORM_OBJECT: bytes += value_bytes(entry_type(entry), entry_pointer(entry)); break;
    }
    return bytes;
}

/* --- digests --------------------------------------------------------------------------------- */

void store_digest_value(const struct store *store, const struct entry *entry, uint8_t digest[20])
{
    (void)store;
    char scratch[INTEGER_TEXT_MAX];
    memset(digest, 0, DIGEST_BYTES);
    uint8_t type = (uint8_t)entry->type;
    digest_chain(digest, slice_of(&type, 1));
    if (entry->type == VALUE_STRING) {
        digest_chain(digest, entry_string(entry, scratch));
        return;
    }
    uint8_t elements[DIGEST_BYTES] = {0};
    value_digest(entry_type(entry), entry_pointer(entry), elements);
    digest_chain(digest, slice_of(elements, sizeof elements));
}

static void digest_key(const struct store *store, uint32_t database, const struct entry *entry,
                       uint8_t total[DIGEST_BYTES])
{
    uint8_t digest[DIGEST_BYTES], value[DIGEST_BYTES];
    uint8_t number = (uint8_t)database;
    int64_t expiry_ms = entry_expiry(entry);
    memset(digest, 0, sizeof digest);
    store_digest_value(store, entry, value);
    digest_chain(digest, slice_of(&number, 1));
    digest_chain(digest, entry_key(entry));
    digest_chain(digest, slice_of(&expiry_ms, sizeof expiry_ms));
    digest_chain(digest, slice_of(value, sizeof value));
    digest_add(total, slice_of(digest, sizeof digest));
}

static void digest_keys(const struct store *store, uint8_t digest[DIGEST_BYTES])
{
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        struct table_walk walk = {0};
        const struct entry *entry;
        while ((entry = table_walk_next(&store->databases[i]->table, &walk)) != NULL) {
            if (!entry_is_expired(store, entry)) digest_key(store, i, entry, digest);
        }
    }
}

void store_digest(const struct store *store, uint8_t digest[20])
{
    memset(digest, 0, DIGEST_BYTES);
    if (store->parts == NULL) {
        digest_keys(store, digest);
        return;
    }
    uint32_t at = 0;
    for (const struct store *part; (part = store_over_next(store, &at)) != NULL;) {
        digest_keys(part, digest);
    }
}

/* --- the store ------------------------------------------------------------------------------- */

void store_set_observer(struct store *store, store_observer observer, void *context)
{
    store->shared->observer = observer;
    store->shared->observer_context = context;
}

const struct store_stats *store_stats(const struct store *store)
{
    return &store->shared->stats;
}

void store_reset_stats(struct store *store)
{
    store->shared->stats =
        (struct store_stats){.pending_free_blocks = store->shared->stats.pending_free_blocks};
}

static void database_check(const struct store *store, const struct database *database)
{
    table_check(&database->table);
    uint64_t expiring_count = 0;
    __int128 expiry_sum_ms = 0;
    struct table_walk walk = {0};
    const struct entry *entry;
    while ((entry = table_walk_next(&database->table, &walk)) != NULL) {
        bool mark = (walk.at->marks >> (walk.index - 1) & 1) != 0;
        ASSERT(mark == entry->expires); /* [I2] */
        if (entry->expires) expiry_sum_ms += entry_expiry(entry);
        expiring_count += entry->expires;
        bool is_string = entry->type == VALUE_STRING;
        ASSERT(is_string == (entry->form != FORM_OBJECT));
        if (!is_string) ASSERT(value_count(entry_type(entry), entry_pointer(entry)) > 0);
        enum policy_mode mode = store_policy_mode(store, store_policy_of(store, entry_key(entry)));
        ASSERT(entry->cache == (mode == POLICY_CACHE)); /* [I3] */
    }
    ASSERT(expiring_count == database->expiring_count);
    ASSERT(expiry_sum_ms == database->expiry_sum_ms);
}

void store_check(const struct store *store)
{
    if (UNLIKELY(store->parts != NULL)) {
        uint32_t at = 0;
        for (struct store *part; (part = store_over_next(store, &at)) != NULL;) {
            store_check(part);
        }
        return;
    }
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        ASSERT(store->slots[store->databases[i]->slot] == store->databases[i]);
        database_check(store, store->databases[i]);
    }
}
