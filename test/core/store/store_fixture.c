/* store_fixture.c -- see store_fixture.h. */
#include <stdio.h>
#include <stdlib.h>

#include "core/store/store_over.h"
#include "test/core/store/store_fixture.h"
#include "test/rows.h"

const struct store_limits fixture_limits = {
    .hash_max_listpack_entries = 128,
    .hash_max_listpack_value = 64,
    .set_max_intset_entries = 512,
    .set_max_listpack_entries = 128,
    .set_max_listpack_value = 64,
    .zset_max_listpack_entries = 128,
    .zset_max_listpack_value = 64,
    .list_max_listpack_size = -2,
    .list_packed_threshold = 1 << 30,
    .lfu_log_factor = 10,
    .lfu_decay_minutes = 1,
};

static void on_drop(void *context, enum store_drop why, uint32_t database, struct slice key)
{
    struct model *model = context;
    cr_assert_eq(why, STORE_DROP_EXPIRED);
    size_t number = 0;
    char text[64];
    while (!slice_eq(model_key_text(number, text), key)) number++;
    cr_assert(database < MODEL_DATABASES);
    struct model_key *it = &model->keys[database][number];
    cr_assert(it->in && it->expiry_ms != STORE_NO_EXPIRY && it->expiry_ms <= model->now_ms);
    it->in = false;
    model->told++;
}

struct model *model_new(uint64_t seed)
{
    return model_new_over(seed, 0);
}

struct model *model_new_over(uint64_t seed, uint32_t parts_count)
{
    struct model *model = calloc(1, sizeof *model);
    struct store_config config = {.seed = seed, .limits = fixture_limits};
    cr_assert(model != NULL);
    model->random = (struct random){seed};
    model->now_ms = 1000;
    model->parts_count = parts_count;
    model->store = parts_count == 0 ? store_new(&config) : store_new_over(&config, parts_count);
    for (uint32_t i = 0; i < parts_count; i++) {
        model->parts[i] = store_new(&(struct store_config){.beside = model->store});
        store_over_set(model->store, i, model->parts[i]);
    }
    store_set_time(model->store, model->now_ms);
    store_set_observer(model->store, on_drop, model);
    return model;
}

void model_free(struct model *model)
{
    for (uint32_t i = 0; i < model->parts_count; i++) store_free(model->parts[i]);
    store_free(model->store);
    free(model);
}

struct slice model_key_text(size_t key, char text[64])
{
    int width = key % 7 == 0 ? 50 : 1;
    int len = snprintf(text, 64, "%s:%0*zu", key % 2 == 0 ? "user" : "page", width, key);
    return slice_of(text, (size_t)len);
}

static bool is_there(const struct model *model, const struct model_key *key)
{
    return key->in && (key->expiry_ms == STORE_NO_EXPIRY || key->expiry_ms > model->now_ms);
}

static void expect_same(const struct model_key *key, const struct entry *entry)
{
    char scratch[INTEGER_TEXT_MAX];
    cr_assert(slice_eq(entry_string(entry, scratch), slice_of(key->text, key->len)));
    cr_assert_eq(entry_expiry_ms(entry), key->expiry_ms);
}

void model_compare(const struct model *model, const struct store *store)
{
    char text[64];
    for (uint32_t d = 0; d < MODEL_DATABASES; d++) {
        for (size_t k = 0; k < MODEL_KEYS; k++) {
            const struct model_key *key = &model->keys[d][k];
            const struct entry *entry = store_peek(store, d, model_key_text(k, text));
            cr_assert_eq(entry != NULL, is_there(model, key), "key %zu of database %u", k, d);
            if (entry != NULL) expect_same(key, entry);
        }
    }
}

static void random_text(struct model *model, struct model_key *key)
{
    struct random *random = &model->random;
    static const size_t lens[] = {4, 20, 44, 45, 255, 256, 300, MODEL_TEXT_MAX};
    if (random_below(random, 3) == 0) {
        int64_t value = (int64_t)random_magnitude(random) * (random_below(random, 2) ? 1 : -1);
        key->len = (size_t)snprintf((char *)key->text, MODEL_TEXT_MAX, "%lld", (long long)value);
        return;
    }
    key->len = random_below(random, lens[random_below(random, COUNT_OF(lens))] + 1);
    for (size_t i = 0; i < key->len; i++) key->text[i] = (uint8_t)random_u64(random);
}

static int64_t random_expiry(struct model *model)
{
    if (random_below(&model->random, 3) > 0) return STORE_NO_EXPIRY;
    return model->now_ms + (int64_t)random_below(&model->random, 3000);
}

static void step_set(struct model *model, uint32_t database, struct model_key *key,
                     struct slice name)
{
    if (random_below(&model->random, 2) == 0) store_write(model->store, database, name);
    random_text(model, key);
    int64_t expiry_ms = random_expiry(model);
    store_set_string(model->store, database, name, slice_of(key->text, key->len), expiry_ms);
    key->in = true;
    key->expiry_ms = expiry_ms;
}

/* A change of a key that is there. */
static void step_update(struct model *model, uint32_t database, struct model_key *key,
                        struct entry *entry)
{
    uint8_t *bytes;
    size_t len;
    switch (random_below(&model->random, 4)) {
    case 0:
        random_text(model, key);
        entry = store_update_string(model->store, database, entry, slice_of(key->text, key->len));
        break;
    case 1:
        key->len = (size_t)snprintf((char *)key->text, MODEL_TEXT_MAX, "%d", -77);
        entry = store_update_integer(model->store, database, entry, -77);
        break;
    case 2:
        len = u64_min(key->len + random_below(&model->random, 100), MODEL_TEXT_MAX);
        entry = store_string_grow(model->store, database, entry, len, &bytes);
        memset(key->text + key->len, 0, len - key->len);
        key->len = len;
        if (len > 0) key->text[len - 1] = bytes[len - 1] = 'z';
        cr_assert_str_eq(entry_encoding(entry), "raw");
        break;
    default:
        key->expiry_ms = random_expiry(model);
        entry = store_set_expiry(model->store, database, entry, key->expiry_ms);
        break;
    }
    if (key->expiry_ms == STORE_NO_EXPIRY || key->expiry_ms > model->now_ms) {
        expect_same(key, entry);
    }
}

static void step_move(struct model *model, uint32_t database, size_t number)
{
    char text[64], other_text[64];
    uint32_t to = (uint32_t)random_below(&model->random, MODEL_DATABASES);
    size_t other = random_below(&model->random, MODEL_KEYS);
    struct model_key *key = &model->keys[database][number], *target = &model->keys[to][other];
    if (key == target) return;
    struct slice name = model_key_text(number, text),
                 other_name = model_key_text(other, other_text);
    struct model_key value = *key;
    if (random_below(&model->random, 2) == 0) {
        store_rename(model->store, database, name, to, other_name);
        key->in = false;
    } else {
        store_copy(model->store, database, name, to, other_name);
    }
    *target = value;
}

static void step_databases(struct model *model)
{
    uint32_t a = (uint32_t)random_below(&model->random, MODEL_DATABASES);
    uint32_t b = (uint32_t)random_below(&model->random, MODEL_DATABASES);
    if (random_below(&model->random, 2) == 0) {
        store_flush(model->store, a);
        for (size_t k = 0; k < MODEL_KEYS; k++) model->keys[a][k].in = false;
        return;
    }
    struct model_key *held = malloc(sizeof model->keys[a]);
    cr_assert(held != NULL);
    memcpy(held, model->keys[a], sizeof model->keys[a]);
    memmove(model->keys[a], model->keys[b], sizeof model->keys[a]);
    memcpy(model->keys[b], held, sizeof model->keys[a]);
    free(held);
    store_swap(model->store, a, b);
}

void model_step(struct model *model)
{
    char text[64];
    uint32_t database = (uint32_t)random_below(&model->random, MODEL_DATABASES);
    size_t number = random_below(&model->random, MODEL_KEYS);
    struct model_key *key = &model->keys[database][number];
    struct slice name = model_key_text(number, text);
    uint64_t what = random_below(&model->random, 1000);
    struct entry *entry;
    if (what < 400) {
        step_set(model, database, key, name);
    } else if (what < 500) {
        bool was_there = is_there(model, key);
        cr_assert_eq(store_delete(model->store, database, name), was_there);
        key->in = false;
    } else if (what < 600) {
        entry = store_read(model->store, database, name);
        cr_assert_eq(entry != NULL, is_there(model, key));
    } else if (what < 850) {
        bool was_there = is_there(model, key);
        entry = store_write(model->store, database, name);
        cr_assert_eq(entry != NULL, was_there);
        if (entry != NULL) step_update(model, database, key, entry);
    } else if (what < 920) {
        if (is_there(model, key)) step_move(model, database, number);
    } else if (what < 998) {
        model->now_ms += (int64_t)random_below(&model->random, 20);
        store_set_time(model->store, model->now_ms);
        (void)store_work(model->store, (uint32_t)random_below(&model->random, 8));
    } else {
        step_databases(model);
    }
}
