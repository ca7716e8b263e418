/* store_sum.c -- see store_sum.h. */
#include "serve/store_sum.h"

struct store_sum store_sum(const struct server *server)
{
    struct store_sum sum = {0};
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard)) {
        struct store *store = shard_store(shard);
        /* The room and what is counted are the lane's: of any of its stores. */
        sum.used_bytes = store_room(store)->heap.used_bytes;
        sum.blocks_count = store_room(store)->heap.blocks_count;
        sum.stats = *store_stats(store);
        if (shard_eq(shard_number(shard), SHARD_ROOT)) continue;
        for (uint32_t i = 0; i < STORE_DATABASES; i++) sum.keys_count += store_count(store, i);
    }
    return sum;
}

struct database_sum store_sum_database(const struct server *server, uint32_t database)
{
    struct database_sum sum = {0};
    double ttl_ms = 0;
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard)) {
        const struct store *store = shard_store(shard);
        if (shard_eq(shard_number(shard), SHARD_ROOT)) continue;
        uint64_t expiring = store_expiring_count(store, database);
        sum.keys_count += store_count(store, database);
        sum.expiring_count += expiring;
        ttl_ms += (double)expiring * (double)store_average_ttl_ms(store, database);
    }
    if (sum.expiring_count > 0) sum.average_ttl_ms = (int64_t)(ttl_ms / (double)sum.expiring_count);
    return sum;
}
