/*
 * replica_fixture.h -- the same lane of several nodes in one process: folders of their own, links
 * over loopback, and a clock that runs ahead of the real one, so that nobody waits for elections.
 */
#pragma once

#include "core/raft/raft.h"
#include "lane/lane.h"
#include "lane/replica.h"
#include "test/lane/link_fixture.h"

enum { REPLICA_NODES_MAX = 3, REPLICA_TAIL_BYTES = 16384 };

struct replica_node {
    char folder[64];
    struct lane_replication_config replication;
    struct lane_opened opened;
    const struct lane_cluster *cluster; /* NULL: none */
    struct io *io;
    struct lane *lane; /* NULL: it is not running */
    bool paused;       /* gets no turn */
    bool mute;         /* sends nothing */
    /* A front door that has its part of each turn (test/serve/door_fixture.h); NULL: none. */
    struct server *server;
    bool listens;          /* what other nodes' doors say to it is kept */
    struct message *heard; /* the oldest first; owned */
};

struct replica_cluster {
    struct replica_node nodes[REPLICA_NODES_MAX];
    uint32_t count;        /* 1: solo */
    uint32_t shards_count; /* 1, but who wants more may say so before the start */
    const struct lane_start *starts;
    uint32_t starts_count;
    shard_id shard; /* that the following are about */
    struct arena *arena;
    const struct command_table *commands;
    int64_t ahead_ns, wall_ahead_ms;
};

void replica_cluster_new(struct replica_cluster *cluster, uint32_t count); /* nobody runs */
void replica_cluster_free(struct replica_cluster *cluster);
void replica_cluster_start(struct replica_cluster *cluster, uint32_t number); /* 1 … count */
void replica_cluster_stop(struct replica_cluster *cluster, uint32_t number);  /* as a kill does */
void replica_node_forget(struct replica_node *node); /* what it has heard */
void replica_cluster_start_all(struct replica_cluster *cluster);

void replica_cluster_turn(struct replica_cluster *cluster);
typedef bool (*replica_until)(struct replica_cluster *cluster);
/* Turns until `done` says so; after very many the test fails, and says `what`. */
void replica_cluster_until(struct replica_cluster *cluster, const char *what, replica_until done);

uint32_t replica_cluster_leader(const struct replica_cluster *cluster); /* 0: none may write */
/* The same, with turns until one may: on a slow machine the first may lose it at any time. */
uint32_t replica_cluster_lead(struct replica_cluster *cluster);
/* Those that run have applied all that is in the log of the leader, and it is agreed on. */
bool replica_cluster_is_even(struct replica_cluster *cluster);
struct lane *replica_lane(struct replica_cluster *cluster, uint32_t number);
struct shard_replication replica_told(struct replica_cluster *cluster, uint32_t number);

/* Run words parted by spaces; the reply's bytes, in a buffer of the caller's. The gate is left as
 * it is. */
uint64_t replica_run(struct replica_cluster *cluster, uint32_t number, const char *text,
                     struct buffer *reply);
/* The same, with turns until it may be run there. */
uint64_t replica_run_soon(struct replica_cluster *cluster, uint32_t number, const char *text);
/* Is this the reply? */
bool replica_says(struct replica_cluster *cluster, uint32_t number, const char *text,
                  const char *reply);
