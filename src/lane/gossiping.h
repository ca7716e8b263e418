/*
 * gossiping.h -- core/gossip over a UDP socket: one a node, on lane 0, at the number of its peer
 * port.
 *
 * A datagram is an envelope around a body of gossip_msg.h:
 *
 *   version u8, cluster u64, body, the first 16 bytes of the HMAC-SHA256 of all before it
 *
 * by the cluster's secret. What does not fit (another version, cluster or secret, no such message)
 * is dropped and counted. One that is played again changes nothing that a late one would not.
 *
 * Whoever owns it (lane/wiring.c) calls _complete with what io_wait gives for its tag, then _turn
 * once in each turn of the lane, and looks at gossip_changes of the view. What is to be sent leaves
 * in these calls.
 */
#pragma once

#include "core/gossip/gossip.h"
#include "core/gossip/gossip_facts.h"
#include "io/io.h"

enum { GOSSIPING_VERSION = 1, GOSSIPING_ENVELOPE_BYTES = 25, GOSSIPING_MAC_BYTES = 16 };

struct gossiping_config {
    uint64_t cluster;
    struct slice secret;       /* copied; len 0: none, loopback only */
    struct io_address bind;    /* the socket; port 0: any */
    struct io_address told;    /* where others reach it; text "": as bound */
    struct gossip_facts facts; /* about this node */
    /* Timing, self, incarnation (the Unix time in seconds at the start), seed; the rest is set. */
    struct gossip_config gossip;
    io_tag tag;
};

struct gossiping; /* opaque */

MUST_USE enum err gossiping_new(const struct gossiping_config *config, struct io *io,
                                struct gossiping **gossiping, struct fault *fault);
void gossiping_free(struct gossiping *gossiping); /* NULL is allowed */

void gossiping_complete(struct gossiping *gossiping, const struct io_completion *completion);
/* Returns when it wants to be called again at the latest; INT64_MAX: something must come first. */
instant gossiping_turn(struct gossiping *gossiping, instant now);

/* How this node is now; call it as often as that is measured: it is told as often as is good. */
void gossiping_tell(struct gossiping *gossiping, const struct gossip_load *load, instant now);
/* All members of the registry's copy, whenever that has changed. An address is that of lane 0's
 * peer port. */
struct gossiping_seed {
    node_id node;
    struct io_address address;
};
void gossiping_seeds(struct gossiping *gossiping, const struct gossiping_seed *seeds,
                     uint32_t count, instant now);
/* Tell all that we go; gossip_has_left says when it is done. */
void gossiping_leave(struct gossiping *gossiping, instant now);

const struct gossip *gossiping_view(const struct gossiping *gossiping);
void gossiping_address(const struct gossip_address *from, struct io_address *to);

struct gossiping_stats {
    uint64_t sent, received, bytes_sent, bytes_received;
    uint64_t refused_version, refused_cluster, refused_secret, refused_form;
};
const struct gossiping_stats *gossiping_stats(const struct gossiping *gossiping);
