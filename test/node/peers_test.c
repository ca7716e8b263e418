/* peers_test.c -- the nodes of a cluster, from settings: what is taken, what is refused and why. */
#include "node/peers.h"

#include "io/file.h"
#include "io/whole_file.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

#define THREE "1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003"

static const struct peers_row {
    const char *why, *node, *peers;
    enum setting_id id; /* one more setting; SETTINGS_COUNT: none */
    const char *value;
    const char *told; /* NULL: it is taken */
} rows[] = {
    {"neither", "0", "", SETTINGS_COUNT, "", NULL},
    {"three nodes", "2", THREE, SETTINGS_COUNT, "", NULL},
    {"two, with blanks", "2", " 2=127.0.0.1:7002  1=127.0.0.1:7001", SETTINGS_COUNT, "", NULL},
    {"IPv6, and several addresses of this machine", "1", "1=[::1]:7001,2=127.0.1.2:7001",
     SETTINGS_COUNT, "", NULL},
    {"a name", "1", "1=localhost:7001,2=127.0.0.1:7002", SETTINGS_COUNT, "", NULL},
    {"a node without peers", "1", "", SETTINGS_COUNT, "", "name all nodes with --peers"},
    {"peers without a node", "0", THREE, SETTINGS_COUNT, "", "say with --node which"},
    {"one that is not among them", "4", THREE, SETTINGS_COUNT, "", "peers has no such node"},
    {"itself alone", "1", "1=127.0.0.1:7001", SETTINGS_COUNT, "", "names one node alone"},
    {"eight", "1",
     "1=127.0.0.1:1,2=127.0.0.1:2,3=127.0.0.1:3,4=127.0.0.1:4,5=127.0.0.1:5,6=127.0.0.1:6,"
     "7=127.0.0.1:7,8=127.0.0.1:8",
     SETTINGS_COUNT, "", "more than 7 nodes"},
    {"a number twice", "1", "1=127.0.0.1:7001,1=127.0.0.1:7002", SETTINGS_COUNT, "",
     "node 1 twice"},
    {"a place twice", "1", "1=127.0.0.1:7001,2=127.0.0.1:7001", SETTINGS_COUNT, "", "1 apart"},
    {"no room for lanes between them", "1", THREE, SETTING_LANES, "2", "2 apart or more"},
    {"room for lanes", "1", "1=127.0.0.1:7001,2=127.0.0.1:7003", SETTING_LANES, "2", NULL},
    {"no room for lanes above", "1", "1=127.0.0.1:65535,2=127.0.0.2:7002", SETTING_LANES, "2",
     "there are not so many"},
    {"no number", "1", "127.0.0.1:7001,2=127.0.0.1:7002", SETTINGS_COUNT, "", "NUMBER=HOST:PORT"},
    {"number 0", "1", "0=127.0.0.1:7001,2=127.0.0.1:7002", SETTINGS_COUNT, "", "NUMBER=HOST:PORT"},
    {"no port", "1", "1=127.0.0.1,2=127.0.0.1:7002", SETTINGS_COUNT, "", "NUMBER=HOST:PORT"},
    {"no such port", "1", "1=127.0.0.1:65536,2=127.0.0.1:1", SETTINGS_COUNT, "", "HOST:PORT"},
    {"no host", "1", "1=:7001,2=127.0.0.1:7002", SETTINGS_COUNT, "", "NUMBER=HOST:PORT"},
    {"IPv6 without brackets", "1", "1=::1:7001,2=127.0.0.1:7002", SETTINGS_COUNT, "", "HOST:PORT"},
    {"no such name", "1", "1=no..where:7001,2=127.0.0.1:7002", SETTINGS_COUNT, "",
     "node 1 of peers: there is no host no..where"},
    {"any address", "1", "1=0.0.0.0:7001,2=0.0.0.0:7002", SETTINGS_COUNT, "", "no place to reach"},
    {"some on this machine alone", "1", "1=127.0.0.1:7001,2=192.0.2.1:7001", SETTINGS_COUNT, "",
     "at which all nodes reach each other"},
    {"open to others, without a secret", "1", "1=192.0.2.1:7001,2=192.0.2.2:7001", SETTINGS_COUNT,
     "", "--peer-secret-file"},
    {"a secret that is not there", "1", THREE, SETTING_PEER_SECRET_FILE, "/nowhere/secret",
     "peer-secret-file"},
    {"heartbeats too rare", "1", THREE, SETTING_HEARTBEAT_MS, "84", "to 252 or more"},
    {"heartbeats just right", "1", THREE, SETTING_HEARTBEAT_MS, "83", NULL},
    {"no name", "1", THREE, SETTING_CLUSTER, "", "1 to 64 letters"},
    {"a name with blanks", "1", THREE, SETTING_CLUSTER, "my cluster", "no blanks"},
};

static void set(struct config *config, enum setting_id id, const char *value)
{
    struct arena *arena = arena_new();
    const char *wrong = config_set(config, id, slice_text(value), arena);
    cr_assert_null(wrong, "%s: %s", value, wrong);
    arena_free(arena);
}

static struct config cluster_config(const char *node, const char *peers)
{
    struct config config;
    config_init(&config);
    set(&config, SETTING_NODE, node);
    set(&config, SETTING_PEERS, peers);
    return config;
}

Test(peers, are_read_or_refused)
{
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct config config = cluster_config(row->node, row->peers);
        struct peers peers;
        struct fault fault = {0};
        if (row->id != SETTINGS_COUNT) set(&config, row->id, row->value);
        enum err err = peers_read(arena, &config, &peers, &fault);
        if (row->told == NULL) {
            cr_expect_eq(err, ERR_OK, "%s: %s", row->why, fault.text);
        } else {
            cr_expect_neq(err, ERR_OK, "%s", row->why);
            cr_expect(strstr(fault.text, row->told) != NULL, "%s: '%s'", row->why, fault.text);
        }
        config_free(&config);
        arena_free(arena);
    }
}

static const char *write_secret(struct arena *arena, const char *text)
{
    struct fault fault;
    const char *path = arena_format(arena, "%s/secret", fixture_folder(arena));
    cr_assert_eq(whole_file_replace(path, slice_text(text), &fault), ERR_OK, "%s", fault.text);
    return path;
}

static struct peers read_with_secret(struct arena *arena, const char *node, const char *secret)
{
    struct config config = cluster_config(node, "2=192.0.2.2:7001,1=192.0.2.1:7001");
    struct peers peers;
    struct fault fault;
    set(&config, SETTING_PEER_SECRET_FILE, write_secret(arena, secret));
    cr_assert_eq(peers_read(arena, &config, &peers, &fault), ERR_OK, "%s", fault.text);
    config_free(&config);
    return peers;
}

Test(peers, agree_on_what_they_derive)
{
    struct arena *arena = arena_new();
    struct peers one = read_with_secret(arena, "1", "0123456789abcdef0123456789abcdef\n");
    struct peers two = read_with_secret(arena, "2", "0123456789abcdef0123456789abcdef");
    struct peers other = read_with_secret(arena, "2", "another 0123456789abcdef");
    cr_expect_eq(one.secret.len, 32, "the end of the line is not of the secret");
    cr_expect_eq(one.peers[0].node.n, 1, "by rising number");
    cr_expect_eq(one.identity.cluster, two.identity.cluster);
    cr_expect_eq(one.identity.seed, two.identity.seed);
    cr_expect_eq(one.identity.cluster, other.identity.cluster, "links compare what is no secret");
    cr_expect_neq(one.identity.seed, other.identity.seed, "hashes cannot be guessed");
    arena_free(arena);
}

Test(peers, refuse_a_short_secret)
{
    struct arena *arena = arena_new();
    struct config config = cluster_config("1", THREE);
    struct peers peers;
    struct fault fault;
    set(&config, SETTING_PEER_SECRET_FILE, write_secret(arena, "0123456789abcde\n"));
    cr_expect_eq(peers_read(arena, &config, &peers, &fault), ERR_USAGE);
    cr_expect(strstr(fault.text, "has 15 bytes, and must have 16") != NULL, "%s", fault.text);
    config_free(&config);
    arena_free(arena);
}

Test(peers, give_each_lane_its_part)
{
    struct arena *arena = arena_new();
    struct config config = cluster_config("2", THREE);
    struct peers peers;
    struct fault fault;
    struct lane_replication_config got = {0};
    set(&config, SETTING_PEER_QUEUE_SIZE, "1mb");
    cr_assert_eq(peers_read(arena, &config, &peers, &fault), ERR_OK, "%s", fault.text);
    peers_fill(&peers, &peers.identity, &config, 3, 42, &got);
    cr_expect_eq(got.link.lane, 3);
    cr_expect_eq(got.link.self.n, 2);
    cr_expect_eq(got.link.peers_count, 3);
    cr_expect_eq(got.link.peers[2].address.port, 7003);
    cr_expect_eq(got.raft.election_min.ns, 250000000);
    cr_expect_eq(got.raft.election_max.ns, 500000000);
    cr_expect_eq(got.raft.window_bytes, 1 << 20, "no more than the queue takes");
    cr_expect_neq(got.raft.seed, got.link.nonce_seed);
    config_free(&config);
    arena_free(arena);
}
