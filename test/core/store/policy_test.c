/* policy_test.c -- modes by prefix, and what their keys take. */
#include "core/store/list.h"
#include "core/store/policy.h"
#include "core/store/value.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

static struct store *store_at(int64_t now_ms)
{
    struct store *store = store_new(&(struct store_config){.seed = 3, .limits = fixture_limits});
    store_set_time(store, now_ms);
    return store;
}

static enum err set(struct store *store, const char *prefix, enum policy_mode mode)
{
    struct fault fault;
    struct policy policy = {.prefix = slice_text(prefix), .mode = mode, .evict = EVICT_S3FIFO};
    return store_policy_set(store, &policy, &fault);
}

Test(policy, longest_prefix_wins)
{
    struct store *store = store_at(1);
    cr_expect(store_policy_is_uniform(store));
    cr_assert_eq(set(store, "a", POLICY_CACHE), ERR_OK);
    cr_assert_eq(set(store, "a:b:", POLICY_STRONG), ERR_OK);
    cr_assert_eq(set(store, "a:bc", POLICY_CACHE), ERR_OK);
    cr_assert_eq(set(store, "z", POLICY_CACHE), ERR_OK);
    cr_expect(!store_policy_is_uniform(store));
    static const struct {
        const char *why, *key, *prefix;
    } rows[] = {
        {"nothing of it", "b", ""},
        {"empty", "", ""},
        {"the prefix itself", "a", "a"},
        {"one more", "ab", "a"},
        {"shorter than the next", "a:b", "a"},
        {"the longer", "a:b:", "a:b:"},
        {"below the longer", "a:b:c", "a:b:"},
        {"its sister", "a:bcd", "a:bc"},
        {"another branch", "zebra", "z"},
    };
    FOR_ROWS (row, rows) {
        uint32_t policy = store_policy_of(store, slice_text(row->key));
        ROW_BYTES_EQ(row, store_policy(store, policy)->prefix, row->prefix);
    }
    store_free(store);
}

Test(policy, is_found_among_many_as_by_hand)
{
    struct store *store = store_at(1);
    struct random random = {8};
    char prefixes[POLICY_COUNT_MAX][16];
    size_t count = 1;
    prefixes[0][0] = '\0';
    while (count < POLICY_COUNT_MAX) {
        char *text = prefixes[count];
        size_t len = 1 + random_below(&random, 8);
        for (size_t i = 0; i < len; i++) text[i] = (char)('a' + random_below(&random, 2));
        text[len] = '\0';
        uint32_t at;
        bool known = store_policy_find(store, slice_text(text), &at);
        cr_assert_eq(set(store, text, POLICY_STRONG), ERR_OK);
        count += !known;
        cr_assert_eq(store_policy_count(store), count);
    }
    cr_expect_eq(set(store, "other", POLICY_STRONG), ERR_LIMIT);
    for (int round = 0; round < 3000; round++) {
        char key[12];
        size_t len = random_below(&random, sizeof key), best = 0;
        for (size_t i = 0; i < len; i++) key[i] = (char)('a' + random_below(&random, 2));
        for (size_t i = 0; i < POLICY_COUNT_MAX; i++) {
            struct slice prefix = slice_text(prefixes[i]);
            if (slice_starts_with(slice_of(key, len), prefix)) best = u64_max(best, prefix.len);
        }
        uint32_t policy = store_policy_of(store, slice_of(key, len));
        cr_assert_eq(store_policy(store, policy)->prefix.len, best);
    }
    store_free(store);
}

Test(policy, mode_changes_only_while_no_key_is_under_it)
{
    struct store *store = store_at(1);
    struct fault fault;
    store_set_string(store, 1, SLICE("page:1"), SLICE("v"), STORE_NO_EXPIRY);
    store_set_string(store, 1, SLICE("page:2"), SLICE("v"), 100);
    cr_expect_eq(set(store, "page:", POLICY_CACHE), ERR_EXISTS);
    cr_expect_eq(set(store, "user:", POLICY_CACHE), ERR_OK, "none is there");
    cr_expect_eq(set(store, "page:", POLICY_STRONG), ERR_OK, "the same mode");
    store_delete(store, 1, SLICE("page:1"));
    store_set_time(store, 100);
    cr_expect_eq(set(store, "page:", POLICY_CACHE), ERR_OK, "what is expired does not count");
    cr_expect_eq(store_count(store, 1), 0);
    store_set_string(store, 1, SLICE("page:1"), SLICE("v"), STORE_NO_EXPIRY);
    cr_expect_eq(store_policy_delete(store, SLICE("page:"), &fault), ERR_EXISTS);
    cr_expect(strstr(fault.text, "page:1") != NULL);
    cr_expect_eq(store_policy_delete(store, SLICE("none"), &fault), ERR_NOT_FOUND);
    cr_expect_eq(store_policy_delete(store, SLICE(""), &fault), ERR_USAGE);
    store_check(store);
    store_delete(store, 1, SLICE("page:1"));
    cr_expect_eq(store_policy_delete(store, SLICE("page:"), &fault), ERR_OK);
    cr_expect_eq(store_policy_delete(store, SLICE("user:"), &fault), ERR_OK);
    cr_expect(store_policy_is_uniform(store));
    cr_expect_eq(store_policy_mode(store, 0), POLICY_STRONG);
    store_free(store);
}

Test(policy, gives_keys_a_time_to_live)
{
    struct store *store = store_at(1000);
    struct fault fault;
    struct policy policy = {.prefix = SLICE("s:"), .mode = POLICY_CACHE, .ttl_seconds = 60};
    cr_assert_eq(store_policy_set(store, &policy, &fault), ERR_OK);
    store_set_string(store, 0, SLICE("s:1"), SLICE("v"), STORE_NO_EXPIRY);
    store_set_string(store, 0, SLICE("s:2"), SLICE("v"), 7000);
    store_set_string(store, 0, SLICE("t:1"), SLICE("v"), STORE_NO_EXPIRY);
    struct list *list = list_new(store_room(store));
    list_push(store_room(store), list, LIST_TAIL, SLICE("element"));
    store_add_object(store, 0, SLICE("s:3"), VALUE_LIST, list);
    cr_expect_eq(entry_expiry_ms(store_peek(store, 0, SLICE("s:1"))), 61000);
    cr_expect_eq(entry_expiry_ms(store_peek(store, 0, SLICE("s:2"))), 7000);
    cr_expect_eq(entry_expiry_ms(store_peek(store, 0, SLICE("s:3"))), 61000);
    cr_expect_eq(entry_expiry_ms(store_peek(store, 0, SLICE("t:1"))), STORE_NO_EXPIRY);
    store_check(store);
    store_free(store);
}

Test(policy, counts_what_its_keys_take)
{
    struct store *store = store_at(1);
    struct random random = {12};
    cr_assert_eq(set(store, "page:", POLICY_CACHE), ERR_OK);
    cr_assert_eq(set(store, "page:1", POLICY_CACHE), ERR_OK);
    uint32_t outer = store_policy_of(store, SLICE("page:"));
    uint32_t inner = store_policy_of(store, SLICE("page:1"));
    char text[64];
    static uint8_t value[2000];
    for (int i = 0; i < 20000; i++) {
        struct slice key = model_key_text(random_below(&random, 3000), text);
        size_t len = random_below(&random, sizeof value);
        if (random_below(&random, 3) == 0) {
            store_delete(store, 0, key);
        } else {
            store_set_string(store, 0, key, slice_of(value, len), STORE_NO_EXPIRY);
        }
    }
    uint64_t counts[3] = {0}, bytes[3] = {0};
    for (size_t i = 0; i < 3000; i++) {
        struct slice key = model_key_text(i, text);
        const struct entry *entry = store_peek(store, 0, key);
        if (entry == NULL) continue;
        counts[store_policy_of(store, key)]++;
        bytes[store_policy_of(store, key)] += entry_bytes(store, entry);
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (i != outer && i != inner) continue;
        const struct policy *policy = store_policy(store, i);
        cr_expect_eq(policy->keys_count, counts[i]);
        /* The table's share is not known exactly, and queues take memory too. */
        cr_expect(policy->used_bytes > bytes[i] * 9 / 10);
        cr_expect(policy->used_bytes < bytes[i] * 11 / 10);
    }
    store_flush(store, 0);
    while (store_work(store, 1000)) continue;
    cr_expect_eq(store_policy(store, outer)->keys_count, 0);
    cr_expect(store_policy(store, outer)->used_bytes < 200000);
    store_free(store);
}
