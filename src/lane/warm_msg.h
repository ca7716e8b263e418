/*
 * warm_msg.h -- what the one who leads a shard and the one who led it before say to each other
 * about keys of warm caches (LINK_WARM, behind the group's number). Pure: bytes in, bytes out.
 *
 *   kind u8, term u64, and for KEYS offset u64, last u8, then the keys; for TAKEN offset u64
 */
#pragma once

#include "base/buffer.h"
#include "base/cursor.h"

enum warm_kind {
    WARM_MSG_ASK = 1, /* who leads to the others: has anybody keys of that time of serving? */
    WARM_MSG_KEYS,    /* the answer, again and again */
    WARM_MSG_TAKEN,   /* more, please */
    WARM_MSG_ENOUGH   /* no more */
};

struct warm_msg {
    enum warm_kind kind;
    uint64_t term;     /* in which the keys were served, by who led then */
    uint64_t offset;   /* KEYS: bytes of keys said before; TAKEN: taken so far */
    bool last;         /* of KEYS: that was all */
    struct slice keys; /* records, each sized (core/store/warm.h); borrowed */
};

void warm_msg_write(const struct warm_msg *msg, struct buffer *out);
MUST_USE bool warm_msg_read(struct slice bytes, struct warm_msg *msg);
