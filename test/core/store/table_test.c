/* table_test.c -- the hash table, against a plain array. */
#include "core/store/table.h"
#include "test/random.h"
#include "test/rows.h"

enum { ITEMS = 20000 };

struct item {
    uint64_t hash;
    bool in;
    bool mark;
    bool stays; /* in from begin to end of a scan */
    uint32_t seen;
};

static uint64_t item_hash(const struct table *table, const void *item)
{
    (void)table;
    return ((const struct item *)item)->hash;
}

static inline bool item_same(const void *item, const void *wanted)
{
    return item == wanted;
}

static const struct table_kind kind = {.hash = item_hash};

struct fixture {
    struct heap heap;
    struct table table;
    struct random random;
    uint64_t count;
    struct item *items;
};

/* Few different hashes if `hashes` is small: chains. */
static void setup(struct fixture *it, uint64_t hashes)
{
    static struct item items[ITEMS];
    *it = (struct fixture){.random = {5}, .items = items};
    table_init(&it->table, &it->heap, &kind, NULL);
    for (size_t i = 0; i < ITEMS; i++) {
        uint64_t hash = random_u64(&it->random);
        if (hashes > 0) hash = hash % hashes * 0x9e3779b97f4a7c15u;
        items[i] = (struct item){.hash = hash};
    }
}

static void item_flip(struct fixture *it, struct item *item)
{
    if (item->in) {
        table_remove(&it->table, item->hash, item);
        it->count--;
    } else {
        struct table_place place = table_insert(&it->table, item->hash, item);
        item->mark = random_below(&it->random, 4) == 0;
        table_mark(place, item->mark);
        it->count++;
    }
    item->in = !item->in;
}

static void expect_like_model(struct fixture *it)
{
    table_check(&it->table);
    cr_assert_eq(it->table.count, it->count);
    for (size_t i = 0; i < ITEMS; i++) {
        struct item *item = &it->items[i];
        struct table_place place = {NULL, 0};
        void *found = table_find(&it->table, item->hash, item_same, item, &place);
        cr_assert(found == (item->in ? item : NULL));
        if (item->in) cr_assert_eq(place.bucket->marks >> place.index & 1, item->mark);
    }
    struct table_walk walk = {0};
    uint64_t walked = 0;
    while (table_walk_next(&it->table, &walk) != NULL) walked++;
    cr_assert_eq(walked, it->count);
    cr_assert_eq(table_bytes(&it->table), it->heap.used_bytes);
}

static void empty(struct fixture *it)
{
    for (size_t i = 0; i < ITEMS; i++) {
        if (it->items[i].in) item_flip(it, &it->items[i]);
    }
    cr_expect_eq(it->heap.used_bytes, 0, "an empty table takes no memory");
}

static void random_flips(struct fixture *it)
{
    for (int phase = 0; phase < 12; phase++) {
        /* A window that grows and shrinks, so that the table does too. */
        uint64_t window = 1 + random_magnitude(&it->random) % ITEMS;
        for (int i = 0; i < 20000; i++) {
            item_flip(it, &it->items[random_below(&it->random, window)]);
        }
        expect_like_model(it);
    }
}

Test(table, does_what_an_array_does)
{
    struct fixture it;
    setup(&it, 0);
    random_flips(&it);
    empty(&it);
}

Test(table, does_so_with_long_chains)
{
    struct fixture it;
    setup(&it, 300);
    random_flips(&it);
    empty(&it);
}

Test(table, is_small_while_it_has_few)
{
    static const struct {
        const char *why;
        uint64_t items, bytes_max;
    } rows[] = {
        {"none: nothing", 0, 0},
        {"one: a bucket and where it is", 1, 64 + 8},
        {"eight still fit", 8, 64 + 8},
        {"two hundred", 200, 200 * 26},
        {"twenty thousand", ITEMS, ITEMS * 15},
    };
    FOR_ROWS (row, rows) {
        struct fixture it;
        setup(&it, 0);
        for (size_t i = 0; i < row->items; i++) item_flip(&it, &it.items[i]);
        cr_expect(it.heap.used_bytes <= row->bytes_max, "%s: %llu bytes", row->why,
                  (unsigned long long)it.heap.used_bytes);
        table_release(&it.table);
        cr_expect_eq(it.heap.used_bytes, 0);
    }
}

Test(table, reserve_makes_room_before_and_after)
{
    for (size_t first = 0; first < 2000; first += 999) {
        struct fixture it;
        setup(&it, 0);
        for (size_t i = 0; i < first; i++) item_flip(&it, &it.items[i]);
        table_reserve(&it.table, ITEMS);
        uint64_t buckets = it.table.buckets_count;
        for (size_t i = first; i < ITEMS; i++) item_flip(&it, &it.items[i]);
        cr_expect_eq(it.table.buckets_count, buckets);
        expect_like_model(&it);
        empty(&it);
    }
}

Test(table, replace_keeps_place_and_mark)
{
    struct fixture it;
    setup(&it, 0);
    for (size_t i = 0; i < 100; i++) item_flip(&it, &it.items[i]);
    struct item other = {.hash = it.items[7].hash};
    it.items[7].in = false;
    bool mark = it.items[7].mark;
    struct table_place place = table_replace(&it.table, other.hash, &it.items[7], &other);
    cr_expect(table_find(&it.table, other.hash, item_same, &other, NULL) == &other);
    cr_expect(table_find(&it.table, other.hash, item_same, &it.items[7], NULL) == NULL);
    cr_expect_eq(place.bucket->marks >> place.index & 1, mark);
    table_check(&it.table);
    table_release(&it.table);
}

static void see(void *context, void *item)
{
    uint64_t *seen = context;
    (*seen)++;
    ((struct item *)item)->seen++;
}

Test(table, scan_shows_once_what_nobody_changes)
{
    struct fixture it;
    setup(&it, 0);
    for (size_t i = 0; i < ITEMS; i++) {
        item_flip(&it, &it.items[i]);
        if (i % 997 != 0) continue;
        for (size_t k = 0; k <= i; k++) it.items[k].seen = 0;
        uint64_t cursor = 0, seen = 0;
        do cursor = table_scan(&it.table, cursor, see, &seen);
        while (cursor != 0);
        cr_assert_eq(seen, i + 1);
        for (size_t k = 0; k <= i; k++) cr_assert_eq(it.items[k].seen, 1);
    }
    table_release(&it.table);
}

/* One scan while the table grows or shrinks by chance: what stays is seen. */
static void scan_while_changing(struct fixture *it)
{
    for (size_t i = 0; i < ITEMS; i++) {
        it->items[i].stays = it->items[i].in && random_below(&it->random, 8) == 0;
        it->items[i].seen = 0;
    }
    uint64_t changes = random_below(&it->random, 200), cursor = 0, seen = 0;
    bool grow = random_below(&it->random, 2) == 0;
    do {
        cursor = table_scan(&it->table, cursor, see, &seen);
        for (uint64_t i = 0; i < changes; i++) {
            struct item *item = &it->items[random_below(&it->random, ITEMS)];
            if (!item->stays && item->in != grow) item_flip(it, item);
        }
    } while (cursor != 0);
    for (size_t i = 0; i < ITEMS; i++) {
        if (it->items[i].stays) cr_assert(it->items[i].seen > 0, "item %zu was missed", i);
    }
    table_check(&it->table);
}

Test(table, scan_misses_nothing_while_the_table_grows_and_shrinks)
{
    struct fixture it;
    setup(&it, 0);
    for (size_t i = 0; i < ITEMS / 2; i++) item_flip(&it, &it.items[i]);
    for (int round = 0; round < 60; round++) scan_while_changing(&it);
    empty(&it);
}

Test(table, random_is_fair)
{
    struct fixture it;
    setup(&it, 0);
    struct prng prng = {3};
    cr_expect(table_random(&it.table, &prng) == NULL);
    enum { SIDES = 100, ROLLS = 100000 };
    for (size_t i = 0; i < SIDES; i++) item_flip(&it, &it.items[i]);
    for (size_t i = 0; i < ROLLS; i++) {
        struct item *item = table_random(&it.table, &prng);
        item->seen++;
    }
    for (size_t i = 0; i < SIDES; i++) {
        uint32_t seen = it.items[i].seen;
        cr_expect(seen > ROLLS / SIDES * 8 / 10 && seen < ROLLS / SIDES * 12 / 10, "%u", seen);
    }
    table_release(&it.table);
}
