/*
 * record_scan.h -- where records end, for every format: what readers and planners cut by.
 */
#pragma once

#include "work/read/block.h"
#include "work/read/csv_scan.h"

/* A walk through one record whose bytes come in any portions. Zeroed: at its start. */
struct record_scan {
    struct csv_scan csv;
    uint64_t seen; /* bytes of the record so far; FORMAT_FIXED only */
};

/* The byte after the record and its line end; or NULL: it goes on past `end`. The scan then goes on
 * with the next portion, or stands at the start of the next record. */
const uint8_t *record_scan_end(const struct record_rule *rule, struct record_scan *scan,
                               const uint8_t *at, const uint8_t *end);

/* `bytes` starts with a record: how many of them are whole records, line ends included. */
size_t record_whole_bytes(const struct record_rule *rule, struct slice bytes);

/* A file of this format may begin with a byte order mark, which is not part of its first record. */
bool record_format_allows_mark(enum record_format format);
