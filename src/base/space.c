/* space.c -- see space.h. */
#include "base/space.h"

void space_masks_plain(const uint8_t *bytes, size_t count, uint64_t *masks)
{
    for (size_t m = 0; m < count; m++) {
        uint64_t mask = 0;
        for (unsigned i = 0; i < SPACE_MASK_BYTES; i++) {
            mask |= (uint64_t)!byte_is_space(bytes[m * SPACE_MASK_BYTES + i]) << i;
        }
        masks[m] = mask;
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static inline uint32_t word_bits32(const uint8_t *bytes)
{
    __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    __m256i blank = _mm256_cmpeq_epi8(at, _mm256_set1_epi8(' '));
    /* \t..\r moved to the five lowest values, and a comparison without sign by way of min. */
    __m256i moved = _mm256_sub_epi8(at, _mm256_set1_epi8('\t'));
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8(4)), moved);
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(blank, control));
}

__attribute__((target("avx2"))) static void space_masks_avx2(const uint8_t *bytes, size_t count,
                                                             uint64_t *masks)
{
    for (size_t m = 0; m < count; m++) {
        const uint8_t *at = bytes + m * SPACE_MASK_BYTES;
        masks[m] = word_bits32(at) | (uint64_t)word_bits32(at + 32) << 32;
    }
}

void space_masks(const uint8_t *bytes, size_t count, uint64_t *masks)
{
    if (__builtin_cpu_supports("avx2")) {
        space_masks_avx2(bytes, count, masks);
    } else {
        space_masks_plain(bytes, count, masks);
    }
}
#else
void space_masks(const uint8_t *bytes, size_t count, uint64_t *masks)
{
    space_masks_plain(bytes, count, masks);
}
#endif
