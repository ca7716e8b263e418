/* range.c -- see range.h. */
#include "work/read/range.h"

enum { LINE_END_BYTES_MAX = 2 };

/* The byte after the first LF in [from, to) of the file; `to`, or the file's end, when there is
 * none. */
static enum err after_line_end(struct file *file, uint64_t from, uint64_t to, struct slice scratch,
                               uint64_t *after, struct fault *fault)
{
    uint8_t *window = (uint8_t *)(uintptr_t)scratch.data; /* lent for this: see range.h */
    for (*after = from; *after < to;) {
        size_t got;
        size_t want = u64_min(to - *after, scratch.len);
        enum err err = file_read_at(file, *after, window, want, &got, fault);
        if (err != ERR_OK) return err;
        if (got == 0) return ERR_OK;
        const uint8_t *line_end = memchr(window, '\n', got);
        if (line_end != NULL) {
            *after += (uint64_t)(line_end - window) + 1;
            return ERR_OK;
        }
        *after += got;
    }
    return ERR_OK;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static enum err resolve_lines(struct file *file, const struct piece *piece,
                              uint64_t record_bytes_max, struct slice scratch, struct range *range,
                              struct fault *fault)
{
    uint64_t limit = piece->offset + piece->bytes;
    enum err err = ERR_OK;
    range->start = piece->offset;
    if (piece->offset > 0) {
        /* A record starts behind a line end: the byte before the piece may be one. */
        err = after_line_end(file, piece->offset - 1, limit, scratch, &range->start, fault);
    }
    if (err != ERR_OK) return err;
    range->end = range->start;
    if (range->start >= limit) return ERR_OK; /* one record covers it all: an earlier piece's */
    uint64_t far;
    if (__builtin_add_overflow(limit + LINE_END_BYTES_MAX, record_bytes_max, &far))
        far = UINT64_MAX;
    return after_line_end(file, limit - 1, far, scratch, &range->end, fault);
}

enum err range_resolve(struct file *file, const struct piece *piece, const struct record_rule *rule,
                       uint64_t record_bytes_max, uint8_t *scratch, size_t scratch_bytes,
                       struct range *range, struct fault *fault)
{
    *range = (struct range){0};
    uint64_t size, limit = piece->offset + piece->bytes;
    enum err err = file_size(file, &size, fault);
    if (err != ERR_OK) return err;
    if (size < limit) {
        return fault_set(fault, ERR_CORRUPT, "%s shrank to %llu bytes while the job was running",
                         file->label, (unsigned long long)size);
    }
    switch (rule->format) {
    case FORMAT_LINES:
    case FORMAT_TSV:
    case FORMAT_JSON:
        return resolve_lines(file, piece, record_bytes_max, slice_of(scratch, scratch_bytes), range,
                             fault);
    case FORMAT_CSV: /* the plan cut between records */
        *range = (struct range){piece->offset, limit};
        return ERR_OK;
    case FORMAT_FIXED:
        range->end = u64_min(round_up(limit, rule->fixed_bytes), size);
        range->start = u64_min(round_up(piece->offset, rule->fixed_bytes), range->end);
        return ERR_OK;
    }
    UNREACHABLE("a record format");
}
