/*
 * link.h -- a lane's links to lanes of the other nodes: one TCP connection per pair.
 *
 * Nodes may have different numbers of lanes: lanes are linked that may hold the same shards
 * (lanes_meet in base.h), so between nodes that have as many each lane to the one of its number.
 *
 * The lower-numbered node connects, from its own address; both make sure who is there (core/peer:
 * version, cluster, node, lane, and a proof of knowing the secret) before anything else counts.
 * What is sent in a turn goes as one frame run per peer; each frame has its length and CRC32C. A
 * link that fails is made again, with a growing pause. What was sent on a lost link may have come
 * or not. Silence for longer than `silence` is a failure: both ends say something at least three
 * times in that time.
 */
#pragma once

#include "base/arena.h"
#include "core/raft/raft_msg.h"
#include "io/io.h"

enum { LINK_PEERS_MAX = NODES_MAX, LINK_TAGS = 2 };

struct link_peer {
    node_id node;
    struct io_address address; /* of its lane 0; lane n is n ports higher */
    uint32_t lanes_count;      /* 0: as many as here, as far as is known */
};

struct link_config {
    node_id self;
    uint32_t lane, lanes_count;
    uint64_t cluster;    /* a hash of the cluster's name and its nodes' numbers */
    struct slice secret; /* len 0: none, loopback only */
    struct link_peer peers[LINK_PEERS_MAX]; /* with self, whose address is listened on */
    uint32_t peers_count;
    duration silence;
    size_t queue_bytes_max; /* to one peer: then link_send refuses */
    uint64_t nonce_seed;    /* chance */
    io_tag tag;             /* tag.n … tag.n + LINK_TAGS - 1 */
    bool may_be_deaf;       /* a port that is taken does no harm: nobody can come, then */
};

struct links; /* opaque: one a lane */

MUST_USE enum err links_new(const struct link_config *config, struct io *io, struct links **links,
                            struct fault *fault); /* listens */
void links_free(struct links *links);
bool links_is_deaf(const struct links *links); /* may_be_deaf, and the port was taken */

/* Whom to be linked to from now on: who is new is met, who is none any more goes down, who has
 * another address is sought there when the link that there may be has ended. Self is passed over.
 */
void links_set_peers(struct links *links, const struct link_peer *peers, uint32_t count);

enum link_kind {
    LINK_UP = 1, /* no bytes; that lane of the peer has shaken hands */
    LINK_DOWN,   /* no bytes */
    LINK_RAFT,   /* group u32, then a message as in raft_msg.h */
    LINK_STATE,  /* what a replica tells of itself when a link comes up: see replica.c */
    LINK_ASKS,   /* serve/crossing */
    LINK_ANSWERS,
    LINK_TELL, /* serve: to every node, no answer: PUBLISH */
    LINK_MAP,  /* the registry: see map_impl.h. This and the following are between lanes 0 */
    LINK_LEADS,
    LINK_REPORTS, /* to the root's leader: see report.h */
    LINK_WARM,    /* group u32, then warm_msg.h: between lanes that may have the same shards */
    LINK_GONE     /* no bytes; serve: who says it answers nothing more, and does nothing more */
};

struct link_frame {
    enum link_kind kind;
    node_id from;
    uint32_t lane;      /* of it */
    struct slice bytes; /* borrowed until the next call of links_next, _turn or _complete */
};

void links_complete(struct links *links, const struct io_completion *completion);
/* The next frame that has come; false: no more for now. What came before a link was lost is given
 * before its LINK_DOWN; but what came on a link that a new one has replaced is dropped. */
bool links_next(struct links *links, struct link_frame *frame);
/* Connects, breaks off what is silent; says when it wants to be called again: at once, if
 * links_next has more to give. Once in each turn, before the next io_wait. */
instant links_turn(struct links *links, instant now);
void links_flush(struct links *links); /* send what has gathered */

/* Has more of a frame come from there that is not whole yet, since this was asked last? */
bool links_speaks(struct links *links, node_id node, uint32_t lane);
bool links_is_up(const struct links *links, node_id node, uint32_t lane);
/* Of the protocol, that both ends speak; 0: it is not up. */
uint8_t links_version(const struct links *links, node_id node, uint32_t lane);
/* Head bytes are copied; a long span's are not: its batch is referenced until they are sent. False:
 * there is no link, or its queue is full; nothing was taken. One that is not full takes anything.
 */
bool links_send(struct links *links, node_id to, uint32_t lane, enum link_kind kind,
                struct slice head, const struct raft_span *spans, uint32_t spans_count);

/* --- machines that want to join (lane 0) ----------------------------------------------------- */

struct link_joiner {
    uint64_t ticket;
    struct slice bytes; /* what it says of itself: borrowed until the next call */
};
/* One that has proven the secret, and was not given yet. False: there is none. */
bool links_next_joiner(struct links *links, struct link_joiner *joiner);
/* The payload of JOINED (core/peer/join.h). Who has gone meanwhile is passed over. */
void links_answer_joiner(struct links *links, uint64_t ticket, struct slice bytes);

/* It speaks the protocol of links, but not that of the consumer: LINK_DOWN follows. */
void links_break(struct links *links, node_id node, uint32_t lane);
/* It has said LINK_GONE: the same, but nothing is wrong. */
void links_part(struct links *links, node_id node, uint32_t lane);

struct link_stats {
    uint64_t frames_sent, bytes_sent, frames_received, bytes_received, refused, lost, connected;
};
const struct link_stats *links_stats(const struct links *links);
/* Why the last attempt to reach a peer failed, in words for a person; "": it has not. */
const char *links_trouble(const struct links *links, node_id node, uint32_t lane);
