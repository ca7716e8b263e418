/* join_talk.c -- see join_talk.h. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "core/peer/join.h"
#include "core/peer/peer.h"
#include "io/random.h"
#include "io/talk.h"
#include "node/join_talk.h"

struct join_talk {
    struct talk talk;
    struct io_address local;
    const struct token *token;
    struct peer_hello mine, theirs;
    uint8_t version;
    size_t used; /* of what was received: the last frame */
};

/* --- the connection -------------------------------------------------------------------------- */

static enum err lost(const struct join_talk *talk, struct fault *fault)
{
    static const char advice[] = "is a node of the cluster running there, and is this its "
                                 "peer-port? 'tutti nodes' says";
    if (talk->talk.error_number != 0) {
        return fault_set_errno(fault, talk->talk.error_number,
                               "no node answers at %s, port %u (%s)", talk->talk.to.text,
                               talk->talk.to.port, advice);
    }
    return fault_set(fault, ERR_CLOSED, "%s, port %u, %s (%s)", talk->talk.to.text,
                     talk->talk.to.port,
                     talk->talk.closed ? "has closed the connection" : "does not answer", advice);
}

static enum err send(struct join_talk *talk, uint8_t version, enum peer_kind kind,
                     struct slice payload, struct fault *fault)
{
    uint8_t head[PEER_FRAME_HEADER_BYTES];
    struct buffer frame = {0};
    peer_frame_head(head, version, (uint8_t)kind, &payload, 1);
    buffer_append(&frame, slice_of(head, sizeof head));
    buffer_append(&frame, payload);
    enum err err = talk_send(&talk->talk, buffer_slice(&frame)) ? ERR_OK : lost(talk, fault);
    buffer_free(&frame);
    return err;
}

static enum err refused(const struct join_talk *talk, struct slice payload, struct fault *fault)
{
    struct peer_refusal refusal;
    struct buffer text = {0};
    if (!peer_refusal_read(payload, &refusal)) {
        return fault_set(fault, ERR_USAGE, "what answers at %s, port %u, is no node of a cluster",
                         talk->talk.to.text, talk->talk.to.port);
    }
    switch (refusal.reason) {
    case PEER_REASON_CLUSTER:
        buffer_append(&text, SLICE("the token is of another cluster; 'tutti token' on a machine "
                                   "of this one shows its own"));
        break;
    case PEER_REASON_SECRET:
        buffer_append(&text, SLICE("the token has another secret than the cluster has now; "
                                   "'tutti token' on one of its machines shows it"));
        break;
    case PEER_REASON_LANE:
        buffer_append_format(&text,
                             "that is the port of its lane %u; give that of its first one, %u",
                             refusal.mine, talk->talk.to.port - refusal.mine);
        break;
    case PEER_REASON_VERSION:
    case PEER_REASON_NODE:
    case PEER_REASON_LANES:
    case PEER_REASON_FORM:
    case PEER_REASON_MEMBER: peer_refusal_tell(&refusal, &text); break;
    }
    (void)fault_set(fault, ERR_USAGE, "the node at %s, port %u, refuses: %.*s", talk->talk.to.text,
                    talk->talk.to.port, (int)text.len, (const char *)text.data);
    buffer_free(&text);
    return ERR_USAGE;
}

/* The next frame, of this kind; its payload is borrowed until the next call. */
static enum err take(struct join_talk *talk, enum peer_kind kind, size_t payload_max,
                     struct slice *payload, struct fault *fault)
{
    for (;;) { /* ends: a frame comes, or nothing, or the connection */
        struct peer_frame frame;
        buffer_consume(&talk->talk.received, talk->used); /* the last one, or a PING */
        talk->used = 0;
        size_t used;
        const char *why;
        switch (
            peer_frame_read(buffer_slice(&talk->talk.received), payload_max, &frame, &used, &why)) {
        case PEER_SHORT: break;
        case PEER_WRONG:
            return fault_set(fault, ERR_USAGE, "what answers at %s, port %u, is no node: %s",
                             talk->talk.to.text, talk->talk.to.port, why);
        case PEER_WHOLE:
            talk->used = used;
            *payload = frame.payload;
            if (frame.kind == (uint8_t)PEER_PING) break;
            if (frame.kind == (uint8_t)kind) return ERR_OK;
            return refused(talk, frame.kind == PEER_REFUSED ? frame.payload : (struct slice){0},
                           fault);
        }
        if (talk->used == 0 && !talk_wait(&talk->talk)) return lost(talk, fault);
    }
}

/* --- the handshake --------------------------------------------------------------------------- */

static void prove(const struct join_talk *talk, bool ours, uint8_t proof[PEER_PROOF_BYTES])
{
    uint8_t text[PEER_PROOF_TEXT_BYTES];
    unsigned len = PEER_PROOF_BYTES;
    peer_proof_text(&talk->mine, &talk->theirs, ours, text);
    const uint8_t *done = HMAC(EVP_sha256(), talk->token->secret, sizeof talk->token->secret, text,
                               sizeof text, proof, &len);
    ASSERT(done != NULL && len == PEER_PROOF_BYTES);
}

static enum err say_hello(struct join_talk *talk, struct fault *fault)
{
    struct buffer hello = {0};
    random_fill(talk->mine.nonce, sizeof talk->mine.nonce);
    peer_hello_write(&talk->mine, &hello);
    enum err err = send(talk, PEER_VERSION_MIN, PEER_HELLO, buffer_slice(&hello), fault);
    buffer_free(&hello);
    return err;
}

static enum err check_hello(struct join_talk *talk, struct slice payload, struct fault *fault)
{
    struct peer_refusal refusal = {PEER_REASON_FORM, 0};
    struct buffer text = {0};
    bool fine = peer_hello_read(payload, &talk->theirs) && talk->theirs.node.n != 0 &&
                peer_hello_check(&talk->mine, &talk->theirs, &talk->version, &refusal);
    if (fine) return ERR_OK;
    if (refusal.reason == PEER_REASON_VERSION) refusal.mine = talk->theirs.version_max;
    peer_refusal_write(&refusal, &text);
    enum err err = refused(talk, buffer_slice(&text), fault);
    buffer_free(&text);
    return err;
}

static enum err shake_hands(struct join_talk *talk, struct fault *fault)
{
    struct slice payload;
    uint8_t proof[PEER_PROOF_BYTES];
    enum err err = say_hello(talk, fault);
    if (err == ERR_OK) err = take(talk, PEER_HELLO, PEER_STRANGER_BYTES_MAX, &payload, fault);
    if (err == ERR_OK) err = check_hello(talk, payload, fault);
    if (err != ERR_OK) return err;
    prove(talk, true, proof);
    err = send(talk, talk->version, PEER_PROOF, slice_of(proof, sizeof proof), fault);
    if (err == ERR_OK) err = take(talk, PEER_PROOF, PEER_STRANGER_BYTES_MAX, &payload, fault);
    if (err != ERR_OK) return err;
    prove(talk, false, proof);
    if (peer_proof_same(payload, slice_of(proof, sizeof proof))) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "what answers at %s, port %u, does not know the cluster's secret: it is none "
                     "of its nodes",
                     talk->talk.to.text, talk->talk.to.port);
}

enum err join_talk_open(const struct io_address *to, const struct token *token,
                        uint32_t lanes_count, duration patience, struct join_talk **made,
                        struct fault *fault)
{
    struct join_talk *talk = calloc(1, sizeof *talk);
    ASSERT(talk != NULL);
    talk->talk = (struct talk){.to = *to, .patience = patience};
    talk->token = token;
    talk->mine = (struct peer_hello){
        .version_min = PEER_VERSION_MIN,
        .version_max = PEER_VERSION_MAX,
        .cluster = token->cluster,
        .lanes_count = lanes_count,
    };
    struct io_address peer;
    enum err err = talk_begin(&talk->talk, fault);
    if (err == ERR_OK && !talk_connect(&talk->talk)) err = lost(talk, fault);
    if (err == ERR_OK) {
        io_peer(talk->talk.io, talk->talk.connection, &peer, &talk->local);
        err = shake_hands(talk, fault);
    }
    if (err == ERR_OK) {
        *made = talk;
    } else {
        join_talk_close(talk);
    }
    return err;
}

void join_talk_close(struct join_talk *talk)
{
    if (talk == NULL) return;
    talk_close(&talk->talk);
    free(talk);
}

const struct io_address *join_talk_local(const struct join_talk *talk)
{
    return &talk->local;
}

enum err join_talk_ask(struct join_talk *talk, struct slice request, struct buffer *answer,
                       struct fault *fault)
{
    struct slice payload = {0};
    enum err err = send(talk, talk->version, PEER_JOIN, request, fault);
    if (err == ERR_OK) err = take(talk, PEER_JOINED, JOIN_ANSWER_BYTES_MAX, &payload, fault);
    if (err == ERR_OK) buffer_append(answer, payload);
    return err;
}
