/*
 * gossip_msg.h -- what nodes whisper to each other, and its bytes.
 *
 * A datagram is a head (what is asked or answered) and news about members behind it, as many as
 * fit: news ride on whatever is sent anyway. Numbers are varints. All is bounds-checked: a reader
 * takes no text longer than its limit, and no number that adding to would wrap.
 */
#pragma once

#include "base/cursor.h"

enum {
    GOSSIP_BODY_BYTES_MAX = 1368, /* so that a datagram with its envelope has 1400 at most */
    GOSSIP_FACTS_BYTES_MAX = 400, /* what a node tells of itself: gossip_facts.h */
    GOSSIP_HOST_BYTES_MAX = 48,   /* with the NUL */
    GOSSIP_NEWS_MAX = 128,        /* in one datagram */
    GOSSIP_BUCKETS = 64,          /* of members, for comparing what two nodes know */
    GOSSIP_NEWS_BYTES_MAX = 512   /* of one of them */
};

struct gossip_address {
    char host[GOSSIP_HOST_BYTES_MAX]; /* in numbers: "10.0.0.1", "::1" */
    uint16_t port;
};

static inline bool gossip_address_eq(const struct gossip_address *a, const struct gossip_address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

struct gossip_load {        /* what changes all the time */
    uint32_t load_permille; /* of all lanes: 1000 is all of them busy */
    uint32_t memory_free_mib, disk_free_mib;
};

enum gossip_news_kind {
    GOSSIP_NEWS_ALIVE = 1, /* everything about a member */
    GOSSIP_NEWS_SUSPECT,
    GOSSIP_NEWS_DEAD,
    GOSSIP_NEWS_LEFT,
    GOSSIP_NEWS_LOAD /* its load alone, of the same incarnation */
};

struct gossip_news {
    enum gossip_news_kind kind;
    node_id node;
    uint64_t incarnation;
    node_id accuser; /* of SUSPECT and DEAD */
    uint32_t stamp;  /* of ALIVE and LOAD: rises with each change of the load */
    struct gossip_load load;
    struct gossip_address address; /* of ALIVE, and so on */
    struct slice facts;            /* borrowed */
};

enum gossip_kind {
    GOSSIP_PING = 1, /* to `target`: are you there? */
    GOSSIP_ACK,      /* yes */
    GOSSIP_PING_ASK, /* please ping `target` at `address` for me */
    GOSSIP_NACK,     /* I am well, and it has not answered me so far */
    GOSSIP_TELL,     /* news alone */
    GOSSIP_COMPARE,  /* sums of what I know: tell me what differs */
    GOSSIP_RECORDS   /* news that came of comparing: all I know of some members */
};

struct gossip_msg {
    enum gossip_kind kind;
    node_id from;
    node_id target;  /* of PING, PING_ASK */
    uint32_t number; /* of PING, PING_ASK and their answers */
    bool answer;     /* of COMPARE: this answers one */
    struct gossip_address address;
    uint32_t sums[GOSSIP_BUCKETS];
    uint32_t news_count;
    struct gossip_news news[GOSSIP_NEWS_MAX]; /* a reader's */
};

/* Room to write in. What does not fit is not written at all. */
struct gossip_writer {
    uint8_t *at, *end;
};

/* The head, without news; the writer has GOSSIP_BODY_BYTES_MAX of room. */
void gossip_msg_write(const struct gossip_msg *msg, struct gossip_writer *out);
/* One of the news behind it; false: no room. */
bool gossip_news_write(const struct gossip_news *news, struct gossip_writer *out);
/* A whole datagram's body. False: no such message; `msg` is then undefined. */
MUST_USE bool gossip_msg_read(struct slice bytes, struct gossip_msg *msg);
