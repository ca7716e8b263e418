/* crossing_impl.h -- inside of what crosses between lanes and nodes; see crossing.h. */
#pragma once

#include "lane/link.h"
#include "serve/crossing.h"
#include "serve/crossing_codec.h"
#include "serve/guest.h"
#include "serve/session_impl.h"

enum crossing_message { CROSSING_ASKS = 1, CROSSING_ANSWERS };

/* The slot of the guest that runs what a lane tells by itself. */
enum { CROSSING_SLOT_LANE = 0 };

enum crossing_share { SHARE_KEYS, SHARE_ALL, SHARE_CURSOR };
enum crossing_combine {
    COMBINE_SUM,
    COMBINE_FIRST,
    COMBINE_BY_KEY,
    COMBINE_JOIN,
    COMBINE_ANY,
    COMBINE_CURSOR,
    COMBINE_NOTHING /* one lane's answer as it is */
};

/* What goes to another node, and comes from it. The kinds of link.h are in the same order. */
enum crossing_stream { STREAM_ASKS, STREAM_ANSWERS, STREAM_TELLS, STREAMS };
_Static_assert(LINK_ANSWERS == LINK_ASKS + 1 && LINK_TELL == LINK_ASKS + 2, "a stream a kind");

enum { CROSSING_NODES_MAX = SHARD_PEERS_MAX, CROSSING_FRAME_BYTES_MAX = 256 << 10 };

struct crossing_out {
    struct buffer bytes;
    uint64_t written, sent; /* bytes, since the link is up */
};

struct crossing_node {
    node_id node;
    bool is_up;
    bool is_bad; /* it said what cannot be read: not listened to until the link is made again */
    struct crossing_out out[STREAMS];
    struct buffer in[STREAMS]; /* what is not whole yet */
};

/* What was last seen of the lane's standing among its replicas; standing.c. */
struct standing {
    uint64_t epoch, depositions, losses;
    uint64_t unsettled_gate; /* replies up to here wait for somebody else's commits; 0: none */
    instant unsettled_since;
};

struct crossing {
    struct crossing_config config;
    struct message **asks, **answers; /* [lanes_count]: being filled; NULL: none */
    struct crossing_node nodes[CROSSING_NODES_MAX];
    uint32_t nodes_count;
    struct guests *guests;
    struct standing standing;
    struct crossing_stats stats;
};

/* A reply in its place: held, or owed. */
struct held {
    uint32_t owed_count; /* answers that are to come */
    uint32_t parts_count;
    enum crossing_combine combine;
    bool silent; /* CLIENT REPLY: nobody wants to see it */
    uint32_t cursor_lane;
    uint64_t gate;        /* of a reply of this lane that waits in its place */
    struct buffer bytes;  /* the reply, once nothing is owed */
    struct buffer *parts; /* [lanes_count] answers of a shared command; owned */
    uint32_t *order;      /* of a command shared by keys: the lane of each; owned */
    uint32_t keys_count;
};

struct held *held_push(struct session_crossing *of);
uint32_t held_count(const struct session_crossing *of);
struct session_crossing *crossing_of(const struct crossing *crossing, struct session *session);

/* Add an ask to the message for a lane. */
void crossing_ask(struct server *server, struct session *session, uint32_t lane, uint64_t entry,
                  uint32_t flags, const struct slice *argv, uint32_t argc);
/* An answer to a guest's home. */
void crossing_answer(struct crossing *crossing, uint32_t to, const struct answer_told *answer);
/* An answer has come for a session of this lane, which is no guest. */
void crossing_answered(struct server *server, uint32_t from, const struct answer_told *answer);

uint32_t crossing_lane_of(const struct crossing *crossing, struct slice key);

/* crossing_share.c: a command that several lanes do. False: it is not one, or one lane will do. */
bool crossing_share_out(struct server *server, struct session *session,
                        const struct request *request);
/* Is it in crossing.def, and not by keys? Then a transaction cannot have it. */
bool crossing_is_for_all(enum command_id id);

/* crossing_combine.c: all parts have come; `bytes` becomes the reply. */
void held_combine(const struct crossing *crossing, struct held *held);

/* --- crossing_node.c: targets past the lanes are nodes ---------------------------------------- */

enum { CROSSING_NOBODY = UINT32_MAX };
static inline uint32_t crossing_targets_max(const struct crossing *crossing)
{
    return crossing->config.lanes_count + CROSSING_NODES_MAX;
}
static inline bool crossing_is_node(const struct crossing *crossing, uint32_t target)
{
    return target >= crossing->config.lanes_count;
}
static inline struct crossing_node *crossing_node(struct crossing *crossing, uint32_t target)
{
    ASSERT(crossing_is_node(crossing, target));
    return &crossing->nodes[target - crossing->config.lanes_count];
}
/* The target that a node is, while there is a link; else CROSSING_NOBODY. */
uint32_t crossing_target_of(const struct crossing *crossing, node_id node);
/* Room for what will be sent; count it with crossing_wrote. */
struct buffer *crossing_out(struct crossing *crossing, uint32_t target,
                            enum crossing_stream stream);
/* Returns what `sent` must reach for all of it to be on its way. */
uint64_t crossing_wrote(struct crossing *crossing, uint32_t target, enum crossing_stream stream);
bool crossing_was_sent(struct crossing *crossing, uint32_t target, uint64_t until);
/* Bytes of it that cannot be: nothing of it counts any more, until the link is made again. */
void crossing_distrust(struct server *server, uint32_t target);
void crossing_nodes_turn(struct server *server);
void crossing_nodes_flush(struct server *server);
void crossing_nodes_free(struct crossing *crossing);
