/* redirect_test.c -- who is told where a key is, who is refused, and who is served all the same. */
#include "serve/redirect.h"

#include <stdio.h>

#include "base/crc.h"
#include "serve/config.h"
#include "test/lane/wiring_fixture.h"
#include "test/rows.h"

/* "{here}" and "{away}" stand for a tag of a shard that node 1 leads, and of one that it does not.
 */
static const struct redirect_row {
    const char *why, *text;
    uint32_t flags;
    const char *whom;
    const char *said; /* the beginning of it; NULL: it is served */
    bool once;        /* and the next time it is not */
} rows[] = {
    {"its own keys", "GET {here}", 0, "asked", NULL, false},
    {"another's keys", "GET {away}", 0, "asked", "-MOVED ", false},
    {"writes as well", "SET {away} 1", 0, "asked", "-MOVED ", false},
    {"no keys, no place", "PING", 0, "asked", NULL, false},
    {"several of one slot", "MGET {here}1 {here}2", 0, "asked", NULL, false},
    {"several of one slot, elsewhere", "MGET {away}1 {away}2", 0, "asked", "-MOVED ", false},
    {"of two slots", "MGET {here} {away}", 0, "asked", "-CROSSSLOT ", false},
    {"who asks for it is served", "GET {away}", SESSION_ASKING, "asked", NULL, true},
    {"but not over two slots", "MGET {here} {away}", SESSION_ASKING, "asked", "-CROSSSLOT ", false},
    {"old reads are this node's", "GET {away}", SESSION_STALE, "asked", NULL, false},
    {"writes are not", "SET {away} 1", SESSION_STALE, "asked", "-MOVED ", false},
    {"nobody is redirected", "GET {away}", 0, "never", NULL, false},
    {"nor judged", "MGET {here} {away}", 0, "never", NULL, false},
    {"all are", "GET {away}", 0, "always", "-MOVED ", false},
};

struct redirecting {
    struct wiring_world world;
    struct config config;
    struct server server;
    char here[16], away[16]; /* tags */
    uint16_t port;           /* of who leads the latter */
};

static shard_id shard_of_tag(const char *tag)
{
    return shard_of_slot(slot_of_key(slice_text(tag)), WIRING_SHARDS);
}

/* Shards are dealt: each node leads one at least. */
static bool first_leads_some_not_all(struct replica_cluster *cluster)
{
    uint32_t led = 0;
    if (!wiring_all_know(cluster)) return false;
    for (uint32_t i = 0; i < WIRING_SHARDS; i++) {
        led += shard_is_leader(lane_shard(replica_lane(cluster, 1), (shard_id){i}));
    }
    return led > 0 && led < WIRING_SHARDS;
}

static void begin(struct redirecting *redirecting)
{
    struct replica_cluster *cluster = &redirecting->world.replicas;
    wiring_world_new(&redirecting->world, 3);
    replica_cluster_until(cluster, "shards are dealt", first_leads_some_not_all);
    struct lane *lane = replica_lane(cluster, 1);
    for (uint32_t i = 0; redirecting->here[0] == '\0' || redirecting->away[0] == '\0'; i++) {
        char tag[16];
        (void)snprintf(tag, sizeof tag, "{t%u}", i);
        bool ours = shard_is_leader(lane_shard(lane, shard_of_tag(tag)));
        memcpy(ours ? redirecting->here : redirecting->away, tag, sizeof tag);
    }
    node_id leader = map_leader(wiring_map_of(cluster, 1), shard_of_tag(redirecting->away));
    redirecting->port = redirecting->world.founders[leader.n - 1].client_port;
    config_init(&redirecting->config);
    redirecting->server = (struct server){.arena = cluster->arena,
                                          .lane = lane,
                                          .commands = cluster->commands,
                                          .config = &redirecting->config};
}

static void end(struct redirecting *redirecting)
{
    config_free(&redirecting->config);
    replica_cluster_free(&redirecting->world.replicas);
}

static void fill_in(const struct redirecting *redirecting, const char *text, struct buffer *out)
{
    for (; *text != '\0'; text++) {
        bool here = strncmp(text, "{here}", 6) == 0, away = strncmp(text, "{away}", 6) == 0;
        if (here || away) {
            buffer_append(out, slice_text(here ? redirecting->here : redirecting->away));
            text += 5;
        } else {
            buffer_append_byte(out, (uint8_t)*text);
        }
    }
    buffer_append_byte(out, '\0');
}

/* What is said to it; empty: it is served. */
static bool says(struct redirecting *redirecting, struct session *session, const char *text,
                 struct buffer *said)
{
    enum { ARGS_MAX = 4 };
    struct slice argv[ARGS_MAX];
    struct buffer words = {0};
    struct request request = {.argv = argv};
    struct reply reply = {said, 2};
    char *at, *word;
    fill_in(redirecting, text, &words);
    for (word = strtok_r((char *)words.data, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
        argv[request.argc++] = slice_text(word);
    }
    const struct command *container;
    request.command = command_find(redirecting->server.commands, argv, request.argc, &container);
    cr_assert_not_null(request.command);
    bool refused = redirect_says(&redirecting->server, session, &request, &reply);
    buffer_free(&words);
    return refused;
}

static void expect_row(struct redirecting *redirecting, const struct redirect_row *row)
{
    struct session session = {.flags = row->flags | SESSION_KNOWS_MAP};
    struct buffer said = {0};
    const char *refused = config_set(&redirecting->config, SETTING_CLUSTER_REDIRECT,
                                     slice_text(row->whom), redirecting->server.arena);
    cr_assert_null(refused);
    ROW_EQ(row, says(redirecting, &session, row->text, &said), row->said != NULL);
    cr_expect(slice_starts_with(buffer_slice(&said), slice_text(row->said ? row->said : "")),
              "%s: %.*s", row->why, (int)said.len, (const char *)said.data);
    ROW_EQ(row, (session.flags & SESSION_ASKING) != 0, false);
    if (row->once) cr_expect(says(redirecting, &session, row->text, &said), "%s, once", row->why);
    buffer_free(&said);
}

Test(redirect, who_is_told_what)
{
    struct redirecting redirecting = {.port = 0};
    begin(&redirecting);
    FOR_ROWS (row, rows) expect_row(&redirecting, row);
    end(&redirecting);
}

Test(redirect, moved_says_where_its_leader_serves_clients)
{
    struct redirecting redirecting = {.port = 0};
    struct session session = {.flags = SESSION_KNOWS_MAP};
    struct buffer said = {0};
    char want[64];
    begin(&redirecting);
    (void)snprintf(want, sizeof want, "-MOVED %u 127.0.0.1:%u\r\n",
                   slot_of_key(slice_text(redirecting.away)), redirecting.port);
    cr_expect(says(&redirecting, &session, "GET {away}", &said));
    cr_expect(slice_eq(buffer_slice(&said), slice_text(want)), "%.*s, not %s", (int)said.len,
              (const char *)said.data, want);
    buffer_free(&said);
    end(&redirecting);
}

/* Only who has asked for the map, but for those whose nodes greet all so. */
Test(redirect, greets_as_it_is_told)
{
    struct config config;
    struct server server = {.config = &config};
    struct arena *arena = arena_new();
    static const struct {
        const char *why, *whom;
        bool knows;
    } greetings[] = {
        {"plain clients are served", "asked", false},
        {"all are taken for such that know", "always", true},
        {"none is", "never", false},
    };
    config_init(&config);
    FOR_ROWS (row, greetings) {
        struct session session = {.flags = 0};
        cr_assert_null(config_set(&config, SETTING_CLUSTER_REDIRECT, slice_text(row->whom), arena));
        redirect_greet(&server, &session);
        ROW_EQ(row, redirect_concerns(&session), row->knows);
        redirect_from_now(&session);
        cr_expect(redirect_concerns(&session));
    }
    config_free(&config);
    arena_free(arena);
}
