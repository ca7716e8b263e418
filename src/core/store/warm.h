/*
 * warm.h -- keys of warm caches, on their way from the store of who leads no more to that of who
 * leads now (POLICY SET … MODE cache WARM yes). Between the two they are records as snapshots have
 * them (entry_encode), each sized. What stays true is in warm.c.
 */
#pragma once

#include "core/store/store.h"

enum {
    WARM_VALUE_BYTES_MAX = 4 << 20, /* a larger value does not move: it begins empty */
    WARM_NOTED_MAX = 1 << 16,       /* keys changed while others come; more: no others are taken */
};

/* --- who leads no more ----------------------------------------------------------------------- */

struct warm_leaving {    /* keys that are in no store any more; fields are warm.c's */
    struct store *store; /* empty, in the room of the keys; NULL: there have been none */
    struct buffer keys;
    struct buffer scratch;
};

/* All keys under cache policies go from the store, as by store_drop_cache; those of warm ones are
 * kept here. They go on taking memory of the store's room. False: there are none. */
bool warm_leave(struct store *store, struct warm_leaving *leaving);
bool warm_leaving_is_empty(const struct warm_leaving *leaving);
/* Append some, until there are `bytes` of them; each is freed. Those whose time is over are left
 * out. How many were appended. */
uint32_t warm_leaving_give(struct warm_leaving *leaving, int64_t now_ms, size_t bytes,
                           struct buffer *out);
/* Free about so many keys, or blocks of large ones. False: all is freed. */
bool warm_leaving_shed(struct warm_leaving *leaving, uint32_t steps);
void warm_leaving_end(struct warm_leaving *leaving); /* with what is left; twice does no harm */

/* --- who leads now --------------------------------------------------------------------------- */

struct warm_coming {     /* fields are warm.c's */
    struct store *store; /* NULL: none come */
    struct buffer noted; /* hashes of keys */
    uint32_t noted_count;
};

bool warm_is_wanted(const struct store *store); /* a policy of it is warm */
void warm_coming_begin(struct warm_coming *coming, struct store *store);
void warm_coming_end(struct warm_coming *coming); /* before the store; twice does no harm */
/* Somebody may change this key, or has asked to: call it for each key of each write, whatever comes
 * of that, from before the first one on. False: that were too many, take no more. */
MUST_USE bool warm_coming_note(struct warm_coming *coming, struct slice key);

enum warm_taken {
    WARM_TAKEN,
    WARM_PASSED,  /* it is older than what is known here, or not of a warm cache here */
    WARM_FULL,    /* the cap of its policy: take no more */
    WARM_DAMAGED, /* it is no record of a key */
};
/* One record. Taken: `*database` and `*key` (borrowed from it) say which, and its policy's cap is
 * kept, for which others may have gone. */
enum warm_taken warm_coming_take(struct warm_coming *coming, struct slice record,
                                 uint32_t *database, struct slice *key);
