/*
 * crc.c -- see crc.h.
 *
 * Where the processor has SSE4.2, its crc32 instruction takes 8 bytes at a time; it could begin one
 * each cycle but needs three to finish, so long inputs are taken as three streams at once, whose
 * results are put together by carry-less multiplication: Gopal et al., "Fast CRC Computation for
 * iSCSI Polynomial Using CRC32 Instruction" (Intel, 2011).
 */
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/crc_impl.h"

/* A table's entry is the exclusive or of what each bit of its number gives alone. */
#define BIT(i, bit, value) ((i) / (1 << (bit)) % 2 * (value))
#define ROW_4(entry, i)    entry(i), entry((i) + 1), entry((i) + 2), entry((i) + 3)
#define ROW_16(entry, i)                                                                           \
    ROW_4(entry, i), ROW_4(entry, (i) + 4), ROW_4(entry, (i) + 8), ROW_4(entry, (i) + 12)
#define ROW_64(entry, i)                                                                           \
    ROW_16(entry, i), ROW_16(entry, (i) + 16), ROW_16(entry, (i) + 32), ROW_16(entry, (i) + 48)
#define TABLE_256(entry)                                                                           \
    {                                                                                              \
        ROW_64(entry, 0), ROW_64(entry, 64), ROW_64(entry, 128), ROW_64(entry, 192)                \
    }

#define CRC32C_ENTRY(i)                                                                            \
    (BIT(i, 0, 0xf26b8303u) ^ BIT(i, 1, 0xe13b70f7u) ^ BIT(i, 2, 0xc79a971fu) ^                    \
     BIT(i, 3, 0x8ad958cfu) ^ BIT(i, 4, 0x105ec76fu) ^ BIT(i, 5, 0x20bd8edeu) ^                    \
     BIT(i, 6, 0x417b1dbcu) ^ BIT(i, 7, 0x82f63b78u))

#define CRC16_ENTRY(i)                                                                             \
    (BIT(i, 0, 0x1021) ^ BIT(i, 1, 0x2042) ^ BIT(i, 2, 0x4084) ^ BIT(i, 3, 0x8108) ^               \
     BIT(i, 4, 0x1231) ^ BIT(i, 5, 0x2462) ^ BIT(i, 6, 0x48c4) ^ BIT(i, 7, 0x9188))

static const uint32_t crc32c_table[256] = TABLE_256(CRC32C_ENTRY);
static const uint16_t crc16_table[256] = TABLE_256(CRC16_ENTRY);

uint32_t crc32c_by_table(uint32_t start, struct slice bytes)
{
    uint32_t crc = ~start;
    for (size_t i = 0; i < bytes.len; i++) {
        crc = crc32c_table[(crc ^ bytes.data[i]) & 0xff] ^ (crc >> 8);
    }
    return ~crc;
}

#if defined(__x86_64__)

enum { STREAM_BYTES = 256, STREAMS_BYTES = 3 * STREAM_BYTES };

static uint64_t load_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* What `crc` becomes when as many zeros follow as `power` stands for: x^(8 zeros - 33) mod P. */
__attribute__((target("sse4.2,pclmul"))) static uint64_t shifted(uint64_t crc, long long power)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi64_si128(power), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"))) static uint64_t three_streams(uint64_t crc,
                                                                       const uint8_t *at)
{
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < STREAM_BYTES; i += 8) {
        crc = _mm_crc32_u64(crc, load_u64(at + i));
        second = _mm_crc32_u64(second, load_u64(at + STREAM_BYTES + i));
        third = _mm_crc32_u64(third, load_u64(at + 2 * (size_t)STREAM_BYTES + i));
    }
    return shifted(crc, 0xdd7e3b0c) ^ shifted(second, 0xb9e02b86) ^ third;
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc32c_by_instruction(uint32_t start,
                                                                               struct slice bytes)
{
    uint64_t crc = ~start;
    const uint8_t *at = bytes.data;
    size_t left = bytes.len;
    for (; left >= STREAMS_BYTES; at += STREAMS_BYTES, left -= STREAMS_BYTES) {
        crc = three_streams(crc, at);
    }
    for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, load_u64(at));
    for (; left > 0; at++, left--) crc = _mm_crc32_u8((uint32_t)crc, *at);
    return ~(uint32_t)crc;
}

uint32_t crc32c(uint32_t start, struct slice bytes)
{
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
        return crc32c_by_instruction(start, bytes);
    }
    return crc32c_by_table(start, bytes);
}

#else

uint32_t crc32c(uint32_t start, struct slice bytes)
{
    return crc32c_by_table(start, bytes);
}

#endif

uint16_t crc16(struct slice bytes)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc = (uint16_t)((crc << 8) ^ crc16_table[(crc >> 8) ^ bytes.data[i]]);
    }
    return crc;
}

uint32_t slot_of_key(struct slice key)
{
    const uint8_t *open = key.len == 0 ? NULL : memchr(key.data, '{', key.len);
    if (open != NULL) {
        struct slice rest = slice_from(key, (size_t)(open - key.data) + 1);
        const uint8_t *close = rest.len == 0 ? NULL : memchr(rest.data, '}', rest.len);
        if (close != NULL && close != rest.data) {
            key = slice_of(rest.data, (size_t)(close - rest.data));
        }
    }
    return crc16(key) % SLOT_COUNT;
}
