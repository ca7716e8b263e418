/* store_sum.h -- the stores of a lane's shards, told as if they were one. */
#pragma once

#include "serve/server.h"

struct store_sum {
    uint64_t used_bytes, blocks_count, keys_count;
    struct store_stats stats;
};
/* Without the root's: the cluster's own data is nobody's keys; but its memory counts. */
struct store_sum store_sum(const struct server *server);

struct database_sum {
    uint64_t keys_count, expiring_count;
    int64_t average_ttl_ms;
};
struct database_sum store_sum_database(const struct server *server, uint32_t database);
