/* gossip_impl.h -- what the files of gossip share. Invariants: gossip.c. */
#pragma once

#include "base/heap.h"
#include "base/prng.h"
#include "core/gossip/gossip.h"

enum {
    PLACE_NONE = -1,
    SENDS_MAX = 64,       /* of one piece of news */
    RELAYS_MAX = 64,      /* pings on behalf of others, under way */
    STREAMS_MAX = 4,      /* nodes that get records, at a time */
    COMPARES_SOON = 8,    /* until two views are the same, after a start */
    STREAM_PARTS = 4,     /* datagrams to one of them in one step */
    LOAD_BYTES_MAX = 256, /* of loads in one datagram: they are many, and can wait */
    PICKS_MAX = 8,        /* tries to find somebody by chance; then all are looked at */
    TELL_MEMBERS_MAX = 4
};
#define GOSSIP_NEVER    ((instant){INT64_MAX})
#define STREAM_PAUSE_NS INT64_C(20000000) /* between two steps of a stream */

/* News that wait to be sent again, fewest sends first. */
struct queue_link {
    int32_t next, previous;
    uint8_t sends;
    bool queued;
};

struct queue {
    int32_t first[SENDS_MAX], last[SENDS_MAX];
    uint32_t lowest, count;
};

enum queue_kind { QUEUE_NEWS, QUEUE_LOADS, QUEUES_COUNT };

struct table_slot {
    node_id node;
    int32_t place; /* PLACE_NONE: free */
};

struct member {
    node_id node;
    enum gossip_state state;
    bool listed; /* in the registry's list */
    uint64_t incarnation;
    uint64_t told; /* the incarnation that its address and facts are of; 0: of a list */
    instant since;
    node_id accuser; /* of suspect and dead: the last who said so */
    uint32_t stamp;
    struct gossip_load load;
    uint32_t order;    /* its place among those to be pinged */
    int32_t suspicion; /* PLACE_NONE: none */
    struct queue_link links[QUEUES_COUNT];
    uint8_t *facts; /* from the heap */
    uint32_t facts_len;
    struct gossip_address address;
};

struct suspicion {
    int32_t member;
    instant begun, until;
    uint32_t accusers_count;
    node_id accusers[GOSSIP_CONFIRMATIONS_MAX + 1];
};

struct probe {
    bool active, asked, acked;
    node_id target;
    uint32_t number;
    instant ask_at, ends;
    uint32_t helpers, nacks; /* who were asked, and who say that they are well */
};

struct relay { /* a ping on behalf of another */
    bool active;
    uint32_t number, asker_number;
    node_id target;
    struct gossip_address asker;
    instant nack_at, ends;
    bool nacked;
};

struct stream { /* of records to a node that knows less */
    bool active;
    struct gossip_address to;
    uint64_t buckets; /* bits */
    uint32_t place;   /* those before it are sent */
};

struct gossip {
    struct gossip_config config; /* its facts are those of members[0] */
    struct heap heap;
    struct prng prng;
    instant now;
    struct member *members; /* [0] is self */
    uint32_t count, capacity;
    struct table_slot *table; /* by node; a power of two */
    uint32_t table_size;
    int32_t *order; /* places, in the order of probing; without self */
    uint32_t order_at;
    uint32_t sums[GOSSIP_BUCKETS];
    uint32_t alive; /* or suspect */
    uint64_t changes;
    struct queue queues[QUEUES_COUNT];
    struct suspicion *suspicions;
    uint32_t suspicions_count, suspicions_capacity;
    instant suspicions_next;
    struct probe probe;
    node_id look_at; /* the next to be pinged, out of order; NODE_NONE: nobody */
    instant probe_at, tell_at, compare_at;
    uint32_t number; /* of the next ping */
    struct relay relays[RELAYS_MAX];
    instant relays_next;
    struct stream streams[STREAMS_MAX];
    instant streams_at;
    uint32_t health;
    bool leaving;
    uint32_t soon;               /* comparisons to be made soon: we have just started */
    struct gossip_load load_now; /* not told yet, if load_waits */
    bool load_waits;
    instant load_at;
    struct gossip_stats stats;
};

static inline struct member *gossip_self(struct gossip *gossip)
{
    return &gossip->members[0];
}

static inline bool gossip_is_up(const struct member *member)
{
    return member->state == GOSSIP_ALIVE || member->state == GOSSIP_SUSPECT;
}

static inline instant gossip_after(const struct gossip *gossip, int64_t ns)
{
    return (instant){gossip->now.ns + ns};
}

static inline instant gossip_earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

static inline bool gossip_is_due(const struct gossip *gossip, instant at)
{
    return at.ns <= gossip->now.ns;
}

/* --- gossip_members.c: the table -------------------------------------------------------------- */

struct member *gossip_member(const struct gossip *gossip, node_id node); /* NULL: not known */
int32_t gossip_place(const struct gossip *gossip, const struct member *member);
/* A new one, alive, of incarnation 0; NULL: there are too many. Members may move. */
struct member *gossip_add(struct gossip *gossip, node_id node,
                          const struct gossip_address *address);
void gossip_remove(struct gossip *gossip, struct member *member);
/* All changes of what is compared go through here. */
void gossip_set(struct gossip *gossip, struct member *member, enum gossip_state state,
                uint64_t incarnation, uint64_t told);
bool gossip_sums_fit(const struct gossip *gossip);
void gossip_set_facts(struct gossip *gossip, struct member *member, struct slice facts);
/* Somebody up by chance, not self nor `but`; NULL: nobody was found. */
struct member *gossip_pick(struct gossip *gossip, node_id but);
/* Somebody down, or never heard of. */
struct member *gossip_pick_down(struct gossip *gossip);
struct member *gossip_next_to_probe(struct gossip *gossip); /* NULL: nobody */

/* --- gossip_news.c: what is to be told ---------------------------------------------------------
 */

void gossip_queue_init(struct gossip *gossip);
void gossip_tell(struct gossip *gossip, struct member *member, enum queue_kind kind);
void gossip_tell_no_more(struct gossip *gossip, struct member *member);
/* What is said of a member now. */
struct gossip_news gossip_news_of(const struct member *member);
/* Of a message from here. The rest of it is undefined: a writer reads what is of its kind. */
struct gossip_msg gossip_head(const struct gossip *gossip, enum gossip_kind kind);
struct gossip_writer gossip_begin(struct gossip *gossip, struct gossip_outbox *out,
                                  const struct gossip_address *to, const struct gossip_msg *msg);
void gossip_end(struct gossip *gossip, struct gossip_outbox *out,
                const struct gossip_writer *writer);
/* A head, what `about` should know of itself, and news. */
void gossip_send(struct gossip *gossip, struct gossip_outbox *out, const struct gossip_address *to,
                 const struct gossip_msg *msg, const struct member *about);
void gossip_tell_round(struct gossip *gossip, struct gossip_outbox *out);

/* --- gossip_believe.c: what is said of members, and suspicion ----------------------------------
 */

void gossip_believe(struct gossip *gossip, const struct gossip_news *news, bool of_record);
void gossip_suspect(struct gossip *gossip, struct member *member, uint64_t incarnation,
                    node_id accuser);
void gossip_suspicions_expire(struct gossip *gossip);
void gossip_health_change(struct gossip *gossip, int32_t by);

/* --- gossip_probe.c ----------------------------------------------------------------------------
 */

void gossip_probe_tick(struct gossip *gossip, struct gossip_outbox *out);
instant gossip_probe_deadline(const struct gossip *gossip);
void gossip_on_ping(struct gossip *gossip, const struct gossip_event *event,
                    struct gossip_outbox *out);
void gossip_on_ping_ask(struct gossip *gossip, const struct gossip_event *event,
                        struct gossip_outbox *out);
void gossip_on_ack(struct gossip *gossip, const struct gossip_msg *ack, struct gossip_outbox *out);
void gossip_on_nack(struct gossip *gossip, const struct gossip_msg *nack);

void gossip_relays_tick(struct gossip *gossip, struct gossip_outbox *out);

/* --- gossip_compare.c --------------------------------------------------------------------------
 */

void gossip_compare_tick(struct gossip *gossip, struct gossip_outbox *out);
void gossip_on_compare(struct gossip *gossip, const struct gossip_event *event,
                       struct gossip_outbox *out);
void gossip_streams_tick(struct gossip *gossip, struct gossip_outbox *out);
