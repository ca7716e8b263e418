/*
 * values_fuzz.c -- collections from damaged bytes. The first byte is a type, the rest a value: what
 * is read as one can be written, read again, and is the same. Limits are small, so that all forms
 * are met.
 */
#include "core/store/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct store_limits limits = {
    .hash_max_listpack_entries = 4,
    .hash_max_listpack_value = 8,
    .set_max_intset_entries = 4,
    .set_max_listpack_entries = 4,
    .set_max_listpack_value = 8,
    .zset_max_listpack_entries = 4,
    .zset_max_listpack_value = 8,
    .list_max_listpack_size = 4,
    .list_packed_threshold = 16,
};

static void digest_of(enum value_type type, const void *object, uint8_t digest[DIGEST_BYTES])
{
    memset(digest, 0, DIGEST_BYTES);
    value_digest(type, object, digest);
}

static void expect_same_again(struct room *room, enum value_type type, const void *object)
{
    struct buffer bytes = {0};
    uint8_t digest[DIGEST_BYTES], digest_again[DIGEST_BYTES];
    value_encode(type, object, &bytes);
    struct cursor in = cursor_of(buffer_slice(&bytes));
    void *again = value_decode(room, type, &in);
    ASSERT(again != NULL);
    ASSERT(cursor_left(&in) == 0);
    ASSERT(value_count(type, again) == value_count(type, object));
    digest_of(type, object, digest);
    digest_of(type, again, digest_again);
    ASSERT(memcmp(digest, digest_again, DIGEST_BYTES) == 0);
    value_free(room, type, again);
    buffer_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum value_type types[] = {VALUE_LIST, VALUE_SET, VALUE_ZSET, VALUE_HASH};
    if (size == 0) return 0;
    struct room room = {.limits = limits};
    hash_secret_fill(&room.secret, 1);
    enum value_type type = types[data[0] % COUNT_OF(types)];
    struct cursor in = cursor_of(slice_of(data + 1, size - 1));
    void *object = value_decode(&room, type, &in);
    if (object != NULL) {
        expect_same_again(&room, type, object);
        value_free(&room, type, object);
    }
    ASSERT(room.heap.blocks_count == 0);
    return 0;
}
