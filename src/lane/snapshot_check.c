/* snapshot_check.c -- the checksums of a snapshot that comes in pieces, which may end anywhere. */
#include "base/crc.h"
#include "lane/snapshot_format.h"

bool snapshot_check_begin(struct snapshot_check *check, struct slice start)
{
    struct snapshot_header header;
    uint32_t version;
    *check = (struct snapshot_check){.header_left = snapshot_header_bytes(start)};
    return snapshot_header_read(start, &header, &check->header_crc, &version) ==
           SNAPSHOT_HEADER_GOOD;
}

static bool block_ends(const struct snapshot_check *check)
{
    return check->block_left > 0 || check->block_crc == check->block_told;
}

static bool take_head(struct snapshot_check *check)
{
    struct snapshot_head head;
    struct slice bytes = slice_of(check->head, SNAPSHOT_HEAD_BYTES);
    check->head_bytes = 0;
    if (!snapshot_head_read(bytes, check->header_crc, &head)) return false;
    if (head.number != check->blocks_count) return false;
    if (head.part == SNAPSHOT_PART_FOOTER) {
        check->is_whole = head.bytes == check->at && head.records_count == check->records_count;
        return check->is_whole;
    }
    check->blocks_count++;
    check->records_count += head.records_count;
    check->block_left = head.bytes;
    check->block_crc = 0;
    check->block_told = head.records_crc;
    return block_ends(check);
}

static struct slice cut(struct snapshot_check *check, struct slice *piece, uint64_t bytes_max)
{
    struct slice taken = slice_of(piece->data, (size_t)u64_min(piece->len, bytes_max));
    *piece = slice_from(*piece, taken.len);
    check->at += taken.len;
    return taken;
}

bool snapshot_check_more(struct snapshot_check *check, struct slice piece)
{
    while (piece.len > 0) {
        bool good = true;
        if (check->is_whole) return false; /* nothing is behind the end */
        if (check->header_left > 0) {
            check->header_left -= (uint32_t)cut(check, &piece, check->header_left).len;
        } else if (check->block_left > 0) {
            struct slice records = cut(check, &piece, check->block_left);
            check->block_crc = crc32c(check->block_crc, records);
            check->block_left -= records.len;
            good = block_ends(check);
        } else {
            struct slice head = cut(check, &piece, SNAPSHOT_HEAD_BYTES - check->head_bytes);
            memcpy(check->head + check->head_bytes, head.data, head.len);
            check->head_bytes += (uint32_t)head.len;
            if (check->head_bytes == SNAPSHOT_HEAD_BYTES) good = take_head(check);
        }
        if (!good) return false;
    }
    return true;
}
