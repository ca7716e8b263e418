/* registry_fixture.c -- see registry_fixture.h. */
#include "test/core/registry/registry_fixture.h"

struct registry_member made_member(uint32_t node, const char *host, const char *zone)
{
    struct registry_member member = {.node = {node},
                                     .state = MEMBER_JOINING,
                                     .peer_port = (uint16_t)(17000 + node % 1000),
                                     .client_port = (uint16_t)(7000 + node % 1000),
                                     .lanes_count = 2,
                                     .weight = 100};
    cr_assert(registry_text_set(&member.peer_host, SLICE("127.0.0.1")));
    cr_assert(registry_text_set(&member.client_host, SLICE("127.0.0.1")));
    cr_assert(registry_text_set(&member.version, SLICE("1.0")));
    cr_assert(registry_text_set(&member.host, slice_text(host)));
    cr_assert(registry_text_set(&member.zone, slice_text(zone)));
    return member;
}

struct registry *made_registry(uint32_t nodes, uint32_t shards, uint32_t replicas)
{
    struct registry *registry = registry_new();
    struct registry_member members[REGISTRY_FORM_MEMBERS_MAX];
    for (uint32_t i = 0; i < nodes; i++) members[i] = made_member(i + 1, "", "");
    made_step(registry, &(struct registry_event){.kind = REGISTRY_FORM,
                                                 .now_ms = 1000,
                                                 .cluster = 77,
                                                 .shards_count = shards,
                                                 .replicas = replicas,
                                                 .members = members,
                                                 .members_count = nodes});
    return registry;
}

void made_step(struct registry *registry, const struct registry_event *event)
{
    struct fault fault = {0};
    uint64_t epoch = registry_epoch(registry);
    cr_assert(registry_may(registry, event, &fault) == ERR_OK, "%s", fault.text);
    registry_step(registry, event);
    cr_assert(registry_epoch(registry) == epoch + 1);
}

void made_join(struct registry *registry, const char *host, const char *zone)
{
    struct registry_member member = made_member(0, host, zone);
    uint32_t node = registry_next_node(registry).n;
    made_step(registry,
              &(struct registry_event){
                  .kind = REGISTRY_JOIN, .now_ms = 2000, .members = &member, .members_count = 1});
    made_state(registry, node, MEMBER_ALIVE, 2000);
}

void made_state(struct registry *registry, uint32_t node, enum member_state state, int64_t now_ms)
{
    made_step(registry,
              &(struct registry_event){
                  .kind = REGISTRY_MEMBER_STATE, .now_ms = now_ms, .node = {node}, .state = state});
}

static void random_place(struct random *random, const struct registry *registry,
                         struct registry_event *event)
{
    uint32_t shards = registry_shards_count(registry);
    uint32_t nodes = registry_next_node(registry).n;
    event->shard.n = (uint32_t)random_below(random, shards + 1);
    if (event->shard.n == shards) event->shard = SHARD_ROOT;
    uint32_t node = 0;
    while (event->place.voters_count < 3) {
        node += 1 + (uint32_t)random_below(random, nodes);
        event->place.voters[event->place.voters_count++].n = node;
        if (random_below(random, 2) == 0) break;
    }
    event->place.why = 3;
    if (random_below(random, 2) == 0) event->place.leader = event->place.voters[0];
    if (random_below(random, 3) == 0) event->place.epoch = random_below(random, 40);
}

struct registry_event made_random_event(struct random *random, const struct registry *registry,
                                        struct registry_member *member)
{
    static const char *const names[] = {"", "a", "b", "rack-3"};
    struct registry_event event = {.now_ms = (int64_t)random_below(random, 100000)};
    uint32_t node = (uint32_t)random_below(random, registry_next_node(registry).n + 1);
    event.kind = (enum registry_event_kind)(REGISTRY_FORM + random_below(random, 6));
    *member = made_member(node, names[random_below(random, 4)], names[random_below(random, 4)]);
    event.members = member;
    event.members_count = 1;
    switch (event.kind) {
    case REGISTRY_FORM:
        event.cluster = random_u64(random);
        event.shards_count = (uint32_t)random_below(random, 20);
        event.replicas = (uint32_t)random_below(random, 7);
        break;
    case REGISTRY_JOIN:
    case REGISTRY_MEMBER_FACTS: break;
    case REGISTRY_MEMBER_STATE:
        event.node.n = node;
        event.state = (enum member_state)(MEMBER_JOINING + random_below(random, 5));
        event.force = random_below(random, 4) == 0;
        break;
    case REGISTRY_PLACE: random_place(random, registry, &event); break;
    case REGISTRY_SETTING:
        event.setting = (uint32_t)random_below(random, REGISTRY_SETTINGS_COUNT);
        event.value = (int64_t)random_magnitude(random);
        break;
    }
    return event;
}

struct buffer made_bytes(const struct registry *registry)
{
    struct buffer bytes = {0};
    registry_write(registry, &bytes);
    return bytes;
}
