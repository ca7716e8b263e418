/* record.c -- where records begin and end. See block.h and record_scan.h. */
#include "base/bytes.h"
#include "work/read/record_scan.h"

enum { CSV_TAIL_BYTES = 32 * 1024 }; /* where the last record of a block is looked for first */

static struct slice without_line_end(struct slice line)
{
    if (line.len > 0 && line.data[line.len - 1] == '\n') line.len--;
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    return line;
}

static bool next_line(struct slice *rest, struct slice *record)
{
    if (rest->len == 0) return false;
    const uint8_t *line_end = memchr(rest->data, '\n', rest->len);
    size_t len = line_end != NULL ? (size_t)(line_end - rest->data) : rest->len;
    size_t taken = len + (line_end != NULL);
    *record = slice_of(rest->data, len);
    if (len > 0 && rest->data[len - 1] == '\r') record->len--;
    *rest = slice_of(rest->data + taken, rest->len - taken);
    return true;
}

static bool is_blank(struct slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r') return false;
    }
    return true;
}

static bool next_json(struct slice *rest, struct slice *record)
{
    while (next_line(rest, record)) {
        if (!is_blank(*record)) return true;
    }
    return false;
}

static bool next_csv(struct slice *rest, struct slice *record)
{
    while (rest->len > 0) {
        struct csv_scan scan = {CSV_FIELD_START};
        const uint8_t *end = rest->data + rest->len;
        const uint8_t *after = csv_scan_record(&scan, rest->data, end);
        size_t taken = (size_t)((after != NULL ? after : end) - rest->data);
        *record = without_line_end(slice_of(rest->data, taken));
        *rest = slice_from(*rest, taken);
        if (record->len > 0) return true;
    }
    return false;
}

static bool next_fixed(uint32_t fixed_bytes, struct slice *rest, struct slice *record)
{
    if (rest->len < fixed_bytes) return false;
    *record = slice_of(rest->data, fixed_bytes);
    *rest = slice_from(*rest, fixed_bytes);
    return true;
}

bool record_next(const struct record_rule *rule, struct slice *rest, struct slice *record)
{
    switch (rule->format) {
    case FORMAT_LINES:
    case FORMAT_TSV: return next_line(rest, record);
    case FORMAT_CSV: return next_csv(rest, record);
    case FORMAT_JSON: return next_json(rest, record);
    case FORMAT_FIXED: return next_fixed(rule->fixed_bytes, rest, record);
    }
    UNREACHABLE("a record format");
}

uint64_t records_count(const struct record_rule *rule, struct slice bytes)
{
    uint64_t count = 0;
    struct slice record;
    switch (rule->format) {
    case FORMAT_LINES:
    case FORMAT_TSV:
        if (bytes.len == 0) return 0;
        return bytes_count(bytes, '\n') + (bytes.data[bytes.len - 1] != '\n');
    case FORMAT_CSV:
    case FORMAT_JSON:
        while (record_next(rule, &bytes, &record)) count++;
        return count;
    case FORMAT_FIXED: return bytes.len / rule->fixed_bytes;
    }
    UNREACHABLE("a record format");
}

static const uint8_t *fixed_end(uint32_t fixed_bytes, struct record_scan *scan, const uint8_t *at,
                                const uint8_t *end)
{
    uint64_t missing = fixed_bytes - scan->seen, there = (uint64_t)(end - at);
    if (there < missing) {
        scan->seen += there;
        return NULL;
    }
    scan->seen = 0;
    return at + missing;
}

const uint8_t *record_scan_end(const struct record_rule *rule, struct record_scan *scan,
                               const uint8_t *at, const uint8_t *end)
{
    switch (rule->format) {
    case FORMAT_LINES:
    case FORMAT_TSV:
    case FORMAT_JSON: {
        const uint8_t *line_end = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        return line_end != NULL ? line_end + 1 : NULL;
    }
    case FORMAT_CSV: return csv_scan_record(&scan->csv, at, end);
    case FORMAT_FIXED: return fixed_end(rule->fixed_bytes, scan, at, end);
    }
    UNREACHABLE("a record format");
}

/* The last record end past `at`, where `scan` stands; 0: none. */
static size_t csv_last_end(struct csv_scan scan, struct slice bytes, size_t at)
{
    const uint8_t *last = NULL, *end = bytes.data + bytes.len;
    for (const uint8_t *next = bytes.data + at;
         (next = csv_scan_record(&scan, next, end)) != NULL;) {
        last = next;
    }
    return last != NULL ? (size_t)(last - bytes.data) : 0;
}

static size_t csv_whole_bytes(struct slice bytes)
{
    struct csv_scan scan = {CSV_FIELD_START};
    if (bytes.len > CSV_TAIL_BYTES) {
        size_t tail = bytes.len - CSV_TAIL_BYTES;
        struct csv_scan there = scan;
        csv_scan_skip(&there, bytes.data, bytes.data + tail);
        size_t whole = csv_last_end(there, bytes, tail);
        if (whole > 0) return whole;
    }
    return csv_last_end(scan, bytes, 0);
}

size_t record_whole_bytes(const struct record_rule *rule, struct slice bytes)
{
    if (bytes.len == 0) return 0;
    switch (rule->format) {
    case FORMAT_LINES:
    case FORMAT_TSV:
    case FORMAT_JSON: {
        const uint8_t *line_end = memrchr(bytes.data, '\n', bytes.len);
        return line_end != NULL ? (size_t)(line_end - bytes.data) + 1 : 0;
    }
    case FORMAT_CSV: return csv_whole_bytes(bytes);
    case FORMAT_FIXED: return bytes.len - bytes.len % rule->fixed_bytes;
    }
    UNREACHABLE("a record format");
}

bool record_format_allows_mark(enum record_format format)
{
    switch (format) {
    case FORMAT_CSV:
    case FORMAT_TSV:
    case FORMAT_JSON: return true;
    case FORMAT_LINES:
    case FORMAT_FIXED: return false;
    }
    UNREACHABLE("a record format");
}
