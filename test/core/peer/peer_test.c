/* peer_test.c -- frames of a link as bytes and back, and who may shake hands with whom. */
#include "core/peer/peer.h"
#include "test/random.h"
#include "test/rows.h"

static void append_frame(struct buffer *out, uint8_t version, uint8_t kind, struct slice payload)
{
    uint8_t head[PEER_FRAME_HEADER_BYTES];
    peer_frame_head(head, version, kind, &payload, 1);
    buffer_append(out, slice_of(head, sizeof head));
    buffer_append(out, payload);
}

/* --- frames ---------------------------------------------------------------------------------- */

static const struct frame_row {
    const char *why;
    size_t at; /* this byte of a good frame with payload "hello" is changed, … */
    uint8_t by;
    size_t len, payload_max; /* … and so much of it is there; 0: all */
    enum peer_read read;
    const char *told;
} frame_rows[] = {
    {"a good frame", 0, 0, 0, 5, PEER_WHOLE, ""},
    {"of which the last byte is missing", 0, 0, 20, 5, PEER_SHORT, ""},
    {"of which the header is not whole", 0, 0, 15, 5, PEER_SHORT, ""},
    {"nothing at all is a beginning", 0, 0, SIZE_MAX, 5, PEER_SHORT, ""},
    {"another protocol", 0, 1, 0, 5, PEER_WRONG, "no frame of a link"},
    {"another protocol is seen by its first 16 bytes", 0, 1, 16, 5, PEER_WRONG, "no frame"},
    {"a flipped bit of the payload", 18, 4, 0, 5, PEER_WRONG, "checksum"},
    {"of the kind", 5, 1, 0, 5, PEER_WRONG, "checksum"},
    {"of the checksum", 12, 1, 0, 5, PEER_WRONG, "checksum"},
    {"of what must be zero", 6, 1, 0, 5, PEER_WRONG, "bits that mean nothing"},
    {"longer than it may be, before its bytes have come", 0, 0, 16, 4, PEER_WRONG, "longer"},
    {"a length that was flipped up", 11, 0x40, 0, PEER_PAYLOAD_BYTES_MAX, PEER_SHORT, ""},
    {"and higher than any frame may be", 11, 0x80, 0, PEER_PAYLOAD_BYTES_MAX, PEER_WRONG, "longer"},
};

Test(peer_frame, is_whole_short_or_wrong)
{
    FOR_ROWS (row, frame_rows) {
        struct buffer bytes = {0};
        struct peer_frame frame;
        size_t used = 0;
        const char *why = "";
        append_frame(&bytes, 1, PEER_DATA, SLICE("hello"));
        bytes.data[row->at] ^= row->by;
        size_t len = row->len == 0 ? bytes.len : row->len == SIZE_MAX ? 0 : row->len;
        enum peer_read read =
            peer_frame_read(slice_of(bytes.data, len), row->payload_max, &frame, &used, &why);
        ROW_EQ(row, read, row->read);
        cr_expect(strstr(why, row->told) != NULL, "%s: '%s'", row->why, why);
        if (read == PEER_SHORT) cr_expect_gt(used, len, "%s: more is asked for", row->why);
        if (read == PEER_WHOLE) {
            ROW_EQ(row, used, bytes.len);
            ROW_EQ(row, frame.kind, PEER_DATA);
            ROW_BYTES_EQ(row, frame.payload, "hello");
        }
        buffer_free(&bytes);
    }
}

/* Payload in parts is the same frame as in one. */
Test(peer_frame, does_not_depend_on_how_its_payload_is_cut)
{
    struct random random = {1};
    uint8_t payload[300], whole[PEER_FRAME_HEADER_BYTES], cut[PEER_FRAME_HEADER_BYTES];
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof payload; i++) payload[i] = (uint8_t)random_u64(&random);
        size_t a = random_below(&random, sizeof payload + 1);
        size_t b = a + random_below(&random, sizeof payload - a + 1);
        struct slice all = slice_of(payload, sizeof payload);
        struct slice parts[] = {slice_of(payload, a), slice_of(payload + a, b - a),
                                slice_from(all, b)};
        peer_frame_head(whole, 1, 20, &all, 1);
        peer_frame_head(cut, 1, 20, parts, COUNT_OF(parts));
        cr_assert_arr_eq(whole, cut, sizeof whole);
    }
}

/* --- who may talk to whom -------------------------------------------------------------------- */

static const struct peer_hello one = {2, 2, 77, {1}, {2}, 3, 4, {1, 2, 3}};
static const struct peer_hello two = {2, 2, 77, {2}, {1}, 3, 4, {4, 5, 6}};

static const struct hello_row {
    const char *why;
    struct peer_hello theirs;
    enum peer_reason refused; /* 0: they may */
    const char *told;
} hello_rows[] = {
    {"all is as it should be", {2, 2, 77, {2}, {1}, 3, 4, {0}}, 0, ""},
    {"who does not say whom it wants", {2, 2, 77, {2}, {0}, 3, 4, {0}}, 0, ""},
    {"a newer one that speaks ours too", {2, 9, 77, {2}, {1}, 3, 4, {0}}, 0, ""},
    {"one that is too new", {8, 9, 77, {2}, {1}, 3, 4, {0}}, PEER_REASON_VERSION, "update"},
    {"one of before shards", {1, 1, 77, {2}, {1}, 3, 4, {0}}, PEER_REASON_VERSION, "here 2 to 3"},
    {"another cluster", {2, 2, 78, {2}, {1}, 3, 4, {0}}, PEER_REASON_CLUSTER, "--cluster"},
    {"not whom we wanted", {2, 2, 77, {3}, {1}, 3, 4, {0}}, PEER_REASON_NODE, "is node 1"},
    {"who wanted somebody else", {2, 2, 77, {2}, {3}, 3, 4, {0}}, PEER_REASON_NODE, "--peers"},
    {"our own number", {2, 2, 77, {1}, {0}, 3, 4, {0}}, PEER_REASON_NODE, "--node of its own"},
    {"more lanes, and shards in common", {2, 2, 77, {2}, {1}, 4, 5, {0}}, 0, ""},
    {"fewer lanes, and shards in common", {2, 2, 77, {2}, {1}, 0, 1, {0}}, 0, ""},
    {"more lanes, and none in common", {2, 2, 77, {2}, {1}, 2, 5, {0}}, PEER_REASON_LANE, "lane 3"},
    {"another lane", {2, 2, 77, {2}, {1}, 2, 4, {0}}, PEER_REASON_LANE, "its lane 3 was met"},
};

Test(peer_hello, is_checked)
{
    FOR_ROWS (row, hello_rows) {
        struct peer_refusal refusal = {0}, read = {0};
        struct buffer text = {0};
        uint8_t version = 0;
        bool fine = peer_hello_check(&one, &row->theirs, &version, &refusal);
        ROW_EQ(row, fine, row->refused == 0);
        ROW_EQ(row, refusal.reason, row->refused);
        if (fine) {
            ROW_EQ(row, version, 2);
        } else {
            peer_refusal_write(&refusal, &text);
            cr_expect(peer_refusal_read(buffer_slice(&text), &read), "%s", row->why);
            buffer_clear(&text);
            peer_refusal_tell(&read, &text);
            cr_expect(memmem(text.data, text.len, row->told, strlen(row->told)) != NULL,
                      "%s: '%.*s'", row->why, (int)text.len, (const char *)text.data);
        }
        buffer_free(&text);
    }
}

/* Of a machine that wants to join, as its acceptor sees it. */
static const struct hello_row joiner_rows[] = {
    {"who has other lanes", {2, 2, 77, {0}, {0}, 0, 5, {0}}, 0, ""},
    {"who has the token of another cluster",
     {2, 2, 78, {0}, {0}, 0, 4, {0}},
     PEER_REASON_CLUSTER,
     "another cluster"},
    {"who wants somebody else", {2, 2, 77, {0}, {3}, 0, 4, {0}}, PEER_REASON_NODE, "is node 1"},
    {"who came to a lane but the first", {2, 2, 77, {0}, {0}, 1, 4, {0}}, PEER_REASON_LANE, "0"},
};

Test(peer_hello, of_who_wants_to_join_is_checked)
{
    static const struct peer_hello mine = {2, 2, 77, {1}, {0}, 0, 4, {1}};
    static const struct peer_hello nobody = {2, 2, 77, {0}, {0}, 0, 4, {1}};
    struct peer_refusal refusal = {0};
    uint8_t version;
    FOR_ROWS (row, joiner_rows) {
        refusal = (struct peer_refusal){0};
        bool fine = peer_hello_check(&mine, &row->theirs, &version, &refusal);
        ROW_EQ(row, fine, row->refused == 0);
        ROW_EQ(row, refusal.reason, row->refused);
    }
    cr_expect(!peer_hello_check(&nobody, &nobody, &version, &refusal), "two that have no number");
}

Test(peer_hello, is_read_as_it_was_written)
{
    struct buffer bytes = {0};
    struct peer_hello read;
    peer_hello_write(&one, &bytes);
    cr_assert_eq(bytes.len, PEER_HELLO_BYTES);
    cr_assert(peer_hello_read(buffer_slice(&bytes), &read));
    cr_expect_eq(read.cluster, one.cluster);
    cr_expect_eq(read.wanted.n, one.wanted.n);
    cr_expect_arr_eq(read.nonce, one.nonce, sizeof read.nonce);
    for (size_t len = 0; len < bytes.len; len++) {
        cr_expect(!peer_hello_read(slice_of(bytes.data, len), &read), "%zu bytes", len);
    }
    buffer_append_byte(&bytes, 1);
    cr_expect(peer_hello_read(buffer_slice(&bytes), &read), "a newer version's may be longer");
    bytes.data[0] = 3;
    cr_expect(!peer_hello_read(buffer_slice(&bytes), &read), "no version at all");
    buffer_free(&bytes);
}

Test(peer_proof, covers_all_that_was_said)
{
    uint8_t text[PEER_PROOF_TEXT_BYTES], other[PEER_PROOF_TEXT_BYTES];
    peer_proof_text(&one, &two, true, text);
    peer_proof_text(&one, &two, false, other);
    cr_expect(memcmp(text, other, sizeof text) != 0, "the direction");
    peer_proof_text(&two, &one, true, other);
    cr_expect(memcmp(text, other, sizeof text) != 0, "who connects");
    struct peer_hello changed = two;
    changed.nonce[PEER_NONCE_BYTES - 1] ^= 1;
    peer_proof_text(&one, &changed, true, other);
    cr_expect(memcmp(text, other, sizeof text) != 0, "the nonce");
    changed = two;
    changed.version_max = 9;
    peer_proof_text(&one, &changed, true, other);
    cr_expect(memcmp(text, other, sizeof text) != 0, "the versions: nobody can talk them down");
    cr_expect(peer_proof_same(slice_of(text, 32), slice_of(text, 32)));
    cr_expect(!peer_proof_same(slice_of(text, 32), slice_of(text, 31)));
    memcpy(other, text, sizeof other);
    other[31] ^= 0x80;
    cr_expect(!peer_proof_same(slice_of(text, 32), slice_of(other, 32)), "in the last bit");
}

Test(peer_refusal, of_no_known_reason_is_refused)
{
    struct peer_refusal refusal;
    cr_expect(!peer_refusal_read(SLICE("\0\0\0\0\0"), &refusal));
    cr_expect(!peer_refusal_read(SLICE("\x09\0\0\0\0"), &refusal));
    cr_expect(!peer_refusal_read(SLICE("\1\0\0\0"), &refusal));
    cr_expect(peer_refusal_read(SLICE("\x08\0\0\0\0"), &refusal));
}
