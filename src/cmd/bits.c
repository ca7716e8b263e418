/* bits.c -- counting and finding bits, a word at a time. See bitmap.h. */
#include "cmd/bitmap.h"

enum {
    WORD_BYTES = 8,
    BYTE_BITS = 8,
    /* Of words counted by byte before a byte of the sums could overflow: 255 / 8. */
    GROUP_WORDS_MAX = 31,
};

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Each byte of the result is how many bits are set in that byte. */
static uint64_t count_by_byte(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    return (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
}

static uint64_t sum_of_bytes(uint64_t word)
{
    uint64_t pairs =
        (word & UINT64_C(0x00ff00ff00ff00ff)) + (word >> 8 & UINT64_C(0x00ff00ff00ff00ff));
    return pairs * UINT64_C(0x0001000100010001) >> 48;
}

uint64_t bits_count(struct slice bytes)
{
    uint64_t count = 0;
    size_t at = 0;
    while (bytes.len - at >= WORD_BYTES) {
        size_t words = u64_min((bytes.len - at) / WORD_BYTES, GROUP_WORDS_MAX);
        uint64_t sums = 0;
        for (size_t i = 0; i < words; i++) {
            sums += count_by_byte(word_at(bytes.data + at + i * WORD_BYTES));
        }
        count += sum_of_bytes(sums);
        at += words * WORD_BYTES;
    }
    for (; at < bytes.len; at++) count += sum_of_bytes(count_by_byte(bytes.data[at]));
    return count;
}

uint64_t bits_find(struct slice bytes, bool bit)
{
    uint64_t none = bit ? 0 : UINT64_MAX; /* a word without such a bit */
    size_t at = 0;
    while (bytes.len - at >= WORD_BYTES && word_at(bytes.data + at) == none) at += WORD_BYTES;
    while (at < bytes.len && bytes.data[at] == (uint8_t)none) at++;
    if (at == bytes.len) return (uint64_t)bytes.len * BYTE_BITS;
    unsigned byte = bit ? bytes.data[at] : (unsigned)(uint8_t)~bytes.data[at];
    return (uint64_t)at * BYTE_BITS + (unsigned)__builtin_clz(byte) - 24;
}
