#include "core/store/zset_pack.h"

/* Scores are mostly small integers; -0 becomes 0 here, as in Redis. */
static size_t score_write(uint8_t at[8], double score)
{
    if (score >= INT32_MIN && score <= INT32_MAX) {
        int32_t whole = (int32_t)score;
        if (whole == score) {
            int16_t half = (int16_t)whole;
            int8_t byte = (int8_t)whole;
            if (whole == 0) return 0;
            if (byte == whole) return memcpy(at, &byte, 1), 1;
            if (half == whole) return memcpy(at, &half, 2), 2;
            return memcpy(at, &whole, 4), 4;
        }
    }
    memcpy(at, &score, 8);
    return 8;
}

static double score_read(const uint8_t *at, size_t len)
{
    double score = 0;
    int32_t whole;
    int16_t half;
    switch (len) {
    case 0: return 0;
    case 1: return (int8_t)*at;
    case 2: memcpy(&half, at, 2); return half;
    case 4: memcpy(&whole, at, 4); return whole;
    default: memcpy(&score, at, 8); return score;
    }
}

struct zset_item zset_pack_item(const struct pack *pack, uint32_t place)
{
    char scratch[INTEGER_TEXT_MAX]; /* never used: no item is an integer */
    struct slice bytes = pack_get(pack, place, scratch);
    size_t score_len = bytes.data[0];
    return (struct zset_item){slice_from(bytes, 1 + score_len),
                              score_read(bytes.data + 1, score_len)};
}

uint32_t zset_pack_find(const struct pack *pack, struct slice member, struct zset_item *item)
{
    for (uint32_t place = pack_first(pack); place != pack_end(pack);
         place = pack_next(pack, place)) {
        *item = zset_pack_item(pack, place);
        if (slice_eq(item->member, member)) return place;
    }
    return PACK_NONE;
}

uint32_t zset_pack_rank(const struct pack *pack, const struct zset_bound *bound, uint32_t *place)
{
    uint32_t rank = 0;
    for (*place = pack_first(pack); *place != pack_end(pack); rank++) {
        struct zset_item item = zset_pack_item(pack, *place);
        if (!zset_is_below(item.score, item.member, bound)) break;
        *place = pack_next(pack, *place);
    }
    return rank;
}

void zset_pack_insert(struct heap *heap, struct pack **pack, struct slice member, double score)
{
    ASSERT(member.len <= ZSET_PACK_MEMBER_MAX);
    uint8_t element[1 + 8 + ZSET_PACK_MEMBER_MAX];
    size_t score_len = score_write(element + 1, score);
    element[0] = (uint8_t)score_len;
    bytes_copy(element + 1 + score_len, member);
    struct zset_bound bound = {.score = score, .side = ZSET_BEFORE, .member = member};
    uint32_t place;
    zset_pack_rank(*pack, &bound, &place);
    pack_insert(heap, pack, place, slice_of(element, 1 + score_len + member.len));
}
