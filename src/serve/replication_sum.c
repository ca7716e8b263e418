/* replication_sum.c -- see replication_sum.h. */
#include "serve/replication_sum.h"

static struct shard_peer_told *peer_for(struct shard_replication *all,
                                        const struct shard_peer_told *peer)
{
    uint32_t i = 0;
    while (i < all->peers_count && !node_eq(all->peers[i].node, peer->node)) i++;
    if (i < all->peers_count) return &all->peers[i];
    if (i == SHARD_PEERS_MAX) return NULL; /* told by REPLICATION SHARDS alone */
    all->peers_count++;
    all->peers[i] = *peer;
    all->peers[i].matched = 0;
    return &all->peers[i];
}

/* How far they are is known of what is led here; the rest counts as if nothing were missing. */
static void add_peers(struct shard_replication *all, const struct shard_replication *told,
                      bool leads)
{
    for (uint32_t i = 0; i < told->peers_count; i++) {
        const struct shard_peer_told *peer = &told->peers[i];
        struct shard_peer_told *to = peer_for(all, peer);
        if (to == NULL) continue;
        to->is_active |= peer->is_active;
        to->is_recovering |= peer->is_recovering;
        to->is_voter |= peer->is_voter;
        to->no_room |= peer->no_room;
        if (to->trouble[0] == '\0') memcpy(to->trouble, peer->trouble, sizeof to->trouble);
        to->matched += leads ? peer->matched : told->last;
    }
}

static void add(struct replication_sum *sum, const struct shard *shard)
{
    struct shard_replication *all = &sum->all, told;
    shard_tell_replication(shard, &told);
    bool leads = shard_is_leader(shard), first = sum->shards_count == 0;
    sum->shards_count++;
    sum->led_count += leads;
    sum->leaderless_count += node_eq(told.leader, NODE_NONE);
    sum->recovering_count += strcmp(told.role, "recovering") == 0;
    if (first) {
        *all = told;
        for (uint32_t i = 0; !leads && i < all->peers_count; i++) all->peers[i].matched = told.last;
        return;
    }
    if (!node_eq(all->leader, told.leader)) all->leader = NODE_NONE;
    if (strcmp(all->role, told.role) != 0) all->role = sum->led_count > 0 ? "leader" : "follower";
    all->term = u64_max(all->term, told.term);
    all->last += told.last;
    all->commit += told.commit;
    all->applied += told.applied;
    all->durable += told.durable;
    all->has_lease &= told.has_lease;
    all->elections_started += told.elections_started;
    all->elections_won += told.elections_won;
    all->leaders_seen += told.leaders_seen;
    all->snapshots_sent += told.snapshots_sent;
    all->snapshots_received += told.snapshots_received;
    all->reloads += told.reloads;
    all->repairs += told.repairs;
    all->appends_refused += told.appends_refused;
    add_peers(all, &told, leads);
}

void replication_sum(const struct server *server, struct replication_sum *sum)
{
    *sum = (struct replication_sum){.all.role = "solo"};
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard))
        if (!shard_eq(shard_number(shard), SHARD_ROOT)) add(sum, shard);
}

bool replication_leads(const struct server *server)
{
    if (!lane_is_replicated(server->lane)) return true;
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard))
        if (!shard_eq(shard_number(shard), SHARD_ROOT) && shard_is_leader(shard)) return true;
    return false;
}
