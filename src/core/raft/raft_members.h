/*
 * raft_members.h -- who belongs to a group. While a change is under way (joint consensus, Ongaro's
 * thesis §4.3) there are two sets of voters, and whatever is decided needs a majority of both.
 */
#pragma once

#include "base/buffer.h"
#include "core/raft/raft_batch.h"

enum { RAFT_MEMBERS_MAX = 9, RAFT_MEMBERS_BYTES_MAX = 128 };

enum raft_member_role {
    RAFT_LEARNER = 0, /* gets everything, decides nothing */
    RAFT_VOTER = 1 << 0,
    RAFT_VOTER_NEXT = 1 << 1,  /* in a joint state: of the set that comes */
    RAFT_LEARNER_NEXT = 1 << 2 /* in a joint state: a voter that stays as a learner */
};

struct raft_member {
    node_id node;
    uint8_t role; /* bits of enum raft_member_role */
};

struct raft_members {
    uint32_t count;
    bool joint;
    struct raft_member members[RAFT_MEMBERS_MAX]; /* by rising node */
};

bool raft_members_has(const struct raft_members *members, node_id node);
bool raft_members_is_voter(const struct raft_members *members, node_id node); /* of any set */
/* May `members` become `target`? There is a voter, nodes rise, and both together are not too many.
 */
bool raft_members_fit(const struct raft_members *members, const struct raft_members *target);
void raft_members_write(const struct raft_members *members, struct buffer *out);
/* False: not the bytes of such a thing. */
MUST_USE bool raft_members_read(struct slice bytes, struct raft_members *members);
