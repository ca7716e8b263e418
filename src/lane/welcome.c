/*
 * welcome.c -- see welcome.h.
 *
 * [W1] No two machines have one number: it is given twice only where nobody has it.
 */
#include "lane/welcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/peer/join.h"
#include "lane/lane_impl.h"
#include "lane/wiring.h"

enum {
    GUESTS_MAX = 8,
    COMES_MS = 3000 /* after its answer a node has started, and is linked to; else it got none */
};

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

/* A member that was never seen, at the same place, and on a machine that calls itself the same. */
static const struct registry_member *find_same(const struct registry *registry,
                                               const struct registry_member *new)
{
    const struct registry_member *member = registry_at_place(registry, new);
    bool same =
        member != NULL && member->state == MEMBER_JOINING &&
        member->peer_port == new->peer_port &&strcmp(member->host.bytes, new->host.bytes) == 0;
    return same ? member : NULL;
}

static void say_taken(const struct registry_member *other, const struct registry_member *new,
                      char why[JOIN_WHY_BYTES_MAX])
{
    (void)snprintf(why, JOIN_WHY_BYTES_MAX,
                   "node %u, which is %s, has the address %s, port %u to %u, and this node says "
                   "that it is at port %u there: give it another --peer-port, or --peer-address; "
                   "if node %u is lost, remove it first (tutti remove %u)",
                   other->node.n, member_state_text(other->state), other->peer_host.bytes,
                   other->peer_port, other->peer_port + other->lanes_count - 1, new->peer_port,
                   other->node.n, other->node.n);
}

static struct guest *place(struct welcome *welcome)
{
    for (uint32_t i = 0; i < GUESTS_MAX; i++)
        if (welcome->guests[i].ticket == 0) return &welcome->guests[i];
    return NULL;
}

/* [W1] That number again, if nobody has it: two machines that both say they are there must not get
 * one. */
static void give_again(struct welcome *welcome, struct links *links, uint64_t ticket,
                       const struct registry_member *same, const struct registry_member *new)
{
    char why[JOIN_WHY_BYTES_MAX];
    const struct registry *agreed = map_registry(welcome->map);
    int64_t age_ms = io_unix_ms(welcome->lane->io) - same->since_ms;
    if (lane_is_linked_to(welcome->lane, same->node, 0)) {
        say_taken(same, new, why);
        decline(links, ticket, JOIN_REFUSED, why);
    } else if (registry_member(agreed, same->node) == NULL || age_ms < COMES_MS) {
        decline(links, ticket, JOIN_LATER, "a node with this address has only just joined");
    } else {
        welcome_node(welcome, links, ticket, same->node);
    }
}

/* True: it has its answer. False: the root is to be asked. */
static bool answer_at_once(struct welcome *welcome, struct links *links, uint64_t ticket,
                           const struct registry_member *new)
{
    char taken[JOIN_WHY_BYTES_MAX];
    const struct registry *registry = root_registry(welcome->root); /* with who just comes */
    if (registry == NULL || registry_epoch(map_registry(welcome->map)) == 0) {
        decline(links, ticket, JOIN_LATER, "the cluster has only just begun");
        return true;
    }
    const char *wrong = check_reach(registry, new);
    const struct registry_member *same = find_same(registry, new);
    const struct registry_member *other = registry_at_place(registry, new);
    if (wrong != NULL) {
        decline(links, ticket, JOIN_REFUSED, wrong);
    } else if (same != NULL) {
        give_again(welcome, links, ticket, same, new);
    } else if (other != NULL) {
        say_taken(other, new, taken);
        decline(links, ticket, JOIN_REFUSED, taken);
    } else {
        return false;
    }
    return true;
}

static void take_in(struct welcome *welcome, struct links *links, uint64_t ticket,
                    const struct registry_event *event)
{
    struct guest *guest = place(welcome);
    struct fault fault = {0};
    if (answer_at_once(welcome, links, ticket, &event->members[0])) return;
    if (guest == NULL) {
        decline(links, ticket, JOIN_LATER, "many nodes join at once");
        return;
    }
    uint64_t asked = root_ask(welcome->root, event, &fault);
    if (asked != 0) {
        *guest = (struct guest){ticket, asked};
        return;
    }
    bool later = fault.code == ERR_CANCELLED;
    decline(links, ticket, later ? JOIN_LATER : JOIN_REFUSED, fault.text);
}

/* One of our own, that starts again, or meets nobody. Where it is now the root's leader hears from
 * us: nobody may be linked to it. */
static void reassure(struct welcome *welcome, struct links *links, uint64_t ticket,
                     const struct registry_event *event)
{
    char why[JOIN_WHY_BYTES_MAX];
    struct fault known;
    const struct registry *registry = map_registry(welcome->map);
    const struct registry_member *self = &event->members[0];
    const struct registry_member *other = registry_at_place(registry, self);
    if (registry_is_removed(registry, self->node)) {
        (void)snprintf(why, sizeof why,
                       "this node, number %u, was removed from the cluster %s, for good",
                       self->node.n, welcome->cluster->name);
        decline(links, ticket, JOIN_REFUSED, why);
    } else if (other != NULL) {
        say_taken(other, self, why);
        decline(links, ticket, JOIN_LATER, why);
    } else {
        bool moved = registry_may(registry, event, &known) == ERR_OK;
        if (moved) wiring_wish(lane_wiring(welcome->lane), event);
        welcome_node(welcome, links, ticket, self->node);
    }
}

static void take_request(struct welcome *welcome, struct links *links,
                         const struct link_joiner *joiner)
{
    struct arena *arena = arena_new();
    struct registry_event event;
    bool read = registry_event_read(joiner->bytes, arena, &event) && event.members_count == 1;
    bool returns = read && event.kind == REGISTRY_MEMBER_FACTS;
    if (returns) {
        reassure(welcome, links, joiner->ticket, &event);
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
