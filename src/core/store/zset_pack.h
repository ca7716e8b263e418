/*
 * zset_pack.h -- a small sorted set in a pack: an element an item, in the order of the zset.
 *
 * An element is how many bytes of score follow (0, 1, 2, 4: an integer, little-endian; 8: a
 * double), these, then the member. As the first byte is no digit, a pack never takes it for a
 * number.
 */
#pragma once

#include "core/store/pack.h"
#include "core/store/zset.h"
#include "core/store/zset_tree.h"

enum { ZSET_PACK_MEMBER_MAX = 4096 }; /* a longer one never goes into a pack */

struct zset_item zset_pack_item(const struct pack *pack, uint32_t place);
/* PACK_NONE: it is not there. */
uint32_t zset_pack_find(const struct pack *pack, struct slice member, struct zset_item *item);
/* How many are below the bound; `*place` is behind them. */
uint32_t zset_pack_rank(const struct pack *pack, const struct zset_bound *bound, uint32_t *place);
/* Where it belongs; it is not there yet. */
void zset_pack_insert(struct heap *heap, struct pack **pack, struct slice member, double score);
