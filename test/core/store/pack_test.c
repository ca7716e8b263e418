/* pack_test.c -- elements in one block, against a plain array of texts. */
#include <stdio.h>

#include "core/store/pack.h"
#include "test/random.h"
#include "test/rows.h"

/* clang-format off */
static const struct element_row {
    const char *why;
    const char *text;
    size_t size;
} element_rows[] = {
    {"nothing is a head alone",             "",                      1},
    {"a text has a head",                   "abc",                   4},
    {"a small integer is a byte",           "127",                   1},
    {"13 bits are two",                     "128",                   2},
    {"the last of 13 bits",                 "4095",                  2},
    {"the first of 13 bits",                "-4096",                 2},
    {"16 bits are three",                   "4096",                  3},
    {"the first of 16 bits",                "-32768",                3},
    {"24 bits are four",                    "32768",                 4},
    {"the first of 24 bits",                "-8388608",              4},
    {"32 bits are five",                    "8388608",               5},
    {"the first of 32 bits",                "-2147483648",           5},
    {"64 bits are nine",                    "2147483648",            9},
    {"the smallest integer",                "-9223372036854775808",  9},
    {"what is too large stays a text",      "9223372036854775808",   20},
    {"a leading zero stays a text",         "007",                   4},
    {"minus zero stays a text",             "-0",                    3},
};
/* clang-format on */

Test(pack, keeps_every_kind_of_element)
{
    FOR_ROWS (row, element_rows) {
        struct heap heap = {0};
        struct pack *pack = pack_new(&heap);
        char scratch[INTEGER_TEXT_MAX];
        pack_append(&heap, &pack, slice_text(row->text));
        ROW_EQ(row, pack->used_bytes, row->size);
        ROW_BYTES_EQ(row, pack_get(pack, 0, scratch), row->text);
        ROW_EQ(row, pack_find(pack, 0, 1, slice_text(row->text)), 0);
        pack_free(&heap, pack);
        ROW_EQ(row, heap.used_bytes, 0);
    }
}

Test(pack, finds_only_every_so_many)
{
    struct heap heap = {0};
    struct pack *pack = pack_new(&heap);
    const char *texts[] = {"a", "b", "b", "c", "12", "a"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) pack_append(&heap, &pack, slice_text(texts[i]));
    cr_expect(pack_find(pack, 0, 2, SLICE("b")) == pack_at(pack, 2));
    cr_expect(pack_find(pack, 0, 2, SLICE("a")) == 0);
    cr_expect(pack_find(pack, pack_at(pack, 1), 2, SLICE("a")) == pack_at(pack, 5));
    cr_expect(pack_find(pack, 0, 2, SLICE("c")) == PACK_NONE);
    cr_expect(pack_find(pack, 0, 1, SLICE("12")) == pack_at(pack, 4));
    cr_expect(pack_find(pack, 0, 1, SLICE("012")) == PACK_NONE);
    cr_expect(pack_find(pack, pack_end(pack), 1, SLICE("a")) == PACK_NONE);
    pack_free(&heap, pack);
}

/* --- against a model ------------------------------------------------------------------------- */

enum { MODEL_MAX = 200, TEXT_MAX = 5000 };

struct model {
    struct slice texts[MODEL_MAX];
    uint32_t count;
};

static const uint8_t letters[TEXT_MAX] = {'x', 'y'};

static struct slice random_text(struct random *random, char scratch[INTEGER_TEXT_MAX])
{
    int64_t value = (int64_t)random_u64(random) >> random_below(random, 64);
    switch (random_below(random, 4)) {
    case 0: return slice_of(letters, random_below(random, TEXT_MAX));
    case 1: return slice_of(letters, random_below(random, 70));
    default: return slice_of(scratch, integer_format(value, scratch));
    }
}

static struct slice keep(struct slice text)
{
    uint8_t *kept = malloc(text.len + 1);
    memcpy(kept, text.data, text.len);
    return slice_of(kept, text.len);
}

static void model_insert(struct model *model, uint32_t index, struct slice text)
{
    struct slice *at = model->texts + index;
    memmove(at + 1, at, (model->count++ - index) * sizeof *at);
    *at = keep(text);
}

static void model_remove(struct model *model, uint32_t index)
{
    struct slice *at = model->texts + index;
    free((void *)at->data);
    memmove(at, at + 1, (--model->count - index) * sizeof *at);
}

static void change_both(struct random *random, struct heap *heap, struct pack **pack,
                        struct model *model)
{
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = random_text(random, scratch);
    uint32_t index = (uint32_t)random_below(random, model->count + 1);
    uint32_t place = pack_at(*pack, index);
    uint64_t what = random_below(random, 4);
    if (what <= 1 && model->count < MODEL_MAX) {
        pack_insert(heap, pack, place, text);
        model_insert(model, index, text);
    } else if (what == 2 && index < model->count) {
        pack_replace(heap, pack, place, text);
        model_remove(model, index);
        model_insert(model, index, text);
    } else if (index < model->count) {
        uint32_t count = (uint32_t)random_below(random, u64_min(3, model->count - index) + 1);
        pack_remove(heap, pack, place, count);
        for (uint32_t i = 0; i < count; i++) model_remove(model, index);
    }
}

static void expect_same(const struct pack *pack, const struct model *model, int round)
{
    char scratch[INTEGER_TEXT_MAX];
    uint32_t place = pack_first(pack);
    cr_assert(pack->count == model->count, "round %d", round);
    for (uint32_t i = 0; i < model->count; i++, place = pack_next(pack, place)) {
        cr_assert(slice_eq(pack_get(pack, place, scratch), model->texts[i]), "round %d", round);
    }
    cr_assert(place == pack_end(pack), "round %d", round);
}

Test(pack, does_what_an_array_does)
{
    struct random random = {3};
    struct heap heap = {0};
    struct model model = {.count = 0};
    struct pack *pack = pack_new(&heap);
    struct buffer bytes = {0};
    for (int round = 0; round < 5000; round++) {
        change_both(&random, &heap, &pack, &model);
        expect_same(pack, &model, round);
        if (round % 50 != 0) continue;
        buffer_clear(&bytes);
        pack_encode(pack, &bytes);
        struct cursor in = cursor_of(buffer_slice(&bytes));
        struct pack *decoded = pack_decode(&heap, &in), *copy = pack_copy(&heap, pack);
        cr_assert(decoded != NULL && !in.bad && cursor_left(&in) == 0);
        expect_same(decoded, &model, round);
        expect_same(copy, &model, round);
        pack_free(&heap, decoded);
        pack_free(&heap, copy);
    }
    while (model.count > 0) model_remove(&model, 0);
    pack_free(&heap, pack);
    buffer_free(&bytes);
    cr_expect(heap.used_bytes == 0 && heap.blocks_count == 0);
}

Test(pack, refuses_damaged_bytes) /* or reads something whole; never past the end */
{
    struct random random = {4};
    struct heap heap = {0};
    uint64_t refused = 0;
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes[24];
        size_t len = random_below(&random, sizeof bytes);
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)random_u64(&random);
        if (len > 0) bytes[0] = (uint8_t)random_below(&random, sizeof bytes);
        struct cursor in = cursor_of(slice_of(bytes, len));
        struct pack *pack = pack_decode(&heap, &in);
        refused += pack == NULL;
        if (pack == NULL) continue;
        cr_assert(pack_at(pack, pack->count) == pack_end(pack));
        pack_free(&heap, pack);
    }
    cr_expect(heap.used_bytes == 0);
    cr_expect(refused > 1000 && refused < 100000);
}
