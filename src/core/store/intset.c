#include "core/store/intset.h"

static uint32_t width_of(int64_t value)
{
    if (value >= INT16_MIN && value <= INT16_MAX) return 2;
    return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

static size_t block_bytes(uint32_t count, uint32_t width)
{
    return count == 0 ? 0 : heap_rounded_bytes((size_t)count * width);
}

static int64_t read_at(const void *integers, uint32_t width, uint32_t index)
{
    switch (width) {
    case 2: return ((const int16_t *)integers)[index];
    case 4: return ((const int32_t *)integers)[index];
    default: return ((const int64_t *)integers)[index];
    }
}

static void write_at(void *integers, uint32_t width, uint32_t index, int64_t value)
{
    switch (width) {
    case 2: ((int16_t *)integers)[index] = (int16_t)value; break;
    case 4: ((int32_t *)integers)[index] = (int32_t)value; break;
    default: ((int64_t *)integers)[index] = value; break;
    }
}

int64_t intset_at(const struct intset *intset, uint32_t index)
{
    ASSERT(index < intset->count);
    return read_at(intset->integers, intset->width, index);
}

void intset_free(struct heap *heap, struct intset *intset)
{
    if (intset->count > 0)
        heap_give(heap, intset->integers, block_bytes(intset->count, intset->width));
    *intset = (struct intset){0};
}

struct intset intset_copy(struct heap *heap, const struct intset *intset)
{
    struct intset copy = *intset;
    if (copy.count == 0) return copy;
    copy.integers = heap_take(heap, block_bytes(copy.count, copy.width));
    memcpy(copy.integers, intset->integers, (size_t)copy.count * copy.width);
    return copy;
}

uint64_t intset_bytes(const struct intset *intset)
{
    return block_bytes(intset->count, intset->width);
}

/* How many are less than `value`. */
static uint32_t less_count(const struct intset *intset, int64_t value)
{
    uint32_t low = 0, high = intset->count;
    /* Values often come in order: at the end there is nothing to look for. */
    if (high > 0 && intset_at(intset, high - 1) < value) return high;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (intset_at(intset, middle) < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct intset *intset, uint32_t index, int64_t value)
{
    return index < intset->count && intset_at(intset, index) == value;
}

bool intset_has(const struct intset *intset, int64_t value)
{
    return is_at(intset, less_count(intset, value), value);
}

/* A block for `count` integers of `width`, with those that are there. */
static void resize(struct heap *heap, struct intset *intset, uint32_t count, uint32_t width)
{
    size_t old = block_bytes(intset->count, intset->width), new = block_bytes(count, width);
    if (intset->count == 0) {
        intset->integers = heap_take(heap, new);
    } else if (width != intset->width) {
        void *wider = heap_take(heap, new);
        for (uint32_t i = 0; i < intset->count; i++)
            write_at(wider, width, i, intset_at(intset, i));
        heap_give(heap, intset->integers, old);
        intset->integers = wider;
    } else if (new != old) {
        intset->integers = heap_resize(heap, intset->integers, old, new);
    }
    intset->width = width;
}

static void move(const struct intset *intset, uint32_t to, uint32_t from, uint32_t count)
{
    uint8_t *bytes = intset->integers;
    size_t width = intset->width;
    memmove(bytes + to * width, bytes + from * width, count * width);
}

bool intset_add(struct heap *heap, struct intset *intset, int64_t value)
{
    uint32_t index = less_count(intset, value);
    if (is_at(intset, index, value)) return false;
    ASSERT(intset->count < INTSET_COUNT_MAX);
    uint32_t width = width_of(value);
    if (width < intset->width) width = intset->width;
    resize(heap, intset, intset->count + 1, width);
    move(intset, index + 1, index, intset->count - index);
    write_at(intset->integers, width, index, value);
    intset->count++;
    return true;
}

bool intset_remove(struct heap *heap, struct intset *intset, int64_t value)
{
    uint32_t index = less_count(intset, value);
    if (!is_at(intset, index, value)) return false;
    if (intset->count == 1) {
        intset_free(heap, intset);
        return true;
    }
    move(intset, index, index + 1, intset->count - index - 1);
    size_t old = block_bytes(intset->count, intset->width);
    size_t new = block_bytes(intset->count - 1, intset->width);
    if (new != old) intset->integers = heap_resize(heap, intset->integers, old, new);
    intset->count--;
    return true;
}
