/* warm_test.c -- keys of warm caches: taken out whole, and put only where nothing is younger. */
#include <stdio.h>

#include "core/store/list.h"
#include "core/store/policy.h"
#include "core/store/walk.h"
#include "core/store/warm.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

enum { NOW_MS = 1000, CAP_BYTES = 64 * 1024 };

static void set(struct store *store, const char *prefix, bool warm, uint64_t bytes_max)
{
    struct fault fault;
    struct policy policy = {.prefix = slice_text(prefix),
                            .mode = POLICY_CACHE,
                            .evict = EVICT_LRU,
                            .memory_max_bytes = bytes_max,
                            .warm = warm};
    cr_assert_eq(store_policy_set(store, &policy, &fault), ERR_OK, "%s", fault.text);
}

/* "w:" is warm, "c:" a cache that is not, "s:" strong. */
static struct store *store_of(uint64_t seed, uint64_t bytes_max)
{
    struct store *store = store_new(&(struct store_config){.seed = seed, .limits = fixture_limits});
    store_set_time(store, NOW_MS);
    set(store, "w:", true, bytes_max);
    set(store, "c:", false, 0);
    return store;
}

static void put(struct store *store, uint32_t database, const char *key, const char *value,
                int64_t expiry_ms)
{
    (void)store_set_string(store, database, slice_text(key), slice_text(value), expiry_ms);
}

static void fill(struct store *store)
{
    char key[32], text[256] = {0};
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof key, "w:%d", i);
        put(store, (uint32_t)i % 3, key, i % 2 == 0 ? "17" : text,
            i % 5 == 0 ? NOW_MS + 1000 + i : STORE_NO_EXPIRY);
    }
    struct list *list = list_new(store_room(store));
    for (int i = 0; i < 500; i++) list_push(store_room(store), list, LIST_TAIL, slice_text(text));
    (void)store_put_object(store, 0, SLICE("w:list"), VALUE_LIST, list);
    put(store, 0, "c:a", "1", STORE_NO_EXPIRY);
    put(store, 0, "s:a", "1", STORE_NO_EXPIRY);
}

/* All of them, in slices of so many bytes. Those that were taken. */
static uint32_t bring(struct warm_leaving *leaving, struct warm_coming *coming, size_t bytes)
{
    struct buffer slice = {0};
    uint32_t taken = 0;
    while (!warm_leaving_is_empty(leaving)) {
        buffer_clear(&slice);
        uint32_t count = warm_leaving_give(leaving, NOW_MS, bytes, &slice);
        struct cursor in = cursor_of(buffer_slice(&slice));
        for (uint32_t i = 0; i < count; i++) {
            struct slice key;
            uint32_t database;
            taken += warm_coming_take(coming, cursor_sized(&in), &database, &key) == WARM_TAKEN;
        }
        cr_expect(!in.bad && cursor_left(&in) == 0);
    }
    buffer_free(&slice);
    return taken;
}

Test(warm, keys_move_whole_and_leave_nothing)
{
    static const size_t slices[] = {1, 1000, 1 << 20};
    for (size_t i = 0; i < COUNT_OF(slices); i++) {
        struct store *old = store_of(3, 0), *new = store_of(4, 0), *same = store_of(5, 0);
        struct warm_leaving leaving;
        struct warm_coming coming;
        uint8_t digest[20], want[20];
        fill(old);
        fill(same);
        store_delete(same, 0, SLICE("c:a"));
        store_digest(same, want);
        cr_assert(warm_leave(old, &leaving));
        cr_expect_eq(store_count(old, 0), 1, "the strong one");
        cr_expect(store_peek(old, 0, SLICE("s:a")) != NULL);
        for (uint32_t k = 0; k < store_policy_count(old); k++) {
            cr_expect_eq(store_policy(old, k)->used_bytes, 0);
            cr_expect_eq(store_policy(old, k)->keys_count, 0);
        }
        store_check(old);
        warm_coming_begin(&coming, new);
        put(new, 0, "s:a", "1", STORE_NO_EXPIRY);
        cr_expect_eq(bring(&leaving, &coming, slices[i]), 1001);
        store_check(new);
        store_digest(new, digest);
        cr_expect(memcmp(digest, want, sizeof digest) == 0, "values and expiries are the same");
        warm_coming_end(&coming);
        warm_leaving_end(&leaving);
        store_free(old);
        store_free(new);
        store_free(same);
    }
}

Test(warm, what_is_not_given_is_freed)
{
    struct store *store = store_of(3, 0);
    struct warm_leaving leaving;
    uint64_t before = store_room(store)->heap.used_bytes;
    fill(store);
    (void)store_delete(store, 0, SLICE("s:a"));
    cr_assert(warm_leave(store, &leaving));
    cr_expect(store_room(store)->heap.used_bytes > before + 100000, "they go on taking memory");
    cr_expect(warm_leaving_shed(&leaving, 10), "ten of a thousand");
    for (int i = 0; i < 10000 && warm_leaving_shed(&leaving, 10); i++) {}
    cr_expect(!warm_leaving_shed(&leaving, 1));
    warm_leaving_end(&leaving);
    cr_expect(!warm_leave(store, &leaving), "nothing is left");
    store_free(store); /* asserts that its heap is empty */
}

/* What is known of w:a where it comes to. */
enum known { KNOWN_NOTHING, KNOWN_WRITTEN, KNOWN_NOTED, KNOWN_ELSEWHERE, KNOWN_OTHER_NOTED };

Test(warm, nothing_older_comes_back)
{
    static const struct {
        const char *why;
        const char *key;
        enum known known;
        enum warm_taken taken;
    } rows[] = {
        {"nobody has asked for it here", "w:a", KNOWN_NOTHING, WARM_TAKEN},
        {"it was written here", "w:a", KNOWN_WRITTEN, WARM_PASSED},
        {"it was deleted here, or not found by a write", "w:a", KNOWN_NOTED, WARM_PASSED},
        {"a key of that name in another database is another", "w:a", KNOWN_ELSEWHERE, WARM_TAKEN},
        {"another key was deleted", "w:a", KNOWN_OTHER_NOTED, WARM_TAKEN},
        {"a cache that is not warm here", "c:a", KNOWN_NOTHING, WARM_PASSED},
        {"a strong key here", "s:a", KNOWN_NOTHING, WARM_PASSED},
    };
    FOR_ROWS (row, rows) {
        struct store *old = store_of(3, 0), *new = store_of(4, 0);
        struct warm_coming coming;
        struct buffer record = {0};
        struct slice key;
        uint32_t database;
        put(old, 1, row->key, "old", STORE_NO_EXPIRY);
        entry_encode(1, store_peek(old, 1, slice_text(row->key)), &record);
        warm_coming_begin(&coming, new);
        if (row->known == KNOWN_WRITTEN) put(new, 1, "w:a", "new", STORE_NO_EXPIRY);
        if (row->known == KNOWN_ELSEWHERE) put(new, 0, "w:a", "new", STORE_NO_EXPIRY);
        if (row->known == KNOWN_NOTED) cr_assert(warm_coming_note(&coming, SLICE("w:a")));
        if (row->known == KNOWN_OTHER_NOTED) cr_assert(warm_coming_note(&coming, SLICE("w:b")));
        ROW_EQ(row, warm_coming_take(&coming, buffer_slice(&record), &database, &key), row->taken);
        const struct entry *entry = store_peek(new, 1, slice_text(row->key));
        bool is_old = entry != NULL && slice_eq(entry_string(entry, NULL), SLICE("old"));
        ROW_EQ(row, is_old, row->taken == WARM_TAKEN);
        warm_coming_end(&coming);
        buffer_free(&record);
        store_free(old);
        store_free(new);
    }
}

Test(warm, many_are_noted_and_then_no_more)
{
    struct store *store = store_of(3, 0);
    struct warm_coming coming;
    char key[32];
    warm_coming_begin(&coming, store);
    for (int i = 0; i < WARM_NOTED_MAX; i++) {
        int len = snprintf(key, sizeof key, "w:%d", i);
        cr_assert(warm_coming_note(&coming, slice_of(key, (size_t)len)));
    }
    cr_expect(warm_coming_note(&coming, SLICE("w:17")), "known already");
    cr_expect(!warm_coming_note(&coming, SLICE("w:one more")));
    warm_coming_end(&coming);
    store_free(store);
}

Test(warm, a_full_cache_takes_no_more)
{
    struct store *old = store_of(3, 0), *new = store_of(4, CAP_BYTES);
    struct warm_leaving leaving;
    struct warm_coming coming;
    uint32_t policy;
    fill(old);
    cr_assert(warm_leave(old, &leaving));
    warm_coming_begin(&coming, new);
    uint32_t taken = bring(&leaving, &coming, 1 << 20);
    cr_expect(taken > 50 && taken < 900, "%u", taken);
    cr_assert(store_policy_find(new, SLICE("w:"), &policy));
    cr_expect(store_policy(new, policy)->used_bytes <= CAP_BYTES);
    store_check(new);
    warm_coming_end(&coming);
    warm_leaving_end(&leaving);
    store_free(old);
    store_free(new);
}

Test(warm, damaged_records_are_refused)
{
    static const struct {
        const char *why;
        struct slice record;
    } rows[] = {
        {"nothing", SLICE("")},
        {"a policy", SLICE("\xff\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                           "\x00\x00\x00")},
        {"no such database", SLICE("\x10\x01\x03w:a\x01x")},
        {"no such type", SLICE("\x00\x0f\x03w:a\x01x")},
        {"it ends too soon", SLICE("\x00\x01\x03w:a\x05x")},
        {"there is more behind it", SLICE("\x00\x01\x03w:a\x01xy")},
    };
    FOR_ROWS (row, rows) {
        struct store *store = store_of(3, 0);
        struct warm_coming coming;
        struct slice key;
        uint32_t database;
        warm_coming_begin(&coming, store);
        ROW_EQ(row, warm_coming_take(&coming, row->record, &database, &key), WARM_DAMAGED);
        store_check(store);
        warm_coming_end(&coming);
        store_free(store);
    }
}
