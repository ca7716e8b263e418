/* membership.c -- see membership.h. */
#include <inttypes.h>

#include "io/file.h"
#include "io/whole_file.h"
#include "node/membership.h"

enum { REGISTRY_BYTES_MAX = 16 << 20 };

struct opening {
    struct arena *arena;
    const struct node_options *options;
    const struct data_folder *folder;
    struct peers *peers;
    struct lane_cluster *cluster;
    struct fault *fault;
};

/* --- the registry as it was ------------------------------------------------------------------- */

static enum err read_copy(const struct opening *opening, struct registry **registry)
{
    const char *path = opening->cluster->registry_path;
    struct buffer bytes = {0};
    *registry = NULL;
    if (!path_exists(path)) return ERR_OK;
    enum err err = whole_file_read(path, REGISTRY_BYTES_MAX, &bytes, opening->fault);
    if (err == ERR_OK) *registry = registry_read(buffer_slice(&bytes));
    if (err == ERR_OK && *registry == NULL) {
        err = fault_set(opening->fault, ERR_CORRUPT,
                        "%s cannot be read: it is damaged, or a newer tutti wrote it; start that "
                        "one, or copy the file from another node of the cluster",
                        path);
    }
    if (err == ERR_OK)
        opening->cluster->registry = arena_copy(opening->arena, buffer_slice(&bytes));
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
                         opening->cluster->registry_path);
    }
    if (!registry_is_removed(registry, identity->node)) return ERR_OK;
    return fault_set(opening->fault, ERR_USAGE,
                     "this node, number %" PRIu32 ", was removed from the cluster %s, for good: to "
                     "use the machine again, join with an empty folder (--data)",
                     identity->node.n, identity->name);
}

static enum err add_member(const struct opening *opening, const struct registry_member *member)
{
    struct peers *peers = opening->peers;
    struct link_peer *peer = &peers->peers[peers->count];
    peer->node = member->node;
    if (node_eq(member->node, peers->self)) {
        peer->address = opening->cluster->listen;
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
    opening->peers->count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry) && err == ERR_OK; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        if (opening->peers->count == PEERS_MAX) break; /* the others are linked to as it goes */
        err = add_member(opening, member);
    }
    return err;
}

/* --- with whom it is formed ------------------------------------------------------------------- */

/* Of the others of a list we know where they are, and that they have as many lanes; they tell the
 * rest when they come. */
static void fill_founders(const struct opening *opening)
{
    struct lane_cluster *cluster = opening->cluster;
    const struct peers *peers = opening->peers;
    uint32_t count = peers->count == 0 ? 1 : peers->count;
    struct registry_member *founders = ARENA_ARRAY(opening->arena, struct registry_member, count);
    founders[0] = cluster->self;
    for (uint32_t i = 0; i < peers->count; i++) {
        founders[i] = cluster->self;
        if (node_eq(peers->peers[i].node, peers->self)) continue;
        const struct io_address *address = &peers->peers[i].address;
        bool fits = registry_text_set(&founders[i].peer_host, slice_text(address->text)) &&
                    registry_text_set(&founders[i].client_host, slice_text(address->text)) &&
                    registry_text_set(&founders[i].host, (struct slice){0});
        ASSERT(fits);
        founders[i].node = peers->peers[i].node;
        founders[i].peer_port = address->port;
    }
    cluster->founders = founders;
    cluster->founders_count = count;
}

/* A list says where its nodes are, whatever the other settings do. */
static enum err take_list(const struct opening *opening)
{
    struct lane_cluster *cluster = opening->cluster;
    const struct peers *peers = opening->peers;
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct link_peer *peer = &peers->peers[i];
        if (!node_eq(peer->node, peers->self)) continue;
        cluster->listen = peer->address;
        cluster->self.peer_port = peer->address.port;
        cluster->may_be_deaf = false;
        if (registry_text_set(&cluster->self.peer_host, slice_text(peer->address.text))) continue;
        return fault_set(opening->fault, ERR_USAGE, "the address of node %" PRIu32 " is too long",
                         peer->node.n);
    }
    return ERR_OK;
}

enum err membership_open(struct arena *arena, const struct node_options *options,
                         const struct data_folder *folder, struct peers *peers,
                         struct lane_cluster *cluster, struct fault *fault)
{
    const struct opening opening = {arena, options, folder, peers, cluster, fault};
    const struct data_identity *identity = &folder->identity;
    struct registry *registry = NULL;
    *cluster = (struct lane_cluster){
        .id = identity->cluster,
        .name = identity->name,
        .secret = slice_of(identity->secret, sizeof identity->secret),
        .shards_count = identity->shards_count,
        .seed = identity->seed,
        .registry_path = data_folder_registry_path(arena, folder),
        .may_be_deaf =
            identity->origin == DATA_ORIGIN_FORMED && !options->config->given[SETTING_PEER_PORT],
    };
    peers->self = identity->node;
    enum err err = facts_gather(options->config, &options->machine, options->version, NULL,
                                &cluster->self, fault);
    cluster->self.node = identity->node;
    if (err == ERR_OK) err = facts_listen_address(options->config, &cluster->listen, fault);
    if (err == ERR_OK) err = take_list(&opening);
    if (err == ERR_OK) fill_founders(&opening);
    if (err == ERR_OK) err = read_copy(&opening, &registry);
    if (err != ERR_OK || registry == NULL) return err;
    err = check_copy(&opening, registry);
    if (err == ERR_OK) err = take_members(&opening, registry);
    registry_free(registry);
    return err;
}
