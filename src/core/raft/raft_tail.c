/*
 * raft_tail.c -- see raft_tail.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   I1  pieces are neighbours: the first follows `base`, and `last` ends the last one.
 *   I2  each piece holds a reference of its batch.
 *   I3  `bytes` is what the pieces hold, and what holding them costs.
 */
#include "core/raft/raft_tail.h"
#include "core/raft/raft_batch_impl.h"

enum { PIECES_DEAD_MAX = 64 };

static struct raft_piece *pieces_of(const struct raft_tail *tail)
{
    return (struct raft_piece *)(void *)tail->pieces.data + tail->head;
}

static size_t pieces_count(const struct raft_tail *tail)
{
    return tail->pieces.len / sizeof(struct raft_piece) - tail->head;
}

static struct raft_piece *piece_last(const struct raft_tail *tail)
{
    size_t count = pieces_count(tail);
    return count == 0 ? NULL : &pieces_of(tail)[count - 1];
}

static void piece_free(struct raft_tail *tail, struct raft_piece *piece)
{
    tail->bytes -= piece->bytes; /* [I3] */
    raft_batch_unref(piece->batch);
}

void raft_tail_clear(struct raft_tail *tail, struct raft_pos base)
{
    size_t count = pieces_count(tail);
    for (size_t i = 0; i < count; i++) piece_free(tail, &pieces_of(tail)[i]);
    ASSERT(tail->bytes == 0);
    buffer_free(&tail->pieces);
    *tail = (struct raft_tail){.base = base, .last = base};
}

static void piece_measure(struct raft_piece *piece)
{
    piece->first = raft_batch_entry(piece->batch, piece->skip).pos;
    piece->last = raft_batch_entry(piece->batch, piece->skip + piece->count - 1).pos;
    struct raft_span span = raft_batch_span(piece->batch, piece->skip, piece->count);
    piece->bytes = span.bytes.len + sizeof *piece;
}

void raft_tail_append(struct raft_tail *tail, struct raft_batch *batch, uint32_t skip)
{
    struct raft_piece piece = {.skip = skip, .count = raft_batch_count(batch) - skip};
    ASSERT(piece.count > 0);
    piece.batch = raft_batch_ref(batch); /* [I2] */
    piece_measure(&piece);
    ASSERT(piece.first.index == tail->last.index + 1); /* [I1] */
    ASSERT(piece.first.term >= tail->last.term);
    tail->last = piece.last;
    tail->bytes += piece.bytes;
    const struct raft_piece *before = piece_last(tail);
    piece.bytes_until = (before == NULL ? 0 : before->bytes_until) + piece.bytes;
    buffer_append(&tail->pieces, slice_of(&piece, sizeof piece));
}

void raft_tail_truncate(struct raft_tail *tail, uint64_t from)
{
    ASSERT(from > tail->base.index);
    struct raft_piece *piece;
    while ((piece = piece_last(tail)) != NULL && piece->last.index >= from) {
        if (piece->first.index < from) { /* a part of it stays */
            size_t whole = piece->bytes;
            piece->count = (uint32_t)(from - piece->first.index);
            piece_measure(piece);
            piece->bytes_until -= whole - piece->bytes;
            tail->bytes -= whole - piece->bytes; /* [I3] */
            break;
        }
        piece_free(tail, piece);
        tail->pieces.len -= sizeof *piece;
    }
    piece = piece_last(tail);
    tail->last = piece == NULL ? tail->base : piece->last; /* [I1] */
}

const struct raft_piece *raft_tail_first(const struct raft_tail *tail)
{
    return pieces_count(tail) == 0 ? NULL : pieces_of(tail);
}

void raft_tail_drop_first(struct raft_tail *tail)
{
    ASSERT(pieces_count(tail) > 0);
    struct raft_piece *piece = pieces_of(tail);
    tail->base = piece->last; /* [I1] */
    piece_free(tail, piece);
    tail->head++;
    if (tail->head < PIECES_DEAD_MAX && pieces_count(tail) > 0) return;
    buffer_consume(&tail->pieces, tail->head * sizeof *piece);
    tail->head = 0;
}

/* The piece that has `index`, which is behind base and there. */
static size_t piece_at(const struct raft_tail *tail, uint64_t index)
{
    ASSERT(index > tail->base.index);
    ASSERT(index <= tail->last.index);
    const struct raft_piece *pieces = pieces_of(tail);
    size_t low = 0, high = pieces_count(tail) - 1;
    if (index >= pieces[high].first.index) return high; /* mostly */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pieces[middle].last.index < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint64_t piece_term(const struct raft_piece *piece, uint64_t index)
{
    if (piece->first.term == piece->last.term) return piece->first.term;
    uint32_t ordinal = piece->skip + (uint32_t)(index - piece->first.index);
    return raft_batch_entry(piece->batch, ordinal).pos.term;
}

bool raft_tail_term(const struct raft_tail *tail, uint64_t index, uint64_t *term)
{
    if (index < tail->base.index || index > tail->last.index) return false;
    *term = index == tail->base.index ? tail->base.term
                                      : piece_term(&pieces_of(tail)[piece_at(tail, index)], index);
    return true;
}

uint64_t raft_tail_bytes_behind(const struct raft_tail *tail, uint64_t index)
{
    const struct raft_piece *last = piece_last(tail);
    if (last == NULL || index >= last->first.index) return 0;
    if (index <= tail->base.index) return tail->bytes;
    return last->bytes_until - pieces_of(tail)[piece_at(tail, index)].bytes_until;
}

struct raft_pos raft_tail_before(const struct raft_tail *tail, uint64_t index, uint64_t term)
{
    index = u64_min(index, tail->last.index);
    while (index > tail->base.index) {
        const struct raft_piece *piece = &pieces_of(tail)[piece_at(tail, index)];
        uint64_t found = piece_term(piece, index);
        if (found <= term) return (struct raft_pos){found, index};
        /* A piece of one term, or whose first is too late already, is passed over whole. */
        index = piece->first.term > term ? piece->first.index - 1 : index - 1;
    }
    return tail->base;
}

struct raft_span raft_tail_span(const struct raft_tail *tail, uint64_t from, uint64_t until,
                                size_t bytes_max)
{
    const struct raft_piece *piece = &pieces_of(tail)[piece_at(tail, from)];
    uint32_t ordinal = piece->skip + (uint32_t)(from - piece->first.index);
    uint32_t count = (uint32_t)(u64_min(until, piece->last.index) - from + 1);
    struct raft_span whole = raft_batch_span(piece->batch, ordinal, count);
    if (whole.bytes.len <= bytes_max) return whole;
    uint32_t low = 1, high = count; /* the largest count that is not over; one at least */
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        bool over = raft_batch_span(piece->batch, ordinal, middle).bytes.len > bytes_max;
        if (over) {
            high = middle - 1;
        } else {
            low = middle;
        }
    }
    return raft_batch_span(piece->batch, ordinal, low);
}
