/*
 * evict_test.c -- caches that stay within their cap, and keep what will be wanted: hit ratios on
 * traces made by chance, against an exact LRU of as many keys.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/store/evict.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

enum { UNIVERSE = 20000, CACHED = 2000, ACCESSES = 200000, VALUE_BYTES = 100 };

enum trace { ZIPF, SCANS, SHIFTING };

struct generator {
    enum trace trace;
    struct random random;
    double *sums; /* of Zipf's weights */
    uint64_t made, scan_at, scan_left;
};

static void generator_begin(struct generator *it, enum trace trace, double exponent)
{
    *it = (struct generator){.trace = trace, .random = {42}};
    it->sums = calloc(UNIVERSE, sizeof *it->sums);
    cr_assert(it->sums != NULL);
    double sum = 0;
    for (size_t i = 0; i < UNIVERSE; i++) it->sums[i] = sum += pow((double)i + 1, -exponent);
}

static uint64_t zipf(struct generator *it)
{
    double want = (double)(random_u64(&it->random) >> 11) * 0x1p-53 * it->sums[UNIVERSE - 1];
    size_t low = 0, high = UNIVERSE - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (it->sums[middle] < want)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t generator_next(struct generator *it)
{
    uint64_t made = it->made++;
    if (it->trace == SCANS) { /* now and then somebody reads many keys once */
        if (made % 20000 == 19999) it->scan_left = CACHED * 2;
        if (it->scan_left > 0 && made % 2 == 0) {
            it->scan_left--;
            return UNIVERSE + it->scan_at++;
        }
    }
    uint64_t key = zipf(it);
    if (it->trace != SHIFTING) return key;
    return (key + made / (ACCESSES / 5) * 1000) % UNIVERSE; /* other keys become popular */
}

static struct store *cache_new(enum evict_kind kind, uint64_t memory_max_bytes, const char *prefix)
{
    struct fault fault;
    struct store *store = store_new(&(struct store_config){.seed = 3, .limits = fixture_limits});
    store_set_time(store, 1000000);
    struct policy policy = {.prefix = slice_text(prefix),
                            .mode = POLICY_CACHE,
                            .evict = kind,
                            .memory_max_bytes = memory_max_bytes};
    cr_assert_eq(store_policy_set(store, &policy, &fault), ERR_OK);
    return store;
}

static struct slice key_text(uint64_t key, char text[32])
{
    return slice_of(text, (size_t)snprintf(text, 32, "key:%012llu", (unsigned long long)key));
}

/* Look; and if it is not there, put it there, as applications do. */
static bool cache_access(struct store *store, uint64_t key)
{
    static const uint8_t value[VALUE_BYTES] = {'v'};
    char text[32];
    struct slice name = key_text(key, text);
    if (store_read(store, 0, name) != NULL) return true;
    store_set_string(store, 0, name, slice_of(value, sizeof value), STORE_NO_EXPIRY);
    cr_assert(evict_policy(store, store_policy_of(store, name), 64));
    return false;
}

/* The share of accesses that hit, in thousandths; how many keys were there in the end. */
static unsigned run(enum evict_kind kind, enum trace trace, double exponent, const char *prefix,
                    uint64_t *keys)
{
    uint64_t entry = 8 + 16 + 1 + VALUE_BYTES;
    uint64_t bytes = CACHED * (heap_rounded_bytes(entry) + 14);
    struct store *store = cache_new(kind, 0, prefix);
    struct generator generator;
    struct fault fault;
    uint32_t index = store_policy_of(store, SLICE("key:1"));
    struct policy policy = *store_policy(store, index);
    policy.memory_max_bytes = store_policy(store, index)->used_bytes + bytes;
    cr_assert_eq(store_policy_set(store, &policy, &fault), ERR_OK);
    generator_begin(&generator, trace, exponent);
    uint64_t hits = 0;
    for (int64_t i = 0; i < ACCESSES; i++) {
        if (i % 8 == 0) store_set_time(store, 1000000 + i);
        hits += cache_access(store, generator_next(&generator));
        if (i % 20000 == 0) {
            cr_assert(store_policy(store, index)->used_bytes <= policy.memory_max_bytes);
        }
    }
    *keys = store_count(store, 0);
    store_check(store);
    store_free(store);
    free(generator.sums);
    return (unsigned)(hits * 1000 / ACCESSES);
}

/* Hits of an exact LRU of `capacity` keys, in thousandths. */
static unsigned run_exact_lru(enum trace trace, double exponent, uint64_t capacity)
{
    enum { KEYS_MAX = UNIVERSE + ACCESSES };
    static uint32_t next[KEYS_MAX + 1], previous[KEYS_MAX + 1];
    static bool in[KEYS_MAX];
    enum { ENDS = KEYS_MAX }; /* a ring through an element that is no key */
    struct generator generator;
    generator_begin(&generator, trace, exponent);
    memset(in, 0, sizeof in);
    next[ENDS] = previous[ENDS] = ENDS;
    uint64_t count = 0, hits = 0;
    for (uint64_t i = 0; i < ACCESSES; i++) {
        uint32_t key = (uint32_t)generator_next(&generator);
        hits += in[key];
        if (!in[key] && count == capacity) {
            uint32_t oldest = previous[ENDS];
            in[oldest] = false;
            previous[ENDS] = previous[oldest];
            next[previous[oldest]] = ENDS;
        } else if (in[key]) {
            next[previous[key]] = next[key];
            previous[next[key]] = previous[key];
        } else {
            count++;
        }
        in[key] = true;
        next[key] = next[ENDS];
        previous[key] = ENDS;
        previous[next[ENDS]] = key;
        next[ENDS] = key;
    }
    free(generator.sums);
    return (unsigned)(hits * 1000 / ACCESSES);
}

Test(evict, s3fifo_hits_more_often_than_lru_and_about_as_often_as_lfu)
{
    static const struct {
        const char *why;
        enum trace trace;
        double exponent;
    } rows[] = {
        {"skewed", ZIPF, 0.9},
        {"much skewed", ZIPF, 1.1},
        {"polluted by scans", SCANS, 0.9},
        {"shifting", SHIFTING, 1.0},
    };
    FOR_ROWS (row, rows) {
        uint64_t keys;
        unsigned s3 = run(EVICT_S3FIFO, row->trace, row->exponent, "", &keys);
        cr_expect(keys > CACHED * 8 / 10, "%s: only %d", row->why, (int)keys);
        unsigned below = run(EVICT_S3FIFO, row->trace, row->exponent, "key:", &keys);
        cr_expect(below + 10 > s3 && s3 + 10 > below, "%s: root or not", row->why);
        unsigned lfu = run(EVICT_LFU, row->trace, row->exponent, "", &keys);
        unsigned lru = run(EVICT_LRU, row->trace, row->exponent, "", &keys);
        unsigned exact = run_exact_lru(row->trace, row->exponent, keys);
        cr_expect(lru + 10 > exact, "%s: lru %u, exact %u", row->why, lru, exact);
        cr_expect(s3 >= exact, "%s: s3fifo %u, lru %u", row->why, s3, exact);
        /* Counting for ever is best where nothing ever changes, and nearly so is s3fifo. */
        cr_expect(s3 * 100 >= lfu * 99, "%s: s3fifo %u, lfu %u", row->why, s3, lfu);
    }
}

Test(evict, lfu_keeps_what_is_used_often)
{
    struct store *store = cache_new(EVICT_LFU, 0, "");
    struct fault fault;
    for (uint64_t key = 0; key < CACHED; key++) cache_access(store, key);
    for (int i = 0; i < 50; i++) {
        for (uint64_t key = 0; key < 100; key++) cr_assert(cache_access(store, key));
    }
    struct policy policy = *store_policy(store, 0);
    policy.memory_max_bytes = policy.used_bytes / 2;
    cr_assert_eq(store_policy_set(store, &policy, &fault), ERR_OK);
    while (store_policy(store, 0)->used_bytes > policy.memory_max_bytes) {
        cr_assert(evict_policy(store, 0, 10));
    }
    char text[32];
    for (uint64_t key = 0; key < 100; key++) {
        cr_expect(store_peek(store, 0, key_text(key, text)) != NULL);
    }
    store_free(store);
}

static void count_drop(void *context, enum store_drop why, uint32_t database, struct slice key)
{
    uint64_t *dropped = context;
    (void)key;
    dropped[why] += database == 0;
}

/* Keys of which one in ten expires, the later the higher its number. */
static struct store *filled(enum evict_kind kind, const char *prefix, uint64_t *dropped)
{
    struct store *store = cache_new(kind, 0, prefix);
    char text[32];
    for (uint64_t key = 0; key < CACHED; key++) {
        int64_t expiry_ms = key % 10 == 0 ? 2000000 + (int64_t)key : STORE_NO_EXPIRY;
        store_set_string(store, 0, key_text(key, text), SLICE("v"), expiry_ms);
    }
    store_set_observer(store, count_drop, dropped);
    return store;
}

Test(evict, each_kind_takes_what_it_may)
{
    static const struct {
        const char *why;
        enum evict_kind kind;
        bool expiring_only, cache_only;
        const char *prefix;
        uint64_t left; /* keys, when nothing more goes */
    } rows[] = {
        {"random takes all", EVICT_RANDOM, false, true, "", 0},
        {"random, below a prefix", EVICT_RANDOM, false, true, "key:", 0},
        {"lru takes all", EVICT_LRU, false, true, "", 0},
        {"lru below a prefix", EVICT_LRU, false, true, "key:", 0},
        {"lfu takes all", EVICT_LFU, false, true, "", 0},
        {"s3fifo takes all", EVICT_S3FIFO, false, true, "", 0},
        {"s3fifo below a prefix", EVICT_S3FIFO, false, true, "key:", 0},
        {"ttl takes the expiring, and then the others", EVICT_TTL, false, true, "", 0},
        {"volatile-ttl", EVICT_TTL, true, true, "", CACHED * 9 / 10},
        {"volatile-lru", EVICT_LRU, true, true, "", CACHED * 9 / 10},
        {"none takes none", EVICT_NONE, false, true, "", CACHED},
        {"no key is in a cache", EVICT_LRU, false, true, "other:", CACHED},
        {"strong ones too, if asked to", EVICT_LRU, false, false, "other:", 0},
    };
    FOR_ROWS (row, rows) {
        uint64_t dropped[2] = {0};
        struct store *store = filled(row->kind, row->prefix, dropped);
        struct evict_request request = {
            .kind = row->kind,
            .expiring_only = row->expiring_only,
            .cache_only = row->cache_only,
            .samples = 5,
            .keys_max = 100,
        };
        int rounds = 0;
        while (evict_store(store, &request) && store_count(store, 0) > 0) {
            cr_assert(rounds++ < 1000, "%s", row->why);
        }
        ROW_EQ(row, store_count(store, 0), row->left);
        ROW_EQ(row, dropped[STORE_DROP_EVICTED], CACHED - row->left);
        ROW_EQ(row, store_stats(store)->evicted_keys, CACHED - row->left);
        store_check(store);
        store_free(store);
    }
}

Test(evict, ttl_takes_the_soonest)
{
    uint64_t dropped[2] = {0};
    struct store *store = filled(EVICT_TTL, "", dropped);
    struct evict_request request = {
        .kind = EVICT_TTL, .expiring_only = true, .cache_only = true, .samples = 16};
    request.keys_max = CACHED / 20;
    cr_expect(evict_store(store, &request));
    cr_expect_eq(dropped[STORE_DROP_EVICTED], CACHED / 20);
    int64_t late = 0;
    char text[32];
    for (uint64_t key = CACHED / 2; key < CACHED; key += 10) {
        late += store_peek(store, 0, key_text(key, text)) != NULL;
    }
    cr_expect(late > CACHED / 20 * 8 / 10, "%d of the late ones are there", (int)late);
    store_free(store);
}

Test(evict, queues_do_not_grow_by_keys_that_come_and_go)
{
    struct store *store = cache_new(EVICT_S3FIFO, 0, "");
    uint64_t used = 0;
    char text[32];
    for (uint64_t i = 0; i < 100000; i++) {
        store_set_string(store, 0, key_text(i % 50, text), SLICE("v"), STORE_NO_EXPIRY);
        store_delete(store, 0, key_text(i % 50, text));
        if (i == 5000) used = store_room(store)->heap.used_bytes;
    }
    cr_expect(store_room(store)->heap.used_bytes < used + 20000);
    store_free(store);
}

Test(evict, what_is_being_freed_goes_before_any_key)
{
    uint64_t dropped[2] = {0};
    struct store *store = filled(EVICT_LRU, "", dropped);
    uint64_t used = store_room(store)->heap.used_bytes;
    char text[32];
    store_flush(store, 0);
    store_set_string(store, 0, key_text(1, text), SLICE("v"), STORE_NO_EXPIRY);
    struct evict_request request = {
        .bytes_max = used / 2, .kind = EVICT_LRU, .cache_only = true, .keys_max = 1000};
    cr_expect(evict_store(store, &request));
    cr_expect(store_room(store)->heap.used_bytes <= used / 2);
    cr_expect_eq(dropped[STORE_DROP_EVICTED], 0);
    store_free(store);
}
