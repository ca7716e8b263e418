/* entry.c -- how a key and its value are laid out. See store_impl.h. */
#include "core/store/store_impl.h"
#include "core/store/value.h"

/* --- making and giving back ------------------------------------------------------------------ */

size_t entry_plan_size(const struct entry_plan *plan)
{
    size_t expiry = plan->expiry_ms == STORE_NO_EXPIRY ? 0 : sizeof(int64_t);
    size_t value = plan->form == FORM_INLINE ? 1 + plan->text.len : sizeof(uint64_t);
    return sizeof(struct entry) + expiry + plan->key.len + value;
}

/* Most values are short. */
static void text_copy(uint8_t *to, struct slice text)
{
    uint64_t first[2], last[2];
    if (text.len <= sizeof first || text.len > 2 * sizeof first) {
        bytes_copy(to, text);
        return;
    }
    memcpy(first, text.data, sizeof first);
    memcpy(last, text.data + text.len - sizeof last, sizeof last);
    memcpy(to, first, sizeof first);
    memcpy(to + text.len - sizeof last, last, sizeof last);
}

void entry_write_value(struct entry *entry, const struct entry_plan *plan)
{
    uint8_t *at = entry_value_at(entry);
    if (plan->form != FORM_INLINE) {
        memcpy(at, &plan->word, sizeof plan->word);
        return;
    }
    at[0] = (uint8_t)plan->text.len;
    text_copy(at + 1, plan->text);
}

struct entry *entry_new(struct heap *heap, const struct entry_plan *plan)
{
    ASSERT(plan->key.len <= STORE_KEY_BYTES_MAX);
    struct entry *entry = heap_take(heap, entry_plan_size(plan));
    *entry = (struct entry){
        .key_len = plan->key.len & STORE_KEY_BYTES_MAX,
        .type = plan->type & 7u,
        .form = plan->form & 3u,
        .expires = plan->expiry_ms != STORE_NO_EXPIRY,
        .frequency = FREQUENCY_START,
    };
    if (entry->expires) memcpy(entry->bytes, &plan->expiry_ms, sizeof plan->expiry_ms);
    bytes_copy((uint8_t *)(uintptr_t)entry_key_at(entry), plan->key);
    entry_write_value(entry, plan);
    return entry;
}

struct entry_plan entry_plan_of(const struct entry *entry)
{
    struct entry_plan plan = {
        .key = entry_key(entry),
        .expiry_ms = entry_expiry(entry),
        .type = entry_type(entry),
        .form = (enum entry_form)entry->form,
    };
    const uint8_t *value = entry_value_at(entry);
    if (plan.form == FORM_INLINE) {
        plan.text = slice_of(value + 1, value[0]);
    } else {
        memcpy(&plan.word, value, sizeof plan.word);
    }
    return plan;
}

static void block_give(struct heap *heap, struct block *block)
{
    heap_give(heap, block, sizeof *block + block->capacity);
}

void entry_give_value(struct store *store, struct entry *entry)
{
    switch ((enum entry_form)entry->form) {
    case FORM_INLINE:
    case FORM_INTEGER: break;
    case FORM_BLOCK: block_give(&store->shared->room.heap, entry_pointer(entry)); break;
    case FORM_OBJECT: trash_take_object(store, entry_type(entry), entry_pointer(entry)); break;
    }
}

void entry_give(struct store *store, struct entry *entry)
{
    entry_give_value(store, entry);
    heap_give(&store->shared->room.heap, entry, entry_size(entry));
}

size_t block_capacity_for(size_t len)
{
    return heap_rounded_bytes(sizeof(struct block) + len) - sizeof(struct block);
}

struct block *block_new(struct heap *heap, struct slice text, size_t capacity)
{
    ASSERT(capacity >= text.len);
    ASSERT(capacity <= UINT32_MAX);
    struct block *block = heap_take(heap, sizeof *block + capacity);
    block->len = (uint32_t)text.len;
    block->capacity = (uint32_t)capacity;
    bytes_copy(block->bytes, text);
    return block;
}

/* --- integers -------------------------------------------------------------------------------- */

void entry_plan_string(struct entry_plan *plan, struct heap *heap, struct slice text)
{
    int64_t integer;
    plan->type = VALUE_STRING;
    /* Most text that is no integer is seen to be none by its first byte. */
    if (text.len > 0 && text.data[0] <= '9' && integer_parse(text, &integer)) {
        plan->form = FORM_INTEGER;
        plan->word = (uint64_t)integer;
    } else if (text.len <= INLINE_BYTES_MAX) {
        plan->form = FORM_INLINE;
        plan->text = text;
    } else {
        plan->form = FORM_BLOCK;
        plan->word = (uintptr_t)block_new(heap, text, block_capacity_for(text.len));
    }
}

/* --- reading --------------------------------------------------------------------------------- */

enum value_type entry_type(const struct entry *entry)
{
    return (enum value_type)entry->type;
}

struct slice entry_key(const struct entry *entry)
{
    return slice_of(entry_key_at(entry), entry->key_len);
}

int64_t entry_expiry_ms(const struct entry *entry)
{
    return entry_expiry(entry);
}

bool entry_integer(const struct entry *entry, int64_t *value)
{
    if (entry->form != FORM_INTEGER) return false;
    memcpy(value, entry_value_at(entry), sizeof *value);
    return true;
}

struct slice entry_string(const struct entry *entry, char scratch[INTEGER_TEXT_MAX])
{
    ASSERT(entry->type == VALUE_STRING);
    const uint8_t *value = entry_value_at(entry);
    if (LIKELY(entry->form == FORM_INLINE)) return slice_of(value + 1, value[0]);
    int64_t integer;
    if (entry_integer(entry, &integer)) {
        return slice_of(scratch, integer_format(integer, scratch));
    }
    const struct block *block = entry_pointer(entry);
    return slice_of(block->bytes, block->len);
}

size_t entry_string_bytes(const struct entry *entry)
{
    char scratch[INTEGER_TEXT_MAX];
    return entry_string(entry, scratch).len;
}

void *entry_object(const struct entry *entry)
{
    ASSERT(entry->form == FORM_OBJECT);
    return entry_pointer(entry);
}

const char *entry_encoding(const struct entry *entry)
{
    switch ((enum entry_form)entry->form) {
    case FORM_INTEGER: return "int";
    case FORM_INLINE: return entry_value_at(entry)[0] <= EMBSTR_BYTES_MAX ? "embstr" : "raw";
    case FORM_BLOCK: return "raw";
    case FORM_OBJECT: return value_encoding(entry_type(entry), entry_pointer(entry));
    }
    UNREACHABLE("a form of entry");
}
