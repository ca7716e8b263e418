/* raft_members_impl.h -- sets of members as raft itself works with them. */
#pragma once

#include "core/raft/raft_members.h"

enum { RAFT_MEMBER_NONE = RAFT_MEMBERS_MAX };

uint32_t raft_members_find(const struct raft_members *members, node_id node); /* or … NONE */
/* The largest value that a majority of voters has reached, or two majorities in a joint state.
 * `values` are as `members` are. Without a voter: 0. */
uint64_t raft_members_quorum(const struct raft_members *members, const uint64_t *values);
/* `node` alone decides. */
bool raft_members_is_sole(const struct raft_members *members, node_id node);
bool raft_members_eq(const struct raft_members *a, const struct raft_members *b);

/* The steps from one set to another: its voters, and those who are new, as learners; both; the new
 * one. */
struct raft_members raft_members_with_learners(const struct raft_members *members,
                                               const struct raft_members *target);
struct raft_members raft_members_joint(const struct raft_members *members,
                                       const struct raft_members *target);
struct raft_members raft_members_final(const struct raft_members *joint);
