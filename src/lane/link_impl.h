/* link_impl.h -- what the files behind link.h share. */
#pragma once

#include "base/buffer.h"
#include "base/prng.h"
#include "core/peer/peer.h"
#include "lane/link.h"

enum {
    LINK_STRANGERS_MAX = 8,        /* who have connected, and not yet proven who they are */
    LINK_SLICES_MAX = 64,          /* handed to io_send at once */
    LINK_COPY_BYTES_MAX = 1024,    /* shorter spans are copied: cheaper than a slice */
    LINK_KEPT_BYTES_MAX = 1 << 20, /* memory of a buffer that is kept for the next frame */
    LINK_TROUBLE_BYTES = 200,
    LINK_PINGS = 4,                    /* in the time after which silence is a failure */
    LINK_PAUSE_MIN_NS = 20 * 1000000,  /* before a failed link is tried again; it doubles … */
    LINK_PAUSE_MAX_NS = 300 * 1000000, /* … up to here */
    LINK_CONNECT_NS = 300 * 1000000,   /* until it is tried anew: TCP would wait for longer */
    LINK_JOIN_MS_MAX = 15000           /* for a joiner, from its proof to the end of its answer */
};

/* --- link_channel.c: one connection, what waits to be sent on it, and what has come ----------- */

struct link_piece {
    struct raft_batch *batch; /* NULL: the bytes are the next of `heads` */
    const uint8_t *data;
    size_t len;
};

struct channel {
    io_handle handle; /* IO_NONE: closed */
    bool blocked;     /* until IO_SENDABLE */
    struct buffer heads;
    size_t heads_sent;
    struct link_piece *pieces; /* a ring; capacity is a power of two */
    uint32_t first, count, capacity;
    size_t piece_sent; /* of the first */
    size_t queued_bytes;
    struct buffer in;   /* what came earlier */
    size_t in_used;     /* and is taken */
    struct slice fresh; /* what came in this turn, where io has it; behind `in` */
};

void channel_open(struct channel *channel, io_handle handle);
/* Closes, and forgets what was to be sent. What has come can still be taken. */
void channel_close(struct channel *channel, struct io *io, bool gently);
void channel_drop(struct channel *channel); /* what has come */
void channel_free(struct channel *channel); /* is closed */

void channel_put(struct channel *channel, uint8_t version, uint8_t kind, struct slice head,
                 const struct raft_span *spans, uint32_t spans_count);
/* As much as goes now. */
MUST_USE enum err channel_flush(struct channel *channel, struct io *io, uint64_t *bytes_sent);

void channel_receive(struct channel *channel, struct slice bytes);
void channel_keep(struct channel *channel); /* before io takes its memory back */
/* The next frame; borrowed until the next call. */
enum peer_read channel_next(struct channel *channel, size_t payload_max, struct peer_frame *frame,
                            const char **why);

/* --- link_shake.c: the handshake, of either side --------------------------------------------- */

enum shake_state { SHAKE_MORE, SHAKE_DONE, SHAKE_FAILED };

struct link;

struct shake {
    bool connector, got_hello;
    uint32_t lane;   /* a connector's: of the other, that is meant */
    uint8_t version; /* that is agreed on */
    struct peer_hello mine, theirs;
};

/* `wanted`: whom we have connected to; NULL: it has. */
void shake_begin(struct links *links, struct shake *shake, const struct link *wanted,
                 struct channel *channel);
/* One frame; answers go to the channel. Failed: `trouble` says why, in words. */
enum shake_state shake_step(struct links *links, struct shake *shake,
                            const struct peer_frame *frame, struct channel *channel,
                            struct buffer *trouble);

/* --- links ----------------------------------------------------------------------------------- */

enum { TAG_LISTENER, TAG_CONNECTION };

enum reach { REACH_NONE, REACH_CONNECTING, REACH_SHAKING, REACH_UP };

struct link { /* to one lane of another node */
    node_id node;
    uint32_t lane;
    struct io_address address; /* of that lane */
    bool connects;             /* we do, not they */
    bool leaves;               /* it is no peer any more: free when its DOWN was given */
    enum reach reach;
    struct channel channel;
    struct shake shake;
    instant retry_at, until; /* the next attempt; the end of this one */
    int64_t pause_ns;
    instant heard, said;
    size_t unfinished_bytes;           /* of a frame that comes, when links_speaks was asked last */
    bool up_owed, down_owed, draining; /* what links_next still has to say: [I3] */
    char trouble[LINK_TROUBLE_BYTES];
};

enum joining {
    JOINING_NOT,   /* it shakes hands */
    JOINING_ASKS,  /* it has proven that it knows the secret, and has no number: JOIN must come */
    JOINING_ASKED, /* that has come */
    JOINING_GIVEN, /* and the consumer has it */
    JOINING_ANSWERED
};

struct stranger {
    struct channel channel;
    struct shake shake;
    instant until;
    enum joining joining;
    uint64_t ticket;
    struct buffer request;
};

struct links {
    struct link_config config; /* its secret: `secret` */
    struct buffer secret;
    struct io *io;
    io_handle listener;
    struct io_address source;
    struct prng prng;
    uint64_t nonces_count;
    instant now, turned; /* as of the last call */
    bool more;           /* there may be something that links_next has not given yet */
    struct link *links;  /* owned; they stay where they are but in links_set_peers */
    uint32_t links_count, links_capacity, next;
    struct stranger strangers[LINK_STRANGERS_MAX];
    uint64_t tickets_count; /* of those who wanted to join */
    struct link_stats stats;
};

struct link *links_find(const struct links *links, node_id node, uint32_t lane); /* NULL: none */
bool links_knows(const struct links *links, node_id node); /* some lane of it */

static inline instant later(instant from, int64_t ns)
{
    return (instant){from.ns + ns};
}

static inline instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

/* --- link_life.c ----------------------------------------------------------------------------- */

void link_set_trouble(struct link *link, struct slice text);
void link_attempt(struct links *links, struct link *link); /* connects */
void link_rise(struct links *links, struct link *link);    /* it is proven who is there */
/* What was up ends; `drain`: what it has brought is still given away. */
void link_lose(struct links *links, struct link *link, struct slice why, bool drain);
void link_stop_draining(struct link *link);
/* An attempt ends. */
void link_fail(struct links *links, struct link *link, struct slice why, bool gently);
/* Either, by what io says. */
void link_fail_by_error(struct links *links, struct link *link, const struct io_completion *why);

/* --- link_meet.c ----------------------------------------------------------------------------- */

void stranger_welcome(struct links *links, io_handle handle);
void stranger_complete(struct links *links, struct stranger *stranger,
                       const struct io_completion *completion);
void stranger_dismiss(struct links *links, struct stranger *stranger, bool gently);
void link_shake(struct links *links, struct link *link); /* with what has come */
/* What was put in the channel while shaking hands leaves at once. */
bool link_flush_shake(struct links *links, struct channel *channel);

/* --- link_join.c ----------------------------------------------------------------------------- */

void stranger_begin_joining(struct links *links, struct stranger *stranger);
void stranger_take_join(struct links *links, struct stranger *stranger); /* what has come */
