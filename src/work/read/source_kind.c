/* source_kind.c -- which compression the first bytes of a file speak of. See source.h. */
#include "work/read/source.h"

static const struct kind_row {
    enum source_kind kind;
    struct slice magic, extension;
} kinds[] = {
    {SOURCE_GZIP, {(const uint8_t *)"\x1f\x8b", 2}, {(const uint8_t *)".gz", 3}},
    {SOURCE_ZSTD, {(const uint8_t *)"\x28\xb5\x2f\xfd", 4}, {(const uint8_t *)".zst", 4}},
    {SOURCE_XZ, {(const uint8_t *)"\xfd\x37zXZ", 6}, {(const uint8_t *)".xz", 3}},
    {SOURCE_BZIP2, {(const uint8_t *)"BZh", 3}, {(const uint8_t *)".bz2", 4}},
};

enum { BZIP2_CHECKED_BYTES = 5 }; /* "BZh" alone may well begin a text */

static bool is_bzip2(struct slice first)
{
    if (first.len < BZIP2_CHECKED_BYTES) return false;
    bool level = first.data[3] >= '1' && first.data[3] <= '9';
    bool block_or_end = first.data[4] == 0x31 || first.data[4] == 0x17;
    return level && block_or_end;
}

static bool is_zstd_skippable(struct slice first)
{
    return first.len >= 4 && (first.data[0] & 0xf0) == 0x50 &&
           slice_eq(slice_of(first.data + 1, 3), SLICE("\x2a\x4d\x18"));
}

static bool is_kind(const struct kind_row *row, struct slice first)
{
    if (row->kind == SOURCE_ZSTD && is_zstd_skippable(first)) return true;
    if (!slice_starts_with(first, row->magic)) return false;
    return row->kind != SOURCE_BZIP2 || is_bzip2(first);
}

static bool is_cut_magic(const struct kind_row *row, struct slice first, struct slice name)
{
    if (first.len == 0 || first.len >= SOURCE_MAGIC_BYTES_MAX) return false;
    if (!slice_ends_with(name, row->extension)) return false;
    size_t len = u64_min(first.len, row->magic.len);
    return memcmp(first.data, row->magic.data, len) == 0;
}

enum source_kind source_kind_of(struct slice first, struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (is_kind(&kinds[i], first) || is_cut_magic(&kinds[i], first, name)) {
            return kinds[i].kind;
        }
    }
    return SOURCE_PLAIN;
}
