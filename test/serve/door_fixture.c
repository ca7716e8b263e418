/* door_fixture.c -- see door_fixture.h. */
#include "test/serve/door_fixture.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "serve/acl.h"
#include "serve/auth.h"
#include "serve/config.h"
#include "serve/config_apply.h"
#include "serve/door.h"
#include "serve/heat.h"
#include "serve/latency.h"
#include "serve/measure.h"
#include "serve/slowlog.h"

static const int64_t second_ns = 1000000000;

static struct replica_node *our_replica(struct door_world *world)
{
    return &world->replicas.nodes[world->ours - 1];
}

static struct server parts(struct door_world *world)
{
    struct arena *arena = world->replicas.arena;
    struct lane *lane = door_lane(world);
    struct crossing_config crossing = {.lanes_count = 1,
                                       .shards_count = lane_shards_count(lane),
                                       .mailboxes = &world->mailbox,
                                       .replicated = lane_is_replicated(lane),
                                       .seed = 7};
    struct server server = {
        .arena = arena,
        .io = our_replica(world)->io,
        .lane = lane,
        .commands = world->replicas.commands,
        .acl = acl_new(world->replicas.commands, world->config),
        .config = world->config,
        .latency = latency_new(arena),
        .heat = heat_new(arena, 1),
        .measures = measures_new(arena),
        .slowlog = slowlog_new(arena),
        .command_stats = ARENA_ARRAY(arena, struct command_stats, COMMAND_COUNT),
        .version = "0",
        .next_client_id = 1,
        .client_id_step = 1,
        .crossing = crossing_new(arena, &crossing),
    };
    return server;
}

/* Who leads goes on leading, however slow the machine: only a clock that is told to runs so fast
 * that somebody is elected. */
static void elect_seldom(struct replica_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->count; i++) {
        struct raft_config *raft = &cluster->nodes[i].replication.raft;
        raft->election_min.ns = 2 * second_ns;
        raft->election_max.ns = 4 * second_ns;
    }
}

static bool one_is_elected(struct replica_cluster *cluster)
{
    bool elected = replica_cluster_leader(cluster) != 0;
    if (!elected) cluster->ahead_ns += second_ns / 50;
    return elected;
}

static bool both_are_linked(struct replica_cluster *cluster)
{
    return lane_is_linked_to(replica_lane(cluster, 1), (node_id){2}, 0) &&
           lane_is_linked_to(replica_lane(cluster, 2), (node_id){1}, 0);
}

static bool doors_are_linked(struct replica_cluster *cluster)
{
    struct door_world *world = (struct door_world *)(void *)cluster;
    return crossing_reaches(world->server, door_other_node(world)) &&
           door_heard_count(world, LINK_UP) > 0;
}

/* The door is there before the link is, so that it sees it come. */
struct door_world *door_world_new(enum door_side side)
{
    struct door_world *world = calloc(1, sizeof *world);
    cr_assert(world != NULL);
    struct replica_cluster *cluster = &world->replicas;
    replica_cluster_new(cluster, 2);
    elect_seldom(cluster);
    replica_cluster_start_all(cluster);
    replica_cluster_until(cluster, "both are linked", both_are_linked);
    replica_cluster_until(cluster, "one is elected", one_is_elected);
    uint32_t leader = replica_cluster_leader(cluster);
    world->ours = side == DOOR_LEADS ? leader : 3 - leader;
    world->theirs = 3 - world->ours;
    world->config = ARENA_NEW(cluster->arena, struct config);
    config_init(world->config);
    world->mailbox = mailbox_new();
    mailbox_set_owner(world->mailbox, our_replica(world)->io);
    struct server server = parts(world);
    world->server = door_new(&server);
    config_apply(world->server);
    our_replica(world)->server = world->server;
    cluster->nodes[world->theirs - 1].listens = true;
    lane_break_link(door_other_lane(world), door_node(world), 0);
    replica_cluster_until(cluster, "doors are linked", doors_are_linked);
    cr_assert_eq(replica_cluster_lead(cluster), leader);
    replica_node_forget(&cluster->nodes[world->theirs - 1]);
    return world;
}

void door_world_free(struct door_world *world)
{
    struct acl *acl = world->server->acl;
    our_replica(world)->server = NULL;
    mailbox_set_owner(world->mailbox, NULL);
    slowlog_free(world->server->slowlog);
    door_free(world->server);
    acl_free(acl);
    mailbox_free(world->mailbox);
    config_free(world->config);
    replica_cluster_free(&world->replicas);
    free(world);
}

struct lane *door_lane(struct door_world *world)
{
    return replica_lane(&world->replicas, world->ours);
}

struct lane *door_other_lane(struct door_world *world)
{
    return replica_lane(&world->replicas, world->theirs);
}

node_id door_node(const struct door_world *world)
{
    return (node_id){world->ours};
}

node_id door_other_node(const struct door_world *world)
{
    return (node_id){world->theirs};
}

/* --- clients of ours ------------------------------------------------------------------------- */

struct session *door_client(struct door_world *world)
{
    struct session *client = session_open(world->server, IO_NONE);
    session_greet(world->server, client);
    client->flags |= SESSION_FULL; /* nothing is sent: it stays in the output */
    return client;
}

void door_say(struct door_world *world, struct session *client, const char *line)
{
    buffer_append(&client->query, slice_text(line));
    buffer_append(&client->query, SLICE("\r\n"));
    session_enter(world->server->sessions, SESSIONS_RUN, client);
}

struct slice door_answers(const struct session *client)
{
    return buffer_slice(&client->output);
}

/* --- the other node -------------------------------------------------------------------------- */

void door_send_kind(struct door_world *world, enum link_kind kind, struct slice bytes)
{
    cr_assert(lane_send(door_other_lane(world), door_node(world), 0, kind, bytes));
}

void door_send_ask(struct door_world *world, enum link_kind kind, const struct ask *ask,
                   const char *line)
{
    struct slice words[DOOR_ARGUMENTS_MAX];
    struct ask said = *ask;
    struct buffer bytes = {0};
    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        cr_assert_lt(said.argc, DOOR_ARGUMENTS_MAX);
        words[said.argc++] = slice_of(line, len);
        line += len + (line[len] == ' ');
    }
    ask_write(&bytes, &said, words);
    door_send_kind(world, kind, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static const struct message *first_heard(const struct door_world *world)
{
    return world->replicas.nodes[world->theirs - 1].heard;
}

uint32_t door_heard_count(const struct door_world *world, enum link_kind kind)
{
    uint32_t count = 0;
    for (const struct message *at = first_heard(world); at != NULL; at = at->next)
        count += at->kind == kind;
    return count;
}

struct buffer door_heard(const struct door_world *world, enum link_kind kind)
{
    struct buffer all = {0};
    for (const struct message *at = first_heard(world); at != NULL; at = at->next)
        if (at->kind == kind) buffer_append(&all, buffer_slice(&at->bytes));
    return all;
}

const char *door_ask_text(const struct ask *ask, struct arena *arena)
{
    struct buffer text = {0};
    struct slice *argv = ARENA_ARRAY(arena, struct slice, ask->argc + 1);
    ask_arguments(ask, argv);
    for (uint32_t i = 0; i < ask->argc; i++) {
        if (i > 0) buffer_append_byte(&text, ' ');
        buffer_append(&text, argv[i]);
    }
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}
