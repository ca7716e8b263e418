/* crc_test.c -- the checksums against published values, and each way against the other. */
#include <stdio.h>

#include "base/crc_impl.h"
#include "test/random.h"
#include "test/rows.h"

/* clang-format off */
static const struct crc_row {
    const char *why;
    struct slice bytes;
    uint32_t crc32c;
    uint16_t crc16;
} rows[] = {
    {"nothing",                         {NULL, 0},           0,          0},
    {"the check value of catalogues",   SLICE("123456789"),  0xe3069283, 0x31c3},
    {"32 zeros, of RFC 3720 B.4",       SLICE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 0x8a9136aa, 0},
};

static const struct slot_row {
    const char *why;
    struct slice key;
    uint32_t slot;
} slot_rows[] = {
    {"a plain key",                        SLICE("foo"),                  12182},
    {"another",                            SLICE("123456789"),            12739},
    {"the empty key",                      {NULL, 0},                     0},
    {"only the tag counts",                SLICE("{foo}.following"),      12182},
    {"wherever it is",                     SLICE("a{foo}b"),              12182},
    {"an empty tag is none",               SLICE("foo{}{bar}"),           8363},
    {"the first { to the next }",          SLICE("x{foo}{bar}"),          12182},
};
/* clang-format on */

Test(crc, known_values)
{
    FOR_ROWS (row, rows) {
        ROW_EQ(row, crc32c(0, row->bytes), row->crc32c);
        ROW_EQ(row, crc32c_by_table(0, row->bytes), row->crc32c);
        ROW_EQ(row, crc16(row->bytes), row->crc16);
    }
}

Test(crc, slots)
{
    FOR_ROWS (row, slot_rows) ROW_EQ(row, slot_of_key(row->key), row->slot);
    cr_expect(slot_of_key(SLICE("{{bar}}")) == slot_of_key(SLICE("{bar")));
    cr_expect(slot_of_key(SLICE("open{foo")) == crc16(SLICE("open{foo")) % KEY_SLOTS);
}

/* All lengths around the streams' and the steps' ends, at all alignments. */
Test(crc, the_instruction_and_the_table_agree)
{
    struct random random = {7};
    uint8_t bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)random_u64(&random);
    for (size_t len = 0; len < 2400; len++) {
        struct slice part = slice_of(bytes + len % 8, len);
        uint32_t start = (uint32_t)random_u64(&random);
        cr_assert(crc32c(start, part) == crc32c_by_table(start, part), "of %zu bytes", len);
    }
}

Test(crc, parts_one_after_the_other_give_the_whole)
{
    uint8_t bytes[2000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 31);
    uint32_t whole = crc32c(0, slice_of(bytes, sizeof bytes));
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t first = crc32c(0, slice_of(bytes, cut));
        cr_assert(crc32c(first, slice_of(bytes + cut, sizeof bytes - cut)) == whole);
    }
}

/* Bit by bit, as XMODEM's is defined. */
static uint16_t crc16_by_bits(struct slice bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned)bytes.data[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
        crc &= 0xffff;
    }
    return (uint16_t)crc;
}

Test(crc, of_all_lengths_is_as_defined)
{
    struct random random = {91};
    uint8_t bytes[100];
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)random_u64(&random);
        struct slice slice = slice_of(bytes, len);
        cr_assert_eq(crc16(slice), crc16_by_bits(slice), "%zu bytes", len);
    }
}

Test(crc, slots_are_of_the_tag_wherever_it_is)
{
    for (size_t before = 0; before < 20; before++) {
        char key[64];
        int len = snprintf(key, sizeof key, "%.*s{tag}%.*s", (int)before, "abcdefghijklmnopqrst",
                           (int)(20 - before), "abcdefghijklmnopqrst");
        cr_assert_eq(slot_of_key(slice_of(key, (size_t)len)), slot_of_key(SLICE("tag")), "%s", key);
    }
}
