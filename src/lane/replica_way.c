/* replica_way.c -- where a call may run, and what is told about a lane's replica. */
#include <stdio.h>

#include "lane/replica_impl.h"

#define HAND_OVER_NS INT64_C(2000000000) /* at most, before a node stops all the same */

/* --- where ------------------------------------------------------------------------------------ */

enum lane_way lane_way_of_write(struct lane *lane)
{
    const struct replica *replica = lane->replica;
    if (!lane->is_many || replica->may_write) return LANE_HERE;
    node_id leader = raft_leader(replica->raft);
    bool other = leader.n != 0 && !node_eq(leader, replica->config.raft.self);
    return other ? LANE_AT_LEADER : LANE_WAIT;
}

static bool is_busy(const struct replica *replica)
{
    return replica->reload_wanted || replica_is_installing(replica);
}

/* What it has may still be taken away again: nobody may see it. */
static bool is_ahead(const struct replica *replica)
{
    return !replica->serving && replica->stored.index > raft_commit(replica->raft);
}

static bool has_lease(const struct replica *replica)
{
    instant until = raft_lease_until(replica->raft);
    return replica->may_write && io_now(replica->lane->io).ns < until.ns;
}

static enum lane_way way_of_read(struct replica *replica, uint64_t *round)
{
    if (has_lease(replica)) {
        *round = 0;
        return LANE_HERE;
    }
    if (*round == 0) *round = raft_read_round(replica->raft);
    if (raft_rounds_done(replica->raft) < *round) {
        replica->wants_round = true;
        return LANE_WAIT;
    }
    *round = 0;
    if (replica->stored.index >= raft_read_index(replica->raft)) return LANE_HERE;
    return lane_way_of_write(replica->lane); /* this node is behind: it may be for long */
}

enum lane_way lane_way(struct lane *lane, const struct call *call, bool stale, uint64_t *round)
{
    if (LIKELY(!lane->is_many)) return LANE_HERE;
    bool needs_leader = (call->command->flags & (COMMAND_WRITE | COMMAND_BLOCKING)) != 0 ||
                        lane_is_about_cache(lane, call);
    if (needs_leader) return lane_way_of_write(lane);
    if (is_busy(lane->replica) || is_ahead(lane->replica)) {
        if (stale) return LANE_WAIT; /* who has read old data here does not read older later */
        *round = 0;
        return lane_way_of_write(lane);
    }
    return stale ? LANE_HERE : way_of_read(lane->replica, round);
}

uint64_t lane_epoch(const struct lane *lane)
{
    return lane->replica->epoch;
}

void replica_note_epoch(struct replica *replica)
{
    const struct raft *raft = replica->raft;
    const uint64_t now[COUNT_OF(replica->epoch_of)] = {
        replica->may_write,
        raft_leader(raft).n,
        raft_term(raft),
        raft_rounds_done(raft),
        replica->stored.index >= raft_read_index(raft),
        is_busy(replica),
        is_ahead(replica),
        replica->serving,
        replica->depositions,
    };
    if (memcmp(now, replica->epoch_of, sizeof now) == 0) return;
    memcpy(replica->epoch_of, now, sizeof now);
    replica->epoch++;
}

/* --- readers ---------------------------------------------------------------------------------- */

bool lane_is_replicated(const struct lane *lane)
{
    return lane->is_many;
}

bool lane_is_leader(const struct lane *lane)
{
    return !lane->is_many || lane->replica->serving;
}

node_id lane_self(const struct lane *lane)
{
    return lane->replica->config.raft.self;
}

node_id lane_leader(const struct lane *lane)
{
    return raft_leader(lane->replica->raft);
}

const struct raft *lane_raft(const struct lane *lane)
{
    return lane->replica->raft;
}

uint64_t lane_depositions(const struct lane *lane)
{
    return lane->replica->depositions;
}

uint64_t lane_losses(const struct lane *lane, uint64_t *from, bool *for_good)
{
    const struct replica *replica = lane->replica;
    *from = replica->losses_from;
    *for_good = !replica->lost_to_snapshot && raft_commit(replica->raft) >= replica->losses_from;
    return replica->losses;
}

static const char *role_of(const struct replica *replica)
{
    if (!replica_is_many(replica)) return "solo";
    if (raft_is_recovering(replica->raft)) return "recovering";
    switch (raft_role(replica->raft)) {
    case RAFT_LEADER: return "leader";
    case RAFT_FOLLOWER: return "follower";
    case RAFT_PRE_CANDIDATE:
    case RAFT_CANDIDATE: break;
    }
    return "candidate";
}

static void tell_peer(const struct replica *replica, const struct link_peer *from,
                      struct lane_peer_told *told)
{
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    uint32_t count = raft_peers(replica->raft, peers);
    *told = (struct lane_peer_told){
        .node = from->node,
        .is_up = links_is_up(replica->links, from->node),
        .is_voter = raft_members_is_voter(raft_members(replica->raft), from->node),
    };
    (void)snprintf(told->address, sizeof told->address, "%s:%u", from->address.text,
                   (unsigned)from->address.port);
    (void)snprintf(told->trouble, sizeof told->trouble, "%s",
                   links_trouble(replica->links, from->node));
    for (uint32_t i = 0; i < count; i++) {
        if (!node_eq(peers[i].node, from->node)) continue;
        told->matched = peers[i].matched;
        told->is_active = peers[i].is_active;
        told->is_recovering = peers[i].is_recovering;
        told->no_room = peers[i].no_room;
    }
}

void lane_tell_replication(const struct lane *lane, struct lane_replication *told)
{
    const struct replica *replica = lane->replica;
    const struct raft *raft = replica->raft;
    const struct raft_stats *stats = raft_stats(raft);
    *told = (struct lane_replication){
        .self = replica->config.raft.self,
        .leader = raft_leader(raft),
        .role = role_of(replica),
        .term = raft_term(raft),
        .last = u64_max(raft_last(raft).index, replica->stored.index),
        .commit = raft_commit(raft),
        .applied = u64_min(replica->stored.index, raft_commit(raft)),
        .durable = replica->index_told,
        .has_lease = has_lease(replica),
        .elections_started = stats->elections_started,
        .elections_won = stats->elections_won,
        .leaders_seen = stats->leaders_seen,
        .snapshots_sent = stats->snapshots_sent,
        .snapshots_received = stats->snapshots_received,
        .appends_refused = stats->appends_refused,
        .reloads = replica->reloads,
        .repairs = replica->repairs,
    };
    if (!lane->is_many) return;
    const struct link_config *link = &replica->config.link;
    for (uint32_t i = 0; i < link->peers_count; i++) {
        if (node_eq(link->peers[i].node, told->self)) continue;
        tell_peer(replica, &link->peers[i], &told->peers[told->peers_count++]);
    }
}

/* --- to and from other nodes ------------------------------------------------------------------ */

bool lane_send(struct lane *lane, node_id to, uint32_t kind, struct slice bytes)
{
    if (lane->replica->links == NULL) return false;
    return links_send(lane->replica->links, to, (enum link_kind)kind, bytes, NULL, 0);
}

void lane_break_link(struct lane *lane, node_id node)
{
    if (lane->replica->links != NULL) links_break(lane->replica->links, node);
}

struct message *lane_take_messages(struct lane *lane)
{
    struct message *taken = lane->replica->inbox;
    lane->replica->inbox = lane->replica->inbox_last = NULL;
    return taken;
}

void lane_hand_over(struct lane *lane)
{
    struct replica *replica = lane->replica;
    replica_propose(replica);
    if (!lane->is_many || !replica->may_write) return;
    replica->hand_over_until = (instant){replica->now.ns + HAND_OVER_NS};
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_TRANSFER, .peer = NODE_NONE});
}

enum err lane_change_members(struct lane *lane, const node_id *voters, uint32_t count,
                             struct fault *fault)
{
    struct replica *replica = lane->replica;
    struct raft_members members = {0};
    if (count == 0 || count > RAFT_MEMBERS_MAX) {
        return fault_set(fault, ERR_USAGE, "a group has 1 to %d members", RAFT_MEMBERS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (raft_members_has(&members, voters[i]) ||
            !raft_members_has(&replica->config_members, voters[i])) {
            return fault_set(fault, ERR_USAGE, "node %u is named twice, or is none of the peers",
                             voters[i].n);
        }
        uint32_t at = members.count++;
        for (; at > 0 && members.members[at - 1].node.n > voters[i].n; at--) {
            members.members[at] = members.members[at - 1];
        }
        members.members[at] = (struct raft_member){voters[i], RAFT_VOTER};
    }
    replica_propose(replica);
    if (!replica->may_write || !raft_may_change_members(replica->raft)) {
        return fault_set(fault, ERR_CANCELLED,
                         "members are changed by the leader, and one change at a time");
    }
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_MEMBERS, .members = members});
    return ERR_OK;
}
