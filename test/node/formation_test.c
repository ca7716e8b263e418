/* formation_test.c -- which cluster a folder is of: formed, found again, renewed, refused. */
#include "node/formation.h"

#include "io/file.h"
#include "io/whole_file.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

#define THREE "1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003"
#define ID    "0123456789012345678901234567890123456789"

struct setting_row {
    enum setting_id id; /* SETTING_DIR: no more of them */
    const char *value;
};

static enum err open_with(struct arena *arena, const char *path, const struct setting_row *settings,
                          struct data_folder *folder, struct fault *fault)
{
    struct config *config = ARENA_NEW(arena, struct config);
    struct peers *peers = ARENA_NEW(arena, struct peers);
    config_init(config);
    cr_assert_null(config_set(config, SETTING_DIR, slice_text(path), arena));
    for (; settings->id != SETTING_DIR; settings++) {
        cr_assert_null(config_set(config, settings->id, slice_text(settings->value), arena));
    }
    cr_assert_eq(peers_read(arena, config, peers, fault), ERR_OK, "%s", fault->text);
    enum err err = formation_open(arena, config, peers, folder, fault);
    if (err == ERR_OK) folder->identity.name = arena_text(arena, slice_text(folder->identity.name));
    config_free(config);
    return err;
}

static const struct setting_row nothing[] = {{SETTING_DIR, ""}};

Test(formation, an_empty_folder_forms_a_cluster_of_its_own_and_keeps_it)
{
    struct arena *arena = arena_new();
    struct data_folder first, again, other;
    struct fault fault = {0};
    const char *path = arena_format(arena, "%s/a", fixture_folder(arena));
    cr_assert_eq(open_with(arena, path, nothing, &first, &fault), ERR_OK, "%s", fault.text);
    data_folder_close(&first);
    cr_assert_eq(open_with(arena, path, nothing, &again, &fault), ERR_OK, "%s", fault.text);
    data_folder_close(&again);
    path = arena_format(arena, "%s/b", fixture_folder(arena));
    cr_assert_eq(open_with(arena, path, nothing, &other, &fault), ERR_OK, "%s", fault.text);
    data_folder_close(&other);
    cr_expect(first.is_new && !again.is_new);
    cr_expect_neq(first.identity.cluster, 0);
    cr_expect_eq(first.identity.cluster, again.identity.cluster);
    cr_expect_eq(first.identity.seed, again.identity.seed);
    cr_expect_arr_eq(first.identity.secret, again.identity.secret, DATA_SECRET_BYTES);
    cr_expect_str_eq(first.id, again.id);
    cr_expect_eq(again.identity.node.n, 1);
    cr_expect_eq(again.identity.shards_count, 64);
    cr_expect_neq(first.identity.cluster, other.identity.cluster, "chance");
    cr_expect_arr_neq(first.identity.secret, other.identity.secret, DATA_SECRET_BYTES);
    arena_free(arena);
}

Test(formation, nodes_of_one_list_come_to_one_cluster)
{
    static const struct setting_row one[] = {
        {SETTING_NODE, "1"}, {SETTING_PEERS, THREE}, {SETTING_DIR, ""}};
    static const struct setting_row two[] = {
        {SETTING_NODE, "2"}, {SETTING_PEERS, THREE}, {SETTING_DIR, ""}};
    struct arena *arena = arena_new();
    struct data_folder a, b;
    struct fault fault = {0};
    const char *path = arena_format(arena, "%s/a", fixture_folder(arena));
    cr_assert_eq(open_with(arena, path, one, &a, &fault), ERR_OK, "%s", fault.text);
    path = arena_format(arena, "%s/b", fixture_folder(arena));
    cr_assert_eq(open_with(arena, path, two, &b, &fault), ERR_OK, "%s", fault.text);
    data_folder_close(&a);
    data_folder_close(&b);
    cr_expect_eq(a.identity.cluster, b.identity.cluster);
    cr_expect_eq(a.identity.seed, b.identity.seed);
    cr_expect_arr_eq(a.identity.secret, b.identity.secret, DATA_SECRET_BYTES);
    cr_expect_eq(b.identity.node.n, 2);
    arena_free(arena);
}

#define OLD_ONE "format 1\nid " ID "\nseed 77\nlanes 2\n"
#define OLD_TWO "format 2\nid " ID "\nseed 78\nlanes 1\ncluster tutti\nnode 2\n"
#define NEW(origin)                                                                                \
    "format 3\nid " ID "\nseed 79\nlanes 1\nshards 8\ncluster-id 00000000000000aa\n"               \
    "cluster tutti\nnode 2\norigin " origin "\n"

static const struct formation_row {
    const char *why, *facts;
    bool has_registry;
    struct setting_row settings[4];
    const char *told; /* NULL: it opens, and then: */
    uint32_t node, shards;
    uint64_t seed;
} rows[] = {
    {"alone, of before: a shard a lane, its seed stays",
     OLD_ONE,
     false,
     {{SETTING_LANES, "2"}},
     NULL,
     1,
     2,
     77},
    {"alone, of before, with other lanes",
     OLD_ONE,
     false,
     {{SETTING_LANES, "3"}},
     "dealt to 2 lanes",
     0,
     0,
     0},
    {"alone, of before, with other shards",
     OLD_ONE,
     false,
     {{SETTING_LANES, "2"}, {SETTING_SHARDS, "4"}},
     "has 2 shards, and not 4",
     0,
     0,
     0},
    {"alone, of before, with peers",
     OLD_ONE,
     false,
     {{SETTING_LANES, "2"}, {SETTING_NODE, "1"}, {SETTING_PEERS, "1=127.0.0.1:70,2=127.0.0.2:70"}},
     "of a node that is alone",
     0,
     0,
     0},
    {"listed, of before",
     OLD_TWO,
     false,
     {{SETTING_NODE, "2"}, {SETTING_PEERS, THREE}},
     NULL,
     2,
     1,
     78},
    {"listed, of before, without its list",
     OLD_TWO,
     false,
     {{SETTING_DIR, ""}},
     "say --node 2 and --peers",
     0,
     0,
     0},
    {"listed, of before, as another node",
     OLD_TWO,
     false,
     {{SETTING_NODE, "3"}, {SETTING_PEERS, THREE}},
     "is that of node 2, not of node 3",
     0,
     0,
     0},
    {"listed, of before, in another cluster",
     OLD_TWO,
     false,
     {{SETTING_NODE, "2"}, {SETTING_PEERS, THREE}, {SETTING_CLUSTER, "other"}},
     "belongs to the cluster tutti, not to other",
     0,
     0,
     0},
    {"listed, and its list is not said any more: it knows its cluster",
     NEW("listed"),
     true,
     {{SETTING_DIR, ""}},
     NULL,
     2,
     8,
     79},
    {"listed, and no list, and no registry yet",
     NEW("listed"),
     false,
     {{SETTING_DIR, ""}},
     "say --node 2 and --peers",
     0,
     0,
     0},
    {"joined", NEW("joined"), true, {{SETTING_DIR, ""}}, NULL, 2, 8, 79},
    {"joined, and a list with it in it",
     NEW("joined"),
     false,
     {{SETTING_NODE, "2"}, {SETTING_PEERS, THREE}},
     NULL,
     2,
     8,
     79},
    {"joined, as another node",
     NEW("joined"),
     false,
     {{SETTING_NODE, "1"}, {SETTING_PEERS, THREE}},
     "is that of node 2",
     0,
     0,
     0},
    {"formed, and now a list",
     NEW("formed"),
     false,
     {{SETTING_NODE, "2"}, {SETTING_PEERS, THREE}},
     "let other nodes join it",
     0,
     0,
     0},
    {"no such origin", NEW("found"), false, {{SETTING_DIR, ""}}, "tutti.data is damaged", 0, 0, 0},
};

Test(formation, a_folder_is_of_one_cluster_for_good)
{
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct data_folder folder;
        struct fault fault = {0};
        const char *path = arena_format(arena, "%s/old", fixture_folder(arena));
        cr_assert_eq(folder_create(path, &fault), ERR_OK, "%s", fault.text);
        const char *facts = arena_format(arena, "%s/tutti.data", path);
        const char *secret = arena_format(arena, "%s/cluster.secret", path);
        cr_assert_eq(whole_file_replace(facts, slice_text(row->facts), &fault), ERR_OK);
        cr_assert_eq(whole_file_replace(secret,
                                        SLICE("00112233445566778899aabbccddeeff"
                                              "00112233445566778899aabbccddeeff\n"),
                                        &fault),
                     ERR_OK);
        const char *registry = arena_format(arena, "%s/registry.copy", path);
        if (row->has_registry) {
            cr_assert_eq(whole_file_replace(registry, SLICE("…"), &fault), ERR_OK);
        }
        enum err err = open_with(arena, path, row->settings, &folder, &fault);
        if (row->told != NULL) {
            cr_expect_neq(err, ERR_OK, "%s", row->why);
            cr_expect(strstr(fault.text, row->told) != NULL, "%s: '%s'", row->why, fault.text);
        } else {
            cr_expect_eq(err, ERR_OK, "%s: %s", row->why, fault.text);
            cr_expect_eq(folder.format, DATA_FORMAT, "%s", row->why);
            cr_expect_eq(folder.identity.node.n, row->node, "%s", row->why);
            cr_expect_eq(folder.identity.shards_count, row->shards, "%s", row->why);
            cr_expect_eq(folder.identity.seed, row->seed, "%s", row->why);
            cr_expect_neq(folder.identity.cluster, 0, "%s", row->why);
            data_folder_close(&folder);
        }
        arena_free(arena);
    }
}
