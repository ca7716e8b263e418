/*
 * value.h -- what every collection type offers, by name: list_, set_, zset_, hash_.
 *
 * A collection is a heap-owned object that knows nothing of keys, databases or time. Each type T
 * has a header core/store/T.h with its own verbs, and these, which value.c calls by type:
 *
 *   struct T *T_new(struct room *room);             empty; compact
 *   void      T_free(struct room *room, struct T *object);
 *   bool      T_free_some(struct room *room, struct T *object, uint32_t steps);
 *             frees about as many buckets' worth of elements; true: all, and the object is gone;
 *             else it is good for nothing but to be freed further
 *   struct T *T_copy(struct room *room, const struct T *object);
 *   uint64_t  T_count(const struct T *object);      elements
 *   uint64_t  T_bytes(const struct T *object);      memory, all of it (hash_bytes_used: the
 *                                                   other name is base/hash.h's)
 *   const char *T_encoding(const struct T *object); Redis's name of the form it is in now
 *   void      T_encode(const struct T *object, struct buffer *out);    for snapshots and the log
 *   struct T *T_decode(struct room *room, struct cursor *in);
 *             NULL, with nothing leaked: the bytes are damaged
 *   void      T_digest(const struct T *object, uint8_t digest[20]); order counts only in lists
 */
#pragma once

#include "core/store/store.h"

void value_free(struct room *room, enum value_type type, void *object);
bool value_free_some(struct room *room, enum value_type type, void *object, uint32_t steps);
void *value_copy(struct room *room, enum value_type type, const void *object);
uint64_t value_count(enum value_type type, const void *object);
uint64_t value_bytes(enum value_type type, const void *object);
const char *value_encoding(enum value_type type, const void *object);
void value_encode(enum value_type type, const void *object, struct buffer *out);
void *value_decode(struct room *room, enum value_type type, struct cursor *in);
void value_digest(enum value_type type, const void *object, uint8_t digest[20]);
