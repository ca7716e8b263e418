/*
 * store.h -- one shard's data: the key space. Pure: time comes with store_set_time, chance from
 * the seed.
 *
 * A key is one allocation (struct entry): header, expiry if it has one, the key's bytes, and a
 * short string's value beside them; a longer string, or a collection, is behind a pointer. Sixteen
 * databases are sixteen tables.
 *
 * The rule of every change: store_write(key) first, then change what it gave. It saves the key's
 * bucket for a running snapshot (walk.h), and it drops the key if its time is over. An entry
 * pointer is good until the next call that changes the store; functions that may move an entry
 * return where it is now.
 *
 * Expired keys are invisible from the millisecond of their expiry on; they are dropped by the next
 * read of them or write to them, or by store_work.
 */
#pragma once

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/integer.h"
#include "core/store/room.h"

enum {
    STORE_DATABASES = 16,
    STORE_KEY_BYTES_MAX = (1 << 24) - 1,
    STORE_STRING_BYTES_MAX = 512 * 1024 * 1024,
    STORE_PREFETCH_MAX = 64,
};

enum value_type { VALUE_STRING = 1, VALUE_LIST, VALUE_SET, VALUE_ZSET, VALUE_HASH };

#define STORE_NO_EXPIRY INT64_C(-1)

struct store; /* opaque */
struct entry; /* opaque */

struct store_config {
    uint64_t seed; /* of the hash and of chance; the same on all replicas */
    struct store_limits limits;
    /* Share the room of this one, with its seed and limits, its observer, manner and statistics:
     * values go from one to the other as they are (store_over.h), and memory, caps and what is
     * evicted are of all of them. NULL: a room of its own. */
    struct store *beside;
};

struct store *store_new(const struct store_config *config); /* ends with store_free */
void store_free(struct store *store);
struct room *store_room(struct store *store); /* what its values need: see room.h */
/* Take over from the store that this one is to replace what is no data: limits, observer, manner
 * and statistics. */
void store_succeed(struct store *store, const struct store *before);
/* All keys under cache policies go, and nobody is told. */
void store_drop_cache(struct store *store);
/* The same; but an entry that `take` wants is its own from then on, in the same room. */
typedef bool (*store_taker)(void *context, uint32_t database, struct entry *entry);
void store_take_cache(struct store *store, store_taker take, void *context);

/* What somebody has worked out from the data in it, and keeps with it: freed with the store, or
 * when another takes its place. NULL: nothing. */
void store_set_companion(struct store *store, void *companion, void (*free)(void *companion));
void *store_companion(const struct store *store);

/* The time of the command that follows. It may stand still, and a step back counts as standing. */
void store_set_time(struct store *store, int64_t now_ms);
int64_t store_now_ms(const struct store *store);
/* Back to the time of the log, for one whose clock was ahead of it: what it has dropped until now
 * must have been over at that time too. */
void store_turn_back_time(struct store *store, int64_t now_ms);
/* How often a key that is not under a cache policy was found to be expired, so far. What changes it
 * has shown its reader that time has passed. */
uint64_t store_expired_seen(const struct store *store);

/* --- looking up ------------------------------------------------------------------------------ */

/* For reading. Counts a hit or a miss, notes the access. NULL: it is not there, or expired. */
struct entry *store_read(struct store *store, uint32_t database, struct slice key);
/* The same without leaving a trace: OBJECT, TOUCH-free looks. */
struct entry *store_peek(const struct store *store, uint32_t database, struct slice key);
/* Before a change: see the rule above. NULL: it is not there. */
struct entry *store_write(struct store *store, uint32_t database, struct slice key);
void store_set_touch(struct store *store, bool touch); /* false: reads note no access (NO-TOUCH) */
/* These keys, at most STORE_PREFETCH_MAX of them, are looked up soon: what is far away is asked for
 * at once, first their buckets, then their entries. */
void store_prefetch(const struct store *store, uint32_t database, const struct slice *keys,
                    uint32_t count);

enum value_type entry_type(const struct entry *entry);
struct slice entry_key(const struct entry *entry);
int64_t entry_expiry_ms(const struct entry *entry); /* Unix time, or STORE_NO_EXPIRY */

/* --- strings --------------------------------------------------------------------------------- */

/* The value of a string. An integer form is printed into `scratch` first. Borrowed from the entry
 * or scratch. */
struct slice entry_string(const struct entry *entry, char scratch[INTEGER_TEXT_MAX]);
bool entry_integer(const struct entry *entry, int64_t *value); /* is it kept as an integer? */
size_t entry_string_bytes(const struct entry *entry);

/* Set the whole value; makes the key, or replaces whatever was there, of any type (store_write has
 * been called or not: it does so itself). Text that is an integer of at most 20 digits in its
 * shortest form is kept as one. `expiry_ms` STORE_NO_EXPIRY: none. Returns the entry. */
struct entry *store_set_string(struct store *store, uint32_t database, struct slice key,
                               struct slice value, int64_t expiry_ms);
/* The same, keeping type and expiry of `entry`, which is a string got from store_write. */
struct entry *store_update_string(struct store *store, uint32_t database, struct entry *entry,
                                  struct slice value);
struct entry *store_update_integer(struct store *store, uint32_t database, struct entry *entry,
                                   int64_t value);
/* The string's bytes to change in place, made at least `len` long (new bytes are zeros) and raw
 * (not an integer). Room grows ahead of need, so that appending is cheap. `*bytes` borrows. */
struct entry *store_string_grow(struct store *store, uint32_t database, struct entry *entry,
                                size_t len, uint8_t **bytes);

/* --- collections ----------------------------------------------------------------------------- */

/* The collection behind an entry: a struct list *, hash *, set * or zset *, by its type. */
void *entry_object(const struct entry *entry);
/* A collection under a key that is not there (store_write gave NULL). The store owns it now. */
struct entry *store_add_object(struct store *store, uint32_t database, struct slice key,
                               enum value_type type, void *object);
/* Replace whatever is under `key` by this collection: for …STORE commands. Expiry is dropped. */
struct entry *store_put_object(struct store *store, uint32_t database, struct slice key,
                               enum value_type type, void *object);

/* --- keys ------------------------------------------------------------------------------------ */

bool store_delete(struct store *store, uint32_t database, struct slice key); /* was it there? */
struct entry *store_set_expiry(struct store *store, uint32_t database, struct entry *entry,
                               int64_t expiry_ms);
/* `from` exists; whatever is at `to` is dropped. Value and expiry move, the value is not copied. */
void store_rename(struct store *store, uint32_t database, struct slice from, uint32_t to_database,
                  struct slice to);
/* `from` exists, `to` is dropped if there: a deep copy with its expiry. */
void store_copy(struct store *store, uint32_t database, struct slice from, uint32_t to_database,
                struct slice to);

uint64_t store_count(const struct store *store, uint32_t database); /* expired ones still counted */
uint64_t store_expiring_count(const struct store *store, uint32_t database);
int64_t store_average_ttl_ms(const struct store *store, uint32_t database);
void store_flush(struct store *store, uint32_t database); /* freed bit by bit in store_work */
void store_swap(struct store *store, uint32_t a, uint32_t b);
struct entry *store_random(struct store *store, uint32_t database); /* NULL: none */

typedef void (*store_visit)(void *context, struct entry *entry);
/* As table_scan; expired keys are not shown. */
uint64_t store_scan(const struct store *store, uint32_t database, uint64_t cursor,
                    store_visit visit, void *context);

/* --- about an entry -------------------------------------------------------------------------- */

const char *entry_encoding(const struct entry *entry); /* Redis's names: "embstr", "listpack" … */
uint64_t entry_bytes(const struct store *store, const struct entry *entry); /* MEMORY USAGE */
uint64_t entry_idle_seconds(const struct store *store, const struct entry *entry);
uint8_t entry_frequency(const struct store *store, const struct entry *entry);
/* Value, without key and expiry, such that equal values give equal digests however they are kept;
 * of a key: with them. 20 bytes, as DEBUG DIGEST shows. */
void store_digest_value(const struct store *store, const struct entry *entry, uint8_t digest[20]);
void store_digest(const struct store *store, uint8_t digest[20]); /* all keys of all databases */

/* --- work between commands ------------------------------------------------------------------- */

/* Some of what is due, for about `steps` buckets or blocks: dropping expired keys, freeing what was
 * flushed or unlinked. Keys that it drops are told to the observer. True: more is due. */
bool store_work(struct store *store, uint32_t steps);
void store_set_active_expire(struct store *store, bool active);
/* While clients are paused: neither reads nor store_work drop what has expired. */
void store_hold_expiry(struct store *store, bool held);

enum store_drop { STORE_DROP_EXPIRED, STORE_DROP_EVICTED };
/* Called before a key goes by itself (expired, evicted): for notifications and WATCH. */
typedef void (*store_observer)(void *context, enum store_drop why, uint32_t database,
                               struct slice key);
void store_set_observer(struct store *store, store_observer observer, void *context);

struct store_stats {
    uint64_t hits, misses, expired_keys, evicted_keys;
    uint64_t pending_free_blocks;
};
const struct store_stats *store_stats(const struct store *store);
void store_reset_stats(struct store *store);
void store_check(const struct store *store); /* asserts all invariants: for tests */
