/* guest_impl.h -- inside of the guests; see guest.h. */
#pragma once

#include "serve/crossing_impl.h"
#include "serve/standing.h"

enum {
    GUESTS_IDLE_MAX = 8192, /* of a lane; more are dropped, the longest idle first */
    GUEST_TARGETS_MAX = 4,  /* nodes that have a guest of one */
};

struct guests { /* by where they are from, the session's slot there, and the shard */
    struct session **buckets;
    uint32_t buckets_count, count; /* a power of 2 */
    uint64_t seed;
    instant look_due; /* of those that wait, nobody's time is over before */
};

struct answer {            /* written, and waiting for its gate */
    uint64_t entry, index; /* of the guest's shard; 0: it waits for nothing */
    size_t end;            /* in the guest's output */
};

/* What is run as one: one ask, or MULTI with all that is queued, to EXEC. */
struct unit {
    size_t len;     /* bytes of the query */
    struct ask ask; /* the last of it, whose answer is wanted; its arguments are in the query */
    const struct command *command; /* its; NULL: unknown */
    uint32_t flags;                /* of all its commands */
    bool is_transaction;
};

/* A unit that another node was asked. */
struct asked {
    uint64_t number; /* of the answer */
    size_t len;
    uint64_t until; /* in the stream to the node: whether it was sent */
    instant at;
    uint64_t entry; /* for the home */
    bool quiet, resp3, changes, ends_watch;
};

/* Where the keys are that it watches: past these, a target + 1. */
enum { WATCH_NOWHERE, WATCH_HERE, WATCH_LOST, WATCH_AT };

struct session_guest {
    uint32_t from;
    uint64_t slot, id; /* of the session at home */
    shard_id shard;
    node_id node;              /* all of it is asked of this one, and of no other; NODE_NONE: not */
    struct session *in_bucket; /* the next */
    struct buffer answers;     /* of struct answer */
    /* `query`: asks that are done with, that another node was asked, that are to be run. */
    size_t done, next;
    size_t ran; /* of the unit at `next`: MULTI, and some that were queued */
    /* The ask at `next` waits for keys. */
    bool waiting, waiting_quiet;
    uint64_t waiting_entry;
    size_t waiting_len;
    /* to another node */
    struct buffer asked; /* of struct asked, in turn; all of them at `to` */
    uint32_t to;
    bool restart; /* what is asked next begins again: the node may have refused */
    uint64_t next_number;
    uint32_t known[GUEST_TARGETS_MAX]; /* who has a guest of it */
    uint32_t known_count;
    bool nodes_watch;   /* some of them watch keys for it */
    uint32_t watch;     /* WATCH_* */
    bool refusing;      /* of another node's: until ASK_RESTART */
    uint64_t round;     /* shard_way's */
    size_t round_until; /* of the query: had come when the round began */
    size_t covered;     /* of it: may be read in this turn, for a round has ended */
    instant since;      /* it waits for a leader; 0: it does not */
    instant retry_at;   /* after a refusal; 0: at once */
};

/* NULL: its shard is not here, or it has none. */
struct shard *guest_shard(const struct server *server, const struct session *guest);
bool guest_is_remote(const struct server *server, const struct session *guest);
void guest_answer(struct server *server, struct session *guest, uint64_t entry, uint64_t index,
                  bool quiet);
/* The unit at `next`; false: it has not come whole. */
bool guest_unit(struct server *server, struct session *guest, struct unit *unit);
/* The unit at `next` is done with. */
void guest_pass(struct session *guest, size_t len);

enum guest_way {
    GUEST_RUN,
    GUEST_FORWARD,
    GUEST_REFUSE,
    GUEST_UNREACHED, /* the node that alone could answer is not there */
    GUEST_PARK,      /* until the shard's standing changes */
    GUEST_STAY       /* until what it asked is answered */
};
/* `to`: for GUEST_FORWARD. */
enum guest_way guest_way(struct server *server, struct session *guest, const struct unit *unit,
                         uint32_t *to);
void guest_forward(struct server *server, struct session *guest, const struct unit *unit,
                   uint32_t to);
void guest_refuse(struct server *server, struct session *guest, const struct unit *unit);
void guest_unreached(struct server *server, struct session *guest, const struct unit *unit);
void guest_park(struct server *server, struct session *guest);
/* It may not run at `where` (WATCH_HERE, WATCH_AT + target) for it watches keys elsewhere: then it
 * is answered that they have changed, and done with. */
bool guest_has_lost_watch(struct server *server, struct session *guest, const struct unit *unit,
                          uint32_t where);
/* WATCH, UNWATCH and EXEC were run here, or passed on to `where`. */
void guest_note_watch(struct server *server, struct session *guest, enum command_id id,
                      uint32_t where);
void guest_leave_nodes(struct server *server, struct session *guest); /* bye, to all it knows */
