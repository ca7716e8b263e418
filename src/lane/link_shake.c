/*
 * link_shake.c -- see link_impl.h, and core/peer/peer.h for the messages.
 *
 * [I1] Nothing that depends on the secret is sent by an acceptor before the other has proven that
 *      it knows it.
 * [I2] A nonce is used once, and cannot be guessed from earlier ones.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lane/link_impl.h"

static void hmac(struct slice key, struct slice text, uint8_t out[PEER_PROOF_BYTES])
{
    unsigned len = PEER_PROOF_BYTES;
    const void *bytes = key.len == 0 ? "" : (const void *)key.data;
    const uint8_t *done = HMAC(EVP_sha256(), bytes, (int)key.len, text.data, text.len, out, &len);
    ASSERT(done != NULL && len == PEER_PROOF_BYTES);
}

static void fill_nonce(struct links *links, uint8_t nonce[PEER_NONCE_BYTES])
{
    uint8_t seed[8], number[8], out[PEER_PROOF_BYTES];
    (void)u64_write(seed, links->config.nonce_seed);
    (void)u64_write(number, links->nonces_count++); /* [I2] */
    hmac(slice_of(seed, sizeof seed), slice_of(number, sizeof number), out);
    memcpy(nonce, out, PEER_NONCE_BYTES);
}

static void prove(const struct links *links, const struct shake *shake, bool by_connector,
                  uint8_t proof[PEER_PROOF_BYTES])
{
    uint8_t text[PEER_PROOF_TEXT_BYTES];
    const struct peer_hello *connector = shake->connector ? &shake->mine : &shake->theirs;
    const struct peer_hello *acceptor = shake->connector ? &shake->theirs : &shake->mine;
    peer_proof_text(connector, acceptor, by_connector, text);
    hmac(buffer_slice(&links->secret), slice_of(text, sizeof text), proof);
}

static void send_hello(const struct shake *shake, struct channel *channel)
{
    struct buffer payload = {0};
    peer_hello_write(&shake->mine, &payload);
    channel_put(channel, PEER_VERSION_MIN, PEER_HELLO, buffer_slice(&payload), NULL, 0);
    buffer_free(&payload);
}

static void send_proof(const struct links *links, const struct shake *shake,
                       struct channel *channel)
{
    uint8_t proof[PEER_PROOF_BYTES];
    prove(links, shake, shake->connector, proof);
    channel_put(channel, shake->version, PEER_PROOF, slice_of(proof, sizeof proof), NULL, 0);
}

void shake_begin(struct links *links, struct shake *shake, const struct link *wanted,
                 struct channel *channel)
{
    *shake = (struct shake){.connector = wanted != NULL, .lane = wanted == NULL ? 0 : wanted->lane};
    shake->mine = (struct peer_hello){
        .version_min = PEER_VERSION_MIN,
        .version_max = PEER_VERSION_MAX,
        .cluster = links->config.cluster,
        .node = links->config.self,
        .wanted = wanted == NULL ? NODE_NONE : wanted->node,
        .lane = links->config.lane,
        .lanes_count = links->config.lanes_count,
    };
    fill_nonce(links, shake->mine.nonce);
    if (shake->connector) send_hello(shake, channel);
}

/* What our refusal means for us: the other has what it has. */
static uint32_t their_side(const struct shake *shake, enum peer_reason reason)
{
    switch (reason) {
    case PEER_REASON_VERSION: return shake->theirs.version_max;
    case PEER_REASON_NODE: return shake->theirs.node.n;
    case PEER_REASON_LANES: return shake->theirs.lanes_count;
    case PEER_REASON_LANE: return shake->theirs.lane;
    case PEER_REASON_CLUSTER:
    case PEER_REASON_SECRET:
    case PEER_REASON_FORM:
    case PEER_REASON_MEMBER: break;
    }
    return 0;
}

static enum shake_state refuse(const struct shake *shake, struct peer_refusal refusal,
                               struct channel *channel, struct buffer *trouble)
{
    struct buffer payload = {0};
    peer_refusal_write(&refusal, &payload);
    channel_put(channel, PEER_VERSION_MIN, PEER_REFUSED, buffer_slice(&payload), NULL, 0);
    buffer_free(&payload);
    if (refusal.reason == PEER_REASON_FORM) {
        buffer_append(trouble, SLICE("it does not keep to the protocol"));
        return SHAKE_FAILED;
    }
    refusal.mine = their_side(shake, refusal.reason);
    peer_refusal_tell(&refusal, trouble);
    return SHAKE_FAILED;
}

/* May it come in, as far as its hello says? */
static bool is_expected(const struct links *links, const struct shake *shake,
                        struct peer_refusal *refusal)
{
    const struct peer_hello *mine = &shake->mine, *theirs = &shake->theirs;
    const struct link *link = links_find(links, theirs->node, theirs->lane);
    if (theirs->node.n == 0 && !shake->connector) return true; /* it wants to join */
    if (shake->connector && theirs->lane != shake->lane) {
        *refusal = (struct peer_refusal){PEER_REASON_LANE, mine->lane};
    } else if (!links_knows(links, theirs->node)) {
        *refusal = (struct peer_refusal){PEER_REASON_MEMBER, mine->node.n};
    } else if (link == NULL) {
        *refusal = (struct peer_refusal){PEER_REASON_LANES, mine->lanes_count};
    } else if (link->connects != shake->connector) {
        *refusal = (struct peer_refusal){PEER_REASON_NODE, mine->node.n};
    } else {
        return true;
    }
    return false;
}

static enum shake_state take_hello(const struct links *links, struct shake *shake,
                                   struct slice payload, struct channel *channel,
                                   struct buffer *trouble)
{
    struct peer_refusal refusal = {PEER_REASON_FORM, 0};
    if (shake->got_hello || !peer_hello_read(payload, &shake->theirs)) {
        return refuse(shake, refusal, channel, trouble);
    }
    shake->got_hello = true;
    bool fine = peer_hello_check(&shake->mine, &shake->theirs, &shake->version, &refusal) &&
                is_expected(links, shake, &refusal);
    if (!fine) return refuse(shake, refusal, channel, trouble);
    if (shake->connector) {
        send_proof(links, shake, channel);
    } else {
        shake->mine.wanted = shake->theirs.node;
        send_hello(shake, channel);
    }
    return SHAKE_MORE;
}

static enum shake_state take_proof(const struct links *links, const struct shake *shake,
                                   const struct peer_frame *frame, struct channel *channel,
                                   struct buffer *trouble)
{
    uint8_t wanted[PEER_PROOF_BYTES];
    if (!shake->got_hello || frame->version != shake->version) {
        return refuse(shake, (struct peer_refusal){PEER_REASON_FORM, 0}, channel, trouble);
    }
    prove(links, shake, !shake->connector, wanted);
    if (!peer_proof_same(frame->payload, slice_of(wanted, sizeof wanted))) {
        return refuse(shake, (struct peer_refusal){PEER_REASON_SECRET, 0}, channel, trouble);
    }
    if (!shake->connector) send_proof(links, shake, channel); /* [I1] */
    return SHAKE_DONE;
}

enum shake_state shake_step(struct links *links, struct shake *shake,
                            const struct peer_frame *frame, struct channel *channel,
                            struct buffer *trouble)
{
    struct peer_refusal refusal;
    if (frame->kind == PEER_HELLO) {
        return take_hello(links, shake, frame->payload, channel, trouble);
    }
    if (frame->kind == PEER_PROOF) return take_proof(links, shake, frame, channel, trouble);
    if (frame->kind == PEER_REFUSED && peer_refusal_read(frame->payload, &refusal)) {
        peer_refusal_tell(&refusal, trouble);
        return SHAKE_FAILED;
    }
    return refuse(shake, (struct peer_refusal){PEER_REASON_FORM, 0}, channel, trouble);
}
