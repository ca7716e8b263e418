/*
 * warm_msg_fuzz.c -- any bytes as a message about keys of warm caches: refused, or what is read is
 * written to the same bytes again; and any bytes as its keys, for a store that must stay sound and
 * keep what it has.
 */
#include "core/store/policy.h"
#include "core/store/warm.h"
#include "lane/warm_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct warm_msg *msg, struct slice bytes)
{
    struct buffer again = {0};
    warm_msg_write(msg, &again);
    ASSERT(slice_eq(buffer_slice(&again), bytes));
    buffer_free(&again);
}

static void bear(struct slice keys)
{
    struct store_config config = {.seed = 1};
    struct store *store = store_new(&config);
    struct policy policy = {.mode = POLICY_CACHE, .evict = EVICT_LRU, .warm = true};
    struct fault fault;
    struct warm_coming coming;
    struct cursor in = cursor_of(keys);
    enum err err = store_policy_set(store, &policy, &fault);
    ASSERT(err == ERR_OK);
    warm_coming_begin(&coming, store);
    bool noted = warm_coming_note(&coming, SLICE("n"));
    ASSERT(noted);
    (void)store_set_string(store, 0, SLICE("k"), SLICE("kept"), STORE_NO_EXPIRY);
    enum warm_taken taken = WARM_PASSED;
    while (cursor_left(&in) > 0 && taken != WARM_DAMAGED) {
        struct slice record = cursor_sized(&in), key;
        uint32_t database;
        if (in.bad) break;
        taken = warm_coming_take(&coming, record, &database, &key);
    }
    const struct entry *kept = store_peek(store, 0, SLICE("k"));
    ASSERT(kept != NULL);
    ASSERT(slice_eq(entry_string(kept, NULL), SLICE("kept")));
    ASSERT(store_peek(store, 0, SLICE("n")) == NULL);
    store_check(store);
    warm_coming_end(&coming);
    store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct warm_msg msg;
    bear(bytes);
    if (!warm_msg_read(bytes, &msg)) return 0;
    check_same(&msg, bytes);
    if (msg.kind == WARM_MSG_KEYS) bear(msg.keys);
    return 0;
}
