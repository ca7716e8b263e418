/* registry_impl.h -- inside of a registry; see registry.h. */
#pragma once

#include "core/registry/registry.h"

struct registry_member_row {
    struct registry_member member;
    uint64_t epoch; /* of its last change */
};

struct registry {
    struct arena *arena;
    uint64_t cluster, epoch; /* epoch 0: not formed */
    uint64_t history;        /* a checksum over all events so far */
    uint32_t shards_count;
    uint32_t next_node;
    struct registry_shard *shards; /* [shards_count] */
    struct registry_shard root;
    struct registry_member_row *members; /* by rising node */
    uint32_t members_count, members_capacity;
    int64_t settings[REGISTRY_SETTINGS_COUNT];
    uint64_t settings_epoch[REGISTRY_SETTINGS_COUNT];
    node_id forgotten; /* by the last change; NODE_NONE: none */
};

/* Room for one more, at `place`. */
struct registry_member_row *registry_member_insert(struct registry *registry, uint32_t place);
struct registry_member_row *registry_member_row(const struct registry *registry, node_id node);
/* NULL: all invariants hold; else which does not. */
const char *registry_trouble(const struct registry *registry);

/* --- bytes (registry_codec.c) ---------------------------------------------------------------- */

void registry_member_put(struct buffer *out, const struct registry_member *member);
