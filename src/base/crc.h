/* crc.h -- checksums: CRC32C (Castagnoli) for what is on disk, CRC16 (XMODEM) for hash slots. */
#pragma once

#include "base/base.h"

uint32_t crc32c(uint32_t start, struct slice bytes); /* start 0; or what went before gave */
uint16_t crc16(struct slice bytes);

enum { SLOT_COUNT = 16384 };

/* The slot of Redis Cluster: of the key, or of what is between its first { and the next }. */
uint32_t slot_of_key(struct slice key);
