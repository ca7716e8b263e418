/* bytes.h -- copying few bytes, and counting in many. */
#pragma once

#include "base/base.h"

/* As memcpy, for keys and values, of which most are short: these are copied without a call. */
static inline void bytes_copy(uint8_t *to, struct slice from)
{
    uint64_t first, last;
    uint32_t first_half, last_half;
    if (from.len > 16) {
        memcpy(to, from.data, from.len);
    } else if (from.len >= 8) {
        memcpy(&first, from.data, 8);
        memcpy(&last, from.data + from.len - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + from.len - 8, &last, 8);
    } else if (from.len >= 4) {
        memcpy(&first_half, from.data, 4);
        memcpy(&last_half, from.data + from.len - 4, 4);
        memcpy(to, &first_half, 4);
        memcpy(to + from.len - 4, &last_half, 4);
    } else {
        for (size_t i = 0; i < from.len; i++) to[i] = from.data[i];
    }
}

/* As memcmp == 0, for keys: most are short, and these are compared without a call. */
static inline bool bytes_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t first[2], last[2];
    if (len > 32) return memcmp(a, b, len) == 0;
    if (len < 8) {
        for (size_t i = 0; i < len; i++) {
            if (a[i] != b[i]) return false;
        }
        return true;
    }
    for (size_t i = 0; i + 8 <= len; i += 8) {
        memcpy(&first[0], a + i, 8);
        memcpy(&first[1], b + i, 8);
        if (first[0] != first[1]) return false;
    }
    memcpy(&last[0], a + len - 8, 8);
    memcpy(&last[1], b + len - 8, 8);
    return last[0] == last[1];
}

uint64_t bytes_count(struct slice bytes, uint8_t byte); /* how many are `byte` */
