/*
 * link_channel.c -- see link_impl.h.
 *
 * [I1] Bytes leave in the order in which they were put: pieces without a batch are the bytes of
 *      `heads`, in order.
 * [I2] A piece holds a reference of its batch until its last byte is sent or the channel closes.
 */
#include <stdlib.h>

#include "lane/link_impl.h"

void channel_open(struct channel *channel, io_handle handle)
{
    channel_drop(channel);
    ASSERT(channel->count == 0);
    channel->handle = handle;
    channel->blocked = false;
}

static struct link_piece *piece_at(const struct channel *channel, uint32_t at)
{
    return &channel->pieces[(channel->first + at) & (channel->capacity - 1)];
}

static void pop(struct channel *channel)
{
    raft_batch_unref(piece_at(channel, 0)->batch); /* [I2] */
    channel->first = (channel->first + 1) & (channel->capacity - 1);
    channel->count--;
    channel->piece_sent = 0;
}

static void trim(struct buffer *buffer)
{
    if (buffer->capacity > LINK_KEPT_BYTES_MAX) {
        buffer_free(buffer);
    } else {
        buffer_clear(buffer);
    }
}

void channel_close(struct channel *channel, struct io *io, bool gently)
{
    while (channel->count > 0) pop(channel);
    trim(&channel->heads);
    channel->heads_sent = channel->queued_bytes = 0;
    channel_keep(channel);
    if (channel->handle.n < 0) return;
    if (gently) {
        io_close_gently(io, channel->handle);
    } else {
        io_close(io, channel->handle);
    }
    channel->handle = IO_NONE;
}

void channel_free(struct channel *channel)
{
    ASSERT(channel->count == 0);
    buffer_free(&channel->heads);
    buffer_free(&channel->in);
    free(channel->pieces);
    channel->pieces = NULL;
}

/* --- sending --------------------------------------------------------------------------------- */

static void grow(struct channel *channel)
{
    enum { PIECES_FIRST = 32 };
    uint32_t capacity = channel->capacity == 0 ? PIECES_FIRST : channel->capacity * 2;
    struct link_piece *pieces = calloc(capacity, sizeof *pieces);
    ASSERT(pieces != NULL);
    for (uint32_t i = 0; i < channel->count; i++) pieces[i] = *piece_at(channel, i);
    free(channel->pieces);
    channel->pieces = pieces;
    channel->first = 0;
    channel->capacity = capacity;
}

static void push(struct channel *channel, struct link_piece piece)
{
    if (piece.len == 0) return;
    channel->queued_bytes += piece.len;
    struct link_piece *last = channel->count == 0 ? NULL : piece_at(channel, channel->count - 1);
    if (last != NULL && last->batch == NULL && piece.batch == NULL) {
        last->len += piece.len; /* [I1] */
        return;
    }
    if (channel->count == channel->capacity) grow(channel);
    *piece_at(channel, channel->count++) = piece;
}

static void push_copy(struct channel *channel, struct slice bytes)
{
    if (bytes.len != 0) buffer_append(&channel->heads, bytes);
    push(channel, (struct link_piece){.len = bytes.len});
}

void channel_put(struct channel *channel, uint8_t version, uint8_t kind, struct slice head,
                 const struct raft_span *spans, uint32_t spans_count)
{
    struct slice parts[1 + RAFT_SPANS_MAX] = {head};
    uint8_t frame[PEER_FRAME_HEADER_BYTES];
    ASSERT(spans_count <= RAFT_SPANS_MAX);
    for (uint32_t i = 0; i < spans_count; i++) parts[1 + i] = spans[i].bytes;
    peer_frame_head(frame, version, kind, parts, 1 + spans_count);
    push_copy(channel, slice_of(frame, sizeof frame));
    push_copy(channel, head);
    for (uint32_t i = 0; i < spans_count; i++) {
        struct slice bytes = spans[i].bytes;
        if (bytes.len <= LINK_COPY_BYTES_MAX) {
            push_copy(channel, bytes);
        } else {
            push(channel,
                 (struct link_piece){raft_batch_ref(spans[i].batch), bytes.data, bytes.len});
        }
    }
}

/* What goes next, as slices. */
static uint32_t gather(const struct channel *channel, struct slice slices[LINK_SLICES_MAX],
                       size_t *bytes)
{
    uint32_t count = 0;
    size_t skip = channel->piece_sent, heads_at = channel->heads_sent;
    *bytes = 0;
    for (; count < channel->count && count < LINK_SLICES_MAX; count++, skip = 0) {
        const struct link_piece *piece = piece_at(channel, count);
        const uint8_t *data = piece->batch == NULL ? channel->heads.data + heads_at : piece->data;
        size_t left = piece->len - skip;
        if (piece->batch == NULL) heads_at += left; /* [I1] */
        slices[count] = slice_of(piece->batch == NULL ? data : data + skip, left);
        *bytes += left;
    }
    return count;
}

static void advance(struct channel *channel, size_t sent)
{
    channel->queued_bytes -= sent;
    while (sent > 0) {
        const struct link_piece *piece = piece_at(channel, 0);
        size_t step = u64_min(sent, piece->len - channel->piece_sent);
        if (piece->batch == NULL) channel->heads_sent += step;
        channel->piece_sent += step;
        sent -= step;
        if (channel->piece_sent == piece->len) pop(channel);
    }
    if (channel->heads_sent == channel->heads.len) {
        trim(&channel->heads);
        channel->heads_sent = 0;
    } else if (channel->heads_sent > channel->heads.len / 2) {
        buffer_consume(&channel->heads, channel->heads_sent);
        channel->heads_sent = 0;
    }
}

enum err channel_flush(struct channel *channel, struct io *io, uint64_t *bytes_sent)
{
    while (channel->count > 0 && !channel->blocked) { /* ends: each round sends all, or blocks */
        struct slice slices[LINK_SLICES_MAX];
        size_t bytes, sent = 0;
        uint32_t count = gather(channel, slices, &bytes);
        enum err err = io_send(io, channel->handle, slices, count, &sent);
        *bytes_sent += sent;
        if (err != ERR_OK) return err;
        channel->blocked = sent < bytes;
        advance(channel, sent);
    }
    return ERR_OK;
}

/* --- receiving ------------------------------------------------------------------------------- */

void channel_drop(struct channel *channel)
{
    trim(&channel->in);
    channel->in_used = 0;
    channel->fresh = (struct slice){0};
}

/* `in` has only what is not taken yet. */
static void compact(struct channel *channel)
{
    if (channel->in_used == channel->in.len) {
        trim(&channel->in);
    } else if (channel->in_used > 0) {
        buffer_consume(&channel->in, channel->in_used);
    }
    channel->in_used = 0;
}

void channel_keep(struct channel *channel)
{
    if (channel->fresh.len == 0) return;
    compact(channel);
    buffer_append(&channel->in, channel->fresh);
    channel->fresh = (struct slice){0};
}

void channel_receive(struct channel *channel, struct slice bytes)
{
    channel_keep(channel);
    channel->fresh = bytes;
}

/* Of a frame that began in `in`: the rest of it, as far as it is there. */
static bool complete(struct channel *channel, size_t frame_bytes)
{
    size_t missing = frame_bytes - channel->in.len;
    struct slice more = slice_of(channel->fresh.data, u64_min(missing, channel->fresh.len));
    if (more.len == 0) return false;
    buffer_append(&channel->in, more);
    channel->fresh = slice_from(channel->fresh, more.len);
    return true;
}

enum peer_read channel_next(struct channel *channel, size_t payload_max, struct peer_frame *frame,
                            const char **why)
{
    size_t used;
    enum peer_read read = PEER_SHORT;
    if (channel->in_used > 0) compact(channel);
    while (channel->in.len > 0) { /* ends: fresh bytes are used up, or a frame is whole */
        read = peer_frame_read(buffer_slice(&channel->in), payload_max, frame, &used, why);
        if (read == PEER_WHOLE) channel->in_used = used;
        if (read != PEER_SHORT || !complete(channel, used)) return read;
    }
    if (channel->fresh.len == 0) return PEER_SHORT;
    read = peer_frame_read(channel->fresh, payload_max, frame, &used, why);
    if (read == PEER_WHOLE) channel->fresh = slice_from(channel->fresh, used);
    return read;
}
