/* zset_read.c -- asking a sorted set, and reading it in order. Nothing here changes one. */
#include "core/store/zset_impl.h"

uint64_t zset_count(const struct zset *zset)
{
    return zset->form == ZSET_FORM_PACK ? zset->pack->count : zset->big->tree.count;
}

uint64_t zset_bytes(const struct zset *zset)
{
    uint64_t bytes = heap_rounded_bytes(sizeof *zset);
    if (zset->form == ZSET_FORM_PACK) return bytes + pack_memory_bytes(zset->pack);
    const struct zset_big *big = zset->big;
    return bytes + heap_rounded_bytes(sizeof *big) + table_bytes(&big->blocks) +
           big->tree.nodes_bytes + big->blocks_bytes;
}

const char *zset_encoding(const struct zset *zset)
{
    return zset->form == ZSET_FORM_PACK ? "listpack" : "skiplist";
}

static uint64_t rank_of(const struct zset *zset, const struct zset_bound *bound)
{
    uint32_t place;
    if (zset->form == ZSET_FORM_PACK) return zset_pack_rank(zset->pack, bound, &place);
    return zset_tree_rank(&zset->big->tree, bound);
}

bool zset_score(const struct zset *zset, struct slice member, double *score)
{
    if (zset->form == ZSET_FORM_PACK) {
        struct zset_item item;
        if (zset_pack_find(zset->pack, member, &item) == PACK_NONE) return false;
        *score = item.score;
        return true;
    }
    const struct zset_block *block =
        zset_big_find(zset->big, zset_big_hash(zset->big, member), member);
    if (block == NULL) return false;
    *score = block->score;
    return true;
}

bool zset_rank(const struct zset *zset, struct slice member, uint64_t *rank, double *score)
{
    if (!zset_score(zset, member, score)) return false;
    struct zset_bound bound = {.score = *score, .side = ZSET_BEFORE, .member = member};
    *rank = rank_of(zset, &bound);
    return true;
}

/* --- spans ------------------------------------------------------------------------------------ */

static struct zset_span span_between(const struct zset *zset, const struct zset_bound *low,
                                     const struct zset_bound *high)
{
    uint64_t first = rank_of(zset, low), end = rank_of(zset, high);
    return (struct zset_span){first, end > first ? end - first : 0};
}

struct zset_span zset_span_of_scores(const struct zset *zset, const struct zset_score_range *range)
{
    struct zset_bound low = {.score = range->low,
                             .side = range->low_open ? ZSET_AFTER_ALL : ZSET_BEFORE_ALL};
    struct zset_bound high = {.score = range->high,
                              .side = range->high_open ? ZSET_BEFORE_ALL : ZSET_AFTER_ALL};
    return span_between(zset, &low, &high);
}

/* `closed` and `open` are the sides on which a bound of that kind lies of its member. */
static struct zset_bound lex_bound(const struct zset_lex_bound *bound, enum zset_side closed,
                                   enum zset_side open)
{
    struct zset_bound found = {.member = bound->member, .by_member = true};
    switch (bound->kind) {
    case ZSET_LEX_CLOSED: found.side = closed; break;
    case ZSET_LEX_OPEN: found.side = open; break;
    case ZSET_LEX_LOWEST: found.side = ZSET_BEFORE_ALL; break;
    case ZSET_LEX_HIGHEST: found.side = ZSET_AFTER_ALL; break;
    }
    return found;
}

struct zset_span zset_span_of_members(const struct zset *zset, const struct zset_lex_range *range)
{
    struct zset_bound low = lex_bound(&range->low, ZSET_BEFORE, ZSET_AFTER);
    struct zset_bound high = lex_bound(&range->high, ZSET_AFTER, ZSET_BEFORE);
    return span_between(zset, &low, &high);
}

/* --- in order --------------------------------------------------------------------------------- */

static struct zset_item leaf_item(const struct zset_leaf *leaf, uint32_t index)
{
    return (struct zset_item){zset_block_member(leaf->blocks[index]), leaf->scores[index]};
}

struct zset_item zset_at(const struct zset *zset, uint64_t rank)
{
    if (zset->form == ZSET_FORM_PACK)
        return zset_pack_item(zset->pack, pack_at(zset->pack, (uint32_t)rank));
    uint32_t index;
    const struct zset_leaf *leaf = zset_tree_at(&zset->big->tree, rank, &index);
    return leaf_item(leaf, index);
}

void zset_walk_begin(struct zset_walk *walk, const struct zset *zset, struct zset_span span,
                     bool backwards)
{
    ASSERT(span.first + span.count <= zset_count(zset));
    walk->zset = zset;
    walk->left = span.count;
    walk->backwards = backwards;
    walk->first = span.first + span.count;
    walk->places_count = 0;
    if (span.count == 0) return;
    if (zset->form == ZSET_FORM_PACK) {
        if (!backwards) walk->index = pack_at(zset->pack, (uint32_t)span.first);
        return;
    }
    uint64_t start = backwards ? span.first + span.count - 1 : span.first;
    walk->leaf = zset_tree_at(&zset->big->tree, start, &walk->index);
}

/* A pack is read forwards only: note where the ranks before walk->first are. */
static void window_fill(struct zset_walk *walk)
{
    const struct pack *pack = walk->zset->pack;
    uint64_t count = u64_min(u64_min(walk->left, ZSET_WINDOW), walk->first);
    walk->first -= count;
    uint32_t place = pack_at(pack, (uint32_t)walk->first);
    for (uint32_t i = 0; i < count; i++) {
        walk->places[i] = place;
        place = pack_next(pack, place);
    }
    walk->places_count = (uint32_t)count;
}

static struct zset_item pack_step(struct zset_walk *walk)
{
    const struct pack *pack = walk->zset->pack;
    if (walk->backwards) {
        if (walk->places_count == 0) window_fill(walk);
        return zset_pack_item(pack, walk->places[--walk->places_count]);
    }
    uint32_t place = walk->index;
    walk->index = pack_next(pack, place);
    return zset_pack_item(pack, place);
}

static struct zset_item tree_step(struct zset_walk *walk)
{
    const struct zset_leaf *leaf = walk->leaf;
    struct zset_item item = leaf_item(leaf, walk->index);
    if (walk->left == 1) return item;
    if (walk->backwards) {
        if (walk->index == 0) {
            walk->leaf = leaf->previous;
            walk->index = leaf->previous->count;
        }
        walk->index--;
    } else if (++walk->index == leaf->count) {
        walk->leaf = leaf->next;
        walk->index = 0;
    }
    return item;
}

bool zset_walk_next(struct zset_walk *walk, struct zset_item *item)
{
    if (walk->left == 0) return false;
    *item = walk->zset->form == ZSET_FORM_PACK ? pack_step(walk) : tree_step(walk);
    walk->left--;
    return true;
}

struct visit {
    zset_visit visit;
    void *context;
};

static void visit_block(void *context, void *item)
{
    const struct visit *visit = context;
    const struct zset_block *block = item;
    visit->visit(visit->context, (struct zset_item){zset_block_member(block), block->score});
}

static void walk_all(struct zset_walk *walk, const struct zset *zset)
{
    zset_walk_begin(walk, zset, (struct zset_span){0, zset_count(zset)}, false);
}

uint64_t zset_scan(const struct zset *zset, uint64_t cursor, zset_visit visit, void *context)
{
    if (zset->form == ZSET_FORM_TREE) {
        struct visit each = {visit, context};
        return table_scan(&zset->big->blocks, cursor, visit_block, &each);
    }
    struct zset_walk walk;
    walk_all(&walk, zset);
    for (struct zset_item item; zset_walk_next(&walk, &item);) visit(context, item);
    return 0;
}

/* --- as bytes --------------------------------------------------------------------------------- */

static uint64_t score_bits(double score)
{
    uint64_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits;
}

void zset_encode(const struct zset *zset, struct buffer *out)
{
    put_varint(out, zset_count(zset));
    struct zset_walk walk;
    walk_all(&walk, zset);
    for (struct zset_item item; zset_walk_next(&walk, &item);) {
        put_u64(out, score_bits(item.score));
        put_sized(out, item.member);
    }
}

void zset_digest(const struct zset *zset, uint8_t digest[20])
{
    struct zset_walk walk;
    walk_all(&walk, zset);
    for (struct zset_item item; zset_walk_next(&walk, &item);) {
        uint8_t one[DIGEST_BYTES] = {0};
        uint64_t bits = score_bits(item.score);
        digest_chain(one, item.member);
        digest_chain(one, slice_of(&bits, sizeof bits));
        digest_add(digest, slice_of(one, sizeof one));
    }
}

/* --- checking --------------------------------------------------------------------------------- */

void zset_check(const struct zset *zset)
{
    uint64_t rank = 0, bytes = 0;
    struct zset_walk walk;
    walk_all(&walk, zset);
    for (struct zset_item item; zset_walk_next(&walk, &item); rank++) {
        uint64_t found_rank = 0;
        double score = 0;
        ASSERT(zset_rank(zset, item.member, &found_rank, &score));
        ASSERT(found_rank == rank);
        ASSERT(score == item.score);
        bytes += heap_rounded_bytes(zset_block_bytes(item.member.len));
    }
    ASSERT(rank == zset_count(zset));
    if (zset->form == ZSET_FORM_PACK) return;
    ASSERT(zset->big->blocks.count == rank);
    ASSERT(zset->big->blocks_bytes == bytes);
    zset_tree_check(&zset->big->tree);
}
