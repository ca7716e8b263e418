/* cluster_view_test.c -- what clients of Redis Cluster are told, from a registry and who leads. */
#include <stdio.h>

#include "serve/cluster_map.h"
#include "test/rows.h"

enum { SHARDS = 4, NODES = 4 };

static struct registry_text text_of(const char *text)
{
    struct registry_text copy = {{0}};
    memcpy(copy.bytes, text, strlen(text));
    return copy;
}

/* Nodes 1, 2 and 3 hold all four shards; 4 has joined and holds nothing. */
static struct registry *three_nodes(void)
{
    struct registry *registry = registry_new();
    struct registry_member members[NODES];
    for (uint32_t i = 0; i < NODES; i++) {
        char host[16];
        (void)snprintf(host, sizeof host, "10.0.0.%u", i + 1);
        members[i] = (struct registry_member){.node = {i + 1},
                                              .state = MEMBER_ALIVE,
                                              .client_host = text_of(i == 0 ? "0.0.0.0" : host),
                                              .peer_host = text_of(host),
                                              .host = text_of(host),
                                              .client_port = 6379,
                                              .peer_port = 16379,
                                              .lanes_count = 1,
                                              .weight = 100};
    }
    const struct registry_event form = {.kind = REGISTRY_FORM,
                                        .now_ms = 1000,
                                        .cluster = 77,
                                        .shards_count = SHARDS,
                                        .replicas = 3,
                                        .members = members,
                                        .members_count = 3};
    registry_step(registry, &form);
    members[3].state = MEMBER_JOINING;
    const struct registry_event join = {
        .kind = REGISTRY_JOIN, .now_ms = 2000, .members = &members[3], .members_count = 1};
    registry_step(registry, &join);
    registry_check(registry);
    return registry;
}

static void set_state(struct registry *registry, uint32_t node, enum member_state state)
{
    const struct registry_event event = {
        .kind = REGISTRY_MEMBER_STATE, .now_ms = 3000, .node = {node}, .state = state};
    registry_step(registry, &event);
}

static struct cluster_view *view_of(const struct registry *registry, const node_id *leaders,
                                    struct arena *arena)
{
    const struct cluster_source source = {.registry = registry,
                                          .leaders = leaders,
                                          .self = {1},
                                          .own_host = text_of("10.0.0.1"),
                                          .own_offset = 5,
                                          .now_ms = 9000};
    return cluster_map_make(&source, arena);
}

static void expect_ranges(const struct cluster_view *view, const char *want)
{
    struct buffer got = {0};
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        const struct cluster_range *range = &view->ranges[i];
        buffer_append_format(&got, "%s%u-%u@%u", i == 0 ? "" : " ", range->first, range->last,
                             range->leader.n);
        for (uint32_t other = 0; other < range->others_count; other++)
            buffer_append_format(&got, "+%u", range->others[other].n);
    }
    cr_expect(slice_eq(buffer_slice(&got), slice_text(want)), "got %.*s", (int)got.len,
              (const char *)got.data);
    buffer_free(&got);
}

struct ranges_row {
    const char *why;
    node_id leaders[SHARDS];
    uint32_t dead;
    const char *want;
};

Test(cluster_view, ranges)
{
    static const struct ranges_row rows[] = {
        {"neighbours with one leader are one range",
         {{1}, {1}, {2}, {2}},
         0,
         "0-8191@1+2+3 8192-16383@2+1+3"},
        {"one that leads again later has two",
         {{1}, {3}, {1}, {1}},
         0,
         "0-4095@1+2+3 4096-8191@3+1+2 8192-16383@1+2+3"},
        {"a dead leader's shards are shown at those that are preferred next, or vote",
         {{1}, {1}, {2}, {2}},
         2,
         "0-8191@1+2+3 8192-12287@3+1+2 12288-16383@1+2+3"},
        {"who does not belong to a shard may lead it until it has moved",
         {{4}, {1}, {1}, {1}},
         0,
         "0-4095@4+1+2+3 4096-16383@1+2+3"},
    };
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct registry *registry = three_nodes();
        if (row->dead != 0) set_state(registry, row->dead, MEMBER_DEAD);
        expect_ranges(view_of(registry, row->leaders, arena), row->want);
        registry_free(registry);
        arena_free(arena);
    }
}

Test(cluster_view, no_slot_is_without_a_node_while_nobody_leads)
{
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    const node_id nobody[SHARDS] = {{0}};
    const struct cluster_view *view = view_of(registry, nobody, arena);
    uint32_t next = 0;
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        cr_expect_eq(view->ranges[i].first, next);
        cr_expect_neq(view->ranges[i].leader.n, 0);
        next = view->ranges[i].last + 1;
    }
    cr_expect_eq(next, KEY_SLOTS);
    registry_free(registry);
    arena_free(arena);
}

Test(cluster_view, names_are_forty_digits_of_their_own_and_never_change)
{
    char names[3][CLUSTER_NAME_LEN + 1];
    cluster_name(77, (node_id){1}, names[0]);
    cluster_name(77, (node_id){2}, names[1]);
    cluster_shard_name(77, (node_id){1}, names[2]);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(strlen(names[i]), CLUSTER_NAME_LEN);
        cr_expect_eq(strspn(names[i], "0123456789abcdef"), CLUSTER_NAME_LEN);
    }
    cr_expect_str_neq(names[0], names[1]);
    cr_expect_str_neq(names[0], names[2]);
    cr_expect_str_eq(names[0], "77bb783f61f9c65d30f715ee36c179c1c6622950");
}

/* --- answers --------------------------------------------------------------------------------- */

/* `$1` … `$4` in `want` stand for the names of nodes. */
static void expect_text(struct slice got, const char *want)
{
    struct buffer expanded = {0};
    for (; *want != '\0'; want++) {
        char name[CLUSTER_NAME_LEN + 1];
        if (want[0] != '~') {
            buffer_append_byte(&expanded, (uint8_t)*want);
            continue;
        }
        want++;
        cluster_name(77, (node_id){(uint32_t)(*want - '0')}, name);
        buffer_append(&expanded, slice_text(name));
    }
    cr_expect(slice_eq(got, buffer_slice(&expanded)), "got\n%.*s\nnot\n%.*s", (int)got.len,
              (const char *)got.data, (int)expanded.len, (const char *)expanded.data);
    buffer_free(&expanded);
}

static const node_id two_leaders[SHARDS] = {{1}, {1}, {2}, {1}};

Test(cluster_view, slots_reply)
{
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    set_state(registry, 3, MEMBER_DEAD);
    const struct cluster_view *view = view_of(registry, two_leaders, arena);
    static const char *const want[] = {
        "*3\r\n"
        "*3\r\n:0\r\n:8191\r\n"
        "*4\r\n$8\r\n10.0.0.1\r\n:6379\r\n$40\r\n~1\r\n*0\r\n"
        "*3\r\n:8192\r\n:12287\r\n"
        "*4\r\n$8\r\n10.0.0.2\r\n:6379\r\n$40\r\n~2\r\n*0\r\n"
        "*3\r\n:12288\r\n:16383\r\n"
        "*4\r\n$8\r\n10.0.0.1\r\n:6379\r\n$40\r\n~1\r\n*0\r\n",
    };
    struct buffer out = {0};
    struct reply reply = {&out, 2};
    cluster_reply_slots(view, &reply);
    expect_text(buffer_slice(&out), want[0]);
    buffer_free(&out);
    registry_free(registry);
    arena_free(arena);
}

Test(cluster_view, shards_reply)
{
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    const struct cluster_view *view = view_of(registry, two_leaders, arena);
#define FACTS(node, address, role, offset, health)                                                 \
    "%7\r\n$2\r\nid\r\n$40\r\n~" node "\r\n$4\r\nport\r\n:6379\r\n$2\r\nip\r\n$8\r\n" address      \
    "\r\n$8\r\nendpoint\r\n$8\r\n" address "\r\n$4\r\nrole\r\n" role                               \
    "\r\n$18\r\nreplication-offset\r\n:" offset "\r\n$6\r\nhealth\r\n" health "\r\n"
#define LEADS    "$6\r\nmaster"
#define COPIES   "$7\r\nreplica"
#define ONLINE   "$6\r\nonline"
#define LOADING  "$7\r\nloading"
#define SHARD(n) "%2\r\n$5\r\nslots\r\n*" n "\r\n"
#define WHO(n)   "$5\r\nnodes\r\n*" n "\r\n"
    static const char want[] = "*3\r\n" SHARD("4") ":0\r\n:8191\r\n:12288\r\n:16383\r\n" WHO("2")
        FACTS("1", "10.0.0.1", LEADS, "5", ONLINE) FACTS("3", "10.0.0.3", COPIES, "0", ONLINE)
            SHARD("2") ":8192\r\n:12287\r\n" WHO("2") FACTS("2", "10.0.0.2", LEADS, "0", ONLINE)
                FACTS("3", "10.0.0.3", COPIES, "0", ONLINE) SHARD("0") WHO("1")
                    FACTS("4", "10.0.0.4", LEADS, "0", LOADING);
    struct buffer out = {0};
    struct reply reply = {&out, 3};
    cluster_reply_shards(view, arena, &reply);
    expect_text(buffer_slice(&out), want);
    buffer_free(&out);
    registry_free(registry);
    arena_free(arena);
}

Test(cluster_view, nodes_text)
{
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    set_state(registry, 3, MEMBER_DEAD);
    const struct cluster_view *view = view_of(registry, two_leaders, arena);
    struct buffer out = {0};
    cluster_append_nodes(view, &out);
    expect_text(buffer_slice(&out),
                "~1 10.0.0.1:6379@16379 myself,master - 0 0 3 connected 0-8191 12288-16383\n"
                "~2 10.0.0.2:6379@16379 master - 0 9000 3 connected 8192-12287\n"
                "~3 10.0.0.3:6379@16379 slave,fail ~1 0 3000 3 disconnected\n"
                "~4 10.0.0.4:6379@16379 master,handshake - 0 9000 3 connected\n");
    buffer_free(&out);
    registry_free(registry);
    arena_free(arena);
}

Test(cluster_view, a_node_without_a_link_is_suspected)
{
    static const node_id cut_off[] = {{2}, {3}};
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    const struct cluster_source source = {.registry = registry,
                                          .leaders = two_leaders,
                                          .self = {1},
                                          .own_host = text_of("10.0.0.1"),
                                          .now_ms = 9000,
                                          .cut_off = cut_off,
                                          .cut_off_count = 1};
    struct cluster_source two = source;
    struct buffer out = {0};
    const struct cluster_view *view = cluster_map_make(&source, arena);
    cr_expect_eq(view->leaderless_slots, 4096, "those that it leads");
    cr_expect_eq(view->lost_slots, 0, "two of three copies are there");
    cluster_append_nodes(view, &out);
    expect_text(buffer_slice(&out),
                "~1 10.0.0.1:6379@16379 myself,master - 0 0 2 connected 0-8191 12288-16383\n"
                "~2 10.0.0.2:6379@16379 master,fail? - 0 9000 2 disconnected 8192-12287\n"
                "~3 10.0.0.3:6379@16379 slave ~1 0 9000 2 connected\n"
                "~4 10.0.0.4:6379@16379 master,handshake - 0 9000 2 connected\n");
    two.cut_off_count = 2;
    cr_expect_eq(cluster_map_make(&two, arena)->lost_slots, KEY_SLOTS, "the majority of all");
    buffer_free(&out);
    registry_free(registry);
    arena_free(arena);
}

Test(cluster_view, info_text)
{
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    const struct cluster_view *view = view_of(registry, two_leaders, arena);
    struct buffer out = {0};
    cluster_append_info(view, &out);
    expect_text(buffer_slice(&out),
                "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n"
                "cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:4\r\n"
                "cluster_size:2\r\ncluster_current_epoch:2\r\ncluster_my_epoch:2\r\n"
                "cluster_stats_messages_ping_sent:0\r\ncluster_stats_messages_sent:0\r\n"
                "cluster_stats_messages_ping_received:0\r\ncluster_stats_messages_received:0\r\n"
                "total_cluster_links_buffer_limit_exceeded:0\r\n");
    buffer_free(&out);
    registry_free(registry);
    arena_free(arena);
}

static void expect_line(const struct registry *registry, const node_id *leaders, const char *line)
{
    struct arena *arena = arena_new();
    struct buffer out = {0};
    cluster_append_info(view_of(registry, leaders, arena), &out);
    buffer_append_byte(&out, 0);
    cr_expect_not_null(strstr((const char *)out.data, line), "%s in %s", line, out.data);
    buffer_free(&out);
    arena_free(arena);
}

Test(cluster_view, info_tells_of_slots_that_nobody_serves)
{
    const node_id unknown[] = {{1}, {0}, {2}, {1}};
    struct registry *registry = three_nodes();
    expect_line(registry, unknown, "cluster_slots_ok:12288\r\ncluster_slots_pfail:4096\r\n");
    expect_line(registry, unknown, "cluster_state:ok");
    set_state(registry, 2, MEMBER_DEAD);
    set_state(registry, 3, MEMBER_DEAD);
    expect_line(registry, two_leaders, "cluster_state:fail");
    expect_line(registry, two_leaders, "cluster_slots_ok:0\r\ncluster_slots_pfail:0\r\n");
    expect_line(registry, two_leaders, "cluster_slots_fail:16384\r\n");
    registry_free(registry);
}

Test(cluster_view, replicas_of_a_node)
{
    struct arena *arena = arena_new();
    struct registry *registry = three_nodes();
    const struct cluster_view *view = view_of(registry, two_leaders, arena);
    struct buffer out = {0};
    struct reply reply = {&out, 2};
    cluster_reply_replicas(view, cluster_view_node(view, (node_id){2}), &reply);
    cr_expect(slice_starts_with(buffer_slice(&out), SLICE("*2\r\n")));
    cr_expect_null(cluster_view_named(view, SLICE("nobody")));
    char name[CLUSTER_NAME_LEN + 1];
    cluster_name(77, (node_id){3}, name);
    cr_expect_eq(cluster_view_named(view, slice_text(name))->node.n, 3);
    buffer_free(&out);
    registry_free(registry);
    arena_free(arena);
}
