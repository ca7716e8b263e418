/* list_test.c -- lists against a plain array of texts, and when they change their form. */
#include "core/store/list_impl.h"
#include "test/random.h"
#include "test/rows.h"

static struct room room_with(int64_t list_max_listpack_size, uint64_t threshold)
{
    struct room room = {.limits = {.list_max_listpack_size = list_max_listpack_size,
                                   .list_packed_threshold = threshold}};
    return room;
}

static struct slice text_at(const struct list *list, uint64_t index, char scratch[INTEGER_TEXT_MAX])
{
    struct list_place place = list_at(list, index);
    return element_text(list_forward(&place), scratch);
}

static const uint8_t letters[1 << 20] = {'x', 'y'};

/* --- forms ----------------------------------------------------------------------------------- */

/* clang-format off */
static const struct form_row {
    const char *why;
    int64_t limit;
    size_t len;
    uint32_t pushes, pops;
    const char *encoding;
} form_rows[] = {
    {"empty is compact",                           -2,    0,   0,   0, "listpack"},
    {"as many as the limit are compact",           16,    3,  16,   0, "listpack"},
    {"one more is a chain",                        16,    3,  17,   0, "quicklist"},
    {"just below the limit it stays a chain",      16,    3,  17,   5, "quicklist"},
    {"at half the limit it is compact again",      16,    3,  17,   9, "listpack"},
    {"a limit of none is one of one",               0,    3,   2,   0, "quicklist"},
    {"8 KiB are compact",                          -2, 1000,   8,   0, "listpack"},
    {"more are a chain",                           -2, 1000,   9,   0, "quicklist"},
    {"more than half of 8 KiB stay a chain",       -2, 1000,   9,   4, "quicklist"},
    {"half of 8 KiB are compact again",            -2, 1000,   9,   6, "listpack"},
    {"4 KiB are the smallest limit",               -1, 1000,   5,   0, "quicklist"},
    {"64 KiB are the largest",                     -5, 1000,  60,   0, "listpack"},
    {"and more than that are a chain",             -9, 1000,  70,   0, "quicklist"},
    {"a count is bounded by 8 KiB too",          1000, 1000,   9,   0, "quicklist"},
    {"one long element is a chain",                -2, 9000,   1,   0, "quicklist"},
};
/* clang-format on */

Test(list, forms)
{
    FOR_ROWS (row, form_rows) {
        struct room room = room_with(row->limit, 0);
        struct list *list = list_new(&room);
        for (uint32_t i = 0; i < row->pushes; i++) {
            list_push(&room, list, LIST_TAIL, slice_of(letters, row->len));
        }
        for (uint32_t i = 0; i < row->pops; i++) list_drop(&room, list, LIST_TAIL, 1);
        ROW_BYTES_EQ(row, slice_text(list_encoding(list)), row->encoding);
        list_check(list);
        list_free(&room, list);
        ROW_EQ(row, room.heap.used_bytes, 0);
    }
}

Test(list, a_long_element_is_alone)
{
    struct room room = room_with(4, 10);
    struct list *list = list_new(&room);
    const char *texts[] = {"a", "b", "0123456789", "c", "d", "e"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        list_push(&room, list, LIST_TAIL, slice_text(texts[i]));
    }
    cr_expect(list_nodes_count(list) == 2, "what came while it was compact stays together");
    list_push(&room, list, LIST_TAIL, SLICE("9876543210"));
    list_push(&room, list, LIST_TAIL, SLICE("f"));
    cr_expect(list_nodes_count(list) == 4);
    list_drop(&room, list, LIST_TAIL, 1);
    list_drop(&room, list, LIST_HEAD, 6);
    cr_expect(slice_eq(slice_text(list_encoding(list)), SLICE("quicklist")));
    list_check(list);
    list_free(&room, list);
}

Test(list, pushing_moves_little) /* a queue keeps the memory of what is in it */
{
    struct room room = room_with(-2, 0);
    struct list *list = list_new(&room);
    for (int round = 0; round < 100000; round++) {
        list_push(&room, list, LIST_HEAD, SLICE("an element of a queue"));
        if (round >= 100) list_drop(&room, list, LIST_TAIL, 1);
    }
    cr_expect(list_count(list) == 100);
    cr_expect(list_bytes(list) <= 2 * 100 * 23 + 200, "%d", (int)list_bytes(list));
    list_check(list);
    list_free(&room, list);
    cr_expect(room.heap.used_bytes == 0);
}

/* --- against a model ------------------------------------------------------------------------- */

enum { MODEL_MAX = 3000, TEXT_MAX = 20000 };

struct model {
    struct slice texts[MODEL_MAX + 1];
    uint64_t count;
};

struct world {
    struct random random;
    struct room room;
    struct list *list;
    struct model model;
};

static void model_insert(struct model *model, uint64_t index, struct slice text)
{
    struct slice *at = model->texts + index;
    uint8_t *kept = malloc(text.len + 1);
    memcpy(kept, text.data, text.len);
    memmove(at + 1, at, (model->count++ - index) * sizeof *at);
    *at = slice_of(kept, text.len);
}

static void model_remove(struct model *model, uint64_t index)
{
    struct slice *at = model->texts + index;
    free((void *)at->data);
    memmove(at, at + 1, (--model->count - index) * sizeof *at);
}

static struct slice random_text(struct world *world, char scratch[INTEGER_TEXT_MAX])
{
    int64_t value = (int64_t)random_u64(&world->random) >> random_below(&world->random, 64);
    switch (random_below(&world->random, 20)) {
    case 0: return slice_of(letters, random_below(&world->random, TEXT_MAX));
    case 1:
    case 2: return slice_of(letters, random_below(&world->random, 300));
    case 3:
    case 4:
    case 5: return slice_of(letters, random_below(&world->random, 20));
    default: return slice_of(scratch, integer_format(value, scratch));
    }
}

static void insert_or_push(struct world *world, uint64_t index)
{
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = random_text(world, scratch);
    if (world->model.count >= MODEL_MAX) return;
    if (index == 0) {
        list_push(&world->room, world->list, LIST_HEAD, text);
    } else if (index == world->model.count) {
        list_push(&world->room, world->list, LIST_TAIL, text);
    } else {
        list_insert(&world->room, world->list, list_at(world->list, index), text);
    }
    model_insert(&world->model, index, text);
}

static void replace(struct world *world, uint64_t index)
{
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = random_text(world, scratch);
    if (index == world->model.count) return;
    list_replace(&world->room, world->list, list_at(world->list, index), text);
    model_remove(&world->model, index);
    model_insert(&world->model, index, text);
}

static void drop(struct world *world)
{
    bool head = random_below(&world->random, 2) == 0;
    uint64_t many = random_below(&world->random, 20) == 0 ? world->model.count : 3;
    uint64_t count = random_below(&world->random, u64_min(many, world->model.count) + 1);
    list_drop(&world->room, world->list, head ? LIST_HEAD : LIST_TAIL, count);
    for (uint64_t i = 0; i < count; i++) {
        model_remove(&world->model, head ? 0 : world->model.count - 1);
    }
}

static void rotate(struct world *world)
{
    if (world->model.count == 0) return;
    bool head = random_below(&world->random, 2) == 0;
    uint64_t from = head ? 0 : world->model.count - 1, to = head ? world->model.count - 1 : 0;
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = element_text(list_peek(world->list, head ? LIST_HEAD : LIST_TAIL), scratch);
    cr_assert(slice_eq(text, world->model.texts[from]));
    list_rotate(&world->room, world->list, head ? LIST_HEAD : LIST_TAIL);
    model_insert(&world->model, to + head, world->model.texts[from]);
    model_remove(&world->model, head ? 0 : world->model.count - 1);
}

/* Erase some of the next few, forwards or backwards. */
static void erase(struct world *world, uint64_t index)
{
    struct list_place place = list_at(world->list, index);
    bool forwards = random_below(&world->random, 2) == 0;
    for (int i = 0; i < 20 && world->model.count > 0; i++) {
        bool wanted = random_below(&world->random, 2) == 0;
        if (!forwards) {
            if (index == 0) break;
            cr_assert(list_backward(&place) != NULL);
            index--;
        } else if (index == world->model.count) {
            break;
        }
        if (wanted) {
            list_erase(&world->room, world->list, &place);
            model_remove(&world->model, index);
        } else if (forwards) {
            cr_assert(list_forward(&place) != NULL);
            index++;
        }
    }
}

static void change(struct world *world)
{
    uint64_t index = random_below(&world->random, world->model.count + 1);
    switch (random_below(&world->random, 10)) {
    case 0:
    case 1:
    case 2: insert_or_push(world, index); break;
    case 3: insert_or_push(world, 0); break;
    case 4: insert_or_push(world, world->model.count); break;
    case 5: replace(world, index); break;
    case 6: drop(world); break;
    case 7: rotate(world); break;
    case 8: erase(world, index); break;
    case 9:
        for (int i = 0; i < 30; i++) insert_or_push(world, index);
        break;
    }
}

static void expect_same(const struct list *list, const struct model *model, int round)
{
    char scratch[INTEGER_TEXT_MAX];
    list_check(list);
    cr_assert(list_count(list) == model->count, "round %d", round);
    struct list_place place = list_at(list, 0);
    for (uint64_t i = 0; i < model->count; i++) {
        cr_assert(slice_eq(element_text(list_forward(&place), scratch), model->texts[i]));
    }
    cr_assert(list_forward(&place) == NULL);
    for (uint64_t i = model->count; i-- > 0;) {
        cr_assert(slice_eq(element_text(list_backward(&place), scratch), model->texts[i]));
    }
    cr_assert(list_backward(&place) == NULL);
}

static void expect_bytes_and_copy(struct world *world, int round)
{
    struct buffer bytes = {0};
    list_encode(world->list, &bytes);
    struct cursor in = cursor_of(buffer_slice(&bytes));
    struct list *decoded = list_decode(&world->room, &in);
    cr_assert(decoded != NULL && cursor_left(&in) == 0, "round %d", round);
    struct list *copy = list_copy(&world->room, world->list);
    uint8_t digests[3][DIGEST_BYTES] = {{0}};
    list_digest(world->list, digests[0]);
    list_digest(decoded, digests[1]);
    list_digest(copy, digests[2]);
    cr_assert(memcmp(digests[0], digests[1], DIGEST_BYTES) == 0);
    cr_assert(memcmp(digests[0], digests[2], DIGEST_BYTES) == 0);
    expect_same(decoded, &world->model, round);
    expect_same(copy, &world->model, round);
    list_free(&world->room, decoded);
    list_free(&world->room, copy);
    buffer_free(&bytes);
}

static const int64_t limits[] = {-2, -1, -5, 1, 4, 32, 128, 0};

Test(list, does_what_an_array_does)
{
    struct world *world = calloc(1, sizeof *world);
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        world->random = (struct random){7 + i};
        world->room = room_with(limits[i], i % 2 == 0 ? 0 : 100);
        world->list = list_new(&world->room);
        for (int round = 0; round < 3000; round++) {
            change(world);
            if (world->model.count > 0) {
                uint64_t index = random_below(&world->random, world->model.count);
                char scratch[INTEGER_TEXT_MAX];
                cr_assert(
                    slice_eq(text_at(world->list, index, scratch), world->model.texts[index]));
            }
            if (round % 20 == 0) expect_same(world->list, &world->model, round);
            if (round % 500 == 0 && world->model.count > 0) expect_bytes_and_copy(world, round);
        }
        while (world->model.count > 0) model_remove(&world->model, 0);
        list_free(&world->room, world->list);
        cr_expect(world->room.heap.used_bytes == 0 && world->room.heap.blocks_count == 0);
    }
    free(world);
}

Test(list, refuses_damaged_bytes)
{
    struct random random = {5};
    struct room room = room_with(2, 0);
    uint64_t refused = 0;
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[24];
        size_t len = random_below(&random, sizeof bytes);
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)random_u64(&random);
        if (len > 0) bytes[0] = (uint8_t)random_below(&random, 8);
        struct cursor in = cursor_of(slice_of(bytes, len));
        struct list *list = list_decode(&room, &in);
        refused += list == NULL;
        if (list == NULL) continue;
        list_check(list);
        list_free(&room, list);
    }
    cr_expect(room.heap.used_bytes == 0);
    cr_expect(refused > 1000 && refused < 50000);
}
