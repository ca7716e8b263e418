/*
 * heat.h -- which slots and keys of a lane are busy, and which keys are large. Pure.
 *
 * One operation of about HEAT_GAP is looked at, at distances by chance, and counts for as many as
 * were passed over: cheap, and right on the average. What is counted is halved each second, so that
 * a rate is that of the last seconds. Keys are kept by "space saving" (Metwally, Agrawal, El Abbadi
 * 2005): the HEAT_KEYS busiest have a place; a new one takes the place and the count of the least
 * busy, so that what is busy is never missed, and the excess is known (`error`).
 *
 * Large keys come from a walk over the keys, a few each time the lane has a turn (heat_look): the
 * largest HEAT_LARGE of the last whole round and of the one that is under way.
 */
#pragma once

#include "base/arena.h"

enum {
    HEAT_GAP = 64, /* a power of two */
    HEAT_KEYS = 64,
    HEAT_LARGE = 16,
    HEAT_KEY_BYTES_MAX = 128 /* of a key; longer ones are shown cut */
};

struct heat_key {
    uint64_t hash; /* of all its bytes, and the database */
    uint32_t database;
    uint32_t slot;
    uint64_t counted; /* this second */
    uint64_t rate;    /* operations a second */
    uint64_t error;   /* of it, at most so much belongs to keys that are no more here */
    uint64_t bytes;   /* of a large one: what it takes in memory */
    uint32_t len;     /* of `text` */
    bool cut;         /* the key is longer */
    uint8_t text[HEAT_KEY_BYTES_MAX];
};

struct heat_slot {
    uint32_t counted, counted_bytes; /* this second */
    uint32_t rate;                   /* operations a second */
    uint32_t rate_bytes;             /* of requests, a second */
};

struct heat; /* opaque */

struct heat *heat_new(struct arena *arena, uint64_t seed);
void heat_reset(struct heat *heat, instant now);

/* An operation is about to run: is it one to be looked at? */
static inline bool heat_wants(struct heat *heat);
/* That one: its first key, and how long its arguments are together. */
void heat_note(struct heat *heat, uint32_t database, struct slice key, size_t request_bytes);
void heat_pass(struct heat *heat); /* that one has no key */
/* Once in a turn: counts become rates. When it wants to be called again. */
instant heat_turn(struct heat *heat, instant now);

/* The walk. Each key once in a round, with what it takes in memory; then heat_round. */
void heat_look(struct heat *heat, uint32_t database, struct slice key, uint64_t bytes);
void heat_round(struct heat *heat);

/* --- readers --------------------------------------------------------------------------------- */

const struct heat_slot *heat_slots(const struct heat *heat); /* [KEY_SLOTS] */
uint64_t heat_rate(const struct heat *heat);                 /* of all slots together */
/* The busiest first; those that rest are left out. Returns how many. */
uint32_t heat_busiest(const struct heat *heat, struct heat_key *keys, uint32_t most);
/* The largest first. */
uint32_t heat_largest(const struct heat *heat, struct heat_key *keys, uint32_t most);

/* --- inside ---------------------------------------------------------------------------------- */

struct heat_countdown { /* the start of struct heat */
    uint32_t left;
};
static inline bool heat_wants(struct heat *heat)
{
    struct heat_countdown *countdown = (struct heat_countdown *)(void *)heat;
    return UNLIKELY(--countdown->left == 0);
}
