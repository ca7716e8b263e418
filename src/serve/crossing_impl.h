/* crossing_impl.h -- inside of what crosses between lanes and nodes; see crossing.h. */
#pragma once

#include "base/prng.h"
#include "lane/link.h"
#include "serve/crossing.h"
#include "serve/crossing_codec.h"
#include "serve/guest.h"
#include "serve/session_impl.h"

enum crossing_message { CROSSING_ASKS = 1, CROSSING_ANSWERS };

/* The slot of the guest that runs what a lane tells by itself. */
enum { CROSSING_SLOT_LANE = 0 };

/* What goes to another node, and comes from it. The kinds of link.h are in the same order. */
enum crossing_stream { STREAM_ASKS, STREAM_ANSWERS, STREAM_TELLS, STREAMS };
_Static_assert(LINK_ANSWERS == LINK_ASKS + 1 && LINK_TELL == LINK_ASKS + 2, "a stream a kind");

enum { CROSSING_NODES_MAX = 1024, CROSSING_FRAME_BYTES_MAX = 256 << 10 };

struct crossing_out {
    struct buffer bytes;
    uint64_t written, sent; /* bytes, since the link is up */
};

struct crossing_node { /* a lane of another node */
    node_id node;
    uint32_t lane;
    bool is_up;
    bool is_bad;     /* it said what cannot be read: not listened to until the link is made again */
    bool was_told;   /* that this lane is gone: it does nothing more for it [N2] */
    bool is_awaited; /* before this lane ends: until that link goes down */
    struct crossing_out out[STREAMS];
    struct buffer in[STREAMS]; /* what is not whole yet */
};

struct standings; /* what was last seen of the shards; standing.c */

struct crossing {
    struct crossing_config config;
    struct message **asks, **answers; /* [lanes_count]: being filled; NULL: none */
    struct crossing_node **nodes;     /* [nodes_count]: a place is never another's */
    uint32_t nodes_count;
    struct guests *guests;
    struct standings *standings;
    uint32_t *parts_of; /* [shards_count]: scratch of crossing_share.c, zeros between two uses */
    struct prng chance;
    uint64_t map_changes; /* the map's, when those who wait for a leader were last woken */
    bool parts;           /* this lane ends */
    struct crossing_stats stats;
};

struct share; /* a command that several do: crossing_share.h */

/* A reply in its place: held, or owed. */
struct held {
    uint32_t owed_count; /* answers that are to come */
    bool silent;         /* CLIENT REPLY: nobody wants to see it */
    struct gate gate;    /* of a reply of this lane that waits in its place */
    struct buffer bytes; /* the reply, once nothing is owed */
    struct share *share; /* NULL: one answer as it is; owned */
};

struct held *held_push(struct session_crossing *of);
uint32_t held_count(const struct session_crossing *of);
struct session_crossing *crossing_of(const struct crossing *crossing, struct session *session);

/* Add an ask to the message for the lane of `shard`. */
void crossing_ask(struct server *server, struct session *session, shard_id shard, uint64_t entry,
                  uint32_t flags, const struct slice *argv, uint32_t argc);
/* The same, about what is of a lane. */
void crossing_ask_lane(struct server *server, struct session *session, uint32_t lane,
                       uint64_t entry, uint32_t flags, const struct slice *argv, uint32_t argc);
/* Of a node alone, its lane of `shard`. What does not come from it is "-UNANSWERED node why". */
void crossing_ask_node(struct server *server, struct session *session, node_id node, shard_id shard,
                       uint64_t entry, const struct slice *argv, uint32_t argc);
/* An answer to a guest's home. */
void crossing_answer(struct crossing *crossing, uint32_t to, const struct answer_told *answer);

/* Does this node have all shards in this lane, and no other node has any? */
bool crossing_is_together(const struct server *server);
/* Has it written there, since it came? WAIT asks those shards. */
bool crossing_has_written(const struct session *session, shard_id shard);
/* May it not be run here at once: something of the session for this shard is on its way? */
bool crossing_overtakes(const struct session *session, shard_id shard);
/* WAIT asks those shards. */
void crossing_note_write(const struct crossing *crossing, struct session *session, shard_id shard);

/* crossing_share.c: a command that several shards or lanes do. False: it is not one, or this lane
 * does it alone. */
bool crossing_share_out(struct server *server, struct session *session,
                        const struct request *request, shard_id shard);
/* Is it in crossing.def, and not by keys? Then a transaction over several cannot have it. */
bool crossing_is_for_all(const struct crossing *crossing, enum command_id id);

/* --- crossing_node.c: targets past the lanes are lanes of other nodes ------------------------- */

enum { CROSSING_NOBODY = UINT32_MAX };
static inline bool crossing_is_node(const struct crossing *crossing, uint32_t target)
{
    return target >= crossing->config.lanes_count;
}
static inline struct crossing_node *crossing_node(struct crossing *crossing, uint32_t target)
{
    ASSERT(crossing_is_node(crossing, target));
    return crossing->nodes[target - crossing->config.lanes_count];
}
/* The target that the shard's lane of a node is, while there is a link; else CROSSING_NOBODY. */
uint32_t crossing_target_of(const struct server *server, node_id node, shard_id shard);
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
