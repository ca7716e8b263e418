/* presence.c -- see presence.h. */
#include "lane/presence.h"

#include <stdlib.h>

#include "lane/gossiping.h"
#include "lane/replica_impl.h"

#define NS_PER_MS     INT64_C(1000000)
#define GONE_AFTER_NS (1000 * NS_PER_MS) /* without a link; gossip has waited for longer */
#define ALONE_NS      (3000 * NS_PER_MS) /* the same, where there is no gossip */

struct seen { /* a node, by its link to this lane */
    node_id node;
    bool up;
    instant since;
};

struct presence {
    struct lane *lane;
    struct gossiping *gossiping; /* NULL: there is none */
    struct seen seen[NODES_MAX];
    uint32_t seen_count;
    instant now;
};

static void fill_facts(const struct registry_member *self, struct gossip_facts *facts)
{
    enum { MIB = 1 << 20 };
    _Static_assert(sizeof facts->host >= sizeof self->host.bytes, "it fits");
    _Static_assert(sizeof facts->zone >= sizeof self->zone.bytes, "it fits");
    *facts = (struct gossip_facts){
        .lanes_count = self->lanes_count,
        .memory_mib = (uint32_t)u64_min(self->memory_bytes / MIB, UINT32_MAX),
        .disk_mib = (uint32_t)u64_min(self->disk_bytes / MIB, UINT32_MAX),
        .client.port = self->client_port,
    };
    memcpy(facts->host, self->host.bytes, sizeof self->host.bytes);
    memcpy(facts->zone, self->zone.bytes, sizeof self->zone.bytes);
    size_t len = strnlen(self->version.bytes, sizeof facts->version - 1);
    memcpy(facts->version, self->version.bytes, len);
    len = strlen(self->client_host.bytes);
    if (len < sizeof facts->client.host) memcpy(facts->client.host, self->client_host.bytes, len);
}

static void begin_gossip(struct presence *presence, const struct lane_cluster *cluster)
{
    struct lane *lane = presence->lane;
    struct gossiping_config config = {.cluster = cluster->id,
                                      .secret = cluster->secret,
                                      .bind = cluster->listen,
                                      .gossip = gossip_config_usual(),
                                      .tag = {LANE_TAG_GOSSIP}};
    struct fault fault;
    if (lane->links == NULL || cluster->listen.port == 0) return;
    if (io_address_resolve(cluster->self.peer_host.bytes, cluster->self.peer_port, &config.told,
                           &fault) != ERR_OK) {
        config.told = (struct io_address){0};
    }
    fill_facts(&cluster->self, &config.facts);
    if (cluster->gossip_interval.ns != 0) {
        gossip_config_interval(&config.gossip, cluster->gossip_interval);
        config.gossip.suspicion = cluster->gossip_suspicion;
    }
    config.gossip.self = lane_self(lane);
    config.gossip.incarnation = (uint64_t)(io_unix_ms(lane->io) / 1000);
    config.gossip.seed = lane->config.replication->link.nonce_seed + 1;
    if (gossiping_new(&config, lane->io, &presence->gossiping, &fault) != ERR_OK) {
        presence->gossiping = NULL; /* the links will do */
    }
}

struct presence *presence_new(struct lane *lane, const struct lane_cluster *cluster)
{
    struct presence *presence = calloc(1, sizeof *presence);
    ASSERT(presence != NULL);
    *presence = (struct presence){.lane = lane, .now = io_now(lane->io)};
    begin_gossip(presence, cluster);
    return presence;
}

void presence_free(struct presence *presence)
{
    if (presence == NULL) return;
    gossiping_free(presence->gossiping);
    free(presence);
}

void presence_count_messages(const struct presence *presence, uint64_t *sent, uint64_t *received)
{
    *sent = *received = 0;
    if (presence->gossiping == NULL) return;
    *sent = gossiping_stats(presence->gossiping)->sent;
    *received = gossiping_stats(presence->gossiping)->received;
}

void presence_complete(struct presence *presence, const struct io_completion *completion)
{
    if (presence->gossiping != NULL) gossiping_complete(presence->gossiping, completion);
}

instant presence_turn(struct presence *presence, instant now)
{
    presence->now = now;
    if (presence->gossiping == NULL) return (instant){INT64_MAX};
    return gossiping_turn(presence->gossiping, now);
}

/* --- links ----------------------------------------------------------------------------------- */

static struct seen *seen_of(struct presence *presence, node_id node)
{
    for (uint32_t i = 0; i < presence->seen_count; i++) {
        if (node_eq(presence->seen[i].node, node)) return &presence->seen[i];
    }
    if (presence->seen_count == NODES_MAX) return NULL;
    struct seen *seen = &presence->seen[presence->seen_count++];
    *seen = (struct seen){node, false, presence->now};
    return seen;
}

void presence_note_link(struct presence *presence, node_id node, bool up)
{
    struct seen *seen = seen_of(presence, node);
    if (seen != NULL) *seen = (struct seen){node, up, presence->now};
}

static bool is_peer(const struct link_peer *peers, uint32_t count, node_id node)
{
    for (uint32_t i = 0; i < count; i++) {
        if (node_eq(peers[i].node, node)) return true;
    }
    return false;
}

void presence_set_peers(struct presence *presence, const struct link_peer *peers, uint32_t count)
{
    struct gossiping_seed seeds[NODES_MAX];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < presence->seen_count; i++) { /* who is none any more makes room */
        if (is_peer(peers, count, presence->seen[i].node)) {
            presence->seen[kept++] = presence->seen[i];
        }
    }
    presence->seen_count = kept;
    for (uint32_t i = 0; i < count; i++) {
        seeds[i] = (struct gossiping_seed){peers[i].node, peers[i].address};
    }
    if (presence->gossiping == NULL) return;
    gossiping_seeds(presence->gossiping, seeds, count, presence->now);
}

/* --- both ------------------------------------------------------------------------------------ */

static enum root_sight sight_of(struct presence *presence, node_id node)
{
    const struct gossip *gossip =
        presence->gossiping == NULL ? NULL : gossiping_view(presence->gossiping);
    struct gossip_member member = {0};
    bool heard = gossip != NULL && gossip_find(gossip, node, &member) && member.incarnation != 0;
    bool alive = heard && (member.state == GOSSIP_ALIVE || member.state == GOSSIP_SUSPECT);
    const struct seen *seen = seen_of(presence, node);
    if (alive || (seen != NULL && seen->up)) return ROOT_SEEN;
    if (seen == NULL) return ROOT_UNSURE;
    int64_t down_ns = presence->now.ns - seen->since.ns;
    return down_ns >= (heard ? GONE_AFTER_NS : ALONE_NS) ? ROOT_GONE : ROOT_UNSURE;
}

uint32_t presence_believe(struct presence *presence, const struct registry *registry,
                          struct root_belief beliefs[NODES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry) && count < NODES_MAX; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        if (node_eq(member->node, lane_self(presence->lane))) continue;
        beliefs[count++] = (struct root_belief){member->node, sight_of(presence, member->node)};
    }
    return count;
}
