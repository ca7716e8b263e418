/* join_talk.c -- see join_talk.h. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "core/peer/join.h"
#include "core/peer/peer.h"
#include "io/clock.h"
#include "io/random.h"
#include "node/join_talk.h"

enum { COMPLETIONS_MAX = 16, TALK_TAG = 1 };

struct join_talk {
    struct io *io;
    io_handle connection;
    struct io_address to, local;
    const struct token *token;
    struct peer_hello mine, theirs;
    uint8_t version;
    struct buffer received;
    size_t used; /* of it: the last frame */
    duration patience;
    bool connected, closed;
    int error_number;
};

/* --- the connection -------------------------------------------------------------------------- */

static void note(struct join_talk *talk, const struct io_completion *completion)
{
    switch (completion->kind) {
    case IO_CONNECTED:
        talk->connected = completion->err == ERR_OK;
        talk->closed = !talk->connected;
        talk->error_number = completion->error_number;
        break;
    case IO_RECEIVED:
        talk->closed = completion->bytes.len == 0;
        buffer_append(&talk->received, completion->bytes);
        break;
    case IO_BROKEN:
        talk->closed = true;
        talk->error_number = completion->error_number;
        break;
    case IO_ACCEPTED:
    case IO_SENDABLE:
    case IO_DATAGRAM:
    case IO_DISK_DONE:
    case IO_WOKEN: break;
    }
}

/* False: nothing has come, for too long. */
static bool wait(struct join_talk *talk)
{
    struct io_completion completions[COMPLETIONS_MAX];
    instant until = {clock_now().ns + talk->patience.ns};
    uint32_t count = io_wait(talk->io, until, completions, COMPLETIONS_MAX);
    for (uint32_t i = 0; i < count; i++) note(talk, &completions[i]);
    return count != 0;
}

static enum err lost(const struct join_talk *talk, struct fault *fault)
{
    static const char advice[] = "is a node of the cluster running there, and is this its "
                                 "peer-port? 'tutti nodes' says";
    if (talk->error_number != 0) {
        return fault_set_errno(fault, talk->error_number, "no node answers at %s, port %u (%s)",
                               talk->to.text, talk->to.port, advice);
    }
    return fault_set(fault, ERR_CLOSED, "%s, port %u, %s (%s)", talk->to.text, talk->to.port,
                     talk->closed ? "has closed the connection" : "does not answer", advice);
}

static enum err send(struct join_talk *talk, uint8_t version, enum peer_kind kind,
                     struct slice payload, struct fault *fault)
{
    uint8_t head[PEER_FRAME_HEADER_BYTES];
    struct buffer frame = {0};
    peer_frame_head(head, version, (uint8_t)kind, &payload, 1);
    buffer_append(&frame, slice_of(head, sizeof head));
    buffer_append(&frame, payload);
    enum err err = ERR_OK;
    struct slice left = buffer_slice(&frame);
    while (left.len != 0 && err == ERR_OK) { /* ends: it goes, or the node is lost */
        size_t sent = 0;
        if (io_send(talk->io, talk->connection, &left, 1, &sent) != ERR_OK) {
            err = lost(talk, fault);
            break;
        }
        left = slice_from(left, sent);
        if (left.len != 0 && (!wait(talk) || talk->closed)) err = lost(talk, fault);
    }
    buffer_free(&frame);
    return err;
}

static enum err refused(const struct join_talk *talk, struct slice payload, struct fault *fault)
{
    struct peer_refusal refusal;
    struct buffer text = {0};
    if (!peer_refusal_read(payload, &refusal)) {
        return fault_set(fault, ERR_USAGE, "what answers at %s, port %u, is no node of a cluster",
                         talk->to.text, talk->to.port);
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
                             refusal.mine, talk->to.port - refusal.mine);
        break;
    case PEER_REASON_VERSION:
    case PEER_REASON_NODE:
    case PEER_REASON_LANES:
    case PEER_REASON_FORM:
    case PEER_REASON_MEMBER: peer_refusal_tell(&refusal, &text); break;
    }
    (void)fault_set(fault, ERR_USAGE, "the node at %s, port %u, refuses: %.*s", talk->to.text,
                    talk->to.port, (int)text.len, (const char *)text.data);
    buffer_free(&text);
    return ERR_USAGE;
}

/* The next frame, of this kind; its payload is borrowed until the next call. */
static enum err take(struct join_talk *talk, enum peer_kind kind, size_t payload_max,
                     struct slice *payload, struct fault *fault)
{
    buffer_consume(&talk->received, talk->used);
    talk->used = 0;
    for (;;) { /* ends: a frame comes, or nothing, or the connection */
        struct peer_frame frame;
        size_t used;
        const char *why;
        switch (peer_frame_read(buffer_slice(&talk->received), payload_max, &frame, &used, &why)) {
        case PEER_SHORT: break;
        case PEER_WRONG:
            return fault_set(fault, ERR_USAGE, "what answers at %s, port %u, is no node: %s",
                             talk->to.text, talk->to.port, why);
        case PEER_WHOLE:
            talk->used = used;
            *payload = frame.payload;
            if (frame.kind == (uint8_t)PEER_PING)
                return take(talk, kind, payload_max, payload, fault);
            if (frame.kind == (uint8_t)kind) return ERR_OK;
            return refused(talk, frame.kind == PEER_REFUSED ? frame.payload : (struct slice){0},
                           fault);
        }
        if (talk->closed || !wait(talk)) return lost(talk, fault);
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
                     talk->to.text, talk->to.port);
}

enum err join_talk_open(const struct io_address *to, const struct token *token,
                        uint32_t lanes_count, duration patience, struct join_talk **made,
                        struct fault *fault)
{
    struct join_talk *talk = calloc(1, sizeof *talk);
    ASSERT(talk != NULL);
    talk->to = *to;
    talk->token = token;
    talk->patience = patience;
    talk->connection = IO_NONE;
    talk->mine = (struct peer_hello){
        .version_min = PEER_VERSION_MIN,
        .version_max = PEER_VERSION_MAX,
        .cluster = token->cluster,
        .lanes_count = lanes_count,
    };
    const struct io_config config = {.disk = IO_DISK_THREADS};
    struct io_address peer;
    enum err err = io_new(&config, &talk->io, fault);
    if (err == ERR_OK) {
        err = io_connect(talk->io, to, NULL, (io_tag){TALK_TAG}, &talk->connection, fault);
    }
    while (err == ERR_OK && !talk->connected) { /* ends: it connects, fails, or is too late */
        if (!wait(talk) || talk->closed) err = lost(talk, fault);
    }
    if (err == ERR_OK) {
        io_peer(talk->io, talk->connection, &peer, &talk->local);
        io_receive_start(talk->io, talk->connection, (io_tag){TALK_TAG});
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
    if (talk->io != NULL) io_free(talk->io);
    buffer_free(&talk->received);
    free(talk);
}

const struct io_address *join_talk_local(const struct join_talk *talk)
{
    return &talk->local;
}

enum err join_talk_ask(struct join_talk *talk, struct slice request, struct buffer *answer,
                       struct fault *fault)
{
    struct slice payload;
    enum err err = send(talk, talk->version, PEER_JOIN, request, fault);
    if (err == ERR_OK) err = take(talk, PEER_JOINED, JOIN_ANSWER_BYTES_MAX, &payload, fault);
    if (err == ERR_OK) buffer_append(answer, payload);
    return err;
}
