/*
 * hash.h -- fields and their values, both byte strings.
 *
 * Small ones are a pack, field after value after field ("listpack"); past hash_max_listpack_entries
 * or hash_max_listpack_value it is a table of blocks, a field and its value each ("hashtable"), and
 * stays so.
 */
#pragma once

#include "base/integer.h"
#include "core/store/table.h"
#include "core/store/value.h"

struct hash; /* opaque; owned by the store */

/* As value.h says; the elements that hash_count counts are fields. */
struct hash *hash_new(struct room *room);
void hash_free(struct room *room, struct hash *hash);
bool hash_free_some(struct room *room, struct hash *hash, uint32_t steps);
struct hash *hash_copy(struct room *room, const struct hash *hash);
uint64_t hash_count(const struct hash *hash);
uint64_t hash_bytes_used(const struct hash *hash);
const char *hash_encoding(const struct hash *hash);
void hash_encode(const struct hash *hash, struct buffer *out);
struct hash *hash_decode(struct room *room, struct cursor *in); /* an empty one is damaged too */
void hash_digest(const struct hash *hash, uint8_t digest[20]);

/* A field with its value. Both are borrowed from the hash, or are integers printed in here: it is
 * not to be copied, and good until the hash changes. */
struct hash_pair {
    struct slice field, value;
    char field_scratch[INTEGER_TEXT_MAX], value_scratch[INTEGER_TEXT_MAX];
};

/* The value; borrowed from the hash or scratch. False: there is no such field. */
bool hash_get(const struct hash *hash, struct slice field, struct slice *value,
              char scratch[INTEGER_TEXT_MAX]);
/* True: the field is new. The bytes are not in this hash. */
bool hash_set(struct room *room, struct hash *hash, struct slice field, struct slice value);
bool hash_delete(struct room *room, struct hash *hash, struct slice field); /* was it there? */

/* Every pair once, while nothing changes. Begin zeroed. */
struct hash_walk {
    struct table_walk table;
    uint32_t place;
};
bool hash_walk_next(const struct hash *hash, struct hash_walk *walk, struct hash_pair *pair);

/* As table_scan; of a pack, all at once. */
typedef void (*hash_visit)(void *context, const struct hash_pair *pair);
uint64_t hash_scan(const struct hash *hash, uint64_t cursor, hash_visit visit, void *context);

/* One by chance; the hash is not empty. */
void hash_random(struct room *room, const struct hash *hash, struct hash_pair *pair);
