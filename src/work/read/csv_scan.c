/* csv_scan.c -- see csv_scan.h. memchr does the walking: quotes and line ends are all that count.
 */
#include "work/read/csv_scan.h"

static const uint8_t *find(const uint8_t *at, const uint8_t *end, uint8_t byte)
{
    return at < end ? memchr(at, byte, (size_t)(end - at)) : NULL;
}

/* Inside quotes: the byte after them, or NULL when `end` came first. */
static const uint8_t *leave_quotes(struct csv_scan *scan, const uint8_t *at, const uint8_t *end)
{
    for (;;) {
        if (scan->place == CSV_QUOTED) {
            const uint8_t *quote = find(at, end, '"');
            if (quote == NULL) return NULL;
            at = quote + 1;
            scan->place = CSV_CLOSING;
        }
        if (at == end) return NULL; /* the next portion tells whether another quote follows */
        if (*at != '"') break;
        at++;
        scan->place = CSV_QUOTED;
    }
    scan->place = CSV_PLAIN;
    return at;
}

/* Outside of quotes, from `at`: the byte after the quote that opens before `stop`, or NULL. */
static const uint8_t *find_opening(const struct csv_scan *scan, const uint8_t *at,
                                   const uint8_t *stop)
{
    if (at < stop && *at == '"' && scan->place == CSV_FIELD_START) return at + 1;
    for (const uint8_t *from = at; (from = find(from, stop, '"')) != NULL; from++) {
        if (from > at && (from[-1] == ',' || from[-1] == '\n')) return from + 1;
    }
    return NULL;
}

static void stand_after(struct csv_scan *scan, const uint8_t *at, const uint8_t *end)
{
    if (at == end) return;
    bool starts = end[-1] == ',' || end[-1] == '\n';
    scan->place = starts ? CSV_FIELD_START : CSV_PLAIN;
}

static bool is_quoted(const struct csv_scan *scan)
{
    return scan->place == CSV_QUOTED || scan->place == CSV_CLOSING;
}

const uint8_t *csv_scan_record(struct csv_scan *scan, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *line_end = NULL;
    bool searched = false;
    for (;;) {
        if (is_quoted(scan)) {
            at = leave_quotes(scan, at, end);
            if (at == NULL) return NULL;
        }
        if (!searched || (line_end != NULL && line_end < at)) line_end = find(at, end, '\n');
        searched = true;
        const uint8_t *stop = line_end != NULL ? line_end : end;
        const uint8_t *opened = find_opening(scan, at, stop);
        if (opened != NULL) {
            at = opened;
            scan->place = CSV_QUOTED;
            continue;
        }
        if (line_end == NULL) {
            stand_after(scan, at, end);
            return NULL;
        }
        scan->place = CSV_FIELD_START;
        return line_end + 1;
    }
}

void csv_scan_skip(struct csv_scan *scan, const uint8_t *at, const uint8_t *end)
{
    for (;;) {
        if (is_quoted(scan)) {
            at = leave_quotes(scan, at, end);
            if (at == NULL) return;
        }
        const uint8_t *opened = find_opening(scan, at, end);
        if (opened == NULL) {
            stand_after(scan, at, end);
            return;
        }
        at = opened;
        scan->place = CSV_QUOTED;
    }
}
