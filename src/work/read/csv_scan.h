/*
 * csv_scan.h -- where csv records end, for bytes that come in any portions.
 *
 * A quote opens only at the start of a field (after a comma, a line end, or at the very start), and
 * then runs to its closing quote; two quotes inside stand for one. LF outside of quotes ends a
 * record. A scan that is zeroed stands at the start of a record.
 */
#pragma once

#include "base/base.h"

enum csv_place {
    CSV_FIELD_START = 0,
    CSV_PLAIN,  /* inside a field, outside of quotes */
    CSV_QUOTED, /* inside quotes */
    CSV_CLOSING /* after a quote inside quotes: the closing one, or the first of two */
};

struct csv_scan {
    enum csv_place place;
};

/* The byte after the current record's LF, where the scan then stands; or NULL: it goes on past
 * `end`, and so does the scan. */
const uint8_t *csv_scan_record(struct csv_scan *scan, const uint8_t *at, const uint8_t *end);

/* Move the scan to `end`, over records, looking at quotes alone: much faster. */
void csv_scan_skip(struct csv_scan *scan, const uint8_t *at, const uint8_t *end);
