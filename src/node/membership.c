/* membership.c -- see membership.h. */
#include <inttypes.h>

#include "lane/registry_copy.h"
#include "node/known.h"
#include "node/membership.h"

#define NS_PER_MS INT64_C(1000000)

enum { REPLICAS_STANDARD = 3 };

struct opening {
    struct arena *arena;
    const struct node_options *options;
    const struct data_folder *folder;
    struct peers *peers;
    struct membership *membership;
    struct fault *fault;
};

/* --- the registry as it was ------------------------------------------------------------------- */

static enum err read_copy(const struct opening *opening)
{
    struct membership *membership = opening->membership;
    struct buffer bytes = {0};
    enum err err = registry_copy_read(membership->told.registry_path, &bytes, &membership->registry,
                                      opening->fault);
    membership->told.registry = arena_copy(opening->arena, buffer_slice(&bytes));
    buffer_free(&bytes);
    return err;
}

static enum err check_copy(const struct opening *opening, const struct registry *registry)
{
    const struct data_identity *identity = &opening->folder->identity;
    if (registry_cluster(registry) != identity->cluster) {
        return fault_set(opening->fault, ERR_CORRUPT,
                         "%s is of another cluster than the folder: copy the file from another "
                         "node of its own",
                         opening->membership->told.registry_path);
    }
    if (!registry_is_removed(registry, identity->node)) return ERR_OK;
    return fault_set(opening->fault, ERR_USAGE,
                     "this node, number %" PRIu32 ", was removed from the cluster %s, for good: to "
                     "use the machine again, join with an empty folder (--data)",
                     identity->node.n, identity->name);
}

/* What they know may be newer than the copy: it counts from now on. */
static enum err ask_others(const struct opening *opening)
{
    struct membership *membership = opening->membership;
    const struct known_question question = {opening->folder, membership->registry,
                                            &membership->told.self, 0};
    struct known_answer answer = {0};
    enum err err = known_ask(&question, &answer, opening->fault);
    if (err == ERR_OK && answer.registry.len > 0) {
        registry_free(membership->registry);
        membership->registry = registry_read(buffer_slice(&answer.registry));
        ASSERT(membership->registry != NULL); /* it was read before */
        membership->told.registry = arena_copy(opening->arena, buffer_slice(&answer.registry));
        err = registry_copy_write(membership->told.registry_path, membership->told.registry,
                                  opening->fault);
    }
    membership->complaint = arena_text(opening->arena, buffer_slice(&answer.complaint));
    known_answer_free(&answer);
    return err;
}

static enum err add_member(const struct opening *opening, const struct registry_member *member)
{
    struct peers *peers = opening->peers;
    struct link_peer *peer = &peers->peers[peers->count];
    peer->node = member->node;
    peer->lanes_count = member->lanes_count;
    if (node_eq(member->node, peers->self)) {
        peer->address = opening->membership->told.listen;
        peers->count++;
        return ERR_OK;
    }
    enum err err = io_address_resolve(member->peer_host.bytes, member->peer_port, &peer->address,
                                      opening->fault);
    if (err != ERR_OK) return fault_prefix(opening->fault, "node %" PRIu32, member->node.n);
    peers->count++;
    return ERR_OK;
}

/* Whom the registry knows is who counts, not the list. */
static enum err take_members(const struct opening *opening, const struct registry *registry)
{
    enum err err = ERR_OK;
    bool self_is_in = false;
    opening->peers->count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry) && err == ERR_OK; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        bool is_self = node_eq(member->node, opening->peers->self);
        /* The others are linked to as it goes; where this node listens must be known at once. */
        if (!is_self && opening->peers->count + !self_is_in >= PEERS_MAX) continue;
        self_is_in |= is_self;
        err = add_member(opening, member);
    }
    return err;
}

/* --- with whom it is formed ------------------------------------------------------------------- */

/* Of the others of a list we know where they are, and that they have as many lanes; they tell the
 * rest when they come. */
static void fill_founders(const struct opening *opening)
{
    struct membership *membership = opening->membership;
    const struct peers *peers = opening->peers;
    uint32_t count = peers->count == 0 ? 1 : peers->count;
    struct registry_member *founders = ARENA_ARRAY(opening->arena, struct registry_member, count);
    if (opening->folder->identity.origin == DATA_ORIGIN_JOINED) return; /* others have formed it */
    founders[0] = membership->told.self;
    for (uint32_t i = 0; i < peers->count; i++) {
        founders[i] = membership->told.self;
        if (node_eq(peers->peers[i].node, peers->self)) continue;
        const struct io_address *address = &peers->peers[i].address;
        bool fits = registry_text_set(&founders[i].peer_host, slice_text(address->text)) &&
                    registry_text_set(&founders[i].client_host, slice_text(address->text));
        ASSERT(fits); /* as long as our own */
        founders[i].host = (struct registry_text){{0}};
        founders[i].node = peers->peers[i].node;
        founders[i].peer_port = address->port;
    }
    membership->told.founders = founders;
    membership->told.founders_count = count;
}

/* A list says where its nodes are, whatever the other settings do. */
static enum err take_list(const struct opening *opening)
{
    struct membership *membership = opening->membership;
    const struct peers *peers = opening->peers;
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct link_peer *peer = &peers->peers[i];
        if (!node_eq(peer->node, peers->self)) continue;
        membership->told.listen = peer->address;
        membership->told.self.peer_port = peer->address.port;
        membership->told.may_be_deaf = false;
        if (registry_text_set(&membership->told.self.peer_host, slice_text(peer->address.text)))
            continue;
        return fault_set(opening->fault, ERR_USAGE, "the address of node %" PRIu32 " is too long",
                         peer->node.n);
    }
    return ERR_OK;
}

static void settle_links(const struct opening *opening)
{
    struct membership *membership = opening->membership;
    struct peers *peers = opening->peers;
    membership->has_links = membership->told.listen.port != 0;
    if (peers->count > 1) membership->told.may_be_deaf = false;
    if (peers->count != 0) return;
    peers->count = 1;
    peers->peers[0] = (struct link_peer){.node = peers->self, .address = membership->told.listen};
}

static enum err open_all(const struct opening *opening)
{
    struct membership *membership = opening->membership;
    const struct node_options *options = opening->options;
    enum err err = facts_gather(options->config, &options->machine, options->version, NULL,
                                &membership->told.self, opening->fault);
    membership->told.self.node = opening->folder->identity.node;
    membership->told.self.state = MEMBER_ALIVE;
    if (err == ERR_OK) {
        err = facts_listen_address(options->config, &membership->told.listen, opening->fault);
    }
    if (err == ERR_OK) err = take_list(opening);
    if (err == ERR_OK) fill_founders(opening);
    if (err == ERR_OK) err = read_copy(opening);
    if (err != ERR_OK) return err;
    if (membership->registry != NULL) {
        err = check_copy(opening, membership->registry);
        if (err == ERR_OK) err = ask_others(opening);
        if (err == ERR_OK) err = take_members(opening, membership->registry);
    }
    settle_links(opening);
    return err;
}

enum err membership_open(struct arena *arena, const struct node_options *options,
                         const struct data_folder *folder, struct peers *peers,
                         struct membership *membership, struct fault *fault)
{
    const struct data_identity *identity = &folder->identity;
    const struct opening opening = {arena, options, folder, peers, membership, fault};
    *membership = (struct membership){0};
    membership->told = (struct lane_cluster){
        .id = identity->cluster,
        .name = identity->name,
        .secret = slice_of(identity->secret, sizeof identity->secret),
        .shards_count = identity->shards_count,
        .seed = identity->seed,
        .registry_path = data_folder_registry_path(arena, folder),
        .replicas = REPLICAS_STANDARD,
        .gossip_interval = {config_integer(options->config, SETTING_GOSSIP_INTERVAL_MS) *
                            NS_PER_MS},
        .gossip_suspicion = (uint32_t)config_integer(options->config, SETTING_GOSSIP_SUSPICION),
        .may_be_deaf =
            identity->origin == DATA_ORIGIN_FORMED && !options->config->given[SETTING_PEER_PORT],
    };
    peers->self = identity->node;
    enum err err = open_all(&opening);
    if (err != ERR_OK) membership_close(membership);
    return err;
}

void membership_close(struct membership *membership)
{
    if (membership->registry != NULL) registry_free(membership->registry);
    membership->registry = NULL;
}

/* --- the shards of a lane --------------------------------------------------------------------- */

static bool begins_with(const struct membership *membership, shard_id shard)
{
    if (membership->registry == NULL) return membership->told.founders_count != 0;
    return registry_shall_hold(membership->registry, shard, membership->told.self.node);
}

void membership_starts(const struct membership *membership, struct arena *arena, uint32_t lane,
                       uint32_t lanes_count, struct lane_config *config)
{
    uint32_t shards_count = membership->told.shards_count, count = 0;
    uint32_t members_count = membership->registry == NULL ? membership->told.founders_count : 0;
    struct lane_start *starts = ARENA_ARRAY(arena, struct lane_start, shards_count + 1);
    node_id *members = ARENA_ARRAY(arena, node_id, members_count + 1);
    for (uint32_t i = 0; i < members_count; i++) members[i] = membership->told.founders[i].node;
    for (uint32_t i = 0; i <= shards_count; i++) { /* the root group last */
        shard_id shard = SHARD_ROOT;
        if (i < shards_count) shard.n = i;
        if (shard_lane(shard, shards_count, lanes_count) != lane) continue;
        if (!begins_with(membership, shard)) continue;
        starts[count++] = (struct lane_start){shard, members, members_count};
    }
    config->starts = starts;
    config->starts_count = count;
}
