#include "core/store/pack.h"

static size_t block_bytes(size_t used_bytes)
{
    return heap_rounded_bytes(sizeof(struct pack) + used_bytes);
}

static struct pack *pack_take(struct heap *heap, uint32_t used_bytes, uint32_t count)
{
    struct pack *pack = heap_take(heap, block_bytes(used_bytes));
    pack->used_bytes = used_bytes;
    pack->count = count;
    return pack;
}

struct pack *pack_new(struct heap *heap)
{
    return pack_take(heap, 0, 0);
}

void pack_free(struct heap *heap, struct pack *pack)
{
    heap_give(heap, pack, block_bytes(pack->used_bytes));
}

struct pack *pack_copy(struct heap *heap, const struct pack *pack)
{
    struct pack *copy = pack_take(heap, pack->used_bytes, pack->count);
    memcpy(copy->bytes, pack->bytes, pack->used_bytes);
    return copy;
}

uint64_t pack_memory_bytes(const struct pack *pack)
{
    return block_bytes(pack->used_bytes);
}

uint32_t pack_at(const struct pack *pack, uint32_t index)
{
    ASSERT(index <= pack->count);
    if (index == pack->count) return pack->used_bytes;
    uint32_t place = 0;
    for (uint32_t i = 0; i < index; i++) place = pack_next(pack, place);
    return place;
}

uint32_t pack_find(const struct pack *pack, uint32_t place, uint32_t step, struct slice wanted)
{
    if (wanted.len > pack->used_bytes + INTEGER_TEXT_MAX) return PACK_NONE;
    const struct element element = element_of(wanted);
    const uint8_t *at = pack->bytes + place, *end = pack->bytes + pack->used_bytes;
    while (at < end) {
        if (element_is(at, &element)) return (uint32_t)(at - pack->bytes);
        for (uint32_t i = 0; i < step && at < end; i++) at += element_size_at(at);
    }
    return PACK_NONE;
}

/* Make the `old_bytes` at `place` `new_bytes` long, moving what is behind; returns where they are.
 * Bytes that stay are as they were. */
static uint8_t *pack_stretch(struct heap *heap, struct pack **pack, uint32_t place,
                             size_t old_bytes, size_t new_bytes)
{
    struct pack *old = *pack;
    size_t tail = old->used_bytes - place - old_bytes;
    size_t used = old->used_bytes - old_bytes + new_bytes;
    ASSERT(used < PACK_BYTES_MAX);
    size_t old_block = block_bytes(old->used_bytes), new_block = block_bytes(used);
    if (new_bytes < old_bytes) {
        memmove(old->bytes + place + new_bytes, old->bytes + place + old_bytes, tail);
    }
    if (old_block != new_block) *pack = heap_resize(heap, old, old_block, new_block);
    uint8_t *at = (*pack)->bytes + place;
    if (new_bytes > old_bytes) memmove(at + new_bytes, at + old_bytes, tail);
    (*pack)->used_bytes = (uint32_t)used;
    return at;
}

void pack_insert(struct heap *heap, struct pack **pack, uint32_t place, struct slice bytes)
{
    const struct element element = element_of(bytes);
    element_write(pack_stretch(heap, pack, place, 0, element_size(&element)), &element);
    (*pack)->count++;
}

void pack_append(struct heap *heap, struct pack **pack, struct slice bytes)
{
    pack_insert(heap, pack, (*pack)->used_bytes, bytes);
}

void pack_replace(struct heap *heap, struct pack **pack, uint32_t place, struct slice bytes)
{
    const struct element element = element_of(bytes);
    size_t old_bytes = element_size_at((*pack)->bytes + place);
    element_write(pack_stretch(heap, pack, place, old_bytes, element_size(&element)), &element);
}

void pack_remove(struct heap *heap, struct pack **pack, uint32_t place, uint32_t count)
{
    uint32_t end = place;
    for (uint32_t i = 0; i < count; i++) end = pack_next(*pack, end);
    pack_stretch(heap, pack, place, end - place, 0);
    (*pack)->count -= count;
}

void pack_encode(const struct pack *pack, struct buffer *out)
{
    put_sized(out, slice_of(pack->bytes, pack->used_bytes));
}

struct pack *pack_decode(struct heap *heap, struct cursor *in)
{
    struct slice bytes = cursor_sized(in);
    if (in->bad || bytes.len >= PACK_BYTES_MAX) return NULL;
    uint32_t count = 0;
    for (size_t at = 0; at < bytes.len; count++) {
        size_t size = element_check(bytes.data + at, bytes.len - at);
        if (size == 0) return NULL;
        at += size;
    }
    struct pack *pack = pack_take(heap, (uint32_t)bytes.len, count);
    bytes_copy(pack->bytes, bytes);
    return pack;
}
