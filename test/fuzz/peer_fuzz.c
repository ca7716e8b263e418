/*
 * peer_fuzz.c -- what a stranger sends to a link: any bytes as frames, in one piece and byte by
 * byte, which must give the same; their payloads as each message of the handshake; and the input as
 * payload of a good frame, which is read back unless a bit is flipped.
 */
#include "core/peer/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_payload(struct slice payload)
{
    struct peer_hello hello, mine = {PEER_VERSION_MIN, PEER_VERSION_MAX, 7, {1}, {0}, 0, 1, {0}};
    struct peer_refusal refusal;
    struct buffer out = {0};
    uint8_t version = 0, text[PEER_PROOF_TEXT_BYTES];
    if (peer_hello_read(payload, &hello)) {
        peer_hello_write(&hello, &out);
        ASSERT(slice_eq(buffer_slice(&out), slice_of(payload.data, PEER_HELLO_BYTES)));
        bool fine = peer_hello_check(&mine, &hello, &version, &refusal);
        /* the newest that both speak */
        ASSERT(!fine || (version >= hello.version_min && version >= PEER_VERSION_MIN &&
                         (version == hello.version_max || version == PEER_VERSION_MAX)));
        ASSERT(!fine || (version <= hello.version_max && version <= PEER_VERSION_MAX));
        if (!fine) peer_refusal_tell(&refusal, &out);
        peer_proof_text(&mine, &hello, true, text);
    }
    if (peer_refusal_read(payload, &refusal)) peer_refusal_tell(&refusal, &out);
    (void)peer_proof_same(payload, slice_of(text, 0));
    buffer_free(&out);
}

static void read_all(struct slice bytes)
{
    struct peer_frame frame, grown;
    const char *why;
    size_t used;
    enum peer_read read;
    for (;;) { /* ends: each frame takes some */
        read = peer_frame_read(bytes, PEER_STRANGER_BYTES_MAX, &frame, &used, &why);
        if (read != PEER_WHOLE) break;
        for (size_t len = 0; len < used; len++) {
            size_t wanted;
            ASSERT(peer_frame_read(slice_of(bytes.data, len), PEER_STRANGER_BYTES_MAX, &grown,
                                   &wanted, &why) == PEER_SHORT);
            ASSERT(wanted > len && wanted <= used);
        }
        read_payload(frame.payload);
        bytes = slice_from(bytes, used);
    }
    ASSERT(read == PEER_WRONG ||
           (used > bytes.len && used <= PEER_FRAME_HEADER_BYTES + PEER_STRANGER_BYTES_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct buffer bytes = {0};
    struct peer_frame frame;
    uint8_t head[PEER_FRAME_HEADER_BYTES];
    const char *why;
    size_t used;
    read_all(input);
    read_payload(input);
    peer_frame_head(head, 1, PEER_HELLO, &input, 1);
    buffer_append(&bytes, slice_of(head, sizeof head));
    buffer_append(&bytes, input);
    struct slice whole = buffer_slice(&bytes);
    ASSERT(peer_frame_read(whole, size, &frame, &used, &why) == PEER_WHOLE && used == whole.len);
    ASSERT(slice_eq(frame.payload, input));
    if (size > 0) {
        bytes.data[PEER_FRAME_HEADER_BYTES + data[0] % size] ^= 1;
        ASSERT(peer_frame_read(whole, size, &frame, &used, &why) == PEER_WRONG);
    }
    buffer_free(&bytes);
    return 0;
}
