/* csv_cuts.c -- see csv_cuts.h. One pass, in which only the bytes around a cut are looked at for
 * line ends; elsewhere quotes alone matter. */
#include <stdlib.h>

#include "work/read/csv_cuts.h"
#include "work/read/csv_scan.h"

enum { CSV_CHUNK_BYTES = 1 << 20, CUTS_COUNT_MIN = 16, MARK_BYTES = 3 };

struct finder {
    struct csv_scan scan;
    uint64_t offset; /* of the scan in the file */
    uint64_t want;   /* the place to cut at, or soon after */
    uint64_t piece_bytes;
    struct csv_cuts *cuts;
};

static void add_cut(struct csv_cuts *cuts, uint64_t end)
{
    if (cuts->count == cuts->capacity) {
        cuts->capacity = (uint32_t)u64_max(2 * (uint64_t)cuts->capacity, CUTS_COUNT_MIN);
        cuts->ends = realloc(cuts->ends, cuts->capacity * sizeof *cuts->ends);
        ASSERT(cuts->ends != NULL);
    }
    cuts->ends[cuts->count++] = end;
}

/* The scan stands at `offset`, which is where `bytes` starts in the file. */
static void scan_chunk(struct finder *finder, struct slice bytes)
{
    const uint8_t *at = bytes.data, *end = bytes.data + bytes.len;
    while (at < end) {
        /* The record that covers byte want - 1 ends the piece. */
        uint64_t to_skip =
            finder->want - 1 > finder->offset ? finder->want - 1 - finder->offset : 0;
        const uint8_t *near = at + u64_min(to_skip, (uint64_t)(end - at));
        csv_scan_skip(&finder->scan, at, near);
        finder->offset += (uint64_t)(near - at);
        at = near;
        if (at == end) return;
        const uint8_t *after = csv_scan_record(&finder->scan, at, end);
        const uint8_t *moved = after != NULL ? after : end;
        finder->offset += (uint64_t)(moved - at);
        at = moved;
        if (after == NULL) return;
        add_cut(finder->cuts, finder->offset);
        finder->want = (finder->offset / finder->piece_bytes + 1) * finder->piece_bytes;
    }
}

enum err csv_cuts_find(struct file *file, uint64_t file_bytes, uint64_t piece_bytes,
                       uint32_t count_max, struct csv_cuts *cuts, struct fault *fault)
{
    ASSERT(piece_bytes > 0);
    *cuts = (struct csv_cuts){0};
    struct finder finder = {.want = piece_bytes, .piece_bytes = piece_bytes, .cuts = cuts};
    uint8_t *chunk = malloc(CSV_CHUNK_BYTES);
    ASSERT(chunk != NULL);
    enum err err = ERR_OK;
    for (uint64_t offset = 0; offset < file_bytes && err == ERR_OK;) {
        size_t want = u64_min(CSV_CHUNK_BYTES, file_bytes - offset), got;
        file_will_need(file, offset + want, CSV_CHUNK_BYTES);
        err = file_read_at(file, offset, chunk, want, &got, fault);
        if (err != ERR_OK || got == 0) break;
        struct slice bytes = slice_of(chunk, got);
        if (offset == 0 && slice_starts_with(bytes, SLICE("\xef\xbb\xbf"))) {
            bytes = slice_from(bytes, MARK_BYTES); /* the first field may start with a quote */
            finder.offset = MARK_BYTES;
        }
        scan_chunk(&finder, bytes);
        offset += got;
        if (cuts->count >= count_max) {
            err = fault_set(fault, ERR_LIMIT,
                            "%s makes more than %u splits; choose a larger --split-size",
                            file->label, count_max);
        }
    }
    free(chunk);
    if (err == ERR_OK && (cuts->count == 0 || cuts->ends[cuts->count - 1] < file_bytes)) {
        add_cut(cuts, file_bytes);
    }
    return err;
}

void csv_cuts_free(struct csv_cuts *cuts)
{
    free(cuts->ends);
    *cuts = (struct csv_cuts){0};
}
