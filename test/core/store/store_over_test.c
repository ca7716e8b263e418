/* store_over_test.c -- stores seen as one: everything is as in a single store, snapshots of the
 * parts included. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crc.h"
#include "core/store/evict.h"
#include "core/store/hash.h"
#include "core/store/list.h"
#include "core/store/set.h"
#include "core/store/store_over.h"
#include "core/store/walk.h"
#include "core/store/zset.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

Test(store_over, does_what_a_single_store_does)
{
    for (uint32_t parts = 1; parts <= MODEL_PARTS_MAX; parts += 5) {
        struct model *model = model_new_over(5 + parts, parts);
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < 300; i++) model_step(model);
            model_compare(model, model->store);
            store_check(model->store);
        }
        cr_expect(model->told > 0, "keys expired in some part");
        model_free(model);
    }
}

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

/* One step of each walk in turn. False: all are over. */
static bool walk_some(struct model *model)
{
    bool more = false;
    for (uint32_t i = 0; i < model->parts_count; i++) {
        struct store *part = model->parts[i];
        if (store_walk_is_active(part)) more |= store_walk_step(part, 3);
    }
    return more;
}

static void walk_during_writes(struct model *model)
{
    struct model *before = malloc(sizeof *before);
    cr_assert(before != NULL);
    memcpy(before, model, sizeof *before);
    struct records records = {0};
    for (uint32_t i = 0; i < model->parts_count; i++) {
        store_set_time(model->parts[i], model->now_ms);
        store_walk_begin(model->parts[i], gather, &records);
    }
    do {
        for (int i = 0; i < 20; i++) model_step(model);
    } while (walk_some(model));
    before->now_ms = model->now_ms;
    struct store *read = store_new(&(struct store_config){.seed = 9, .limits = fixture_limits});
    store_set_time(read, model->now_ms);
    cr_assert(store_decode_entries(read, buffer_slice(&records.bytes), records.count));
    model_compare(before, read);
    model_compare(model, model->store);
    store_free(read);
    buffer_free(&records.bytes);
    free(before);
}

Test(store_over, snapshots_of_its_parts_have_the_state_at_their_beginning)
{
    struct model *model = model_new_over(31, 7);
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 500; i++) model_step(model);
        walk_during_writes(model);
    }
    model_free(model);
}

/* Two names in different parts. */
static void names_apart(const struct store *over, char a[32], char b[32])
{
    snprintf(a, 32, "a");
    for (int i = 0;; i++) {
        snprintf(b, 32, "b%d", i);
        if (store_over_part_of(over, slice_text(a)) != store_over_part_of(over, slice_text(b)))
            return;
    }
}

enum { ELEMENTS = 3000 };

static void *object_of(struct room *room, enum value_type type)
{
    struct list *list = type == VALUE_LIST ? list_new(room) : NULL;
    struct set *set = type == VALUE_SET ? set_new(room) : NULL;
    struct zset *zset = type == VALUE_ZSET ? zset_new(room) : NULL;
    struct hash *hash = type == VALUE_HASH ? hash_new(room) : NULL;
    for (int i = 0; i < ELEMENTS; i++) {
        char text[32];
        double score = i;
        struct slice bytes = slice_of(text, (size_t)snprintf(text, sizeof text, "member:%d", i));
        if (list != NULL) list_push(room, list, LIST_TAIL, bytes);
        if (set != NULL) set_add(room, set, bytes);
        if (zset != NULL) zset_add(room, zset, bytes, &score, 0);
        if (hash != NULL) hash_set(room, hash, bytes, bytes);
    }
    if (list != NULL) return list;
    if (set != NULL) return set;
    return zset != NULL ? (void *)zset : (void *)hash;
}

Test(store_over, values_go_from_part_to_part_whole)
{
    struct model *model = model_new_over(3, 16);
    struct store *over = model->store;
    char a[32], b[32];
    names_apart(over, a, b);
    for (enum value_type type = VALUE_LIST; type <= VALUE_HASH; type++) {
        uint8_t had[20], has[20];
        store_add_object(over, 0, slice_text(a), type, object_of(store_room(over), type));
        void *object = entry_object(store_peek(over, 0, slice_text(a)));
        store_digest_value(over, store_peek(over, 0, slice_text(a)), had);
        store_rename(over, 0, slice_text(a), 1, slice_text(b));
        cr_assert(store_peek(over, 0, slice_text(a)) == NULL);
        const struct entry *entry = store_write(over, 1, slice_text(b));
        cr_assert(entry != NULL && entry_object(entry) == object, "it is not copied");
        store_digest_value(over, entry, has);
        cr_assert(memcmp(had, has, sizeof had) == 0);
        store_copy(over, 1, slice_text(b), 0, slice_text(a));
        cr_assert(store_delete(over, 1, slice_text(b)));
        store_digest_value(over, store_peek(over, 0, slice_text(a)), has);
        cr_assert(memcmp(had, has, sizeof had) == 0, "the copy is whole without the other");
        cr_assert(store_delete(over, 0, slice_text(a)));
        store_check(over);
    }
    while (store_work(over, 64)) continue;
    model_free(model);
}

struct seen {
    uint32_t count;
    bool keys[MODEL_KEYS];
};

static void see(void *context, struct entry *entry)
{
    struct seen *seen = context;
    char text[64];
    for (size_t k = 0; k < MODEL_KEYS; k++) {
        if (!slice_eq(model_key_text(k, text), entry_key(entry))) continue;
        seen->count += !seen->keys[k];
        seen->keys[k] = true;
    }
}

Test(store_over, is_scanned_counted_and_drawn_from_whole)
{
    struct model *model = model_new_over(8, 11);
    struct store *over = model->store;
    struct seen seen = {0}, drawn = {0};
    char text[64];
    for (size_t k = 0; k < MODEL_KEYS; k++) {
        store_set_string(over, 2, model_key_text(k, text), SLICE("x"), STORE_NO_EXPIRY);
    }
    cr_expect_eq(store_count(over, 2), MODEL_KEYS);
    uint64_t cursor = 0;
    do cursor = store_scan(over, 2, cursor, see, &seen);
    while (cursor != 0);
    cr_expect_eq(seen.count, MODEL_KEYS);
    for (int i = 0; i < 20 * MODEL_KEYS; i++) see(&drawn, store_random(over, 2));
    cr_expect(drawn.count > MODEL_KEYS * 9 / 10, "each part is drawn from: %u keys", drawn.count);
    store_swap(over, 2, 0);
    cr_expect_eq(store_count(over, 0), MODEL_KEYS);
    store_flush(over, 0);
    cr_expect_eq(store_count(over, 0), 0);
    cr_expect(store_random(over, 0) == NULL);
    cr_expect_eq(store_scan(over, 0, 0, see, &seen), 0);
    model_free(model);
}

Test(store_over, equals_a_single_store_by_its_digest)
{
    struct model *one = model_new(12), *many = model_new_over(12, 16);
    uint8_t a[20], b[20];
    for (int i = 0; i < 5000; i++) {
        model_step(one);
        model_step(many);
    }
    for (uint32_t i = 0; i < many->parts_count; i++) store_set_time(many->parts[i], many->now_ms);
    store_digest(one->store, a);
    store_digest(many->store, b);
    cr_expect(memcmp(a, b, sizeof a) == 0);
    model_free(one);
    model_free(many);
}

Test(store_over, a_cap_is_that_of_all_parts)
{
    enum { CAP = 256 * 1024, KEYS = 20000 };
    static const struct {
        const char *why, *prefix;
        enum evict_kind kind;
    } rows[] = {
        {"s3fifo, some keys", "c:", EVICT_S3FIFO},
        {"lru, some keys", "c:", EVICT_LRU},
        {"random, all keys", "", EVICT_RANDOM},
    };
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        struct model *model = model_new_over(4, 16);
        struct store *over = model->store;
        store_set_observer(over, NULL, NULL);
        uint64_t base = store_room(over)->heap.used_bytes;
        bool is_root = rows[r].prefix[0] == '\0';
        struct policy policy = {.prefix = slice_text(rows[r].prefix),
                                .mode = POLICY_CACHE,
                                .evict = rows[r].kind,
                                .memory_max_bytes = CAP + (is_root ? base : 0)};
        struct fault fault;
        uint32_t index;
        cr_assert_eq(store_policy_set(over, &policy, &fault), ERR_OK);
        cr_assert(store_policy_find(over, policy.prefix, &index));
        for (int i = 0; i < KEYS; i++) {
            char text[32];
            struct slice key = slice_of(text, (size_t)snprintf(text, sizeof text, "c:%d", i));
            store_set_string(over, 0, key, SLICE("some bytes of a value"), STORE_NO_EXPIRY);
            cr_assert(evict_policy(over, index, 64));
        }
        const struct policy *told = store_policy(over, index);
        cr_expect(told->used_bytes <= policy.memory_max_bytes, "%s: %llu bytes", rows[r].why,
                  (unsigned long long)told->used_bytes);
        uint64_t count = store_count(over, 0), most = 0;
        for (uint32_t i = 0; i < model->parts_count; i++) {
            most = u64_max(most, store_count(model->parts[i], 0));
        }
        cr_expect(count > CAP / 256, "%s: %llu keys are kept", rows[r].why,
                  (unsigned long long)count);
        cr_expect(most < count / 8, "%s: none of 16 parts has %llu of %llu", rows[r].why,
                  (unsigned long long)most, (unsigned long long)count);
        if (rows[r].kind == EVICT_S3FIFO) cr_expect_eq(told->keys_count, count, "%s", rows[r].why);
        store_check(over);
        model_free(model);
    }
}

Test(store_over, a_part_that_is_not_here_has_nothing)
{
    struct model *model = model_new_over(6, 4);
    struct store *over = model->store;
    uint32_t gone = store_over_part_of(over, SLICE("key"));
    store_set_string(over, 0, SLICE("key"), SLICE("1"), STORE_NO_EXPIRY);
    store_over_set(over, gone, NULL);
    cr_expect(store_read(over, 0, SLICE("key")) == NULL);
    cr_expect_eq(store_count(over, 0), 0);
    store_over_set(over, gone, model->parts[gone]);
    cr_expect(store_read(over, 0, SLICE("key")) != NULL);
    model_free(model);
}
