/*
 * snapshot_format.h -- the bytes of a snapshot file, in memory.
 *
 * All integers are little-endian; checksums are CRC32C.
 *
 *   header: magic "TUTTISNP", version u32, crc u32 (of the rest), index u64, term u64, made at
 * (Unix ms) i64, seed u64, lane u32, lanes u32, keys of each database u64 blocks: magic u32, crc
 * u32 (of the rest of these 32 bytes, started with the header's), number u64, bytes u64, records
 * u32, crc u32 (of the records), then the records footer: as a block: magic u32, crc u32, blocks
 * u64, bytes of the whole file u64, records u64
 */
#pragma once

#include "lane/snapshot.h"

enum {
    SNAPSHOT_HEADER_BYTES = 64 + 8 * STORE_DATABASES,
    SNAPSHOT_HEAD_BYTES = 32,                /* of a block, and the whole footer */
    SNAPSHOT_TAG_REMOVE = SNAPSHOT_TAGS - 1, /* of files that nobody waits for to be gone */
};

uint32_t snapshot_header_write(uint8_t to[SNAPSHOT_HEADER_BYTES],
                               const struct snapshot_header *header); /* returns its checksum */

enum snapshot_header_kind { SNAPSHOT_HEADER_GOOD, SNAPSHOT_HEADER_NEWER, SNAPSHOT_HEADER_BAD };
enum snapshot_header_kind snapshot_header_read(struct slice bytes, struct snapshot_header *header,
                                               uint32_t *crc, uint32_t *version);

struct snapshot_head {
    enum snapshot_part { SNAPSHOT_PART_BLOCK, SNAPSHOT_PART_FOOTER } part;
    uint64_t number; /* of the block, from 0; of the footer: how many blocks there are */
    uint64_t bytes;  /* of the records; of the footer: of the whole file */
    uint64_t records_count;
    uint32_t records_crc; /* of a block */
};

void snapshot_head_write(uint8_t to[SNAPSHOT_HEAD_BYTES], uint32_t header_crc,
                         const struct snapshot_head *head);
/* False: damaged, or of another file. */
bool snapshot_head_read(struct slice bytes, uint32_t header_crc, struct snapshot_head *head);

enum { SNAPSHOT_PATH_MAX = 4096 };
/* FOLDER/snapshot-00000000000000004711 and the suffix; "": none. */
void snapshot_path(char path[SNAPSHOT_PATH_MAX], const char *folder, uint64_t index,
                   const char *suffix);
/* Is it the name of a snapshot? `suffix` is what follows: empty, ".partial", … */
bool snapshot_name_read(struct slice path, uint64_t *index, struct slice *suffix);
