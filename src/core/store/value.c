/* value.c -- from a type to its functions. See value.h. Strings are the store's own: they never
 * come here. */
#include "core/store/value.h"
#include "core/store/hash.h"
#include "core/store/list.h"
#include "core/store/set.h"
#include "core/store/zset.h"

void value_free(struct room *room, enum value_type type, void *object)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: list_free(room, object); return;
    case VALUE_SET: set_free(room, object); return;
    case VALUE_ZSET: zset_free(room, object); return;
    case VALUE_HASH: hash_free(room, object); return;
    }
    UNREACHABLE("a type with an object");
}

bool value_free_some(struct room *room, enum value_type type, void *object, uint32_t steps)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: return list_free_some(room, object, steps);
    case VALUE_SET: return set_free_some(room, object, steps);
    case VALUE_ZSET: return zset_free_some(room, object, steps);
    case VALUE_HASH: return hash_free_some(room, object, steps);
    }
    UNREACHABLE("a type with an object");
}

void *value_copy(struct room *room, enum value_type type, const void *object)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: return list_copy(room, object);
    case VALUE_SET: return set_copy(room, object);
    case VALUE_ZSET: return zset_copy(room, object);
    case VALUE_HASH: return hash_copy(room, object);
    }
    UNREACHABLE("a type with an object");
}

uint64_t value_count(enum value_type type, const void *object)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: return list_count(object);
    case VALUE_SET: return set_count(object);
    case VALUE_ZSET: return zset_count(object);
    case VALUE_HASH: return hash_count(object);
    }
    UNREACHABLE("a type with an object");
}

uint64_t value_bytes(enum value_type type, const void *object)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: return list_bytes(object);
    case VALUE_SET: return set_bytes(object);
    case VALUE_ZSET: return zset_bytes(object);
    case VALUE_HASH: return hash_bytes_used(object);
    }
    UNREACHABLE("a type with an object");
}

const char *value_encoding(enum value_type type, const void *object)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: return list_encoding(object);
    case VALUE_SET: return set_encoding(object);
    case VALUE_ZSET: return zset_encoding(object);
    case VALUE_HASH: return hash_encoding(object);
    }
    UNREACHABLE("a type with an object");
}

void value_encode(enum value_type type, const void *object, struct buffer *out)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: list_encode(object, out); return;
    case VALUE_SET: set_encode(object, out); return;
    case VALUE_ZSET: zset_encode(object, out); return;
    case VALUE_HASH: hash_encode(object, out); return;
    }
    UNREACHABLE("a type with an object");
}

void *value_decode(struct room *room, enum value_type type, struct cursor *in)
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: return list_decode(room, in);
    case VALUE_SET: return set_decode(room, in);
    case VALUE_ZSET: return zset_decode(room, in);
    case VALUE_HASH: return hash_decode(room, in);
    }
    UNREACHABLE("a type with an object");
}

void value_digest(enum value_type type, const void *object, uint8_t digest[20])
{
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: list_digest(object, digest); return;
    case VALUE_SET: set_digest(object, digest); return;
    case VALUE_ZSET: zset_digest(object, digest); return;
    case VALUE_HASH: hash_digest(object, digest); return;
    }
    UNREACHABLE("a type with an object");
}
