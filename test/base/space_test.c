/* space_test.c -- white space in masks: both versions against C's own isspace. */
#include <ctype.h>

#include "base/space.h"
#include "test/random.h"
#include "test/rows.h"

enum { MASKS = 5, BYTES = MASKS * SPACE_MASK_BYTES };

static void check(const uint8_t *bytes, size_t count)
{
    uint64_t masks[MASKS], plain[MASKS];
    space_masks(bytes, count, masks);
    space_masks_plain(bytes, count, plain);
    for (size_t i = 0; i < count * SPACE_MASK_BYTES; i++) {
        bool word = !isspace(bytes[i]);
        size_t m = i / SPACE_MASK_BYTES, bit = i % SPACE_MASK_BYTES;
        cr_assert_eq(masks[m] >> bit & 1, word, "byte %u at %zu", bytes[i], i);
        cr_assert_eq(plain[m] >> bit & 1, word, "byte %u at %zu, plain", bytes[i], i);
    }
}

Test(space, every_byte_at_every_place)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        cr_assert_eq(byte_is_space((uint8_t)byte), isspace((int)byte) != 0, "byte %u", byte);
        for (size_t at = 0; at < SPACE_MASK_BYTES; at++) {
            uint8_t bytes[SPACE_MASK_BYTES];
            memset(bytes, at % 2 == 0 ? 'x' : ' ', sizeof bytes);
            bytes[at] = (uint8_t)byte;
            check(bytes, 1);
        }
    }
}

Test(space, random_bytes_at_every_alignment)
{
    struct random random = {1};
    uint8_t bytes[BYTES + 32];
    for (size_t round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            bool any = random_below(&random, 2) == 0;
            bytes[i] = (uint8_t)(any ? random_u64(&random) : random_below(&random, 40));
        }
        check(bytes + round % 32, round % (MASKS + 1));
    }
}
