/*
 * peer.h -- what goes over a link between two nodes: frames, and the handshake before anything else
 * counts. Pure: bytes in, bytes out.
 *
 * A frame, little-endian:
 *
 *   magic u32, version u8, kind u8, zero u16, payload length u32, CRC32C u32 (of the 12 bytes
 *   before it, then of the payload), payload
 *
 * This form stays in all versions, and so do HELLO and REFUSED. The handshake:
 *
 *   connector  HELLO   who I am, whom I want, versions I speak, a nonce
 *   acceptor   HELLO   the same of itself, with a nonce of its own
 *   connector  PROOF   HMAC-SHA256 by the secret, of peer_proof_text
 *   acceptor   PROOF   the same, for the other direction
 *
 * A machine that wants to join has no number yet: it says NODE_NONE, connects to lane 0, and sends
 * JOIN after the handshake instead of anything else; the answer is JOINED (join.h).
 *
 * Whoever connects proves first, so that a stranger gets nothing that depends on the secret. Either
 * may say REFUSED, why, and close. The proofs cover both HELLOs whole, so that nobody in between
 * can have changed them; what follows is checksummed, and not protected against who can write into
 * the connection.
 */
#pragma once

#include "base/buffer.h"
#include "base/cursor.h"

enum {
    PEER_VERSION_MIN = 2,  /* that this code speaks. 1 had a group a lane, and no registry */
    PEER_VERSION_TOLD = 3, /* from here on what was changed is told again (serve/told.h) */
    PEER_VERSION_MAX = 3,
    PEER_FRAME_HEADER_BYTES = 16,
    PEER_STRANGER_BYTES_MAX = 1024,                 /* payload, before the handshake is over */
    PEER_PAYLOAD_BYTES_MAX = (1 << 30) + (1 << 20), /* after: a record of the log, and its head */
    PEER_NONCE_BYTES = 16,
    PEER_PROOF_BYTES = 32,
    PEER_HELLO_BYTES = 26 + PEER_NONCE_BYTES,
    PEER_PROOF_TEXT_BYTES = 1 + 2 * PEER_HELLO_BYTES
};

enum peer_kind {
    PEER_HELLO = 1,
    PEER_PROOF,
    PEER_REFUSED,
    PEER_PING,     /* no payload: I am here */
    PEER_JOIN,     /* what the joiner is, in the registry's words */
    PEER_JOINED,   /* join.h */
    PEER_DATA = 16 /* this and above: of whoever uses the link */
};

struct peer_frame {
    uint8_t version, kind;
    struct slice payload; /* borrowed from the input */
};

/* Its first 16 bytes. The payload is `parts`, one after the other; at most PEER_PAYLOAD_BYTES_MAX
 * in all. */
void peer_frame_head(uint8_t head[PEER_FRAME_HEADER_BYTES], uint8_t version, uint8_t kind,
                     const struct slice *parts, uint32_t parts_count);

enum peer_read {
    PEER_WHOLE, /* `*used` bytes are a frame */
    PEER_SHORT, /* there must be `*used` bytes to know more */
    PEER_WRONG  /* they are no frame: `*why` in words */
};
/* The frame at the beginning of `bytes`, whose payload may have up to `payload_max` bytes. */
enum peer_read peer_frame_read(struct slice bytes, size_t payload_max, struct peer_frame *frame,
                               size_t *used, const char **why);

/* --- the handshake --------------------------------------------------------------------------- */

struct peer_hello {
    uint8_t version_min, version_max; /* that the sender speaks */
    uint64_t cluster;
    node_id node, wanted; /* the sender, NODE_NONE: it wants to join; and whom it takes the other
                             for, NODE_NONE: anybody */
    uint32_t lane, lanes_count;
    uint8_t nonce[PEER_NONCE_BYTES];
};

void peer_hello_write(const struct peer_hello *hello, struct buffer *out);
MUST_USE bool peer_hello_read(struct slice payload, struct peer_hello *hello);

enum peer_reason {
    PEER_REASON_VERSION = 1,
    PEER_REASON_CLUSTER,
    PEER_REASON_NODE,   /* no member of the cluster, or not the one that was meant */
    PEER_REASON_LANES,  /* another number of them than the refuser knows of */
    PEER_REASON_LANE,   /* not the one that was meant, or none that there is anything to say to */
    PEER_REASON_SECRET, /* the proof is wrong */
    PEER_REASON_FORM,   /* it does not keep to the protocol */
    PEER_REASON_MEMBER  /* it is in no registry that the refuser knows */
};

struct peer_refusal {
    enum peer_reason reason;
    uint32_t mine; /* what the refuser has instead: its newest version, node, lanes or lane */
};

void peer_refusal_write(const struct peer_refusal *refusal, struct buffer *out);
MUST_USE bool peer_refusal_read(struct slice payload, struct peer_refusal *refusal);
/* What it means to whom it was said: "it has 4 lanes: …", with what to do. */
void peer_refusal_tell(const struct peer_refusal *refusal, struct buffer *out);

/* May these two talk: have their lanes anything in common? `*version` is then the one they use.
 * Else what to say. `mine.wanted` is whom I take the other for; that the other is a member, the
 * caller has looked at. */
MUST_USE bool peer_hello_check(const struct peer_hello *mine, const struct peer_hello *theirs,
                               uint8_t *version, struct peer_refusal *refusal);

/* What a proof is the HMAC of. */
void peer_proof_text(const struct peer_hello *connector, const struct peer_hello *acceptor,
                     bool by_connector, uint8_t text[PEER_PROOF_TEXT_BYTES]);
/* In a time that does not depend on where they differ. */
bool peer_proof_same(struct slice a, struct slice b);
