/*
 * raft_members.c -- see raft_members.h. Encoded: count u8, joint u8, then node u32 and role u8
 * each.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   I1  nodes rise: each is there once.
 *   I2  roles of a set that comes are there in a joint state alone, and a state has a voter.
 */
#include "base/cursor.h"
#include "core/raft/raft_members_impl.h"

uint32_t raft_members_find(const struct raft_members *members, node_id node)
{
    for (uint32_t i = 0; i < members->count; i++) {
        if (node_eq(members->members[i].node, node)) return i;
    }
    return RAFT_MEMBER_NONE;
}

bool raft_members_has(const struct raft_members *members, node_id node)
{
    return raft_members_find(members, node) != RAFT_MEMBER_NONE;
}

bool raft_members_is_voter(const struct raft_members *members, node_id node)
{
    uint32_t i = raft_members_find(members, node);
    return i != RAFT_MEMBER_NONE && (members->members[i].role & (RAFT_VOTER | RAFT_VOTER_NEXT));
}

bool raft_members_is_sole(const struct raft_members *members, node_id node)
{
    for (uint32_t i = 0; i < members->count; i++) {
        node_id other = members->members[i].node;
        if (!node_eq(other, node) && raft_members_is_voter(members, other)) return false;
    }
    return raft_members_is_voter(members, node);
}

bool raft_members_eq(const struct raft_members *a, const struct raft_members *b)
{
    if (a->count != b->count || a->joint != b->joint) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!node_eq(a->members[i].node, b->members[i].node)) return false;
        if (a->members[i].role != b->members[i].role) return false;
    }
    return true;
}

static uint64_t majority_of(const struct raft_members *members, const uint64_t *values,
                            uint8_t role)
{
    uint64_t sorted[RAFT_MEMBERS_MAX]; /* falling */
    uint32_t count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        if (!(members->members[i].role & role)) continue;
        uint32_t at = count++;
        for (; at > 0 && sorted[at - 1] < values[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    return count == 0 ? 0 : sorted[count / 2];
}

uint64_t raft_members_quorum(const struct raft_members *members, const uint64_t *values)
{
    uint64_t value = majority_of(members, values, RAFT_VOTER);
    if (!members->joint) return value;
    return u64_min(value, majority_of(members, values, RAFT_VOTER_NEXT));
}

/* --- changes --------------------------------------------------------------------------------- */

static uint8_t role_in(const struct raft_members *members, node_id node)
{
    uint32_t i = raft_members_find(members, node);
    return i == RAFT_MEMBER_NONE ? RAFT_LEARNER : members->members[i].role;
}

static void members_add(struct raft_members *members, node_id node, uint8_t role) /* [I1] */
{
    ASSERT(members->count < RAFT_MEMBERS_MAX);
    uint32_t at = members->count++;
    for (; at > 0 && members->members[at - 1].node.n > node.n; at--) {
        members->members[at] = members->members[at - 1];
    }
    members->members[at] = (struct raft_member){node, role};
}

struct raft_members raft_members_with_learners(const struct raft_members *members,
                                               const struct raft_members *target)
{
    struct raft_members all = {0};
    for (uint32_t i = 0; i < members->count; i++) {
        const struct raft_member *member = &members->members[i];
        bool stays = (member->role & RAFT_VOTER) || raft_members_has(target, member->node);
        if (stays) members_add(&all, member->node, member->role);
    }
    for (uint32_t i = 0; i < target->count; i++) {
        node_id node = target->members[i].node;
        if (!raft_members_has(&all, node)) members_add(&all, node, RAFT_LEARNER);
    }
    return all;
}

struct raft_members raft_members_joint(const struct raft_members *members,
                                       const struct raft_members *target)
{
    struct raft_members joint = {.joint = true};
    for (uint32_t i = 0; i < members->count; i++) {
        node_id node = members->members[i].node;
        bool stays = raft_members_has(target, node);
        uint8_t role = members->members[i].role;
        if (!(role & RAFT_VOTER) && !stays) continue;
        if (role_in(target, node) & RAFT_VOTER) {
            role |= RAFT_VOTER_NEXT;
        } else if (stays && (role & RAFT_VOTER)) {
            role |= RAFT_LEARNER_NEXT;
        }
        members_add(&joint, node, role);
    }
    return joint;
}

struct raft_members raft_members_final(const struct raft_members *joint)
{
    struct raft_members last = {0};
    for (uint32_t i = 0; i < joint->count; i++) {
        uint8_t role = joint->members[i].role;
        if (role == RAFT_VOTER) continue; /* it leaves */
        members_add(&last, joint->members[i].node,
                    role & RAFT_VOTER_NEXT ? RAFT_VOTER : RAFT_LEARNER);
    }
    return last;
}

static bool is_sound(const struct raft_members *members)
{
    uint8_t all = RAFT_VOTER, roles = members->joint ? 7 : RAFT_VOTER;
    if (members->joint) all |= RAFT_VOTER_NEXT;
    uint8_t seen = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct raft_member *member = &members->members[i];
        if (member->node.n == 0 || (member->role & ~roles)) return false;            /* [I2] */
        if (i > 0 && member->node.n <= members->members[i - 1].node.n) return false; /* [I1] */
        seen |= member->role;
    }
    return (seen & all) == all; /* [I2] */
}

bool raft_members_fit(const struct raft_members *members, const struct raft_members *target)
{
    if (target->count > RAFT_MEMBERS_MAX || target->joint || !is_sound(target)) return false;
    uint32_t count = target->count;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct raft_member *member = &members->members[i];
        count += (member->role & RAFT_VOTER) && !raft_members_has(target, member->node);
    }
    return count <= RAFT_MEMBERS_MAX;
}

/* --- bytes ----------------------------------------------------------------------------------- */

void raft_members_write(const struct raft_members *members, struct buffer *out)
{
    put_u8(out, (uint8_t)members->count);
    put_u8(out, members->joint);
    for (uint32_t i = 0; i < members->count; i++) {
        put_u32(out, members->members[i].node.n);
        put_u8(out, members->members[i].role);
    }
}

bool raft_members_read(struct slice bytes, struct raft_members *members)
{
    struct cursor cursor = cursor_of(bytes);
    *members = (struct raft_members){.count = cursor_u8(&cursor)};
    uint8_t joint = cursor_u8(&cursor);
    members->joint = joint == 1;
    if (members->count > RAFT_MEMBERS_MAX || joint > 1) return false;
    for (uint32_t i = 0; i < members->count; i++) {
        members->members[i].node.n = cursor_u32(&cursor);
        members->members[i].role = cursor_u8(&cursor);
    }
    return !cursor.bad && cursor_left(&cursor) == 0 && is_sound(members);
}
