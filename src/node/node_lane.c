/* node_lane.c -- see node_lane.h. */
#include "node/node_lane.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "node/turn.h"
#include "serve/acl.h"
#include "serve/config_apply.h"
#include "serve/crossing.h"
#include "serve/door.h"
#include "serve/latency.h"
#include "serve/measure.h"
#include "serve/slowlog.h"

/* What one lane is made of, in the order in which it is made. */
struct parts {
    struct arena *arena;
    struct config config;
    struct io *io;
    struct lane *lane;
    struct acl *acl;
    struct server *server;
    io_handle listeners[LISTENERS_MAX];
};

void node_run_id(char id[RUN_ID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[RUN_ID_LEN];
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < RUN_ID_LEN; i++) id[i] = digits[bytes[i] & 15];
    id[RUN_ID_LEN] = '\0';
}

static enum err open_io(const struct node_lane *lane, struct parts *parts, struct fault *fault)
{
    struct io_config config = {0};
    switch (config_choice(lane->config, SETTING_DISK_IO)) {
    case 1: config.disk = IO_DISK_URING; break;
    case 2: config.disk = IO_DISK_THREADS; break;
    default: config.disk = IO_DISK_AUTO; break;
    }
    enum err err = io_new(&config, &parts->io, fault);
    if (err == ERR_PERMISSION) return fault_prefix(fault, "disk-io io_uring");
    return err;
}

static enum err open_lane(struct node_lane *lane, struct parts *parts, struct fault *fault)
{
    struct lane_config config = {
        .number = lane->number,
        .lanes_count = lane->lanes_count,
        .folder = lane->folder,
        .seed = lane->seed,
        .segment_bytes = (uint64_t)config_integer(lane->config, SETTING_LOG_SEGMENT_SIZE),
        .memory_max_bytes = config_memory_max(lane->config),
        .commands = lane->commands,
    };
    config.segment_bytes -= config.segment_bytes % IO_BLOCK_BYTES;
    config_limits(lane->config, &config.limits);
    config_call_settings(lane->config, &config.settings);
    return lane_open(&config, parts->io, &parts->lane, &lane->opened, fault);
}

static enum err open_door(const struct node_lane *lane, struct parts *parts, struct fault *fault)
{
    parts->acl = acl_new(lane->commands, &parts->config);
    enum err err = acl_load(parts->acl, fault);
    if (err != ERR_OK) return err;
    struct server server = {
        .arena = parts->arena,
        .io = parts->io,
        .lane = parts->lane,
        .commands = lane->commands,
        .acl = parts->acl,
        .config = &parts->config,
        .latency = latency_new(parts->arena),
        .measures = measures_new(parts->arena),
        .slowlog = slowlog_new(parts->arena),
        .command_stats = ARENA_ARRAY(parts->arena, struct command_stats, COMMAND_COUNT),
        .started = clock_now(),
        .started_unix_ms = clock_unix_us() / 1000,
        .data_folder = lane->data_folder,
        .config_path = lane->config_path,
        .version = lane->version,
        .next_client_id = lane->number + 1,
        .client_id_step = lane->lanes_count,
    };
    struct crossing_config crossing = {lane->number, lane->lanes_count, lane->mailboxes};
    if (lane->lanes_count > 1) server.crossing = crossing_new(parts->arena, &crossing);
    memcpy(server.run_id, lane->run_id, sizeof server.run_id);
    parts->server = door_new(&server);
    config_apply(parts->server);
    return ERR_OK;
}

static enum err listen_at(struct node_lane *lane, struct parts *parts,
                          const struct listen_place *place, struct fault *fault)
{
    uint32_t number = lane->listening_count;
    struct io_address *address = &lane->listening[number];
    *address = place->address;
    bool is_socket = address->port == 0 && address->text[0] == '/';
    if (is_socket) file_remove(address->text);
    uint32_t backlog = (uint32_t)config_integer(lane->config, SETTING_TCP_BACKLOG);
    enum err err =
        io_listen(parts->io, address, backlog, lane->lanes_count > 1,
                  (io_tag){TURN_TAG_LISTENER + number}, &parts->listeners[number], fault);
    if (err != ERR_OK && place->may_fail && err != ERR_EXISTS) return ERR_OK;
    if (err != ERR_OK) return err;
    int64_t mode = config_integer(lane->config, SETTING_UNIXSOCKETPERM);
    if (is_socket && mode != 0) err = file_set_mode(address->text, (uint32_t)mode, fault);
    lane->listening_count++;
    return err;
}

static enum err listen_everywhere(struct node_lane *lane, struct parts *parts, struct fault *fault)
{
    struct listen_place places[LISTENERS_MAX];
    uint32_t count;
    enum err err = listen_places(lane->config, places, &count, fault);
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        err = listen_at(lane, parts, &places[i], fault);
    }
    if (err == ERR_OK && lane->listening_count == 0) return fault->code;
    for (uint32_t i = 0; i < lane->listening_count && err == ERR_OK; i++) {
        door_listen(parts->server, parts->listeners[i], (io_tag){TURN_TAG_LISTENER + i});
    }
    return err;
}

static enum err compose(struct node_lane *lane, struct parts *parts, struct fault *fault)
{
    enum err err = open_io(lane, parts, fault);
    if (err != ERR_OK) return err;
    lane->disk_name = io_disk_name(parts->io);
    err = open_lane(lane, parts, fault);
    if (err == ERR_OK) err = open_door(lane, parts, fault);
    return err == ERR_OK ? listen_everywhere(lane, parts, fault) : err;
}

static void take_apart(struct parts *parts)
{
    if (parts->server != NULL) {
        slowlog_free(parts->server->slowlog);
        door_free(parts->server);
    }
    if (parts->acl != NULL) acl_free(parts->acl);
    if (parts->lane != NULL) lane_close(parts->lane);
    if (parts->io != NULL) io_free(parts->io);
    config_free(&parts->config);
    arena_free(parts->arena);
}

void node_lane_run(struct node_lane *lane, struct thread *self)
{
    struct parts parts = {.arena = arena_new()};
    config_copy(&parts.config, lane->config);
    enum err err = compose(lane, &parts, &lane->fault);
    if (err == ERR_OK) {
        mailbox_set_owner(lane->mailboxes[lane->number], parts.io);
        thread_ready(self, parts.io);
        err = turn_run(parts.server, self, &lane->fault);
        mailbox_set_owner(lane->mailboxes[lane->number], NULL);
        thread_leave(self);
    }
    lane->fault.code = err;
    take_apart(&parts);
}
