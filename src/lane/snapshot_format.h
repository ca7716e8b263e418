/*
 * snapshot_format.h -- the bytes of a snapshot file, in memory.
 *
 * All integers are little-endian; checksums are CRC32C.
 *
 *   header: magic "TUTTISNP", version u32, crc u32 (of the rest up to the own part), index u64,
 *     term u64, made at (Unix ms) i64, seed u64, shard u32, shards u32, nonce u64, keys of each
 *     database u64, length of the members u32, SNAPSHOT_MEMBERS_BYTES with the members;
 *     the own part, which a receiver writes again: position u64, crc u32 (started with the
 * header's) blocks: magic u32, crc u32 (of the rest of these 32 bytes, started with the header's),
 *     number u64, bytes u64, records u32, crc u32 (of the records), then the records
 *   footer: as a block: magic u32, crc u32, blocks u64, bytes of the whole file u64, records u64
 *
 * Format 1 has neither members nor an own part: its position is its index.
 */
#pragma once

#include "lane/snapshot.h"

enum {
    SNAPSHOT_HEADER_1_BYTES = 64 + 8 * STORE_DATABASES, /* all that format 1 has */
    SNAPSHOT_MEMBERS_BYTES = RAFT_MEMBERS_BYTES_MAX,
    SNAPSHOT_OWN_AT = SNAPSHOT_HEADER_1_BYTES + 4 + SNAPSHOT_MEMBERS_BYTES,
    SNAPSHOT_OWN_BYTES = 12,
    SNAPSHOT_HEADER_BYTES = SNAPSHOT_OWN_AT + SNAPSHOT_OWN_BYTES,
    SNAPSHOT_EMPTY_BYTES = SNAPSHOT_HEADER_BYTES + SNAPSHOT_HEAD_BYTES, /* of an empty store */
    SNAPSHOT_TAG_REMOVE = SNAPSHOT_TAGS - 1, /* of files that nobody waits for to be gone */
};

uint32_t snapshot_header_write(uint8_t to[SNAPSHOT_HEADER_BYTES],
                               const struct snapshot_header *header); /* returns its checksum */
void snapshot_own_write(uint8_t to[SNAPSHOT_OWN_BYTES], uint32_t header_crc, uint64_t position);

enum snapshot_header_kind { SNAPSHOT_HEADER_GOOD, SNAPSHOT_HEADER_NEWER, SNAPSHOT_HEADER_BAD };
/* How long the header is that begins so; 0: it is none. */
uint32_t snapshot_header_bytes(struct slice start);
enum snapshot_header_kind snapshot_header_read(struct slice bytes, struct snapshot_header *header,
                                               uint32_t *crc, uint32_t *version);

/* All of the file. */
void snapshot_empty_write(uint8_t to[SNAPSHOT_EMPTY_BYTES], const struct snapshot_header *header);

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
/* FOLDER/snapshot-00042-00000000000000004711 and the suffix; "": none. */
void snapshot_path(char path[SNAPSHOT_PATH_MAX], const char *folder, shard_id shard, uint64_t index,
                   const char *suffix);
#define SNAPSHOT_PARTIAL  ".partial"
#define SNAPSHOT_RECEIVED ".received"
#define SNAPSHOT_DROPPED  ".dropped"
/* Is it the name of a snapshot? An older one does not say of which shard: the header does. */
struct snapshot_name {
    bool has_shard;
    shard_id shard;
    uint64_t index;
    struct slice suffix; /* what follows: empty, ".partial", … */
};
bool snapshot_name_read(struct slice path, struct snapshot_name *name);
