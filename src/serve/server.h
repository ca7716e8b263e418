/*
 * server.h -- what the RESP front door of one lane holds; one a lane, no locks.
 *
 * Parts that have a header of their own are pointers here. What several lanes must agree on
 * (configuration, ACL users) each lane has whole; a change is sent to all lanes.
 */
#pragma once

#include "base/arena.h"
#include "cmd/command.h"
#include "lane/lane.h"

struct acl;      /* acl.h: users and what they may do */
struct crossing; /* crossing.h: shards, other lanes, other nodes */
struct blocked;  /* blocked.h: clients that wait for keys */
struct config;   /* config.h: every setting, from config.def; this lane's own copy */
struct heat;     /* heat.h: busy slots and keys, large keys */
struct latency;  /* latency.h: spikes */
struct measures; /* measure.h: what commands cost */
struct pubsub;   /* pubsub.h: channels and who listens */
struct sessions; /* session.h: the clients */
struct slowlog;  /* slowlog.h */
struct watching; /* watching.h: WATCHed keys */

struct server_stats {
    uint64_t connections_received, connections_rejected, commands_processed;
    uint64_t input_bytes, output_bytes, errors_replied;
    uint64_t auth_failures, acl_denied_commands, acl_denied_keys, acl_denied_channels;
    uint64_t expired_timeouts, evicted_clients;
    uint64_t commands_per_second; /* over the last second */
};

struct command_stats { /* a command's row of INFO commandstats */
    uint64_t calls, nanoseconds, rejected, failed;
};

struct server {
    struct arena *arena; /* lives as long as the server */
    struct io *io;
    struct lane *lane;
    const struct command_table *commands;
    struct acl *acl;
    struct blocked *blocked;
    struct config *config;
    struct crossing *crossing;
    struct heat *heat;
    struct latency *latency;
    struct measures *measures;
    struct pubsub *pubsub;
    struct sessions *sessions;
    struct slowlog *slowlog;
    struct told *told; /* NULL: nobody is to be told of changes */
    struct watching *watching;
    struct server_stats stats;
    struct command_stats *command_stats; /* [COMMAND_COUNT] */
    instant started;
    int64_t started_unix_ms;
    const char *data_folder, *config_path, *version;
    char run_id[41];
    uint64_t next_client_id, client_id_step; /* so that ids differ over all lanes */
    char *backup_path;                       /* of the last one; owned: the lane borrows it */
    uint64_t save_session;                   /* whose SAVE is under way; 0: nobody's */
    uint32_t walk_shard, walk_database;      /* large keys: where top_turn goes on */
    uint64_t walk_cursor;
    instant walked;
    bool stop_wanted; /* SHUTDOWN: the node ends after this turn */
};
