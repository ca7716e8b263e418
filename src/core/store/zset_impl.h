/* zset_impl.h -- the inside of a sorted set, for zset.c and zset_read.c. */
#pragma once

#include "core/store/table.h"
#include "core/store/zset.h"
#include "core/store/zset_pack.h"
#include "core/store/zset_tree.h"

enum zset_form { ZSET_FORM_PACK, ZSET_FORM_TREE };

struct zset_big {
    struct table blocks; /* by member */
    struct zset_tree tree;
    uint64_t blocks_bytes;
};

struct zset {
    enum zset_form form;
    union {
        struct pack *pack;
        struct zset_big *big;
    };
};

static inline bool zset_block_is(const void *item, const void *wanted)
{
    return slice_eq(zset_block_member(item), *(const struct slice *)wanted);
}

static inline struct zset_block *zset_big_find(const struct zset_big *big, uint64_t hash,
                                               struct slice member)
{
    return table_find(&big->blocks, hash, zset_block_is, &member, NULL);
}

static inline uint64_t zset_big_hash(const struct zset_big *big, struct slice member)
{
    const struct room *room = big->blocks.owner;
    return hash_bytes(&room->secret, member);
}
