/*
 * shuffle_fixture.h -- keys that are hard on sorts and tables, and a plain list of pairs to compare
 * with.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "test/random.h"
#include "work/reduce/reduce.h"

enum key_kind {
    KEY_RANDOM,    /* 0..20 bytes, any */
    KEY_SHARED,    /* up to 40 bytes that many share, then up to 12 of few kinds */
    KEY_ZEROS,     /* mostly zero bytes: only the length tells them apart */
    KEY_FEW,       /* a handful of different keys, the empty one too */
    KEY_SAME,      /* one key */
    KEY_STAIRCASE, /* each the beginning of the next, up to 1000 bytes */
    KEY_KINDS
};

/* Borrowed from `scratch`, until it changes. */
struct slice fixture_key(struct random *random, enum key_kind kind, struct buffer *scratch);

struct fixture_pair {
    uint32_t partition;
    struct slice key, value;
    size_t order; /* of coming */
};

struct fixture_pairs {
    struct arena *arena; /* what the slices live in */
    struct fixture_pair *list;
    size_t count, capacity;
};

void fixture_pairs_add(struct fixture_pairs *pairs, uint32_t partition, struct slice key,
                       struct slice value);
/* By partition, key, and coming. */
void fixture_pairs_sort(struct fixture_pairs *pairs);
void fixture_pairs_free(struct fixture_pairs *pairs);

/* An operator by its text; a group operator lives in the arena until group_free. */
struct reduce_operator fixture_reduce(struct arena *arena, const char *text);
