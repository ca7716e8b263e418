/* node_lane.c -- one lane of a node, composed and taken apart: see node.h. */
#include <stdlib.h>

#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "lane/mailbox.h"
#include "node/node_impl.h"
#include "node/turn.h"
#include "serve/acl.h"
#include "serve/config_apply.h"
#include "serve/crossing.h"
#include "serve/door.h"
#include "serve/heat.h"
#include "serve/latency.h"
#include "serve/measure.h"
#include "serve/slowlog.h"

struct node_lane { /* its parts in the order in which they are made */
    struct node *node;
    uint32_t number;
    struct arena *arena;
    struct config config;                       /* this lane's own: CONFIG SET changes it */
    struct lane_replication_config replication; /* with peers */
    struct io *io;
    struct lane *lane;
    struct acl *acl;
    struct server *server;
    io_handle listeners[LISTENERS_MAX];
    struct turn *turn;
    struct node_lane_facts facts;
};

static enum err open_io(struct node_lane *lane, struct fault *fault)
{
    struct io_config config = {0};
    switch (config_choice(&lane->config, SETTING_DISK_IO)) {
    case 1: config.disk = IO_DISK_URING; break;
    case 2: config.disk = IO_DISK_THREADS; break;
    default: config.disk = IO_DISK_AUTO; break;
    }
    enum err err = io_new(&config, &lane->io, fault);
    if (err == ERR_PERMISSION) return fault_prefix(fault, "disk-io io_uring");
    if (err == ERR_OK) lane->facts.disk_name = io_disk_name(lane->io);
    return err;
}

static enum err open_lane(struct node_lane *lane, struct fault *fault)
{
    const struct node *node = lane->node;
    struct lane_config config = {
        .number = lane->number,
        .lanes_count = node->lanes_count,
        .shards_count = node->membership.told.shards_count,
        .folder = node->lane_folders[lane->number],
        .seed = node->folder.identity.seed,
        .segment_bytes = (uint64_t)config_integer(&lane->config, SETTING_LOG_SEGMENT_SIZE),
        .memory_max_bytes = config_memory_max(&lane->config),
        .commands = node->commands,
        .cluster = &node->membership.told,
    };
    config.segment_bytes -= config.segment_bytes % IO_BLOCK_BYTES;
    config_limits(&lane->config, &config.limits);
    config_call_settings(&lane->config, &config.settings);
    membership_starts(&node->membership, lane->arena, lane->number, node->lanes_count, &config);
    if (node->membership.has_links) {
        uint64_t chance;
        random_fill(&chance, sizeof chance);
        peers_fill(&node->peers, &node->folder.identity, &lane->config, lane->number, chance,
                   &lane->replication);
        config.replication = &lane->replication;
    }
    return lane_open(&config, lane->io, &lane->lane, &lane->facts.opened, fault);
}

static enum err open_door(struct node_lane *lane, struct fault *fault)
{
    const struct node *node = lane->node;
    lane->acl = acl_new(node->commands, &lane->config);
    enum err err = acl_load(lane->acl, fault);
    if (err != ERR_OK) return err;
    struct server server = {
        .arena = lane->arena,
        .io = lane->io,
        .lane = lane->lane,
        .commands = node->commands,
        .acl = lane->acl,
        .config = &lane->config,
        .latency = latency_new(lane->arena),
        .heat = heat_new(lane->arena, (uint64_t)lane->number + 1),
        .measures = measures_new(lane->arena),
        .slowlog = slowlog_new(lane->arena),
        .command_stats = ARENA_ARRAY(lane->arena, struct command_stats, COMMAND_COUNT),
        .started = clock_now(),
        .started_unix_ms = clock_unix_us() / 1000,
        .data_folder = node->folder.path,
        .config_path = node->options.config_path,
        .version = node->options.version,
        .next_client_id = lane->number + 1,
        .client_id_step = node->lanes_count,
    };
    struct crossing_config crossing = {.lane = lane->number,
                                       .lanes_count = node->lanes_count,
                                       .mailboxes = node->mailboxes,
                                       .shards_count = lane_shards_count(lane->lane),
                                       .replicated = lane_is_replicated(lane->lane),
                                       .seed = node->folder.identity.seed + lane->number};
    server.crossing = crossing_new(lane->arena, &crossing);
    memcpy(server.run_id, node->run_id, sizeof server.run_id);
    lane->server = door_new(&server);
    config_apply(lane->server);
    return ERR_OK;
}

static enum err listen_at(struct node_lane *lane, const struct listen_place *place,
                          struct fault *fault)
{
    uint32_t number = lane->facts.listening_count;
    struct io_address *address = &lane->facts.listening[number];
    *address = place->address;
    bool is_socket = address->port == 0 && address->text[0] == '/';
    if (is_socket) file_remove(address->text);
    uint32_t backlog = (uint32_t)config_integer(&lane->config, SETTING_TCP_BACKLOG);
    enum err err = io_listen(lane->io, address, backlog, lane->node->lanes_count > 1,
                             (io_tag){TURN_TAG_LISTENER + number}, &lane->listeners[number], fault);
    if (err != ERR_OK && place->may_fail && err != ERR_EXISTS) return ERR_OK;
    if (err != ERR_OK) return err;
    int64_t mode = config_integer(&lane->config, SETTING_UNIXSOCKETPERM);
    if (is_socket && mode != 0) err = file_set_mode(address->text, (uint32_t)mode, fault);
    lane->facts.listening_count++;
    return err;
}

static enum err listen_everywhere(struct node_lane *lane, struct fault *fault)
{
    struct listen_place places[LISTENERS_MAX];
    uint32_t count;
    enum err err = listen_places(&lane->config, places, &count, fault);
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        err = listen_at(lane, &places[i], fault);
    }
    if (err == ERR_OK && lane->facts.listening_count == 0) return fault->code;
    for (uint32_t i = 0; i < lane->facts.listening_count && err == ERR_OK; i++) {
        door_listen(lane->server, lane->listeners[i], (io_tag){TURN_TAG_LISTENER + i});
    }
    return err;
}

static enum err compose(struct node_lane *lane, struct fault *fault)
{
    enum err err = open_io(lane, fault);
    if (err == ERR_OK) err = open_lane(lane, fault);
    if (err == ERR_OK) err = open_door(lane, fault);
    if (err == ERR_OK) err = listen_everywhere(lane, fault);
    if (err != ERR_OK) return err;
    lane->turn = turn_new(lane->arena, lane->server);
    mailbox_set_owner(lane->node->mailboxes[lane->number], lane->io);
    mailbox_set_owner(lane->node->wirings[lane->number], lane->io);
    return ERR_OK;
}

enum err node_lane_new(struct node *node, uint32_t number, struct node_lane **made,
                       struct fault *fault)
{
    ASSERT(number < node->lanes_count);
    struct arena *arena = arena_new();
    struct node_lane *lane = ARENA_ARRAY(arena, struct node_lane, 1);
    *lane = (struct node_lane){.node = node, .number = number, .arena = arena};
    config_copy(&lane->config, node->options.config);
    enum err err = compose(lane, fault);
    if (err == ERR_OK) {
        *made = lane;
    } else {
        node_lane_free(lane);
    }
    return err;
}

void node_lane_free(struct node_lane *lane)
{
    if (lane == NULL) return;
    mailbox_set_owner(lane->node->mailboxes[lane->number], NULL);
    mailbox_set_owner(lane->node->wirings[lane->number], NULL);
    if (lane->server != NULL) {
        slowlog_free(lane->server->slowlog);
        door_free(lane->server);
    }
    if (lane->acl != NULL) acl_free(lane->acl);
    if (lane->lane != NULL) lane_close(lane->lane);
    if (lane->io != NULL) io_free(lane->io);
    config_free(&lane->config);
    arena_free(lane->arena);
}

const struct node_lane_facts *node_lane_facts(const struct node_lane *lane)
{
    return &lane->facts;
}

struct io *node_lane_io(struct node_lane *lane)
{
    return lane->io;
}

struct lane *node_lane_lane(struct node_lane *lane)
{
    return lane->lane;
}

enum node_turn node_lane_turn(struct node_lane *lane, bool stop, instant *deadline,
                              struct fault *fault)
{
    return turn_take(lane->turn, stop, deadline, fault);
}
