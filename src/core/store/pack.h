/*
 * pack.h -- a few elements one after the other in one block: what small collections are made of.
 *
 * An element is bytes; integers are kept as binary (element.h) and come out byte for byte. A place
 * is an offset: pack_first, then pack_next until pack_end. Places before a change stay good, those
 * behind it do not. Finding is a walk: whoever keeps one bounds its length.
 *
 * A change may move the pack: functions that may do so take its address.
 */
#pragma once

#include "base/cursor.h"
#include "base/heap.h"
#include "core/store/element.h"

enum { PACK_BYTES_MAX = 1 << 30 };

struct pack { /* one heap block, as long as heap_rounded_bytes says */
    uint32_t used_bytes;
    uint32_t count;
    uint8_t bytes[];
};

#define PACK_NONE UINT32_MAX /* no place */

struct pack *pack_new(struct heap *heap);
void pack_free(struct heap *heap, struct pack *pack);
struct pack *pack_copy(struct heap *heap, const struct pack *pack);
uint64_t pack_memory_bytes(const struct pack *pack);

/* May so many more bytes of elements come in? */
static inline bool pack_has_room(const struct pack *pack, size_t more)
{
    return more < PACK_BYTES_MAX && pack->used_bytes + more < PACK_BYTES_MAX;
}

static inline uint32_t pack_first(const struct pack *pack)
{
    (void)pack;
    return 0;
}

static inline uint32_t pack_end(const struct pack *pack)
{
    return pack->used_bytes;
}

static inline uint32_t pack_next(const struct pack *pack, uint32_t place)
{
    return place + (uint32_t)element_size_at(pack->bytes + place);
}

/* The place of the index-th element, from 0; at most the count, which is pack_end. */
uint32_t pack_at(const struct pack *pack, uint32_t index);

static inline struct slice pack_get(const struct pack *pack, uint32_t place,
                                    char scratch[INTEGER_TEXT_MAX])
{
    return element_text(pack->bytes + place, scratch);
}

static inline bool pack_is(const struct pack *pack, uint32_t place, const struct element *wanted)
{
    return element_is(pack->bytes + place, wanted);
}

/* The first element from `place` on, of every `step`-th, that equals `wanted`; or PACK_NONE. */
uint32_t pack_find(const struct pack *pack, uint32_t place, uint32_t step, struct slice wanted);

/* --- changes; the bytes must not be in the pack ---------------------------------------------- */

/* Before the element at `place`. */
void pack_insert(struct heap *heap, struct pack **pack, uint32_t place, struct slice bytes);
void pack_append(struct heap *heap, struct pack **pack, struct slice bytes);
void pack_replace(struct heap *heap, struct pack **pack, uint32_t place, struct slice bytes);
/* `count` elements from `place` on, which are there. */
void pack_remove(struct heap *heap, struct pack **pack, uint32_t place, uint32_t count);

/* --- as bytes -------------------------------------------------------------------------------- */

void pack_encode(const struct pack *pack, struct buffer *out);
/* NULL, with nothing leaked: damaged. How many elements, and which, is for the caller to judge. */
struct pack *pack_decode(struct heap *heap, struct cursor *in);
