/* link_fixture.h -- links of several nodes in one process, over loopback, each with its own io. */
#pragma once

#include "base/buffer.h"
#include "lane/link.h"

enum { LINK_FIXTURE_NODES_MAX = 3, LINK_FIXTURE_FRAMES_MAX = 64 };

struct link_seen {
    enum link_kind kind;
    node_id from;
    uint32_t lane;
    struct buffer bytes; /* a copy */
};

struct link_node {
    struct link_config config;
    struct io *io;
    struct links *links; /* NULL: not there */
    struct link_seen seen[LINK_FIXTURE_FRAMES_MAX];
    uint32_t seen_count;
    bool deaf; /* takes nothing: links_next is not called */
};

struct link_cluster {
    struct link_node nodes[LINK_FIXTURE_NODES_MAX];
    uint32_t count;
};

/* Configured with free ports of 127.0.0.1, cluster 7, one lane, no secret; not started. */
void link_cluster_prepare(struct link_cluster *cluster, uint32_t count);
void link_cluster_start(struct link_cluster *cluster, uint32_t number); /* 1 … count */
void link_cluster_stop(struct link_cluster *cluster, uint32_t number);
void link_cluster_free(struct link_cluster *cluster);

/* Let each of them have a turn, as often as it takes until `done` says so; ten seconds at most:
 * then the test fails. */
void link_cluster_until(struct link_cluster *cluster, const char *what,
                        bool (*done)(struct link_cluster *cluster));
void link_cluster_turn(struct link_cluster *cluster); /* once each */
bool link_cluster_is_up(struct link_cluster *cluster);

void link_node_forget(struct link_node *node); /* what it has seen */
