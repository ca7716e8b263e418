/* link_channel_test.c -- frames out of a stream that is cut anywhere, kept or not. */
#include "lane/link_impl.h"
#include "test/random.h"
#include "test/rows.h"

enum { FRAMES = 40, PAYLOAD_MAX = 3000, ROUNDS = 60 };

/* Payload number `i` has a length and bytes that follow from `i`. */
static struct slice payload(uint32_t i, uint8_t memory[PAYLOAD_MAX])
{
    struct random random = {i};
    size_t len = random_below(&random, 3) == 0 ? 0 : random_below(&random, PAYLOAD_MAX);
    memset(memory, (int)i, PAYLOAD_MAX);
    return slice_of(memory, len);
}

static void append_frames(struct buffer *stream)
{
    uint8_t memory[PAYLOAD_MAX], head[PEER_FRAME_HEADER_BYTES];
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct slice bytes = payload(i, memory);
        peer_frame_head(head, 1, PEER_DATA, &bytes, 1);
        buffer_append(stream, slice_of(head, sizeof head));
        buffer_append(stream, bytes);
    }
}

static uint32_t take(struct channel *channel, uint32_t seen, uint32_t most)
{
    uint8_t memory[PAYLOAD_MAX];
    struct peer_frame frame;
    const char *why;
    for (uint32_t i = 0; i < most; i++) {
        enum peer_read read = channel_next(channel, PAYLOAD_MAX, &frame, &why);
        if (read == PEER_SHORT) return seen;
        cr_assert_eq(read, PEER_WHOLE, "%s", why);
        cr_assert(slice_eq(frame.payload, payload(seen, memory)), "frame %u", seen);
        seen++;
    }
    return seen;
}

Test(channel, gives_the_frames_of_a_stream_however_it_is_cut)
{
    struct random random = {7};
    struct buffer stream = {0};
    append_frames(&stream);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct channel channel = {.handle = IO_NONE};
        uint32_t seen = 0;
        size_t cut_max = 1 + random_below(&random, round % 3 == 0 ? 20 : 9000);
        for (size_t at = 0; at < stream.len;) {
            size_t len = u64_min(1 + random_below(&random, cut_max), stream.len - at);
            struct buffer lent = {0}; /* as io lends it: gone after the turn */
            buffer_append(&lent, slice_of(stream.data + at, len));
            channel_receive(&channel, buffer_slice(&lent));
            seen = take(&channel, seen, (uint32_t)random_below(&random, 4));
            channel_keep(&channel);
            if (random_below(&random, 2) == 0) seen = take(&channel, seen, FRAMES);
            memset(lent.data, 0xee, lent.len);
            buffer_free(&lent);
            at += len;
        }
        seen = take(&channel, seen, FRAMES);
        cr_assert_eq(seen, FRAMES);
        channel_free(&channel);
    }
    buffer_free(&stream);
}
