/*
 * join.h -- what a node answers to a machine that wants to join its cluster: the payload of JOINED.
 * Pure: bytes in, bytes out.
 *
 * Only the leader of the root group can take somebody in; another node says where that one is.
 */
#pragma once

#include "base/buffer.h"
#include "base/cursor.h"

enum {
    JOIN_ANSWER_BYTES_MAX = 16 << 20, /* a registry of as many shards as there may be, and more */
    JOIN_HOST_BYTES_MAX = 63,
    JOIN_WHY_BYTES_MAX = 500
};

enum join_outcome {
    JOIN_WELCOME = 1, /* you are `node` */
    JOIN_ELSEWHERE,   /* ask at `host`, `port`: the leader of the root group is there */
    JOIN_LATER,       /* ask again in a moment: `why` */
    JOIN_REFUSED      /* `why` */
};

struct join_answer { /* slices are borrowed */
    enum join_outcome outcome;
    node_id node;
    uint64_t seed;         /* of the cluster's data */
    struct slice name;     /* of the cluster */
    struct slice registry; /* all of it (registry_write) */
    struct slice host;
    uint16_t port;
    struct slice why; /* a sentence for a person */
};

void join_answer_write(const struct join_answer *answer, struct buffer *out);
MUST_USE bool join_answer_read(struct slice bytes, struct join_answer *answer);
