/*
 * zset_tree.c
 *
 * Invariants:
 *   I1  blocks are in order, of leaves and through all leaves; no two are equal.
 *   I2  an inner node says of each child how many blocks are below it, and which is the first.
 *   I3  no node is empty, but for the root of an empty tree; all leaves are equally deep.
 *   I4  neighbours know each other, from the first leaf to the last.
 *
 * A full node at either end of the tree is split at that end, so that blocks that come in order
 * fill their nodes; elsewhere in the middle.
 */
#include "core/store/zset_tree.h"

struct inner {
    uint32_t count;
    void *children[ZSET_INNER_MAX];
    uint64_t counts[ZSET_INNER_MAX];
    double scores[ZSET_INNER_MAX];
    struct zset_block *blocks[ZSET_INNER_MAX];
};

/* From the root to a leaf: the inner nodes, and which child was taken. */
struct path {
    struct inner *nodes[ZSET_HEIGHT_MAX];
    uint32_t indexes[ZSET_HEIGHT_MAX];
};

static struct zset_leaf *leaf_new(struct zset_tree *tree)
{
    struct zset_leaf *leaf = heap_take(tree->heap, sizeof *leaf);
    leaf->count = 0;
    leaf->previous = leaf->next = NULL;
    tree->nodes_bytes += heap_rounded_bytes(sizeof *leaf);
    return leaf;
}

static struct inner *inner_new(struct zset_tree *tree)
{
    struct inner *inner = heap_take(tree->heap, sizeof *inner);
    inner->count = 0;
    tree->nodes_bytes += heap_rounded_bytes(sizeof *inner);
    return inner;
}

static void leaf_free(struct zset_tree *tree, struct zset_leaf *leaf)
{
    if (leaf->previous != NULL) leaf->previous->next = leaf->next; /* [I4] */
    if (leaf->next != NULL) leaf->next->previous = leaf->previous;
    tree->nodes_bytes -= heap_rounded_bytes(sizeof *leaf);
    heap_give(tree->heap, leaf, sizeof *leaf);
}

static void inner_free(struct zset_tree *tree, struct inner *inner)
{
    tree->nodes_bytes -= heap_rounded_bytes(sizeof *inner);
    heap_give(tree->heap, inner, sizeof *inner);
}

void zset_tree_init(struct zset_tree *tree, struct heap *heap)
{
    *tree = (struct zset_tree){.heap = heap};
    tree->root = leaf_new(tree);
}

static void release_below(struct zset_tree *tree, void *node, uint32_t height)
{
    if (height == 0) {
        heap_give(tree->heap, node, sizeof(struct zset_leaf));
        return;
    }
    struct inner *inner = node;
    for (uint32_t i = 0; i < inner->count; i++) release_below(tree, inner->children[i], height - 1);
    heap_give(tree->heap, inner, sizeof *inner);
}

void zset_tree_release(struct zset_tree *tree)
{
    release_below(tree, tree->root, tree->height);
    *tree = (struct zset_tree){0};
}

/* --- finding --------------------------------------------------------------------------------- */

static inline bool block_is_below(double score, const struct zset_block *block,
                                  const struct zset_bound *bound)
{
    /* Mostly without touching the block. */
    if (score != bound->score && !bound->by_member) return score < bound->score;
    return zset_is_below(score, zset_block_member(block), bound);
}

/* How many of the blocks, which are in order, are below the bound. */
static uint32_t below_count(const double *scores, struct zset_block *const *blocks, uint32_t count,
                            const struct zset_bound *bound)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (block_is_below(scores[middle], blocks[middle], bound))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t leaf_below_count(const struct zset_leaf *leaf, const struct zset_bound *bound)
{
    return below_count(leaf->scores, leaf->blocks, leaf->count, bound);
}

/* The child in which the bound lies: the last whose first block is below it, else the first. */
static uint32_t inner_child_of(const struct inner *inner, const struct zset_bound *bound)
{
    uint32_t below = below_count(inner->scores, inner->blocks, inner->count, bound);
    return below == 0 ? 0 : below - 1;
}

static struct zset_leaf *descend(const struct zset_tree *tree, const struct zset_bound *bound,
                                 struct path *path)
{
    void *node = tree->root;
    for (uint32_t level = 0; level < tree->height; level++) {
        struct inner *inner = node;
        path->nodes[level] = inner;
        path->indexes[level] = inner_child_of(inner, bound);
        node = inner->children[path->indexes[level]];
    }
    return node;
}

uint64_t zset_tree_rank(const struct zset_tree *tree, const struct zset_bound *bound)
{
    uint64_t rank = 0;
    const void *node = tree->root;
    for (uint32_t level = 0; level < tree->height; level++) {
        const struct inner *inner = node;
        uint32_t index = inner_child_of(inner, bound);
        for (uint32_t i = 0; i < index; i++) rank += inner->counts[i];
        node = inner->children[index];
    }
    return rank + leaf_below_count(node, bound);
}

struct zset_leaf *zset_tree_at(const struct zset_tree *tree, uint64_t rank, uint32_t *index)
{
    ASSERT(rank < tree->count);
    void *node = tree->root;
    for (uint32_t level = 0; level < tree->height; level++) {
        struct inner *inner = node;
        uint32_t child = 0;
        while (rank >= inner->counts[child]) rank -= inner->counts[child++];
        node = inner->children[child];
    }
    *index = (uint32_t)rank;
    return node;
}

/* --- keeping inner nodes true ---------------------------------------------------------------- */

static uint64_t node_total(const void *node, uint32_t height)
{
    if (height == 0) return ((const struct zset_leaf *)node)->count;
    const struct inner *inner = node;
    uint64_t total = 0;
    for (uint32_t i = 0; i < inner->count; i++) total += inner->counts[i];
    return total;
}

/* Say again what is below a child that changed; its height is `height`. [I2] */
static void inner_describe(struct inner *inner, uint32_t index, uint32_t height)
{
    const void *child = inner->children[index];
    inner->counts[index] = node_total(child, height);
    if (height == 0) {
        const struct zset_leaf *leaf = child;
        inner->scores[index] = leaf->scores[0];
        inner->blocks[index] = leaf->blocks[0];
    } else {
        const struct inner *below = child;
        inner->scores[index] = below->scores[0];
        inner->blocks[index] = below->blocks[0];
    }
}

/* One block more or less in the leaf of a path, perhaps with another first one. [I2] */
static void path_count(const struct zset_tree *tree, const struct path *path,
                       const struct zset_leaf *leaf, bool first_changed, uint64_t more)
{
    for (uint32_t level = tree->height; level-- > 0;) {
        struct inner *inner = path->nodes[level];
        uint32_t index = path->indexes[level];
        inner->counts[index] += more;
        if (first_changed) {
            inner->scores[index] = leaf->scores[0];
            inner->blocks[index] = leaf->blocks[0];
            first_changed = index == 0;
        }
    }
}

/* Move `count` items of an inner node from `from` to `to` of another, or the same. */
static void inner_move(struct inner *into, uint32_t to, const struct inner *source, uint32_t from,
                       uint32_t count)
{
    memmove(into->children + to, source->children + from, count * sizeof(void *));
    memmove(into->counts + to, source->counts + from, count * sizeof into->counts[0]);
    memmove(into->scores + to, source->scores + from, count * sizeof into->scores[0]);
    memmove(into->blocks + to, source->blocks + from, count * sizeof(void *));
}

static void leaf_move(struct zset_leaf *into, uint32_t to, const struct zset_leaf *source,
                      uint32_t from, uint32_t count)
{
    memmove(into->scores + to, source->scores + from, count * sizeof into->scores[0]);
    memmove(into->blocks + to, source->blocks + from, count * sizeof(void *));
}

static void inner_insert(struct inner *inner, uint32_t index, void *child, uint32_t height)
{
    ASSERT(inner->count < ZSET_INNER_MAX);
    inner_move(inner, index + 1, inner, index, inner->count - index);
    inner->children[index] = child;
    inner->count++;
    inner_describe(inner, index, height);
}

static void inner_drop(struct inner *inner, uint32_t index)
{
    inner_move(inner, index, inner, index + 1, inner->count - index - 1);
    inner->count--;
}

/* --- inserting ------------------------------------------------------------------------------- */

enum where { AT_START, INSIDE, AT_END };

static uint32_t split_point(uint32_t count, enum where where)
{
    switch (where) {
    case AT_START: return 1;
    case INSIDE: return count / 2;
    case AT_END: break;
    }
    return count - 1;
}

static void *leaf_split(struct zset_tree *tree, struct zset_leaf *leaf, enum where where)
{
    struct zset_leaf *right = leaf_new(tree);
    uint32_t kept = split_point(leaf->count, where);
    right->count = leaf->count - kept;
    leaf_move(right, 0, leaf, kept, right->count);
    leaf->count = kept;
    right->previous = leaf; /* [I4] */
    right->next = leaf->next;
    if (right->next != NULL) right->next->previous = right;
    leaf->next = right;
    return right;
}

static void *inner_split(struct zset_tree *tree, struct inner *inner, enum where where)
{
    struct inner *right = inner_new(tree);
    uint32_t kept = split_point(inner->count, where);
    right->count = inner->count - kept;
    inner_move(right, 0, inner, kept, right->count);
    inner->count = kept;
    return right;
}

static void grow_root(struct zset_tree *tree)
{
    ASSERT(tree->height < ZSET_HEIGHT_MAX);
    struct inner *root = inner_new(tree);
    inner_insert(root, 0, tree->root, tree->height);
    tree->root = root;
    tree->height++;
}

/* The leaf of the path is full: split the highest node that must be. The path is over then. */
static void split_once(struct zset_tree *tree, const struct path *path, struct zset_leaf *leaf,
                       enum where where)
{
    uint32_t level = tree->height; /* of the node to split; its parent is one above */
    while (level > 0 && path->nodes[level - 1]->count == ZSET_INNER_MAX) level--;
    if (level == 0) {
        grow_root(tree);
        return;
    }
    struct inner *parent = path->nodes[level - 1];
    uint32_t index = path->indexes[level - 1], height = tree->height - level;
    void *right =
        height == 0 ? leaf_split(tree, leaf, where) : inner_split(tree, path->nodes[level], where);
    inner_describe(parent, index, height);
    inner_insert(parent, index + 1, right, height);
}

void zset_tree_insert(struct zset_tree *tree, struct zset_block *block)
{
    struct zset_bound bound = {
        .score = block->score, .side = ZSET_BEFORE, .member = zset_block_member(block)};
    struct path path;
    struct zset_leaf *leaf = descend(tree, &bound, &path);
    uint32_t index = leaf_below_count(leaf, &bound);
    while (leaf->count == ZSET_LEAF_MAX) { /* at most twice a level */
        enum where where = INSIDE;
        if (leaf->next == NULL && index == leaf->count) where = AT_END;
        if (leaf->previous == NULL && index == 0) where = AT_START;
        split_once(tree, &path, leaf, where);
        leaf = descend(tree, &bound, &path);
        index = leaf_below_count(leaf, &bound);
    }
    leaf_move(leaf, index + 1, leaf, index, leaf->count - index); /* [I1] */
    leaf->scores[index] = block->score;
    leaf->blocks[index] = block;
    leaf->count++;
    tree->count++;
    path_count(tree, &path, leaf, index == 0, 1);
}

/* --- removing -------------------------------------------------------------------------------- */

enum { LEAF_MIN = ZSET_LEAF_MAX / 4, INNER_MIN = ZSET_INNER_MAX / 4 };

static uint32_t node_count(const void *node, uint32_t height)
{
    return height == 0 ? ((const struct zset_leaf *)node)->count
                       : ((const struct inner *)node)->count;
}

/* Two leaves into one when they fit well; else both get half. True: the right one is empty. */
static bool leaves_share(struct zset_leaf *left, struct zset_leaf *right)
{
    uint32_t total = left->count + right->count;
    uint32_t kept = total <= ZSET_LEAF_MAX * 3 / 4 ? total : total / 2;
    if (kept > left->count) {
        uint32_t moved = kept - left->count;
        leaf_move(left, left->count, right, 0, moved);
        leaf_move(right, 0, right, moved, right->count - moved);
    } else {
        uint32_t moved = left->count - kept;
        leaf_move(right, moved, right, 0, right->count);
        leaf_move(right, 0, left, kept, moved);
    }
    left->count = kept;
    right->count = total - kept;
    return right->count == 0;
}

static bool inners_share(struct inner *left, struct inner *right)
{
    uint32_t total = left->count + right->count;
    uint32_t kept = total <= ZSET_INNER_MAX * 3 / 4 ? total : total / 2;
    if (kept > left->count) {
        uint32_t moved = kept - left->count;
        inner_move(left, left->count, right, 0, moved);
        inner_move(right, 0, right, moved, right->count - moved);
    } else {
        uint32_t moved = left->count - kept;
        inner_move(right, moved, right, 0, right->count);
        inner_move(right, 0, left, kept, moved);
    }
    left->count = kept;
    right->count = total - kept;
    return right->count == 0;
}

static void node_free(struct zset_tree *tree, void *node, uint32_t height)
{
    if (height == 0)
        leaf_free(tree, node);
    else
        inner_free(tree, node);
}

/* A child of `parent` has become small: it shares with a neighbour, or goes. [I3] */
static void settle_child(struct zset_tree *tree, struct inner *parent, uint32_t index,
                         uint32_t height)
{
    uint32_t count = node_count(parent->children[index], height);
    if (count == 0) {
        node_free(tree, parent->children[index], height);
        inner_drop(parent, index);
        return;
    }
    uint32_t enough = height == 0 ? LEAF_MIN : INNER_MIN;
    if (count < enough && parent->count > 1) {
        if (index > 0) index--;
        void *left = parent->children[index], *right = parent->children[index + 1];
        bool emptied = height == 0 ? leaves_share(left, right) : inners_share(left, right);
        if (emptied) {
            node_free(tree, right, height);
            inner_drop(parent, index + 1);
        } else {
            inner_describe(parent, index + 1, height);
        }
    }
    inner_describe(parent, index, height);
}

static void settle_root(struct zset_tree *tree)
{
    while (tree->height > 0) {
        struct inner *root = tree->root;
        if (root->count > 1) return;
        tree->height = root->count == 1 ? tree->height - 1 : 0;
        tree->root = root->count == 1 ? root->children[0] : leaf_new(tree);
        inner_free(tree, root);
    }
}

/* Where a block is that is there. */
static struct zset_leaf *leaf_of(const struct zset_tree *tree, const struct zset_block *block,
                                 struct path *path, uint32_t *index)
{
    struct zset_bound bound = {
        .score = block->score, .side = ZSET_AFTER, .member = zset_block_member(block)};
    struct zset_leaf *leaf = descend(tree, &bound, path);
    *index = leaf_below_count(leaf, &bound) - 1;
    ASSERT(*index < leaf->count);
    ASSERT(leaf->blocks[*index] == block);
    return leaf;
}

static void leaf_remove(struct zset_tree *tree, struct zset_leaf *leaf, uint32_t index,
                        const struct path *path)
{
    leaf_move(leaf, index, leaf, index + 1, leaf->count - index - 1);
    leaf->count--;
    tree->count--;
    if (leaf->count >= LEAF_MIN) {
        path_count(tree, path, leaf, index == 0, UINT64_MAX);
        return;
    }
    for (uint32_t level = tree->height; level-- > 0;)
        settle_child(tree, path->nodes[level], path->indexes[level], tree->height - 1 - level);
    settle_root(tree);
}

void zset_tree_remove(struct zset_tree *tree, const struct zset_block *block)
{
    struct path path;
    uint32_t index;
    struct zset_leaf *leaf = leaf_of(tree, block, &path, &index);
    leaf_remove(tree, leaf, index, &path);
}

void zset_tree_move(struct zset_tree *tree, struct zset_block *block, double score)
{
    struct zset_bound bound = {
        .score = score, .side = ZSET_BEFORE, .member = zset_block_member(block)};
    struct path path;
    uint32_t index;
    struct zset_leaf *leaf = leaf_of(tree, block, &path, &index);
    /* Mostly it stays where it is between its neighbours; a first one is known further up. */
    bool stays =
        index > 0 && block_is_below(leaf->scores[index - 1], leaf->blocks[index - 1], &bound);
    if (stays && index + 1 < leaf->count)
        stays = !block_is_below(leaf->scores[index + 1], leaf->blocks[index + 1], &bound);
    else if (stays && leaf->next != NULL)
        stays = !block_is_below(leaf->next->scores[0], leaf->next->blocks[0], &bound);
    if (stays) {
        leaf->scores[index] = block->score = score;
        return;
    }
    leaf_remove(tree, leaf, index, &path);
    block->score = score;
    zset_tree_insert(tree, block);
}

/* --- checking -------------------------------------------------------------------------------- */

struct check {
    const struct zset_leaf *leaf; /* the last one seen */
    const struct zset_block *block;
    uint64_t nodes_bytes;
};

static void check_leaf(const struct zset_leaf *leaf, struct check *check)
{
    ASSERT(leaf->previous == check->leaf); /* [I4] */
    if (check->leaf != NULL) ASSERT(check->leaf->next == leaf);
    for (uint32_t i = 0; i < leaf->count; i++) {
        const struct zset_block *block = leaf->blocks[i];
        ASSERT(block->score == leaf->scores[i]);
        if (check->block != NULL) { /* [I1] */
            struct zset_bound bound = {.score = check->block->score,
                                       .side = ZSET_AFTER,
                                       .member = zset_block_member(check->block)};
            ASSERT(!block_is_below(block->score, block, &bound));
        }
        check->block = block;
    }
    check->leaf = leaf;
}

static uint64_t check_below(const void *node, uint32_t height, struct check *check)
{
    check->nodes_bytes +=
        heap_rounded_bytes(height == 0 ? sizeof(struct zset_leaf) : sizeof(struct inner));
    if (height == 0) {
        check_leaf(node, check);
        return node_count(node, 0);
    }
    const struct inner *inner = node;
    uint64_t total = 0;
    ASSERT(inner->count <= ZSET_INNER_MAX);
    for (uint32_t i = 0; i < inner->count; i++) {
        struct inner described = *inner;
        inner_describe(&described, i, height - 1);
        ASSERT(node_count(inner->children[i], height - 1) > 0); /* [I3] */
        ASSERT(described.blocks[i] == inner->blocks[i]);        /* [I2] */
        ASSERT(described.scores[i] == inner->scores[i]);
        ASSERT(check_below(inner->children[i], height - 1, check) == inner->counts[i]);
        total += inner->counts[i];
    }
    return total;
}

void zset_tree_check(const struct zset_tree *tree)
{
    struct check check = {0};
    ASSERT(check_below(tree->root, tree->height, &check) == tree->count);
    ASSERT(check.leaf != NULL);
    ASSERT(check.leaf->next == NULL);
    ASSERT(check.nodes_bytes == tree->nodes_bytes);
    if (tree->height > 0) ASSERT(node_count(tree->root, tree->height) > 1);
}
