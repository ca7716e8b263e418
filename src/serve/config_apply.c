/* config_apply.c -- see config_apply.h. */
#include "serve/config_apply.h"
#include "core/store/evict.h"
#include "serve/session.h"
#include "serve/session_impl.h"

enum { LIST_PACKED_THRESHOLD = 1 << 30 };

static uint64_t limit(const struct config *config, enum setting_id id)
{
    return (uint64_t)config_integer(config, id);
}

void config_limits(const struct config *config, struct store_limits *limits)
{
    *limits = (struct store_limits){
        .hash_max_listpack_entries = limit(config, SETTING_HASH_MAX_LISTPACK_ENTRIES),
        .hash_max_listpack_value = limit(config, SETTING_HASH_MAX_LISTPACK_VALUE),
        .set_max_intset_entries = limit(config, SETTING_SET_MAX_INTSET_ENTRIES),
        .set_max_listpack_entries = limit(config, SETTING_SET_MAX_LISTPACK_ENTRIES),
        .set_max_listpack_value = limit(config, SETTING_SET_MAX_LISTPACK_VALUE),
        .zset_max_listpack_entries = limit(config, SETTING_ZSET_MAX_LISTPACK_ENTRIES),
        .zset_max_listpack_value = limit(config, SETTING_ZSET_MAX_LISTPACK_VALUE),
        .list_max_listpack_size = config_integer(config, SETTING_LIST_MAX_LISTPACK_SIZE),
        .list_packed_threshold = LIST_PACKED_THRESHOLD,
        .caps_parts = limit(config, SETTING_LANES),
        .lfu_log_factor = limit(config, SETTING_LFU_LOG_FACTOR),
        .lfu_decay_minutes = limit(config, SETTING_LFU_DECAY_TIME),
    };
}

/* maxmemory-policy, in the order of its choices. */
static const struct {
    enum evict_kind kind;
    bool expiring_only;
} policies[] = {
    {EVICT_LRU, true},     {EVICT_LFU, true},    {EVICT_RANDOM, true},  {EVICT_TTL, true},
    {EVICT_LRU, false},    {EVICT_LFU, false},   {EVICT_RANDOM, false}, {EVICT_NONE, false},
    {EVICT_S3FIFO, false}, {EVICT_S3FIFO, true},
};

void config_call_settings(const struct config *config, struct call_settings *filled)
{
    uint32_t policy = config_choice(config, SETTING_MAXMEMORY_POLICY);
    ASSERT(policy < COUNT_OF(policies));
    *filled = (struct call_settings){
        .bulk_bytes_max = limit(config, SETTING_PROTO_MAX_BULK_LEN),
        .counts_uses = policies[policy].kind == EVICT_LFU,
    };
}

uint64_t config_memory_max(const struct config *config)
{
    uint64_t all = limit(config, SETTING_MAXMEMORY), lanes = limit(config, SETTING_LANES);
    return (all + lanes - 1) / lanes;
}

void config_apply(struct server *server)
{
    const struct config *config = server->config;
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard)) {
        struct store_limits *limits = &store_room(shard_store(shard))->limits;
        uint64_t packed = limits->list_packed_threshold; /* DEBUG may have set it */
        config_limits(config, limits);
        if (packed != 0) limits->list_packed_threshold = packed;
    }
    config_call_settings(config, lane_settings(server->lane));
    uint64_t memory_max = config_memory_max(config);
    lane_set_memory_max(server->lane, memory_max);
    struct evict_request *eviction = lane_eviction(server->lane);
    uint32_t policy = config_choice(config, SETTING_MAXMEMORY_POLICY);
    ASSERT(policy < COUNT_OF(policies));
    eviction->bytes_max = memory_max;
    eviction->kind = policies[policy].kind;
    eviction->expiring_only = policies[policy].expiring_only;
    eviction->samples = (uint32_t)config_integer(config, SETTING_MAXMEMORY_SAMPLES);
    session_observe(server);
}
