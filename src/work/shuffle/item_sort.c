/*
 * item_sort.c -- see item_sort.h.
 *
 * Invariants
 *   S1  all items of a range share the first `depth` bytes of their keys, and the bytes of their
 *       prefixes above `shift`; prefix holds key bytes depth .. depth+7, zeros behind the end.
 *   S2  recursion goes into all buckets or groups but the largest, which the loop takes on: no
 *       deeper than log2(count), whatever the keys.
 */
#include "work/shuffle/item_sort.h"
#include "base/short_key.h"

enum {
    PREFIX_BYTES = 8,
    RADIX = 256,
    INSERTION_MAX = 12,
    QUICK_MAX =
        512, /* a pass over 256 buckets costs as much as sorting some hundreds by comparing */
    SHIFT_TOP = 56,
    AHEAD = 12,
};

struct range {
    struct item *items;
    size_t count;
    size_t depth; /* [S1] */
    int shift;    /* of the byte to sort by; below 0: the prefixes are equal */
    bool last;    /* prefixes are all there is: they hold length and ref */
};

static void sort_range(struct range range, const uint8_t *pairs);

static inline struct slice key_tail(const uint8_t *pairs, struct item item, size_t depth)
{
    struct slice key = pair_key(pairs, item);
    return slice_from(key, u64_min(depth, key.len));
}

static bool item_before(struct item a, struct item b, size_t depth, const uint8_t *pairs)
{
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    /* Zeros behind the end and zero bytes of the key look the same: compare from `depth` on. */
    int order = slice_cmp(key_tail(pairs, a, depth), key_tail(pairs, b, depth));
    return order != 0 ? order < 0 : a.ref < b.ref;
}

static void insertion_sort(struct range range, const uint8_t *pairs)
{
    for (size_t i = 1; i < range.count; i++) {
        struct item item = range.items[i];
        size_t at = i;
        while (at > 0 &&
               (range.last ? item.prefix < range.items[at - 1].prefix
                           : item_before(item, range.items[at - 1], range.depth, pairs))) {
            range.items[at] = range.items[at - 1];
            at--;
        }
        range.items[at] = item;
    }
}

/* Put each item into the bucket of its byte, in place, following cycles. */
static void permute(struct range range, const size_t *counts, size_t *ends)
{
    size_t heads[RADIX];
    size_t sum = 0;
    for (unsigned b = 0; b < RADIX; b++) {
        heads[b] = sum;
        sum += counts[b];
        ends[b] = sum;
    }
    for (unsigned b = 0; b < RADIX; b++) {
        while (heads[b] < ends[b]) {
            struct item item = range.items[heads[b]];
            unsigned to;
            while ((to = (uint8_t)(item.prefix >> range.shift)) != b) {
                struct item other = range.items[heads[to]];
                range.items[heads[to]++] = item;
                item = other;
            }
            range.items[heads[b]++] = item;
        }
    }
}

/* Sort by one byte, recurse into all buckets but the largest, and return that one. [S2] */
static struct range sort_by_byte(struct range range, const uint8_t *pairs)
{
    size_t counts[RADIX] = {0}, ends[RADIX];
    for (size_t i = 0; i < range.count; i++) {
        counts[(uint8_t)(range.items[i].prefix >> range.shift)]++;
    }
    uint8_t first = (uint8_t)(range.items[0].prefix >> range.shift);
    struct range largest = range;
    largest.shift -= 8;
    if (counts[first] == range.count) return largest;

    permute(range, counts, ends);
    largest.count = 0;
    for (unsigned b = 0; b < RADIX; b++) {
        if (counts[b] > largest.count) {
            largest.items = range.items + ends[b] - counts[b];
            largest.count = counts[b];
        }
    }
    for (unsigned b = 0; b < RADIX; b++) {
        struct range bucket = largest;
        bucket.items = range.items + ends[b] - counts[b];
        bucket.count = counts[b];
        if (bucket.items != largest.items && bucket.count > 1) sort_range(bucket, pairs);
    }
    return largest;
}

/* Keys that end within the prefix are equal up to trailing zero bytes: by length, then by ref. */
static void sort_ended(struct range range, const uint8_t *pairs)
{
    bool sorted = true;
    for (size_t i = 0; i < range.count; i++) {
        struct item *item = &range.items[i];
        uint64_t len = pair_head_at(pairs, *item).key_len - range.depth;
        item->prefix = len << ITEM_OFFSET_BITS | item_offset(*item);
        sorted = sorted && (i == 0 || item[-1].prefix < item->prefix);
    }
    range.last = true;
    range.shift = SHIFT_TOP;
    if (!sorted) sort_range(range, pairs);
}

/* All prefixes are equal: sort off the keys that end here, and load the next 8 bytes of the rest.
 */
static struct range deepen(struct range range, const uint8_t *pairs)
{
    size_t next = range.depth + PREFIX_BYTES;
    size_t ended = 0;
    for (size_t i = 0; i < range.count; i++) {
        if (i + AHEAD < range.count) {
            __builtin_prefetch(pairs + item_offset(range.items[i + AHEAD]) + range.depth);
        }
        struct item item = range.items[i];
        struct slice key = pair_key(pairs, item);
        if (key.len <= next) {
            range.items[i] = range.items[ended];
            range.items[ended++] = item;
        } else {
            range.items[i].prefix = key_prefix(slice_from(key, next));
        }
    }
    struct range rest = {range.items + ended, range.count - ended, next, SHIFT_TOP, false};
    range.count = ended;
    if (ended > 1) sort_ended(range, pairs);
    return rest;
}

static uint64_t median_prefix(const struct item *items, size_t count)
{
    uint64_t a = items[0].prefix, b = items[count / 2].prefix, c = items[count - 1].prefix;
    uint64_t low = u64_min(a, b), high = u64_max(a, b);
    return u64_max(low, u64_min(high, c));
}

/* By prefix alone (Hoare's partition); at most QUICK_MAX items, so that the worst case is small. */
static void quick_sort(struct item *items, size_t count)
{
    while (count > INSERTION_MAX) {
        uint64_t pivot = median_prefix(items, count);
        size_t left = 0, right = count - 1;
        for (;; left++, right--) {
            while (items[left].prefix < pivot) left++;
            while (items[right].prefix > pivot) right--;
            if (left >= right) break;
            struct item item = items[left];
            items[left] = items[right];
            items[right] = item;
        }
        size_t low = right + 1; /* items below `low` are <= pivot, the others >= pivot */
        if (low < count - low) {
            quick_sort(items, low);
            items += low;
            count -= low;
        } else {
            quick_sort(items + low, count - low);
            count = low;
        }
    }
    insertion_sort((struct range){.items = items, .count = count, .last = true}, NULL);
}

static size_t equals_end(struct range range, size_t from)
{
    size_t end = from + 1;
    while (end < range.count && range.items[end].prefix == range.items[from].prefix) end++;
    return end;
}

/* Sorted by prefix: deepen the groups of equal ones, and return the largest for the loop. [S2] */
static struct range sort_groups(struct range range, const uint8_t *pairs)
{
    struct range largest = range, group = range;
    largest.count = 0;
    for (size_t from = 0, end; from < range.count; from = end) {
        end = equals_end(range, from);
        if (end - from <= u64_max(largest.count, 1)) continue;
        largest.items = range.items + from;
        largest.count = end - from;
    }
    for (size_t from = 0, end; from < range.count; from = end) {
        end = equals_end(range, from);
        group.items = range.items + from;
        group.count = end - from;
        if (group.count > 1 && group.items != largest.items) {
            sort_range(deepen(group, pairs), pairs);
        }
    }
    return largest.count > 1 ? deepen(largest, pairs) : largest;
}

static void sort_range(struct range range, const uint8_t *pairs)
{
    while (range.count > INSERTION_MAX) {
        if (range.last && (range.shift < 0 || range.count <= QUICK_MAX)) {
            if (range.shift >= 0) quick_sort(range.items, range.count);
            return;
        }
        if (range.shift < 0) {
            range = deepen(range, pairs);
        } else if (range.count <= QUICK_MAX) {
            quick_sort(range.items, range.count);
            range = sort_groups(range, pairs);
        } else {
            range = sort_by_byte(range, pairs);
        }
    }
    if (range.count > 1) insertion_sort(range, pairs);
}

void items_sort(struct item *items, size_t count, const uint8_t *pairs)
{
    sort_range((struct range){items, count, 0, SHIFT_TOP, false}, pairs);
}
