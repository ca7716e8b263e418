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

/* Of a byte and as many zero bytes behind it. */
#define CRC16_BITS(i, b0, b1, b2, b3, b4, b5, b6, b7)                                              \
    (BIT(i, 0, b0) ^ BIT(i, 1, b1) ^ BIT(i, 2, b2) ^ BIT(i, 3, b3) ^ BIT(i, 4, b4) ^               \
     BIT(i, 5, b5) ^ BIT(i, 6, b6) ^ BIT(i, 7, b7))
#define CRC16_BEHIND_0(i)                                                                          \
    CRC16_BITS(i, 0x1021, 0x2042, 0x4084, 0x8108, 0x1231, 0x2462, 0x48c4, 0x9188)
#define CRC16_BEHIND_1(i)                                                                          \
    CRC16_BITS(i, 0x3331, 0x6662, 0xccc4, 0x89a9, 0x0373, 0x06e6, 0x0dcc, 0x1b98)
#define CRC16_BEHIND_2(i)                                                                          \
    CRC16_BITS(i, 0x3730, 0x6e60, 0xdcc0, 0xa9a1, 0x4363, 0x86c6, 0x1dad, 0x3b5a)
#define CRC16_BEHIND_3(i)                                                                          \
    CRC16_BITS(i, 0x76b4, 0xed68, 0xcaf1, 0x85c3, 0x1ba7, 0x374e, 0x6e9c, 0xdd38)
#define CRC16_BEHIND_4(i)                                                                          \
    CRC16_BITS(i, 0xaa51, 0x4483, 0x8906, 0x022d, 0x045a, 0x08b4, 0x1168, 0x22d0)
#define CRC16_BEHIND_5(i)                                                                          \
    CRC16_BITS(i, 0x45a0, 0x8b40, 0x06a1, 0x0d42, 0x1a84, 0x3508, 0x6a10, 0xd420)
#define CRC16_BEHIND_6(i)                                                                          \
    CRC16_BITS(i, 0xb861, 0x60e3, 0xc1c6, 0x93ad, 0x377b, 0x6ef6, 0xddec, 0xabf9)
#define CRC16_BEHIND_7(i)                                                                          \
    CRC16_BITS(i, 0x47d3, 0x8fa6, 0x0f6d, 0x1eda, 0x3db4, 0x7b68, 0xf6d0, 0xfd81)

static const uint32_t crc32c_table[256] = TABLE_256(CRC32C_ENTRY);

enum { CRC16_AT_ONCE = 8 };
static const uint16_t crc16_tables[CRC16_AT_ONCE][256] = {
    TABLE_256(CRC16_BEHIND_0), TABLE_256(CRC16_BEHIND_1), TABLE_256(CRC16_BEHIND_2),
    TABLE_256(CRC16_BEHIND_3), TABLE_256(CRC16_BEHIND_4), TABLE_256(CRC16_BEHIND_5),
    TABLE_256(CRC16_BEHIND_6), TABLE_256(CRC16_BEHIND_7),
};

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

/* Sums are linear: what differs between two of them is the sum, begun at 0, of what differs between
 * the bytes. It is followed back to where it would be one byte with zeros before it: of a table's
 * entry the highest byte alone says which it is. */
bool crc32c_find_flipped(struct slice bytes, uint32_t wanted, size_t *offset)
{
    uint32_t left = crc32c(0, bytes) ^ wanted;
    uint8_t entry_of[256];
    for (uint32_t i = 0; i < 256; i++) entry_of[crc32c_table[i] >> 24] = (uint8_t)i;
    for (size_t i = bytes.len; left != 0 && i-- > 0;) {
        uint8_t entry = entry_of[left >> 24];
        left = (left ^ crc32c_table[entry]) << 8 | entry;
        *offset = i;
        if (left <= UINT8_MAX) return true;
    }
    return false;
}

/* Eight bytes at once ("slicing": Kounavis and Berry, 2005): the parts of a sum that need not wait
 * for each other. */
uint16_t crc16(struct slice bytes)
{
    const uint8_t *at = bytes.data;
    size_t left = bytes.len;
    unsigned crc = 0;
    for (; left >= CRC16_AT_ONCE; left -= CRC16_AT_ONCE, at += CRC16_AT_ONCE) {
        crc = crc16_tables[7][at[0] ^ crc >> 8] ^ crc16_tables[6][at[1] ^ (crc & 0xff)] ^
              crc16_tables[5][at[2]] ^ crc16_tables[4][at[3]] ^ crc16_tables[3][at[4]] ^
              crc16_tables[2][at[5]] ^ crc16_tables[1][at[6]] ^ crc16_tables[0][at[7]];
    }
    for (; left > 0; left--, at++) {
        crc = (crc << 8 & 0xff00) ^ crc16_tables[0][crc >> 8 ^ *at];
    }
    return (uint16_t)crc;
}

uint32_t slot_of_key(struct slice key)
{
    const uint8_t *open = key.len == 0 ? NULL : memchr(key.data, '{', key.len);
    if (UNLIKELY(open != NULL)) {
        struct slice rest = slice_from(key, (size_t)(open - key.data) + 1);
        const uint8_t *close = rest.len == 0 ? NULL : memchr(rest.data, '}', rest.len);
        if (close != NULL && close != rest.data) {
            key = slice_of(rest.data, (size_t)(close - rest.data));
        }
    }
    return crc16(key) % KEY_SLOTS;
}
