/* welcome.c -- see welcome.h. */
#include "lane/welcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/peer/join.h"
#include "lane/lane_impl.h"

enum { GUESTS_MAX = 8 };

struct guest {
    uint64_t ticket; /* of the link; 0: free */
    uint64_t asked;  /* of the root */
};

struct welcome {
    struct lane *lane;
    struct map *map;
    struct root *root;
    const struct lane_cluster *cluster;
    struct guest guests[GUESTS_MAX];
};

struct welcome *welcome_new(struct lane *lane, struct map *map, struct root *root,
                            const struct lane_cluster *cluster)
{
    struct welcome *welcome = calloc(1, sizeof *welcome);
    ASSERT(welcome != NULL);
    *welcome = (struct welcome){.lane = lane, .map = map, .root = root, .cluster = cluster};
    return welcome;
}

void welcome_free(struct welcome *welcome)
{
    free(welcome);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct links *links, uint64_t ticket, const struct join_answer *answer)
{
    struct buffer bytes = {0};
    join_answer_write(answer, &bytes);
    links_answer_joiner(links, ticket, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void decline(struct links *links, uint64_t ticket, enum join_outcome outcome,
                    const char *why)
{
    struct slice text = slice_text(why);
    if (text.len > JOIN_WHY_BYTES_MAX) text.len = JOIN_WHY_BYTES_MAX;
    answer(links, ticket, &(struct join_answer){.outcome = outcome, .why = text});
}

static void welcome_node(struct welcome *welcome, struct links *links, uint64_t ticket,
                         node_id node)
{
    struct buffer registry = {0};
    registry_write(map_registry(welcome->map), &registry);
    answer(links, ticket,
           &(struct join_answer){.outcome = JOIN_WELCOME,
                                 .node = node,
                                 .seed = welcome->cluster->seed,
                                 .name = slice_text(welcome->cluster->name),
                                 .registry = buffer_slice(&registry)});
    buffer_free(&registry);
}

/* We do not lead the root group. */
static void send_on(const struct welcome *welcome, struct links *links, uint64_t ticket)
{
    node_id leader = map_leader(welcome->map, SHARD_ROOT);
    const struct registry_member *member = registry_member(map_registry(welcome->map), leader);
    if (member == NULL || node_eq(leader, lane_self(welcome->lane)) || member->peer_port == 0) {
        decline(links, ticket, JOIN_LATER, "nobody leads the cluster's root group now");
        return;
    }
    answer(links, ticket,
           &(struct join_answer){.outcome = JOIN_ELSEWHERE,
                                 .host = slice_text(member->peer_host.bytes),
                                 .port = member->peer_port});
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_local(const struct registry_text *host)
{
    struct io_address address = {0};
    memcpy(address.text, host->bytes, sizeof address.text);
    return io_address_is_local(&address);
}

/* Would all reach each other? NULL: as far as can be told. */
static const char *check_reach(const struct registry *registry, const struct registry_member *new)
{
    if (new->peer_port == 0 || new->peer_host.bytes[0] == '\0') {
        return "the joining node does not say where other nodes reach it: set its peer-port";
    }
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        if (member->lanes_count != new->lanes_count) {
            return "the nodes of this cluster have another number of lanes: start with the same "
                   "--lanes ('tutti nodes' shows it)";
        }
        if (is_local(&member->peer_host) == is_local(&new->peer_host)) continue;
        if (is_local(&new->peer_host)) {
            return "the joining node says that others reach it at an address of its own machine "
                   "alone: start it with --bind or --peer-address, and one that they can reach";
        }
        return "a node of the cluster is known by an address of its own machine alone: start it "
               "again with --bind or --peer-address, and one that others can reach";
    }
    return NULL;
}

/* A member that was never seen, at the same place. */
static node_id find_same(const struct registry *registry, const struct registry_member *new)
{
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        bool same = member->state == MEMBER_JOINING &&
                    member->peer_port ==
                        new->peer_port &&strcmp(member->peer_host.bytes, new->peer_host.bytes) == 0;
        if (same) return member->node;
    }
    return NODE_NONE;
}

static struct guest *place(struct welcome *welcome)
{
    for (uint32_t i = 0; i < GUESTS_MAX; i++)
        if (welcome->guests[i].ticket == 0) return &welcome->guests[i];
    return NULL;
}

static void take_in(struct welcome *welcome, struct links *links, uint64_t ticket,
                    const struct registry_event *event)
{
    const struct registry *registry = map_registry(welcome->map);
    const char *wrong = check_reach(registry, &event->members[0]);
    node_id same = find_same(registry, &event->members[0]);
    struct guest *guest = place(welcome);
    struct fault fault = {0};
    if (registry_epoch(registry) == 0) {
        decline(links, ticket, JOIN_LATER, "the cluster has only just begun");
    } else if (wrong != NULL) {
        decline(links, ticket, JOIN_REFUSED, wrong);
    } else if (same.n != 0) {
        welcome_node(welcome, links, ticket, same);
    } else if (guest == NULL) {
        decline(links, ticket, JOIN_LATER, "many nodes join at once");
    } else {
        uint64_t asked = root_ask(welcome->root, event, &fault);
        if (asked != 0) {
            *guest = (struct guest){ticket, asked};
        } else {
            bool later = fault.code == ERR_CANCELLED;
            decline(links, ticket, later ? JOIN_LATER : JOIN_REFUSED, fault.text);
        }
    }
}

/* One of our own, that starts again. */
static void reassure(struct welcome *welcome, struct links *links, uint64_t ticket, node_id node)
{
    char why[JOIN_WHY_BYTES_MAX];
    if (!registry_is_removed(map_registry(welcome->map), node)) {
        welcome_node(welcome, links, ticket, node);
        return;
    }
    (void)snprintf(why, sizeof why,
                   "this node, number %u, was removed from the cluster %s, for good", node.n,
                   welcome->cluster->name);
    decline(links, ticket, JOIN_REFUSED, why);
}

static void take_request(struct welcome *welcome, struct links *links,
                         const struct link_joiner *joiner)
{
    struct arena *arena = arena_new();
    struct registry_event event;
    bool read = registry_event_read(joiner->bytes, arena, &event) && event.members_count == 1;
    bool returns = read && event.kind == REGISTRY_MEMBER_FACTS;
    if (returns) {
        reassure(welcome, links, joiner->ticket, event.members[0].node);
    } else if (!read || event.kind != REGISTRY_JOIN) {
        decline(links, joiner->ticket, JOIN_REFUSED,
                "what the joining node says of itself cannot be read: is it of another version?");
    } else if (!root_leads(welcome->root)) {
        send_on(welcome, links, joiner->ticket);
    } else {
        take_in(welcome, links, joiner->ticket, &event);
    }
    arena_free(arena);
}

static void look_after(struct welcome *welcome, struct links *links, struct guest *guest)
{
    node_id node;
    switch (root_answer(welcome->root, guest->asked, &node)) {
    case ROOT_WAITS: return;
    case ROOT_DONE: welcome_node(welcome, links, guest->ticket, node); break;
    case ROOT_LOST:
        decline(links, guest->ticket, JOIN_LATER, "the leader of the root group has changed");
        break;
    }
    guest->ticket = 0;
}

void welcome_turn(struct welcome *welcome, struct links *links)
{
    struct link_joiner joiner;
    for (uint32_t i = 0; i < GUESTS_MAX; i++) {
        if (welcome->guests[i].ticket != 0) look_after(welcome, links, &welcome->guests[i]);
    }
    while (links_next_joiner(links, &joiner)) { /* ends: each is given once */
        take_request(welcome, links, &joiner);
    }
}
