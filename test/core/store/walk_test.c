/* walk_test.c -- snapshots while writes go on, and records that are damaged. */
#include <stdlib.h>

#include "core/store/list.h"
#include "core/store/policy.h"
#include "core/store/value.h"
#include "core/store/walk.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

struct records {
    struct buffer bytes;
    uint64_t count;
};

static void gather(void *context, struct slice bytes, uint64_t count)
{
    struct records *records = context;
    buffer_append(&records->bytes, bytes);
    records->count += count;
}

static struct store *store_at(int64_t now_ms)
{
    struct store *store = store_new(&(struct store_config){.seed = 9, .limits = fixture_limits});
    store_set_time(store, now_ms);
    return store;
}

static struct store *store_of(const struct records *records, int64_t now_ms)
{
    struct store *store = store_at(now_ms);
    cr_assert(store_decode_entries(store, buffer_slice(&records->bytes), records->count));
    store_check(store);
    return store;
}

/* What is written is the state at the beginning, whatever happened since. */
static void walk_during_writes(struct model *model, uint32_t buckets)
{
    struct model *before = malloc(sizeof *before);
    cr_assert(before != NULL);
    memcpy(before, model, sizeof *before);
    struct records records = {0};
    store_walk_begin(model->store, gather, &records);
    cr_assert(store_walk_is_active(model->store));
    double progress = 0;
    do {
        double now = store_walk_progress(model->store);
        cr_assert(now >= 0 && now <= 1);
        progress = now;
        uint64_t writes = random_below(&model->random, 40);
        for (uint64_t i = 0; i < writes; i++) model_step(model);
    } while (store_walk_step(model->store, buckets));
    (void)progress;
    cr_assert(!store_walk_is_active(model->store));
    /* A key whose time was over when its bucket was saved may be left out: it is so by now. */
    before->now_ms = model->now_ms;
    struct store *read = store_of(&records, model->now_ms);
    model_compare(before, read);
    model_compare(model, model->store);
    store_check(model->store);
    store_free(read);
    buffer_free(&records.bytes);
    free(before);
}

Test(walk, gives_the_state_at_its_beginning)
{
    struct model *model = model_new(77);
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 500; i++) model_step(model);
        walk_during_writes(model, 1 + (uint32_t)random_below(&model->random, 20));
    }
    model_free(model);
}

Test(walk, survives_a_table_that_grows_and_shrinks_much)
{
    struct store *store = store_at(1);
    char text[64];
    enum { KEYS = 30000 };
    for (size_t i = 0; i < 100; i++) {
        store_set_string(store, 0, model_key_text(i, text), SLICE("old"), STORE_NO_EXPIRY);
    }
    for (int round = 0; round < 2; round++) {
        struct records records = {0};
        store_walk_begin(store, gather, &records);
        uint64_t count = store_count(store, 0);
        (void)store_walk_step(store, 1);
        for (size_t i = 0; i < KEYS; i++) {
            struct slice key = model_key_text(i, text);
            if (round == 0) store_set_string(store, 0, key, SLICE("new"), STORE_NO_EXPIRY);
            if (round == 1) cr_assert(store_delete(store, 0, key));
            if (i % 10 == 0 && store_walk_is_active(store)) (void)store_walk_step(store, 1);
        }
        while (store_walk_is_active(store)) (void)store_walk_step(store, 100);
        struct store *read = store_of(&records, 1);
        cr_expect_eq(store_count(read, 0), count);
        cr_expect_eq(records.count, count + 1, "the root policy is a record too");
        store_free(read);
        buffer_free(&records.bytes);
    }
    store_free(store);
}

Test(walk, may_be_cancelled_and_begun_again)
{
    struct model *model = model_new(5);
    for (int i = 0; i < 3000; i++) model_step(model);
    struct records records = {0};
    store_walk_begin(model->store, gather, &records);
    (void)store_walk_step(model->store, 3);
    store_walk_cancel(model->store);
    buffer_free(&records.bytes);
    walk_during_writes(model, 4);
    struct records last = {0};
    store_walk_begin(model->store, gather, &last); /* store_free ends it */
    model_free(model);
    buffer_free(&last.bytes);
}

Test(walk, leaves_out_caches_and_keeps_policies)
{
    struct fault fault;
    struct store *store = store_at(1000);
    struct policy policy = {SLICE("page:"), POLICY_CACHE, EVICT_LRU, 1 << 20, 60, true, 0, 0};
    cr_assert_eq(store_policy_set(store, &policy, &fault), ERR_OK);
    store_set_string(store, 3, SLICE("page:1"), SLICE("cached"), STORE_NO_EXPIRY);
    store_set_string(store, 3, SLICE("user:1"), SLICE("kept"), 5000);
    struct records records = {0};
    store_walk_begin(store, gather, &records);
    while (store_walk_step(store, 1)) continue;
    struct store *read = store_of(&records, 1000);
    cr_expect(store_peek(read, 3, SLICE("page:1")) == NULL);
    const struct entry *entry = store_peek(read, 3, SLICE("user:1"));
    cr_assert(entry != NULL && entry_expiry_ms(entry) == 5000);
    uint32_t index = store_policy_of(read, SLICE("page:1"));
    const struct policy *got = store_policy(read, index);
    cr_expect(slice_eq(got->prefix, policy.prefix));
    cr_expect(got->mode == POLICY_CACHE && got->evict == EVICT_LRU);
    cr_expect(got->memory_max_bytes == 1 << 20 && got->ttl_seconds == 60);
    cr_expect(got->warm);
    cr_expect(!store_policy(read, 0)->warm);
    store_free(read);
    store_free(store);
    buffer_free(&records.bytes);
}

/* Records of a list, an integer, texts short and long. */
static void some_records(struct records *records)
{
    struct store *store = store_at(1);
    struct room *room = store_room(store);
    struct list *list = list_new(room);
    for (int i = 0; i < 5; i++) list_push(room, list, LIST_TAIL, SLICE("element"));
    store_put_object(store, 0, SLICE("list"), VALUE_LIST, list);
    static uint8_t text[300];
    store_set_string(store, 0, SLICE("long"), slice_of(text, sizeof text), 77777);
    store_set_string(store, 15, SLICE("short"), SLICE("text"), STORE_NO_EXPIRY);
    store_set_string(store, 1, SLICE("number"), SLICE("-12"), STORE_NO_EXPIRY);
    store_walk_begin(store, gather, records);
    while (store_walk_step(store, 1)) continue;
    store_free(store);
}

Test(walk, refuses_records_that_are_cut)
{
    struct records records = {0};
    some_records(&records);
    for (size_t len = 0; len < records.bytes.len; len++) {
        struct store *store = store_at(1);
        /* A copy of its own, so that the sanitizer sees a read past its end. */
        uint8_t *cut = malloc(len + 1);
        cr_assert(cut != NULL);
        memcpy(cut, records.bytes.data, len);
        cr_expect(!store_decode_entries(store, slice_of(cut, len), records.count), "%zu", len);
        store_check(store);
        store_free(store);
        free(cut);
    }
    buffer_free(&records.bytes);
}

Test(walk, takes_no_harm_from_records_that_are_flipped)
{
    struct records records = {0};
    some_records(&records);
    for (size_t bit = 0; bit < records.bytes.len * 8; bit++) {
        struct store *store = store_at(1);
        records.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bool good = store_decode_entries(store, buffer_slice(&records.bytes), records.count);
        cr_expect(good || store_count(store, 0) <= 2);
        records.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store_check(store);
        store_free(store);
    }
    buffer_free(&records.bytes);
}
