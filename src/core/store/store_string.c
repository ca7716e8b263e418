/* store_string.c -- changing strings: in place where the new value fits. See store.h. */
#include "core/store/store_impl.h"

enum { STRING_AHEAD_BYTES_MAX = 1024 * 1024 }; /* room that a growing string gets ahead of need */

/* A block that `text` can be written into without wasting more than half of it. */
static bool block_fits(const struct block *block, size_t len)
{
    return len <= block->capacity && len >= block->capacity / 2;
}

/* Text that is kept as it is, whatever its bytes are: no integer begins like this. */
static bool text_is_plain(struct slice text)
{
    return text.len > 0 && text.len <= INLINE_BYTES_MAX && text.data[0] > '9';
}

/* Write `text` over the value of a string without moving the entry. False: it does not fit. */
static bool string_overwrite(struct entry *entry, struct entry_plan *plan, struct slice text)
{
    if (entry->type != VALUE_STRING) return false;
    if (entry->form == FORM_BLOCK) {
        struct block *block = entry_pointer(entry);
        if (text.len <= INLINE_BYTES_MAX || !block_fits(block, text.len)) return false;
        memmove(block->bytes, text.data, text.len);
        block->len = (uint32_t)text.len;
        return true;
    }
    if (text.len > INLINE_BYTES_MAX) return false;
    if (entry->form == FORM_INLINE && *entry_value_at(entry) == text.len && text_is_plain(text)) {
        plan->form = FORM_INLINE;
        plan->text = text;
        entry_write_value(entry, plan);
        return true;
    }
    entry_plan_string(plan, NULL, text);
    if (!heap_fits(entry_size(entry), entry_plan_size(plan))) return false;
    if (entry->form != plan->form) entry->form = plan->form & 3u; /* the header is read next */
    entry_write_value(entry, plan);
    return true;
}

static struct entry *string_replace(struct store *store, struct found *found,
                                    struct entry_plan *plan, struct slice text)
{
    struct entry *old = found->entry;
    bool has_expiry = plan->expiry_ms != STORE_NO_EXPIRY;
    if (old->expires == has_expiry && string_overwrite(old, plan, text)) {
        if (has_expiry) {
            store_note_expiry(found, old, NULL);
            memcpy(old->bytes, &plan->expiry_ms, sizeof plan->expiry_ms);
            store_note_expiry(found, NULL, old);
        }
        return old;
    }
    entry_plan_string(plan, &store->shared->room.heap, text);
    struct entry *made = entry_new(&store->shared->room.heap, plan);
    entry_give_value(store, old);
    return store_exchange(store, found, made);
}

struct entry *store_set_string(struct store *store, uint32_t database, struct slice key,
                               struct slice value, int64_t expiry_ms)
{
    store = store_to_change(store, key);
    struct found found;
    store_find_to_change(store, database, key, &found);
    if (UNLIKELY(store->gives_ttl) && expiry_ms == STORE_NO_EXPIRY) {
        expiry_ms = policy_expiry_ms(store, key);
    }
    struct entry_plan plan = {.key = key, .expiry_ms = expiry_ms};
    if (found.entry == NULL) {
        entry_plan_string(&plan, &store->shared->room.heap, value);
        return store_insert(store, &found, entry_new(&store->shared->room.heap, &plan));
    }
    if (UNLIKELY(entry_is_expired(store, found.entry))) {
        store_tell(store, STORE_DROP_EXPIRED, &found);
    }
    struct entry *entry = string_replace(store, &found, &plan, value);
    entry_note_access(store, entry);
    return entry;
}

struct entry *store_update_string(struct store *store, uint32_t database, struct entry *entry,
                                  struct slice value)
{
    store = store_to_change(store, entry_key(entry));
    struct found found;
    store_found_again(store, database, entry, &found);
    struct entry_plan plan = {.key = entry_key(entry), .expiry_ms = entry_expiry(entry)};
    return string_replace(store, &found, &plan, value);
}

struct entry *store_update_integer(struct store *store, uint32_t database, struct entry *entry,
                                   int64_t value)
{
    store = store_to_change(store, entry_key(entry));
    /* Store_write has saved the bucket, and where the entry is does not change. */
    if (entry->form == FORM_INTEGER) {
        memcpy(entry_value_at(entry), &value, sizeof value);
        return entry;
    }
    struct found found;
    store_found_again(store, database, entry, &found);
    struct entry_plan plan = {
        .key = entry_key(entry),
        .expiry_ms = entry_expiry(entry),
        .type = VALUE_STRING,
        .form = FORM_INTEGER,
        .word = (uint64_t)value,
    };
    struct entry *made = entry_new(&store->shared->room.heap, &plan);
    entry_give_value(store, entry);
    return store_exchange(store, &found, made);
}

/* --- growing --------------------------------------------------------------------------------- */

/* Make a string raw: its bytes in a block with room for `len`. */
static struct entry *string_to_block(struct store *store, uint32_t database, struct entry *entry,
                                     size_t len)
{
    struct found found;
    store_found_again(store, database, entry, &found);
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = entry_string(entry, scratch);
    size_t capacity = block_capacity_for(u64_max(len, text.len));
    struct entry_plan plan = {
        .key = entry_key(entry),
        .expiry_ms = entry_expiry(entry),
        .type = VALUE_STRING,
        .form = FORM_BLOCK,
        .word = (uintptr_t)block_new(&store->shared->room.heap, text, capacity),
    };
    return store_exchange(store, &found, entry_new(&store->shared->room.heap, &plan));
}

static struct block *block_grow(struct heap *heap, struct block *block, size_t len)
{
    size_t wanted = len + u64_min(len, STRING_AHEAD_BYTES_MAX);
    size_t capacity = block_capacity_for(wanted);
    ASSERT(capacity <= UINT32_MAX);
    block = heap_resize(heap, block, sizeof *block + block->capacity, sizeof *block + capacity);
    block->capacity = (uint32_t)capacity;
    return block;
}

struct entry *store_string_grow(struct store *store, uint32_t database, struct entry *entry,
                                size_t len, uint8_t **bytes)
{
    store = store_to_change(store, entry_key(entry));
    ASSERT(len <= STORE_STRING_BYTES_MAX);
    if (entry->form != FORM_BLOCK) entry = string_to_block(store, database, entry, len);
    struct block *block = entry_pointer(entry);
    if (len > block->capacity) {
        block = block_grow(&store->shared->room.heap, block, len);
        uint64_t word = (uintptr_t)block;
        memcpy(entry_value_at(entry), &word, sizeof word);
    }
    if (len > block->len) {
        memset(block->bytes + block->len, 0, len - block->len);
        block->len = (uint32_t)len;
    }
    *bytes = block->bytes;
    return entry;
}
