/*
 * store_fixture.h -- a store beside a plain model of it: an array of keys with text and expiry.
 * Each step does the same to both.
 */
#pragma once

#include "core/store/store.h"
#include "test/random.h"

enum { MODEL_KEYS = 400, MODEL_DATABASES = 3, MODEL_TEXT_MAX = 600, MODEL_PARTS_MAX = 16 };

struct model_key {
    bool in;
    int64_t expiry_ms;
    size_t len;
    uint8_t text[MODEL_TEXT_MAX];
};

struct model {
    struct store *store;
    struct random random;
    int64_t now_ms;
    struct model_key keys[MODEL_DATABASES][MODEL_KEYS];
    uint64_t told; /* keys that went by themselves, as the observer heard */
    struct store *parts[MODEL_PARTS_MAX];
    uint32_t parts_count; /* 0: the store is not made of others */
};

extern const struct store_limits fixture_limits;

struct model *model_new(uint64_t seed);
struct model *model_new_over(uint64_t seed, uint32_t parts_count); /* of a store of parts */
void model_free(struct model *model);
/* The text of key number `key`; some share prefixes, some are long. */
struct slice model_key_text(size_t key, char text[64]);
void model_step(struct model *model); /* one random change or look */
/* Every key of the model is in the store, and the other way round. */
void model_compare(const struct model *model, const struct store *store);
