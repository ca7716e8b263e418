/* replication_sum.h -- the shards of a lane told as if they were one: sums, and who is behind. */
#pragma once

#include "serve/server.h"

struct replication_sum {
    struct shard_replication all; /* sums; `leader` where it is the same for all, else NODE_NONE */
    uint32_t shards_count;        /* here, without the root's */
    uint32_t led_count, leaderless_count, recovering_count;
};
void replication_sum(const struct server *server, struct replication_sum *sum);
/* Does this lane lead at least one shard, or is it alone? Then it is a "master". */
bool replication_leads(const struct server *server);
