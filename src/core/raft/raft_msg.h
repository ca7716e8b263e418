/*
 * raft_msg.h -- what the members of a group say to each other, and its bytes.
 *
 * A message is a head, which is encoded here, and for appends and snapshots a payload: entries as
 * in raft_batch.h, or a part of a snapshot file, whose bytes follow the head unchanged.
 */
#pragma once

#include "base/buffer.h"
#include "base/cursor.h"
#include "core/raft/raft_batch.h"
#include "core/raft/raft_members.h"

enum raft_msg_kind {
    RAFT_MSG_VOTE_ASK = 1,
    RAFT_MSG_VOTE_ANSWER,
    RAFT_MSG_APPEND_ASK, /* without entries: a heartbeat */
    RAFT_MSG_APPEND_ANSWER,
    RAFT_MSG_SNAPSHOT_ASK, /* a part of a snapshot; no bytes of it: where shall I go on? */
    RAFT_MSG_SNAPSHOT_ANSWER,
    RAFT_MSG_TIMEOUT_NOW, /* campaign at once: leadership is handed over */
    RAFT_MSG_READ_ASK,    /* from a follower: a read index, please */
    RAFT_MSG_READ_ANSWER
};

enum { RAFT_SPANS_MAX = 16 }; /* in one append */

struct raft_msg {
    enum raft_msg_kind kind;
    node_id from, to;
    uint64_t term; /* of a pre-vote: the term that would be asked for */
    union {
        struct {
            struct raft_pos last;
            bool pre, transfer; /* transfer: the leader wants it, so no lease protects it */
        } vote_ask;
        struct {
            bool granted, pre;
        } vote_answer;
        struct {
            struct raft_pos previous;
            uint64_t commit;
            uint64_t round;    /* comes back in the answer: the leader's clock, about */
            uint64_t welcomed; /* to a recovering member: holding this entry it is whole again, */
            uint64_t life;     /* if it is still in the life it told of */
            bool hibernate;    /* nothing will come until something happens */
            uint32_t spans_count; /* a sender's; a receiver has one */
            struct raft_span spans[RAFT_SPANS_MAX];
        } append_ask;
        struct {
            bool matched;    /* else `index` is where to look for an agreement */
            bool recovering; /* does not count */
            bool no_room;    /* its disk is full: entries were not taken */
            uint64_t index;  /* durable and matched with this leader, up to here */
            uint64_t hint_term;
            uint64_t round; /* the newest seen; of a refusal, that of what it refuses */
            uint64_t life;  /* of a recovering member: another one after each start */
        } append_answer;
        struct {
            struct raft_pos pos; /* the snapshot's last entry */
            uint64_t total_bytes, offset;
            struct slice bytes; /* a sender's driver fills in the data; the length is set */
            uint64_t round;
        } snapshot_ask;
        struct {
            struct raft_pos pos;
            uint64_t offset; /* go on here; the whole length: nothing is missing */
            bool recovering, failed;
            uint64_t round, life;
        } snapshot_answer;
        struct {
            uint64_t round; /* the asker's own number */
        } read_ask;
        struct {
            uint64_t round, index; /* applied up to here, what was asked may be read */
        } read_answer;
    };
};

/* The head alone. */
void raft_msg_write(const struct raft_msg *msg, struct buffer *out);
/* A whole message, whose payload is all that is behind the head. Entries are checked for form, and
 * copied into a batch that the message then holds one reference of (spans[0].batch): the caller
 * owes raft_batch_unref. Snapshot bytes are borrowed. False: no such message. */
MUST_USE bool raft_msg_read(struct slice bytes, struct raft_msg *msg);
