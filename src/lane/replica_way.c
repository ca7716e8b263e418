/* replica_way.c -- where a call may run, and what is told about a replica. */
#include <stdio.h>

#include "lane/replica_impl.h"

#define HAND_OVER_NS INT64_C(2000000000) /* at most, before a node stops all the same */

/* --- where ------------------------------------------------------------------------------------ */

enum shard_way shard_way_of_write(struct shard *shard)
{
    const struct replica *replica = shard->replica;
    if (!shard->replica->is_many || replica->may_write) return SHARD_HERE;
    node_id leader = raft_leader(replica->raft);
    bool other = leader.n != 0 && !node_eq(leader, replica->lane->self);
    return other ? SHARD_AT_LEADER : SHARD_WAIT;
}

/* It has nothing yet, or not all that it had. */
static bool is_busy(const struct replica *replica)
{
    return replica->reload_wanted || replica_is_installing(replica) ||
           raft_is_recovering(replica->raft);
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

static enum shard_way way_of_read(struct replica *replica, uint64_t *round)
{
    if (has_lease(replica)) {
        *round = 0;
        return SHARD_HERE;
    }
    if (*round == 0) *round = raft_read_round(replica->raft);
    if (raft_rounds_done(replica->raft) < *round) {
        replica->wants_round = true;
        lane_touch(replica->shard);
        return SHARD_WAIT;
    }
    *round = 0;
    if (replica->stored.index >= raft_read_index(replica->raft)) return SHARD_HERE;
    return shard_way_of_write(replica->shard); /* this node is behind: it may be for long */
}

/* A group of one that does not lead yet, as on a disk that has no room for its vote, may have more
 * in its log than its store has seen. */
static bool is_whole_alone(const struct replica *replica)
{
    if (replica->is_many) return false;
    return LIKELY(replica->serving) || replica->stored.index >= raft_last(replica->raft).index;
}

enum shard_way shard_way(struct shard *shard, const struct call *call, bool stale, uint64_t *round)
{
    if (LIKELY(is_whole_alone(shard->replica))) return SHARD_HERE;
    if (!shard->replica->is_many) return SHARD_WAIT;
    bool needs_leader = (call->command->flags & (COMMAND_WRITE | COMMAND_BLOCKING)) != 0 ||
                        shard_is_about_cache(shard, call);
    if (needs_leader) return shard_way_of_write(shard);
    if (is_busy(shard->replica) || is_ahead(shard->replica)) {
        if (stale) return SHARD_WAIT; /* who has read old data here does not read older later */
        *round = 0;
        return shard_way_of_write(shard);
    }
    if (stale) return SHARD_HERE;
    if (!shard->replica->serving && shard_is_about_expired(shard, call)) {
        *round = 0;
        return shard_way_of_write(shard); /* who leads says whether time has passed [L4] */
    }
    return way_of_read(shard->replica, round);
}

uint64_t shard_epoch(const struct shard *shard)
{
    return shard->replica->epoch;
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
    replica->lane->news++;
}

/* --- readers ---------------------------------------------------------------------------------- */

bool shard_is_leader(const struct shard *shard)
{
    return !shard->replica->is_many || shard->replica->serving;
}

node_id shard_leader(const struct shard *shard)
{
    return raft_leader(shard->replica->raft);
}

bool shard_is_recovering(const struct shard *shard)
{
    return raft_is_recovering(shard->replica->raft);
}

const struct raft *shard_raft(const struct shard *shard)
{
    return shard->replica->raft;
}

uint64_t shard_depositions(const struct shard *shard)
{
    return shard->replica->depositions;
}

uint64_t shard_losses(const struct shard *shard, uint64_t *from, bool *for_good)
{
    const struct replica *replica = shard->replica;
    *from = replica->losses_from;
    *for_good = !replica->lost_to_snapshot && raft_commit(replica->raft) >= replica->losses_from;
    return replica->losses;
}

static const char *role_of(const struct replica *replica)
{
    if (!replica->is_many) return "solo";
    if (raft_is_recovering(replica->raft)) return "recovering";
    switch (raft_role(replica->raft)) {
    case RAFT_LEADER: return "leader";
    case RAFT_FOLLOWER: return "follower";
    case RAFT_PRE_CANDIDATE:
    case RAFT_CANDIDATE: break;
    }
    return "candidate";
}

static void tell_address(const struct lane *lane, node_id node, struct shard_peer_told *told)
{
    for (uint32_t i = 0; i < lane->peers_count; i++) {
        const struct link_peer *peer = &lane->peers[i];
        if (!node_eq(peer->node, node)) continue;
        (void)snprintf(told->address, sizeof told->address, "%s:%u", peer->address.text,
                       (unsigned)peer->address.port);
    }
}

static void tell_peer(const struct replica *replica, node_id node, struct shard_peer_told *told)
{
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    uint32_t count = raft_peers(replica->raft, peers);
    uint32_t lane = lane_of_shard_at(replica->lane, node, replica->shard->number);
    *told = (struct shard_peer_told){
        .node = node,
        .is_up = links_is_up(replica->lane->links, node, lane),
        .is_voter = raft_members_is_voter(raft_members(replica->raft), node),
    };
    tell_address(replica->lane, node, told);
    (void)snprintf(told->trouble, sizeof told->trouble, "%s",
                   links_trouble(replica->lane->links, node, lane));
    for (uint32_t i = 0; i < count; i++) {
        if (!node_eq(peers[i].node, node)) continue;
        told->matched = peers[i].matched;
        told->is_active = peers[i].is_active;
        told->is_recovering = peers[i].is_recovering;
        told->no_room = peers[i].no_room;
    }
}

void shard_tell_replication(const struct shard *shard, struct shard_replication *told)
{
    const struct replica *replica = shard->replica;
    const struct raft *raft = replica->raft;
    const struct raft_stats *stats = raft_stats(raft);
    uint64_t agreed = shard_agreed(shard);
    *told = (struct shard_replication){
        .self = replica->lane->self,
        .leader = raft_leader(raft),
        .role = role_of(replica),
        .term = raft_term(raft),
        .last = u64_max(raft_last(raft).index, replica->stored.index),
        .commit = agreed,
        .applied = replica->reload_wanted ? 0 : u64_min(replica->stored.index, agreed),
        .durable = u64_max(replica->index_told, replica_alone_agreed(replica)),
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
    if (!shard->replica->is_many) return;
    const struct raft_members *members = raft_members(raft);
    for (uint32_t i = 0; i < members->count; i++) {
        node_id node = members->members[i].node;
        if (node_eq(node, told->self)) continue;
        tell_peer(replica, node, &told->peers[told->peers_count++]);
    }
}

/* --- who belongs to it, who leads ------------------------------------------------------------- */

void replica_hand_over(struct replica *replica, node_id to)
{
    replica->hand_over_until = (instant){replica->lane->now.ns + HAND_OVER_NS};
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_TRANSFER, .peer = to});
}

void shard_hand_over(struct shard *shard, node_id to)
{
    struct replica *replica = shard->replica;
    replica_propose(replica);
    if (replica->is_many && replica->may_write) replica_hand_over(replica, to);
}

enum err shard_change_members(struct shard *shard, const node_id *voters, uint32_t count,
                              struct fault *fault)
{
    struct replica *replica = shard->replica;
    struct raft_members members = {0};
    if (count == 0 || count > RAFT_MEMBERS_MAX) {
        return fault_set(fault, ERR_USAGE, "a group has 1 to %d members", RAFT_MEMBERS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (raft_members_has(&members, voters[i]) || !lane_knows(replica->lane, voters[i])) {
            return fault_set(fault, ERR_USAGE, "node %u is named twice, or is none of the peers",
                             voters[i].n);
        }
        uint32_t at = members.count++;
        for (; at > 0 && members.members[at - 1].node.n > voters[i].n; at--) {
            members.members[at] = members.members[at - 1];
        }
        members.members[at] = (struct raft_member){voters[i], RAFT_VOTER};
    }
    if (!replica->is_many && replica->may_write) shard_log_time(shard); /* [L4] */
    replica_propose(replica);
    if (!replica_ends_alone(replica) || !replica->may_write ||
        !raft_may_change_members(replica->raft)) {
        return fault_set(fault, ERR_CANCELLED,
                         "members are changed by the leader, and one change at a time");
    }
    if (!raft_members_fit(raft_members(replica->raft), &members)) {
        return fault_set(fault, ERR_LIMIT, "old and new members together are more than %d",
                         RAFT_MEMBERS_MAX);
    }
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_MEMBERS, .members = members});
    return ERR_OK;
}
