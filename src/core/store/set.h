/*
 * set.h -- a set of byte strings: sorted integers while all are integers and few, then a pack,
 * then a hash table. The forms and when they change are Redis's: intset, listpack, hashtable.
 *
 * A member that is handed out is borrowed until the set changes; one that is kept as an integer is
 * printed into the caller's scratch first.
 */
#pragma once

#include "base/cursor.h"
#include "core/store/store.h"
#include "core/store/table.h"

struct set; /* opaque; owned by the heap of its room */

struct set *set_new(struct room *room);
void set_free(struct room *room, struct set *set);
bool set_free_some(struct room *room, struct set *set, uint32_t steps);
struct set *set_copy(struct room *room, const struct set *set);
uint64_t set_count(const struct set *set);
uint64_t set_bytes(const struct set *set);
const char *set_encoding(const struct set *set);
void set_encode(const struct set *set, struct buffer *out);
struct set *set_decode(struct room *room, struct cursor *in);
void set_digest(const struct set *set, uint8_t digest[20]);

bool set_add(struct room *room, struct set *set, struct slice member);    /* was it new? */
bool set_remove(struct room *room, struct set *set, struct slice member); /* was it there? */
bool set_has(const struct set *set, struct slice member);
/* About `count` members will be added: a form that would be too small for them is left at once. */
void set_expect(struct room *room, struct set *set, uint64_t count);

/* Every member once, while nothing changes; an intset's in order. A zeroed walk begins. */
struct set_walk {
    struct table_walk members; /* of a hash table */
    uint32_t at;               /* of the other forms: an index, or a place */
    char scratch[INTEGER_TEXT_MAX];
};
bool set_walk_next(const struct set *set, struct set_walk *walk, struct slice *member);

/* One member by chance; the set is not empty. */
struct slice set_random(struct room *room, const struct set *set, char scratch[INTEGER_TEXT_MAX]);

/* As table_scan; a compact set is visited whole at once. */
typedef void (*set_visit)(void *context, struct slice member);
uint64_t set_scan(const struct set *set, uint64_t cursor, set_visit visit, void *context);

void set_check(const struct set *set); /* asserts all invariants: for tests */
