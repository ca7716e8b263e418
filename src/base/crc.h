/* crc.h -- checksums: CRC32C (Castagnoli) for what is on disk, CRC16 (XMODEM) for hash slots. */
#pragma once

#include "base/base.h"

uint32_t crc32c(uint32_t start, struct slice bytes); /* start 0; or what went before gave */
/* `bytes` should have the sum `wanted`, and do not. True: they would if one byte, that at
 * `*offset`, were another. False: more than one is wrong, or the sum is. */
MUST_USE bool crc32c_find_flipped(struct slice bytes, uint32_t wanted, size_t *offset);
uint16_t crc16(struct slice bytes);

/* The slot of Redis Cluster: of the key, or of what is between its first { and the next }. */
uint32_t slot_of_key(struct slice key);
