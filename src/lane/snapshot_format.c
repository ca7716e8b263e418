/* snapshot_format.c -- see snapshot_format.h. */
#include "lane/snapshot_format.h"

#include <stdio.h>

#include "base/crc.h"
#include "base/cursor.h"

enum {
    BLOCK_MAGIC = 0x31425354,  /* "TSB1" */
    FOOTER_MAGIC = 0x31455354, /* "TSE1" */
    HEADER_CRC_FROM = 16,
    HEAD_CRC_FROM = 8,
    INDEX_DIGITS = 20,
    SHARD_DIGITS = 5,
};

#define NAME_START "snapshot-"

static const char header_magic[8] = {'T', 'U', 'T', 'T', 'I', 'S', 'N', 'P'};

/* Of the version too: it stands before the checksum in every format. */
static uint32_t header_crc(const uint8_t *header, uint32_t version)
{
    size_t end = version == 1 ? SNAPSHOT_HEADER_1_BYTES : SNAPSHOT_OWN_AT;
    uint32_t crc = crc32c(0, slice_of(header, 12));
    return crc32c(crc, slice_of(header + HEADER_CRC_FROM, end - HEADER_CRC_FROM));
}

void snapshot_own_write(uint8_t to[SNAPSHOT_OWN_BYTES], uint32_t header_crc, uint64_t position)
{
    uint8_t *at = u64_write(to, position);
    (void)u32_write(at, crc32c(header_crc, slice_of(to, 8)));
}

static uint8_t *write_members(uint8_t *at, const struct raft_members *members)
{
    struct buffer bytes = {0};
    if (members->count > 0) raft_members_write(members, &bytes);
    ASSERT(bytes.len <= SNAPSHOT_MEMBERS_BYTES);
    at = u32_write(at, (uint32_t)bytes.len);
    memset(at, 0, SNAPSHOT_MEMBERS_BYTES);
    if (bytes.len > 0) memcpy(at, bytes.data, bytes.len);
    buffer_free(&bytes);
    return at + SNAPSHOT_MEMBERS_BYTES;
}

uint32_t snapshot_header_write(uint8_t to[SNAPSHOT_HEADER_BYTES],
                               const struct snapshot_header *header)
{
    memcpy(to, header_magic, sizeof header_magic);
    (void)u32_write(to + 8, SNAPSHOT_FORMAT);
    uint8_t *at = u64_write(to + HEADER_CRC_FROM, header->index);
    at = u64_write(at, header->term);
    at = u64_write(at, (uint64_t)header->made_at_ms);
    at = u64_write(at, header->seed);
    at = u32_write(at, header->shard.n);
    at = u32_write(at, header->shards_count);
    at = u64_write(at, header->nonce);
    for (int i = 0; i < STORE_DATABASES; i++) at = u64_write(at, header->keys[i]);
    at = write_members(at, &header->members);
    uint32_t crc = header_crc(to, SNAPSHOT_FORMAT);
    (void)u32_write(to + 12, crc);
    snapshot_own_write(at, crc, header->position);
    return crc;
}

uint32_t snapshot_header_bytes(struct slice start)
{
    struct cursor cursor = cursor_of(start);
    struct slice magic = cursor_bytes(&cursor, sizeof header_magic);
    uint32_t version = cursor_u32(&cursor);
    if (cursor.bad || memcmp(magic.data, header_magic, sizeof header_magic) != 0) return 0;
    return version == 1 ? SNAPSHOT_HEADER_1_BYTES : SNAPSHOT_HEADER_BYTES;
}

/* What format 2 has more. */
static bool read_more(struct cursor *cursor, uint32_t crc, struct snapshot_header *header)
{
    uint32_t members_bytes = cursor_u32(cursor);
    struct slice members = cursor_bytes(cursor, SNAPSHOT_MEMBERS_BYTES);
    uint8_t own[SNAPSHOT_OWN_BYTES];
    if (cursor->bad || members_bytes > SNAPSHOT_MEMBERS_BYTES) return false;
    members.len = members_bytes;
    if (members.len > 0 && !raft_members_read(members, &header->members)) return false;
    struct slice found = cursor_bytes(cursor, SNAPSHOT_OWN_BYTES);
    if (cursor->bad) return false;
    struct cursor at = cursor_of(found);
    header->position = cursor_u64(&at);
    snapshot_own_write(own, crc, header->position);
    return slice_eq(found, slice_of(own, sizeof own));
}

enum snapshot_header_kind snapshot_header_read(struct slice bytes, struct snapshot_header *header,
                                               uint32_t *crc, uint32_t *version)
{
    uint32_t size = snapshot_header_bytes(bytes);
    if (size == 0 || bytes.len < size) return SNAPSHOT_HEADER_BAD;
    struct cursor cursor = cursor_of(slice_of(bytes.data + 8, size - 8));
    *version = cursor_u32(&cursor);
    *crc = cursor_u32(&cursor);
    if (*crc != header_crc(bytes.data, *version)) return SNAPSHOT_HEADER_BAD;
    *header = (struct snapshot_header){0};
    if (*version > SNAPSHOT_FORMAT) return SNAPSHOT_HEADER_NEWER;
    header->index = cursor_u64(&cursor);
    header->term = cursor_u64(&cursor);
    header->made_at_ms = (int64_t)cursor_u64(&cursor);
    header->seed = cursor_u64(&cursor);
    header->shard.n = cursor_u32(&cursor);
    header->shards_count = cursor_u32(&cursor);
    header->nonce = cursor_u64(&cursor);
    for (int i = 0; i < STORE_DATABASES; i++) header->keys[i] = cursor_u64(&cursor);
    header->position = header->index;
    bool good = *version == 1 || read_more(&cursor, *crc, header);
    return good ? SNAPSHOT_HEADER_GOOD : SNAPSHOT_HEADER_BAD;
}

void snapshot_empty_write(uint8_t to[SNAPSHOT_EMPTY_BYTES], const struct snapshot_header *header)
{
    uint32_t crc = snapshot_header_write(to, header);
    struct snapshot_head footer = {.part = SNAPSHOT_PART_FOOTER, .bytes = SNAPSHOT_EMPTY_BYTES};
    snapshot_head_write(to + SNAPSHOT_HEADER_BYTES, crc, &footer);
}

static uint32_t head_crc(const uint8_t *head, uint32_t start)
{
    uint32_t crc = crc32c(start, slice_of(head, 4));
    return crc32c(crc, slice_of(head + HEAD_CRC_FROM, SNAPSHOT_HEAD_BYTES - HEAD_CRC_FROM));
}

void snapshot_head_write(uint8_t to[SNAPSHOT_HEAD_BYTES], uint32_t header_crc,
                         const struct snapshot_head *head)
{
    bool is_block = head->part == SNAPSHOT_PART_BLOCK;
    (void)u32_write(to, is_block ? BLOCK_MAGIC : FOOTER_MAGIC);
    uint8_t *at = u64_write(to + HEAD_CRC_FROM, head->number);
    at = u64_write(at, head->bytes);
    if (is_block) {
        at = u32_write(at, (uint32_t)head->records_count);
        (void)u32_write(at, head->records_crc);
    } else {
        (void)u64_write(at, head->records_count);
    }
    (void)u32_write(to + 4, head_crc(to, header_crc));
}

bool snapshot_head_read(struct slice bytes, uint32_t header_crc, struct snapshot_head *head)
{
    struct cursor cursor = cursor_of(bytes);
    uint32_t magic = cursor_u32(&cursor), crc = cursor_u32(&cursor);
    head->part = magic == BLOCK_MAGIC ? SNAPSHOT_PART_BLOCK : SNAPSHOT_PART_FOOTER;
    head->number = cursor_u64(&cursor);
    head->bytes = cursor_u64(&cursor);
    if (head->part == SNAPSHOT_PART_BLOCK) {
        head->records_count = cursor_u32(&cursor);
        head->records_crc = cursor_u32(&cursor);
    } else {
        head->records_count = cursor_u64(&cursor);
    }
    if (cursor.bad || (magic != BLOCK_MAGIC && magic != FOOTER_MAGIC)) return false;
    return crc == head_crc(bytes.data, header_crc);
}

void snapshot_path(char path[SNAPSHOT_PATH_MAX], const char *folder, shard_id shard, uint64_t index,
                   const char *suffix)
{
    int length = snprintf(path, SNAPSHOT_PATH_MAX, "%s/" NAME_START "%0*u-%0*llu%s", folder,
                          SHARD_DIGITS, shard.n, INDEX_DIGITS, (unsigned long long)index, suffix);
    ASSERT(length > 0);
    ASSERT(length < SNAPSHOT_PATH_MAX);
}

static bool take_digits(struct slice *name, size_t digits, uint64_t *number)
{
    *number = 0;
    if (name->len < digits) return false;
    for (size_t i = 0; i < digits; i++) {
        if (name->data[i] < '0' || name->data[i] > '9') return false;
        *number = *number * 10 + (uint64_t)(name->data[i] - '0');
    }
    *name = slice_from(*name, digits);
    return true;
}

bool snapshot_name_read(struct slice path, struct snapshot_name *read)
{
    const uint8_t *slash = memrchr(path.data, '/', path.len);
    struct slice name = slash == NULL ? path : slice_from(path, (size_t)(slash - path.data) + 1);
    *read = (struct snapshot_name){0};
    if (!slice_starts_with(name, SLICE(NAME_START))) return false;
    name = slice_from(name, strlen(NAME_START));
    read->has_shard = name.len > SHARD_DIGITS && name.data[SHARD_DIGITS] == '-';
    if (read->has_shard) {
        uint64_t shard;
        if (!take_digits(&name, SHARD_DIGITS, &shard) || shard > SHARDS_MAX) return false;
        read->shard = (shard_id){(uint32_t)shard};
        name = slice_from(name, 1);
    }
    if (!take_digits(&name, INDEX_DIGITS, &read->index)) return false;
    read->suffix = name;
    return true;
}
