/*
 * zset.c -- the life of a sorted set, and its changes. Reading is in zset_read.c.
 *
 * Invariants:
 *   I1  a member is there once; in the large form both in the tree and in the table, by one block.
 *   I2  no score is NaN, and none is a zero below zero: the forms would keep it or not.
 *   I3  a pack is left for a tree, never the other way.
 */
#include "core/store/zset_impl.h"

/* --- the large form --------------------------------------------------------------------------- */

static uint64_t block_hash(const struct table *table, const void *item)
{
    const struct room *room = table->owner;
    return hash_bytes(&room->secret, zset_block_member(item));
}

static const struct table_kind blocks_kind = {.hash = block_hash};

static struct zset_big *big_new(struct room *room, uint64_t count)
{
    struct zset_big *big = heap_take_zeroed(&room->heap, sizeof *big);
    table_init(&big->blocks, &room->heap, &blocks_kind, room);
    table_reserve(&big->blocks, count);
    zset_tree_init(&big->tree, &room->heap);
    return big;
}

static void big_insert(struct room *room, struct zset_big *big, uint64_t hash, struct slice member,
                       double score)
{
    size_t size = zset_block_bytes(member.len);
    struct zset_block *block = heap_take(&room->heap, size);
    block->score = score;
    sized_bytes_write(block->sized, member);
    big->blocks_bytes += heap_rounded_bytes(size);
    table_insert(&big->blocks, hash, block); /* [I1] */
    zset_tree_insert(&big->tree, block);
}

static void block_free(struct room *room, struct zset_big *big, struct zset_block *block)
{
    size_t size = zset_block_bytes(zset_block_member(block).len);
    big->blocks_bytes -= heap_rounded_bytes(size);
    heap_give(&room->heap, block, size);
}

static void big_remove(struct room *room, struct zset_big *big, uint64_t hash,
                       struct zset_block *block)
{
    table_remove(&big->blocks, hash, block);
    zset_tree_remove(&big->tree, block);
    block_free(room, big, block);
}

static void big_free(struct room *room, struct zset_big *big)
{
    struct table_walk walk = {0};
    for (void *item; (item = table_walk_next(&big->blocks, &walk)) != NULL;)
        block_free(room, big, item);
    zset_tree_release(&big->tree);
    table_release(&big->blocks);
    heap_give(&room->heap, big, sizeof *big);
}

static void big_drop(void *context, void *item)
{
    struct zset_big *big = context;
    block_free(big->blocks.owner, big, item);
}

/* All of a zset, in order, as a large form. */
static struct zset_big *big_of(struct room *room, const struct zset *zset, uint64_t count)
{
    struct zset_span all = {0, zset_count(zset)};
    struct zset_big *big = big_new(room, u64_max(count, all.count));
    struct zset_walk walk;
    zset_walk_begin(&walk, zset, all, false);
    for (struct zset_item item; zset_walk_next(&walk, &item);)
        big_insert(room, big, hash_bytes(&room->secret, item.member), item.member, item.score);
    return big;
}

static void become_tree(struct room *room, struct zset *zset, uint64_t count)
{
    struct zset_big *big = big_of(room, zset, count);
    pack_free(&room->heap, zset->pack);
    zset->form = ZSET_FORM_TREE;
    zset->big = big;
}

/* --- the life of a zset ----------------------------------------------------------------------- */

struct zset *zset_new(struct room *room)
{
    struct zset *zset = heap_take_zeroed(&room->heap, sizeof *zset);
    zset->pack = pack_new(&room->heap);
    return zset;
}

void zset_free(struct room *room, struct zset *zset)
{
    switch (zset->form) {
    case ZSET_FORM_PACK: pack_free(&room->heap, zset->pack); break;
    case ZSET_FORM_TREE: big_free(room, zset->big); break;
    }
    heap_give(&room->heap, zset, sizeof *zset);
}

bool zset_free_some(struct room *room, struct zset *zset, uint32_t steps)
{
    if (zset->form == ZSET_FORM_TREE) {
        struct table *blocks = &zset->big->blocks;
        while (steps > 0 && table_drop_bucket(blocks, big_drop, zset->big)) steps--;
        if (blocks->count > 0) return false;
    }
    zset_free(room, zset);
    return true;
}

struct zset *zset_copy(struct room *room, const struct zset *zset)
{
    struct zset *copy = heap_take_zeroed(&room->heap, sizeof *copy);
    copy->form = zset->form;
    switch (zset->form) {
    case ZSET_FORM_PACK: copy->pack = pack_copy(&room->heap, zset->pack); break;
    case ZSET_FORM_TREE: copy->big = big_of(room, zset, 0); break;
    }
    return copy;
}

/* May a member of `len` bytes join `count` others in a pack? */
static bool fits_pack(const struct room *room, uint64_t count, size_t len)
{
    return count < room->limits.zset_max_listpack_entries &&
           len <= room->limits.zset_max_listpack_value && len <= ZSET_PACK_MEMBER_MAX;
}

void zset_expect(struct room *room, struct zset *zset, uint64_t count, uint64_t bytes)
{
    bool over = count > room->limits.zset_max_listpack_entries ||
                bytes > room->limits.zset_max_listpack_value;
    if (zset->form == ZSET_FORM_PACK && over) become_tree(room, zset, count);
}

/* --- changing --------------------------------------------------------------------------------- */

static enum zset_done decide(const double *old, double *score, unsigned how)
{
    if (old == NULL) return how & ZSET_XX ? ZSET_REFUSED : ZSET_ADDED;
    if (how & ZSET_NX) return ZSET_REFUSED;
    double wanted = how & ZSET_INCR ? *old + *score : *score;
    if (wanted != wanted) return ZSET_NAN; /* [I2] */
    if ((how & ZSET_GT && wanted <= *old) || (how & ZSET_LT && wanted >= *old)) return ZSET_REFUSED;
    *score = wanted;
    return wanted == *old ? ZSET_SAME : ZSET_UPDATED;
}

static enum zset_done big_add(struct room *room, struct zset_big *big, struct slice member,
                              double *score, unsigned how)
{
    uint64_t hash = hash_bytes(&room->secret, member);
    struct zset_block *block = zset_big_find(big, hash, member);
    enum zset_done done = decide(block == NULL ? NULL : &block->score, score, how);
    if (done == ZSET_ADDED) big_insert(room, big, hash, member, *score);
    if (done == ZSET_UPDATED) zset_tree_move(&big->tree, block, *score);
    return done;
}

enum zset_done zset_add(struct room *room, struct zset *zset, struct slice member, double *score,
                        unsigned how)
{
    if (*score == 0) *score = 0; /* [I2] */
    if (zset->form == ZSET_FORM_TREE) return big_add(room, zset->big, member, score, how);
    struct zset_item item;
    uint32_t place = zset_pack_find(zset->pack, member, &item);
    enum zset_done done = decide(place == PACK_NONE ? NULL : &item.score, score, how);
    if (done != ZSET_ADDED && done != ZSET_UPDATED) return done;
    if (done == ZSET_UPDATED) {
        pack_remove(&room->heap, &zset->pack, place, 1);
    } else if (!fits_pack(room, zset->pack->count, member.len) ||
               !pack_has_room(zset->pack, ELEMENT_HEAD_MAX + 1 + sizeof *score + member.len)) {
        become_tree(room, zset, 0); /* [I3] */
        big_insert(room, zset->big, zset_big_hash(zset->big, member), member, *score);
        return done;
    }
    zset_pack_insert(&room->heap, &zset->pack, member, *score);
    return done;
}

bool zset_remove(struct room *room, struct zset *zset, struct slice member)
{
    if (zset->form == ZSET_FORM_PACK) {
        struct zset_item item;
        uint32_t place = zset_pack_find(zset->pack, member, &item);
        if (place != PACK_NONE) pack_remove(&room->heap, &zset->pack, place, 1);
        return place != PACK_NONE;
    }
    uint64_t hash = hash_bytes(&room->secret, member);
    struct zset_block *block = zset_big_find(zset->big, hash, member);
    if (block != NULL) big_remove(room, zset->big, hash, block);
    return block != NULL;
}

void zset_remove_span(struct room *room, struct zset *zset, struct zset_span span)
{
    ASSERT(span.first + span.count <= zset_count(zset));
    if (zset->form == ZSET_FORM_PACK) {
        uint32_t place = pack_at(zset->pack, (uint32_t)span.first);
        pack_remove(&room->heap, &zset->pack, place, (uint32_t)span.count);
        return;
    }
    for (uint64_t left = span.count; left > 0; left--) {
        uint32_t index;
        struct zset_leaf *leaf = zset_tree_at(&zset->big->tree, span.first, &index);
        struct zset_block *block = leaf->blocks[index];
        big_remove(room, zset->big, zset_big_hash(zset->big, zset_block_member(block)), block);
    }
}

/* --- from bytes ------------------------------------------------------------------------------- */

enum { ITEM_BYTES_MIN = 8 + 1 }; /* a score and the length of an empty member */

static bool decode_item(struct room *room, struct zset *zset, struct cursor *in)
{
    uint64_t bits = cursor_u64(in);
    struct slice member = cursor_sized(in);
    double score;
    memcpy(&score, &bits, sizeof score);
    if (in->bad || score != score) return false; /* [I2] */
    return zset_add(room, zset, member, &score, 0) == ZSET_ADDED;
}

struct zset *zset_decode(struct room *room, struct cursor *in)
{
    uint64_t count = cursor_varint(in);
    if (in->bad || count == 0 || count > cursor_left(in) / ITEM_BYTES_MIN) return NULL;
    struct zset *zset = zset_new(room);
    zset_expect(room, zset, count, 0);
    for (uint64_t i = 0; i < count; i++) {
        if (!decode_item(room, zset, in)) {
            zset_free(room, zset);
            return NULL;
        }
    }
    return zset;
}
