/*
 * hash.c -- see hash.h.
 *
 * What stays true:
 *   [I1] A field is there once, and in one form: in a pack, or in a table.
 *   [I2] A pack has a value behind each field.
 *   [I3] A table is left for a pack never, so that a hash at the limit does not change to and fro.
 */
#include "core/store/hash.h"

#include "core/store/pack.h"
#include "core/store/sized.h"

/* One word, so that a small hash costs no more than its pack: the address of a pack, or of a table
 * with the lowest bit set. */
struct hash {
    uintptr_t form;
};

struct fields {
    struct table table; /* of blocks: a field, then its value, both sized bytes */
    uint64_t blocks_bytes;
};

static bool hash_is_pack(const struct hash *hash)
{
    return (hash->form & 1) == 0;
}

static struct fields *hash_fields(const struct hash *hash)
{
    return (struct fields *)(hash->form - 1);
}

static struct pack *hash_pack(const struct hash *hash)
{
    return (struct pack *)hash->form;
}

/* --- blocks of a table
 * ---------------------------------------------------------------------------- */

static struct slice block_value(const uint8_t *block)
{
    struct slice field = sized_bytes(block);
    return sized_bytes(field.data + field.len);
}

static size_t block_bytes(const uint8_t *block)
{
    struct slice value = block_value(block);
    return (size_t)(value.data + value.len - block);
}

static void block_value_write(uint8_t *block, struct slice value)
{
    struct slice field = sized_bytes(block);
    sized_bytes_write(block + (field.data + field.len - block), value);
}

static void block_read(const uint8_t *block, struct hash_pair *pair)
{
    pair->field = sized_bytes(block);
    pair->value = sized_bytes(pair->field.data + pair->field.len);
}

static uint64_t block_hash(const struct table *table, const void *block)
{
    const struct room *room = table->owner;
    return hash_bytes(&room->secret, sized_bytes(block));
}

static const struct table_kind fields_kind = {.hash = block_hash};

static inline bool block_is(const void *block, const void *wanted)
{
    return slice_eq(sized_bytes(block), *(const struct slice *)wanted);
}

/* --- the table
 * ------------------------------------------------------------------------------------- */

static struct fields *fields_new(struct room *room, uint64_t count)
{
    struct fields *fields = heap_take_zeroed(&room->heap, sizeof *fields);
    table_init(&fields->table, &room->heap, &fields_kind, room);
    table_reserve(&fields->table, count);
    return fields;
}

static void block_free(struct room *room, struct fields *fields, uint8_t *block)
{
    size_t size = block_bytes(block);
    fields->blocks_bytes -= heap_rounded_bytes(size);
    heap_give(&room->heap, block, size);
}

static void fields_free(struct room *room, struct fields *fields)
{
    struct table_walk walk = {0};
    uint8_t *block;
    while ((block = table_walk_next(&fields->table, &walk)) != NULL) {
        block_free(room, fields, block);
    }
    ASSERT(fields->blocks_bytes == 0);
    table_release(&fields->table);
    heap_give(&room->heap, fields, sizeof *fields);
}

static void fields_drop(void *context, void *item)
{
    struct fields *fields = context;
    block_free(fields->table.owner, fields, item);
}

/* The field is not there. */
static void fields_insert(struct room *room, struct fields *fields, uint64_t code,
                          struct slice field, struct slice value)
{
    size_t field_size = sized_bytes_total(field.len);
    size_t size = field_size + sized_bytes_total(value.len);
    uint8_t *block = heap_take(&room->heap, size);
    sized_bytes_write(block, field);
    sized_bytes_write(block + field_size, value);
    table_insert(&fields->table, code, block);
    fields->blocks_bytes += heap_rounded_bytes(size);
}

static void fields_update(struct room *room, struct fields *fields, uint64_t code, uint8_t *block,
                          struct slice value)
{
    struct slice field = sized_bytes(block), old_value = block_value(block);
    size_t field_size = sized_bytes_total(field.len);
    size_t old_size = field_size + sized_bytes_total(old_value.len);
    size_t size = field_size + sized_bytes_total(value.len);
    uint8_t *moved = heap_resize(&room->heap, block, old_size, size);
    if (moved != block) table_replace(&fields->table, code, block, moved);
    block_value_write(moved, value);
    fields->blocks_bytes += heap_rounded_bytes(size) - heap_rounded_bytes(old_size);
}

static bool fields_set(struct room *room, struct fields *fields, struct slice field,
                       struct slice value)
{
    uint64_t code = hash_bytes(&room->secret, field);
    uint8_t *block = table_find(&fields->table, code, block_is, &field, NULL);
    if (block == NULL) {
        fields_insert(room, fields, code, field, value);
    } else {
        fields_update(room, fields, code, block, value);
    }
    return block == NULL;
}

static uint8_t *fields_find(const struct fields *fields, struct slice field)
{
    uint64_t code = hash_bytes(&((const struct room *)fields->table.owner)->secret, field);
    return table_find(&fields->table, code, block_is, &field, NULL);
}

static bool fields_delete(struct room *room, struct fields *fields, struct slice field)
{
    uint64_t code = hash_bytes(&room->secret, field);
    uint8_t *block = table_find(&fields->table, code, block_is, &field, NULL);
    if (block == NULL) return false;
    table_remove(&fields->table, code, block);
    block_free(room, fields, block);
    return true;
}

/* --- the pack
 * -------------------------------------------------------------------------------------- */

static uint32_t pack_find_field(const struct pack *pack, struct slice field)
{
    return pack_find(pack, pack_first(pack), 2, field); /* [I2] */
}

static void pack_read(const struct pack *pack, uint32_t place, struct hash_pair *pair)
{
    pair->field = pack_get(pack, place, pair->field_scratch);
    pair->value = pack_get(pack, pack_next(pack, place), pair->value_scratch);
}

static bool pack_takes(const struct room *room, const struct pack *pack, struct slice field,
                       struct slice value)
{
    uint64_t longest = room->limits.hash_max_listpack_value;
    return field.len <= longest && value.len <= longest &&
           pack_has_room(pack, field.len + value.len + 2 * ELEMENT_HEAD_MAX);
}

static bool pack_set(struct room *room, struct pack **pack, struct slice field, struct slice value)
{
    uint32_t place = pack_find_field(*pack, field);
    if (place != PACK_NONE) {
        pack_replace(&room->heap, pack, pack_next(*pack, place), value);
        return false;
    }
    pack_append(&room->heap, pack, field);
    pack_append(&room->heap, pack, value);
    return true;
}

/* [I1] [I3] */
static void hash_convert(struct room *room, struct hash *hash)
{
    struct pack *pack = hash_pack(hash);
    struct fields *fields = fields_new(room, pack->count / 2 + 1);
    struct hash_walk walk = {0};
    struct hash_pair pair;
    while (hash_walk_next(hash, &walk, &pair)) fields_set(room, fields, pair.field, pair.value);
    pack_free(&room->heap, pack);
    hash->form = (uintptr_t)fields | 1;
}

/* --- verbs
 * ------------------------------------------------------------------------------------------ */

struct hash *hash_new(struct room *room)
{
    struct hash *hash = heap_take(&room->heap, sizeof *hash);
    hash->form = (uintptr_t)pack_new(&room->heap);
    return hash;
}

void hash_free(struct room *room, struct hash *hash)
{
    if (hash_is_pack(hash)) {
        pack_free(&room->heap, hash_pack(hash));
    } else {
        fields_free(room, hash_fields(hash));
    }
    heap_give(&room->heap, hash, sizeof *hash);
}

bool hash_free_some(struct room *room, struct hash *hash, uint32_t steps)
{
    if (!hash_is_pack(hash)) {
        struct fields *fields = hash_fields(hash);
        while (steps > 0 && table_drop_bucket(&fields->table, fields_drop, fields)) steps--;
        if (fields->table.count > 0) return false;
    }
    hash_free(room, hash);
    return true;
}

struct hash *hash_copy(struct room *room, const struct hash *hash)
{
    struct hash *copy = heap_take(&room->heap, sizeof *copy);
    if (hash_is_pack(hash)) {
        copy->form = (uintptr_t)pack_copy(&room->heap, hash_pack(hash));
        return copy;
    }
    struct fields *to = fields_new(room, hash_count(hash));
    struct hash_walk walk = {0};
    struct hash_pair pair;
    while (hash_walk_next(hash, &walk, &pair)) {
        fields_insert(room, to, hash_bytes(&room->secret, pair.field), pair.field, pair.value);
    }
    copy->form = (uintptr_t)to | 1;
    return copy;
}

uint64_t hash_count(const struct hash *hash)
{
    return hash_is_pack(hash) ? hash_pack(hash)->count / 2 : hash_fields(hash)->table.count;
}

uint64_t hash_bytes_used(const struct hash *hash)
{
    uint64_t bytes = heap_rounded_bytes(sizeof *hash);
    if (hash_is_pack(hash)) return bytes + pack_memory_bytes(hash_pack(hash));
    const struct fields *fields = hash_fields(hash);
    return bytes + heap_rounded_bytes(sizeof *fields) + table_bytes(&fields->table) +
           fields->blocks_bytes;
}

const char *hash_encoding(const struct hash *hash)
{
    return hash_is_pack(hash) ? "listpack" : "hashtable";
}

bool hash_get(const struct hash *hash, struct slice field, struct slice *value,
              char scratch[INTEGER_TEXT_MAX])
{
    if (!hash_is_pack(hash)) {
        const uint8_t *block = fields_find(hash_fields(hash), field);
        if (block != NULL) *value = block_value(block);
        return block != NULL;
    }
    const struct pack *pack = hash_pack(hash);
    uint32_t place = pack_find_field(pack, field);
    if (place == PACK_NONE) return false;
    *value = pack_get(pack, pack_next(pack, place), scratch);
    return true;
}

bool hash_set(struct room *room, struct hash *hash, struct slice field, struct slice value)
{
    if (hash_is_pack(hash) && !pack_takes(room, hash_pack(hash), field, value)) {
        hash_convert(room, hash);
    }
    if (!hash_is_pack(hash)) return fields_set(room, hash_fields(hash), field, value);
    struct pack *pack = hash_pack(hash);
    bool added = pack_set(room, &pack, field, value);
    hash->form = (uintptr_t)pack;
    if (pack->count / 2 > room->limits.hash_max_listpack_entries) hash_convert(room, hash);
    return added;
}

bool hash_delete(struct room *room, struct hash *hash, struct slice field)
{
    if (!hash_is_pack(hash)) return fields_delete(room, hash_fields(hash), field);
    struct pack *pack = hash_pack(hash);
    uint32_t place = pack_find_field(pack, field);
    if (place == PACK_NONE) return false;
    pack_remove(&room->heap, &pack, place, 2); /* [I2] */
    hash->form = (uintptr_t)pack;
    return true;
}

/* --- walking
 * ---------------------------------------------------------------------------------------- */

bool hash_walk_next(const struct hash *hash, struct hash_walk *walk, struct hash_pair *pair)
{
    if (!hash_is_pack(hash)) {
        const uint8_t *block = table_walk_next(&hash_fields(hash)->table, &walk->table);
        if (block != NULL) block_read(block, pair);
        return block != NULL;
    }
    const struct pack *pack = hash_pack(hash);
    if (walk->place == pack_end(pack)) return false;
    pack_read(pack, walk->place, pair);
    walk->place = pack_next(pack, pack_next(pack, walk->place));
    return true;
}

struct scan {
    hash_visit visit;
    void *context;
};

static void scan_block(void *context, void *block)
{
    const struct scan *scan = context;
    struct hash_pair pair;
    block_read(block, &pair);
    scan->visit(scan->context, &pair);
}

uint64_t hash_scan(const struct hash *hash, uint64_t cursor, hash_visit visit, void *context)
{
    if (!hash_is_pack(hash)) {
        struct scan scan = {visit, context};
        return table_scan(&hash_fields(hash)->table, cursor, scan_block, &scan);
    }
    struct hash_walk walk = {0};
    struct hash_pair pair;
    while (hash_walk_next(hash, &walk, &pair)) visit(context, &pair);
    return 0;
}

void hash_random(struct room *room, const struct hash *hash, struct hash_pair *pair)
{
    ASSERT(hash_count(hash) > 0);
    if (!hash_is_pack(hash)) {
        block_read(table_random(&hash_fields(hash)->table, &room->prng), pair);
        return;
    }
    const struct pack *pack = hash_pack(hash);
    uint32_t index = 2 * (uint32_t)prng_below(&room->prng, pack->count / 2);
    pack_read(pack, pack_at(pack, index), pair);
}

/* --- as bytes
 * --------------------------------------------------------------------------------------- */

enum hash_form { FORM_PACK, FORM_TABLE };

/* A form; then the pack's elements, or a count and so many fields with their values. */
void hash_encode(const struct hash *hash, struct buffer *out)
{
    if (hash_is_pack(hash)) {
        put_u8(out, FORM_PACK);
        pack_encode(hash_pack(hash), out);
        return;
    }
    struct hash_walk walk = {0};
    struct hash_pair pair;
    put_u8(out, FORM_TABLE);
    put_varint(out, hash_count(hash));
    while (hash_walk_next(hash, &walk, &pair)) {
        put_sized(out, pair.field);
        put_sized(out, pair.value);
    }
}

/* A pack is good if it is within the limits of now and its fields differ. Past the limits it
 * becomes a table, which finds equal fields in less time. [I1] [I2] */
static bool decode_pack(struct room *room, struct hash *hash, struct cursor *in)
{
    struct pack *pack = pack_decode(&room->heap, in);
    if (pack == NULL) return false;
    pack_free(&room->heap, hash_pack(hash));
    hash->form = (uintptr_t)pack;
    if (pack->count % 2 != 0) return false;
    bool large = pack->count / 2 > room->limits.hash_max_listpack_entries;
    struct hash_walk walk = {0};
    struct hash_pair pair;
    while (!large && hash_walk_next(hash, &walk, &pair)) {
        uint32_t again = pack_find(pack, walk.place, 2, pair.field);
        if (again != PACK_NONE) return false;
        large = pair.field.len > room->limits.hash_max_listpack_value ||
                pair.value.len > room->limits.hash_max_listpack_value;
    }
    uint32_t count = pack->count / 2;
    if (large) hash_convert(room, hash);
    return hash_count(hash) == count;
}

static bool decode_table(struct room *room, struct hash *hash, struct cursor *in)
{
    uint64_t count = cursor_varint(in);
    hash_convert(room, hash);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        struct slice field = cursor_sized(in), value = cursor_sized(in);
        if (!in->bad && !hash_set(room, hash, field, value)) return false;
    }
    return !in->bad;
}

struct hash *hash_decode(struct room *room, struct cursor *in)
{
    struct hash *hash = hash_new(room);
    uint8_t form = cursor_u8(in);
    bool good = false;
    if (form == FORM_PACK) good = decode_pack(room, hash, in);
    if (form == FORM_TABLE) good = decode_table(room, hash, in);
    if (good && !in->bad && hash_count(hash) > 0) return hash;
    hash_free(room, hash);
    return NULL;
}

void hash_digest(const struct hash *hash, uint8_t digest[20])
{
    struct hash_walk walk = {0};
    struct hash_pair pair;
    while (hash_walk_next(hash, &walk, &pair)) {
        uint8_t one[DIGEST_BYTES] = {0};
        digest_chain(one, pair.field);
        digest_chain(one, pair.value);
        digest_add(digest, slice_of(one, sizeof one));
    }
}
