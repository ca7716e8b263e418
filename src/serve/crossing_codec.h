/*
 * crossing_codec.h -- asks and answers as bytes: between lanes, and between nodes.
 *
 * An ask:    slot varint, session id varint, entry varint, shard + 1 varint (0: none), flags u8,
 *            database varint, argc varint, with ASK_AT_NODE the node varint, argc × sized
 * An answer: slot varint, session id varint, entry varint, shard + 1 varint, kind u8, the reply,
 *            sized; of a refusal instead of a reply: the leader's node varint, its term varint
 *
 * Between nodes they are a stream, cut anywhere into frames: what is not whole yet is kept until
 * more has come. A reader takes nothing for granted, whoever wrote it.
 */
#pragma once

#include "base/cursor.h"

enum {
    CROSSING_BYTES_MAX = (1 << 30) + (1 << 20), /* of one ask, and of one answer */
    CROSSING_SLOTS_MAX = 1 << 24,               /* of sessions of another node */
    SHARD_NONE = UINT32_MAX,                    /* about no shard's keys */
};

enum crossing_flag {
    ASK_RESP3 = 1 << 0,
    ASK_NO_TOUCH = 1 << 1,
    ASK_QUIET = 1 << 2,      /* no answer */
    ASK_BYE = 1 << 3,        /* the guest goes; no command */
    ASK_RESTRICTED = 1 << 4, /* the user may not read all keys: for SORT */
    ASK_STALE = 1 << 5,      /* reads may be old: READONLY */
    ASK_RESTART = 1 << 6,    /* what was refused comes again: refuse no more */
    ASK_AT_NODE = 1 << 7,    /* of that node alone, about its lane of the shard. Between lanes */
    ASK_FLAGS = (1 << 8) - 1
};

enum answer_kind {
    ANSWER_REPLY,
    ANSWER_REFUSED, /* nothing happened: this node does not lead. What comes behind it is refused
                       as well, until ASK_RESTART */
    ANSWER_KINDS
};

struct ask {
    uint64_t slot, id, entry;
    shard_id shard; /* SHARD_NONE: about none, or about what is of the lane */
    uint8_t flags;
    uint32_t database, argc;
    node_id node;           /* of ASK_AT_NODE */
    struct slice arguments; /* argc × sized; borrowed */
};

struct answer_told {
    uint64_t slot, id, entry;
    shard_id shard; /* of what was asked */
    enum answer_kind kind;
    struct slice reply; /* borrowed */
};

enum crossing_read {
    CROSSING_WHOLE,
    CROSSING_SHORT, /* the rest has not come yet */
    CROSSING_BAD
};
/* The first of `bytes`, which moves past it if it is whole. */
enum crossing_read ask_read(struct slice *bytes, struct ask *ask);
enum crossing_read answer_read(struct slice *bytes, struct answer_told *answer);
/* The arguments of a whole ask: argv[argc]. */
void ask_arguments(const struct ask *ask, struct slice *argv);

void ask_write(struct buffer *out, const struct ask *ask, const struct slice *argv);
void ask_copy(struct buffer *out, const struct ask *ask); /* one that was read */
void answer_write(struct buffer *out, const struct answer_told *answer);

/* What a refusal says instead of a reply: who leads, as far as is known (NODE_NONE), since when. */
void refusal_write(struct buffer *out, node_id leader, uint64_t term);
MUST_USE bool refusal_read(struct slice bytes, node_id *leader, uint64_t *term);
