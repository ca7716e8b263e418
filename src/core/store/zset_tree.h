/*
 * zset_tree.h -- the order of a large sorted set: a B+ tree of blocks, with counts.
 *
 * Nodes are 1 KiB. A leaf holds scores and blocks, and knows its neighbours; an inner node holds
 * for each child its number of blocks and its first block with its score. The tree orders blocks
 * by score, then by member; it owns its nodes, not the blocks.
 */
#pragma once

#include "core/store/zset_block.h"

enum {
    ZSET_LEAF_MAX = 62,
    ZSET_INNER_MAX = 31,
    ZSET_HEIGHT_MAX = 24, /* with two children a node: more blocks than memory */
};

struct zset_leaf {
    uint32_t count;
    struct zset_leaf *previous, *next;
    double scores[ZSET_LEAF_MAX];
    struct zset_block *blocks[ZSET_LEAF_MAX];
};

struct zset_tree {
    struct heap *heap;
    void *root;      /* a leaf when the height is 0, else an inner node */
    uint32_t height; /* inner nodes on the way to a leaf */
    uint64_t count;
    uint64_t nodes_bytes;
};

/* A place between blocks: before or after a member at a score, or before or after all of them. */
enum zset_side { ZSET_BEFORE_ALL, ZSET_BEFORE, ZSET_AFTER, ZSET_AFTER_ALL };

struct zset_bound {
    double score;
    enum zset_side side;
    struct slice member; /* of BEFORE and AFTER */
    bool by_member;      /* scores do not count: all are equal, or as ordered as the members */
};

/* Is what has this score and member before the bound? */
static inline bool zset_is_below(double score, struct slice member, const struct zset_bound *bound)
{
    if (score != bound->score && !bound->by_member) return score < bound->score;
    if (bound->side == ZSET_BEFORE_ALL) return false;
    if (bound->side == ZSET_AFTER_ALL) return true;
    int order = slice_cmp(member, bound->member);
    return order < 0 || (order == 0 && bound->side == ZSET_AFTER);
}

void zset_tree_init(struct zset_tree *tree, struct heap *heap);
void zset_tree_release(struct zset_tree *tree); /* its nodes */

void zset_tree_insert(struct zset_tree *tree, struct zset_block *block); /* not there yet */
void zset_tree_remove(struct zset_tree *tree, const struct zset_block *block);
/* Give a block that is in the tree another score. */
void zset_tree_move(struct zset_tree *tree, struct zset_block *block, double score);

/* How many blocks are below the bound. */
uint64_t zset_tree_rank(const struct zset_tree *tree, const struct zset_bound *bound);
/* The leaf of a rank that is there, and where in it. */
struct zset_leaf *zset_tree_at(const struct zset_tree *tree, uint64_t rank, uint32_t *index);

void zset_tree_check(const struct zset_tree *tree);
