/*
 * zset.h -- a sorted set: members with scores, in the order of scores, then of bytes.
 *
 * While small it is a pack ("listpack"). Then it is a B+ tree with counts (an order-statistic tree:
 * Cormen et al., chapter "Augmenting data structures") over blocks of score and member, and a hash
 * table from members to blocks; Redis's name of that form is "skiplist".
 *
 * Positions are ranks, 0 first. Every range (of ranks, scores, members) becomes a span of ranks in
 * O(log n), so that counting, limits and reading backwards are arithmetic. Scores are never NaN; -0
 * is equal to 0, and becomes it in a pack. Members that are handed out are borrowed until the zset
 * changes.
 */
#pragma once

#include "base/cursor.h"
#include "core/store/store.h"

struct zset; /* opaque; owned by the heap of its room */

struct zset *zset_new(struct room *room);
void zset_free(struct room *room, struct zset *zset);
bool zset_free_some(struct room *room, struct zset *zset, uint32_t steps);
struct zset *zset_copy(struct room *room, const struct zset *zset);
uint64_t zset_count(const struct zset *zset);
uint64_t zset_bytes(const struct zset *zset);
const char *zset_encoding(const struct zset *zset);
void zset_encode(const struct zset *zset, struct buffer *out);
struct zset *zset_decode(struct room *room, struct cursor *in);
void zset_digest(const struct zset *zset, uint8_t digest[20]);

/* --- changing -------------------------------------------------------------------------------- */

enum zset_how { /* ZADD's options, added up */
                ZSET_NX = 1 << 0,
                ZSET_XX = 1 << 1,
                ZSET_GT = 1 << 2,
                ZSET_LT = 1 << 3,
                ZSET_INCR = 1 << 4,
};

enum zset_done {
    ZSET_ADDED,
    ZSET_UPDATED,
    ZSET_SAME,    /* it had this score already */
    ZSET_REFUSED, /* by NX, XX, GT or LT */
    ZSET_NAN      /* the increment would make a NaN: nothing is done */
};

/* `*score` is the score to set, or with ZSET_INCR what to add (a new member counts from 0); it
 * becomes the member's score when something was done. It is not NaN. */
enum zset_done zset_add(struct room *room, struct zset *zset, struct slice member, double *score,
                        unsigned how);
bool zset_remove(struct room *room, struct zset *zset, struct slice member); /* was it there? */
/* About `count` members will be added, the longest of `bytes`: see set_expect. */
void zset_expect(struct room *room, struct zset *zset, uint64_t count, uint64_t bytes);

/* --- asking ---------------------------------------------------------------------------------- */

bool zset_score(const struct zset *zset, struct slice member, double *score); /* is it there? */
bool zset_rank(const struct zset *zset, struct slice member, uint64_t *rank, double *score);

struct zset_span { /* ranks */
    uint64_t first, count;
};

struct zset_score_range {
    double low, high;
    bool low_open, high_open; /* the bound itself is outside */
};
struct zset_span zset_span_of_scores(const struct zset *zset, const struct zset_score_range *range);

enum zset_lex_kind { ZSET_LEX_CLOSED, ZSET_LEX_OPEN, ZSET_LEX_LOWEST, ZSET_LEX_HIGHEST };

struct zset_lex_bound {
    enum zset_lex_kind kind; /* LOWEST is below every member, HIGHEST above */
    struct slice member;     /* of CLOSED and OPEN */
};

struct zset_lex_range {
    struct zset_lex_bound low, high;
};
/* Scores do not count: where they are in another order than the members, some span is found. */
struct zset_span zset_span_of_members(const struct zset *zset, const struct zset_lex_range *range);

void zset_remove_span(struct room *room, struct zset *zset, struct zset_span span);

/* --- reading in order ------------------------------------------------------------------------ */

struct zset_item {
    struct slice member;
    double score;
};

enum { ZSET_WINDOW = 32 };

struct zset_walk { /* fields are the zset's */
    const struct zset *zset;
    uint64_t left;
    bool backwards;
    const void *leaf; /* of a tree: where in which leaf */
    uint32_t index;   /* … or the place in a pack */
    uint64_t first;   /* backwards through a pack: places of the ranks from here on */
    uint32_t places_count, places[ZSET_WINDOW];
};

/* The items of `span`, which lies within the zset: upwards, or backwards from its last. */
void zset_walk_begin(struct zset_walk *walk, const struct zset *zset, struct zset_span span,
                     bool backwards);
bool zset_walk_next(struct zset_walk *walk, struct zset_item *item);

/* The item at a rank that is there. */
struct zset_item zset_at(const struct zset *zset, uint64_t rank);

/* As table_scan; a compact zset is visited whole at once. */
typedef void (*zset_visit)(void *context, struct zset_item item);
uint64_t zset_scan(const struct zset *zset, uint64_t cursor, zset_visit visit, void *context);

void zset_check(const struct zset *zset); /* asserts all invariants: for tests */
