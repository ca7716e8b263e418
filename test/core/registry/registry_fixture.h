/* registry_fixture.h -- registries made for tests. */
#pragma once

#include <criterion/criterion.h>

#include "core/registry/registry.h"
#include "test/random.h"

struct registry_member made_member(uint32_t node, const char *host, const char *zone);
/* Formed of nodes 1 … `nodes`, each on a host of its own, in zone `zone` NULL: none. */
struct registry *made_registry(uint32_t nodes, uint32_t shards, uint32_t replicas);
/* The event must be allowed. */
void made_step(struct registry *registry, const struct registry_event *event);
void made_join(struct registry *registry, const char *host, const char *zone);
void made_state(struct registry *registry, uint32_t node, enum member_state state, int64_t now_ms);
/* One that may or may not be allowed; what it points to is in `member`. */
struct registry_event made_random_event(struct random *random, const struct registry *registry,
                                        struct registry_member *member);
struct buffer made_bytes(const struct registry *registry); /* free it */
