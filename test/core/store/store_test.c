/* store_test.c -- the key space: rows, and random steps against a plain model. */
#include "core/store/hash.h"
#include "core/store/list.h"
#include "core/store/set.h"
#include "core/store/value.h"
#include "core/store/zset.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

static struct store *store_at(int64_t now_ms)
{
    struct store *store = store_new(&(struct store_config){.seed = 1, .limits = fixture_limits});
    store_set_time(store, now_ms);
    return store;
}

Test(store, keeps_strings_in_the_form_that_fits)
{
    static char long_text[400];
    memset(long_text, 'x', sizeof long_text - 1);
    const struct {
        const char *why, *text, *encoding;
    } rows[] = {
        {"empty", "", "embstr"},
        {"short", "hello", "embstr"},
        {"a number", "12345", "int"},
        {"zero", "0", "int"},
        {"negative", "-7", "int"},
        {"minus zero is no number", "-0", "embstr"},
        {"nor a lone minus", "-", "embstr"},
        {"nor one with a zero before", "007", "embstr"},
        {"nor one with a plus", "+7", "embstr"},
        {"the largest", "9223372036854775807", "int"},
        {"one more", "9223372036854775808", "embstr"},
        {"the smallest", "-9223372036854775808", "int"},
        {"one less", "-9223372036854775809", "embstr"},
        {"twenty digits", "12345678901234567890", "embstr"},
        {"44 bytes", long_text + 399 - 44, "embstr"},
        {"45 bytes", long_text + 399 - 45, "raw"},
        {"255 bytes", long_text + 399 - 255, "raw"},
        {"256 bytes", long_text + 399 - 256, "raw"},
        {"399 bytes", long_text, "raw"},
    };
    struct store *store = store_at(1);
    char scratch[INTEGER_TEXT_MAX];
    FOR_ROWS (row, rows) {
        struct slice text = slice_text(row->text);
        struct entry *entry = store_set_string(store, 0, SLICE("key"), text, STORE_NO_EXPIRY);
        cr_expect_str_eq(entry_encoding(entry), row->encoding, "%s", row->why);
        ROW_BYTES_EQ(row, entry_string(entry, scratch), row->text);
        ROW_EQ(row, entry_string_bytes(entry), text.len);
    }
    store_free(store);
}

Test(store, expiry_is_invisible_from_its_millisecond_on)
{
    struct store *store = store_at(1000);
    store_set_string(store, 0, SLICE("key"), SLICE("value"), 1500);
    cr_expect_eq(store_average_ttl_ms(store, 0), 500);
    store_set_time(store, 1499);
    cr_expect(store_peek(store, 0, SLICE("key")) != NULL);
    store_set_time(store, 1500);
    cr_expect(store_peek(store, 0, SLICE("key")) == NULL);
    cr_expect_eq(store_count(store, 0), 1, "it is still counted");
    cr_expect(store_write(store, 0, SLICE("key")) == NULL);
    cr_expect_eq(store_count(store, 0), 0);
    cr_expect_eq(store_stats(store)->expired_keys, 1);
    store_free(store);
}

Test(store, a_read_drops_what_is_over_unless_expiry_is_held)
{
    struct store *store = store_at(1000);
    store_set_string(store, 0, SLICE("a"), SLICE("v"), 2000);
    store_set_string(store, 0, SLICE("b"), SLICE("v"), 2000);
    store_set_time(store, 2000);
    store_hold_expiry(store, true);
    cr_expect_null(store_read(store, 0, SLICE("a")));
    cr_expect_eq(store_count(store, 0), 2);
    store_hold_expiry(store, false);
    cr_expect_null(store_peek(store, 0, SLICE("a")));
    cr_expect_eq(store_count(store, 0), 2);
    cr_expect_null(store_read(store, 0, SLICE("a")));
    cr_expect_eq(store_count(store, 0), 1);
    cr_expect_eq(store_stats(store)->expired_keys, 1);
    cr_expect_eq(store_stats(store)->misses, 2);
    store_check(store);
    store_free(store);
}

Test(store, work_drops_what_is_over_and_then_rests)
{
    struct store *store = store_at(1000);
    char text[64];
    for (size_t i = 0; i < 5000; i++) {
        int64_t expiry_ms = i % 2 == 0 ? 2000 : STORE_NO_EXPIRY;
        store_set_string(store, 2, model_key_text(i, text), SLICE("v"), expiry_ms);
    }
    cr_expect(!store_work(store, 1000));
    cr_expect_eq(store_count(store, 2), 5000);
    store_set_time(store, 2000);
    store_set_active_expire(store, false);
    cr_expect(!store_work(store, 1000));
    store_set_active_expire(store, true);
    int rounds = 0;
    while (store_work(store, 100)) cr_assert(rounds++ < 1000);
    cr_expect(store_expiring_count(store, 2) < 500, "most went at once");
    for (int64_t now_ms = 2001; store_expiring_count(store, 2) > 0; now_ms++) {
        cr_assert(now_ms < 2200, "the rest goes in time");
        store_set_time(store, now_ms);
        (void)store_work(store, 100);
    }
    cr_expect_eq(store_count(store, 2), 2500);
    store_check(store);
    store_free(store);
}

static void put_list(struct store *store, struct slice key, int elements)
{
    struct room *room = store_room(store);
    struct list *list = list_new(room);
    for (int i = 0; i < elements; i++) list_push(room, list, LIST_TAIL, SLICE("element"));
    store_put_object(store, 0, key, VALUE_LIST, list);
}

Test(store, frees_what_is_large_bit_by_bit)
{
    struct store *store = store_at(1);
    uint64_t used = store_room(store)->heap.used_bytes;
    put_list(store, SLICE("small"), 3);
    put_list(store, SLICE("large"), 1000);
    put_list(store, SLICE("other"), 1000);
    cr_expect(store_delete(store, 0, SLICE("small")));
    cr_expect_eq(store_stats(store)->pending_free_blocks, 0);
    cr_expect(store_delete(store, 0, SLICE("large")));
    store_set_string(store, 0, SLICE("other"), SLICE("text"), STORE_NO_EXPIRY);
    cr_expect_eq(store_stats(store)->pending_free_blocks, 2);
    while (store_work(store, 1)) continue;
    cr_expect_eq(store_stats(store)->pending_free_blocks, 0);
    cr_expect(store_delete(store, 0, SLICE("other")));
    cr_expect_eq(store_room(store)->heap.used_bytes, used);
    store_free(store);
}

/* A collection of each kind, of `count` elements. */
static void put_collection(struct store *store, enum value_type type, uint64_t count)
{
    struct room *room = store_room(store);
    void *object = NULL;
    switch (type) {
    case VALUE_STRING: break;
    case VALUE_LIST: object = list_new(room); break;
    case VALUE_SET: object = set_new(room); break;
    case VALUE_ZSET: object = zset_new(room); break;
    case VALUE_HASH: object = hash_new(room); break;
    }
    for (uint64_t i = 0; i < count; i++) {
        char text[64];
        struct slice name = model_key_text(i, text);
        double score = (double)i;
        switch (type) {
        case VALUE_STRING: break;
        case VALUE_LIST: list_push(room, object, LIST_TAIL, name); break;
        case VALUE_SET: set_add(room, object, name); break;
        case VALUE_ZSET: zset_add(room, object, name, &score, 0); break;
        case VALUE_HASH: hash_set(room, object, name, name); break;
        }
    }
    store_put_object(store, 0, SLICE("collection"), type, object);
}

Test(store, frees_each_kind_of_collection_whole)
{
    static const struct {
        const char *why;
        enum value_type type;
    } rows[] = {
        {"list", VALUE_LIST}, {"set", VALUE_SET}, {"zset", VALUE_ZSET}, {"hash", VALUE_HASH}};
    FOR_ROWS (row, rows) {
        for (uint64_t count = 1; count <= 10000; count *= 100) {
            struct store *store = store_at(1);
            uint64_t used = store_room(store)->heap.used_bytes, rounds = 0;
            put_collection(store, row->type, count);
            cr_expect(store_delete(store, 0, SLICE("collection")));
            for (; store_work(store, 1); rounds++) continue;
            ROW_EQ(row, store_room(store)->heap.used_bytes, used);
            cr_expect(count < 10000 || rounds > 100, "%s: %d rounds", row->why, (int)rounds);
            store_free(store);
        }
    }
}

Test(store, a_flushed_database_is_empty_at_once_and_freed_later)
{
    struct store *store = store_at(1);
    uint64_t used = store_room(store)->heap.used_bytes;
    char text[64];
    for (size_t i = 0; i < 30000; i++) {
        store_set_string(store, 0, model_key_text(i, text), SLICE("v"), STORE_NO_EXPIRY);
    }
    store_flush(store, 0);
    cr_expect_eq(store_count(store, 0), 0);
    cr_expect(store_room(store)->heap.used_bytes > 1000000);
    store_set_string(store, 0, SLICE("new"), SLICE("v"), STORE_NO_EXPIRY);
    while (store_work(store, 100)) continue;
    cr_expect(store_delete(store, 0, SLICE("new")));
    cr_expect_eq(store_room(store)->heap.used_bytes, used);
    store_free(store);
}

Test(store, renames_and_copies_collections)
{
    struct store *store = store_at(1);
    put_list(store, SLICE("list"), 100);
    store_copy(store, 0, SLICE("list"), 1, SLICE("copy"));
    store_rename(store, 0, SLICE("list"), 0, SLICE("renamed"));
    const struct entry *copy = store_peek(store, 1, SLICE("copy"));
    const struct entry *renamed = store_peek(store, 0, SLICE("renamed"));
    uint8_t first[DIGEST_BYTES], second[DIGEST_BYTES];
    cr_assert(copy != NULL && renamed != NULL && entry_object(copy) != entry_object(renamed));
    store_digest_value(store, copy, first);
    store_digest_value(store, renamed, second);
    cr_expect(memcmp(first, second, DIGEST_BYTES) == 0);
    store_check(store);
    store_free(store);
}

Test(store, digest_is_of_what_is_seen)
{
    struct store *first = store_at(1), *second = store_at(1);
    uint8_t a[DIGEST_BYTES], b[DIGEST_BYTES];
    store_set_string(first, 0, SLICE("a"), SLICE("1"), STORE_NO_EXPIRY);
    store_set_string(first, 0, SLICE("b"), SLICE("2"), 5000);
    store_set_string(second, 0, SLICE("b"), SLICE("2"), 5000);
    store_set_string(second, 0, SLICE("a"), SLICE("x"), STORE_NO_EXPIRY);
    store_digest(first, a), store_digest(second, b);
    cr_expect(memcmp(a, b, DIGEST_BYTES) != 0);
    uint8_t *bytes;
    struct entry *entry = store_write(second, 0, SLICE("a"));
    store_string_grow(second, 0, entry, 1, &bytes);
    bytes[0] = '1';
    store_digest(first, a), store_digest(second, b);
    cr_expect(memcmp(a, b, DIGEST_BYTES) == 0, "however it is kept");
    store_free(first);
    store_free(second);
}

Test(store, random_is_never_expired)
{
    struct store *store = store_at(1);
    cr_expect(store_random(store, 0) == NULL);
    char text[64];
    for (size_t i = 0; i < 3000; i++) {
        store_set_string(store, 0, model_key_text(i, text), SLICE("v"), 100);
    }
    store_set_string(store, 0, SLICE("stays"), SLICE("v"), STORE_NO_EXPIRY);
    store_set_time(store, 100);
    for (int i = 0; i < 20; i++) {
        struct entry *entry = store_random(store, 0);
        cr_assert(entry != NULL && slice_eq(entry_key(entry), SLICE("stays")));
    }
    store_free(store);
}

static void count_visit(void *context, struct entry *entry)
{
    (void)entry;
    ++*(uint64_t *)context;
}

static void run_model(uint64_t seed, int steps)
{
    struct model *model = model_new(seed);
    for (int i = 0; i < steps; i++) {
        model_step(model);
        if (i % 500 == 0) {
            model_compare(model, model->store);
            store_check(model->store);
        }
    }
    for (uint32_t d = 0; d < MODEL_DATABASES; d++) {
        uint64_t seen = 0, cursor = 0, there = 0;
        do cursor = store_scan(model->store, d, cursor, count_visit, &seen);
        while (cursor != 0);
        for (size_t k = 0; k < MODEL_KEYS; k++) {
            char text[64];
            there += store_peek(model->store, d, model_key_text(k, text)) != NULL;
        }
        cr_expect_eq(seen, there);
    }
    cr_expect(model->told > 0);
    cr_expect_eq(model->told, store_stats(model->store)->expired_keys);
    model_free(model);
}

Test(store, does_what_the_model_does)
{
    for (uint64_t seed = 1; seed <= 5; seed++) run_model(seed, 20000);
}
