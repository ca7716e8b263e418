/* waiting_test.c -- what a lane says of the other nodes, and when. */
#include "node/waiting.h"
#include "test/rows.h"

static struct shard_replication three_nodes(bool second, bool third, uint32_t leader)
{
    struct shard_replication told = {
        .self = {1}, .leader = {leader}, .role = "follower", .term = 4, .peers_count = 2};
    told.peers[0] =
        (struct shard_peer_told){{2}, "10.0.0.2:7400", .is_up = second, .trouble = "refused"};
    told.peers[1] = (struct shard_peer_told){{3}, "10.0.0.3:7400", .is_up = third};
    return told;
}

/* A story: at this moment these nodes are here; this is said. */
static const struct moment {
    const char *why;
    int64_t ms;
    bool second, third;
    uint32_t leader;
    const char *said; /* NULL: nothing */
    enum notice_level level;
} story[] = {
    {"not at once: they may come", 1000, false, false, 0, NULL, NOTICE_INFO},
    {"they have not", 2000, false, false, 0,
     "1 of 3 nodes is here, no majority; waiting for node 2 at 10.0.0.2:7400 (refused), node 3 at "
     "10.0.0.3:7400 (nothing is heard of it)",
     NOTICE_INFO},
    {"that is known", 3500, false, false, 0, NULL, NOTICE_INFO},
    {"but it lasts", 7100, false, false, 0,
     "1 of 3 nodes is here, no majority; waiting for node 2 at 10.0.0.2:7400 (refused), node 3 at "
     "10.0.0.3:7400 (nothing is heard of it)",
     NOTICE_WARNING},
    {"and then more rarely", 12200, false, false, 0, NULL, NOTICE_INFO},
    {"a majority, at once", 12300, true, false, 0,
     "2 of 3 nodes are here, a majority; waiting for node 3 at 10.0.0.3:7400 (nothing is heard of "
     "it)",
     NOTICE_INFO},
    {"a leader, too soon after", 12400, true, false, 2, NULL, NOTICE_INFO},
    {"a second later", 13400, true, true, 2, "all 3 nodes are here; node 2 leads, term 4",
     NOTICE_INFO},
    {"nothing changes", 100000, true, true, 2, NULL, NOTICE_INFO},
    {"a leader less is no news alone", 101000, true, true, 0, NULL, NOTICE_INFO},
    {"another one is", 102000, true, true, 1, "all 3 nodes are here; node 1 leads, term 4",
     NOTICE_INFO},
    {"alone again", 110000, false, false, 0,
     "1 of 3 nodes is here, no majority; waiting for node 2 at 10.0.0.2:7400 (refused), node 3 at "
     "10.0.0.3:7400 (nothing is heard of it)",
     NOTICE_WARNING},
};

static void expect_said(struct waiting *waiting, const struct moment *moment, const char *prefix)
{
    struct buffer line = {0};
    enum notice_level level = NOTICE_DEBUG;
    struct shard_replication told = three_nodes(moment->second, moment->third, moment->leader);
    bool said = waiting_step(waiting, &told, (instant){moment->ms * 1000000}, &level, &line);
    cr_expect_eq(said, moment->said != NULL, "%s: '%.*s'", moment->why, (int)line.len,
                 (const char *)line.data);
    if (said && moment->said != NULL) {
        cr_expect(slice_starts_with(buffer_slice(&line), slice_text(prefix)), "%s", moment->why);
        ROW_BYTES_EQ(moment, slice_from(buffer_slice(&line), strlen(prefix)), moment->said);
        ROW_EQ(moment, level, moment->level);
    }
    buffer_free(&line);
}

Test(waiting, of_the_first_lane_says_what_changes)
{
    struct waiting waiting = {0};
    FOR_ROWS (moment, story) expect_said(&waiting, moment, "");
}

Test(waiting, new_nodes_say_that_all_must_come)
{
    static const struct {
        const char *why, *role;
        bool third;
        uint64_t last;
        const char *said;
    } rows[] = {
        {"one is missing", "recovering", false, 0,
         "2 of 3 nodes are here, a majority; waiting for node 3 at 10.0.0.3:7400 (nothing is heard "
         "of it); nobody has data yet: the cluster begins when all are here"},
        {"it has begun", "recovering", false, 7,
         "2 of 3 nodes are here, a majority; waiting for node 3 at 10.0.0.3:7400 (nothing is heard "
         "of it)"},
        {"all are here", "recovering", true, 0, "all 3 nodes are here"},
    };
    FOR_ROWS (row, rows) {
        struct waiting waiting = {0};
        struct buffer line = {0};
        enum notice_level level;
        struct shard_replication told = three_nodes(true, row->third, 0);
        told.role = row->role;
        told.last = row->last;
        cr_expect(waiting_step(&waiting, &told, (instant){1000000}, &level, &line), "%s", row->why);
        ROW_BYTES_EQ(row, buffer_slice(&line), row->said);
        buffer_free(&line);
    }
}

static const struct moment other_story[] = {
    {"the first lane says so", 1000, false, false, 0, NULL, NOTICE_INFO},
    {"still", 5900, false, false, 0, NULL, NOTICE_INFO},
    {"only here, perhaps", 6100, false, true, 0, NULL, NOTICE_INFO},
    {"they come and go, which the first lane says", 7000, true, true, 2, NULL, NOTICE_INFO},
    {"all here", 19900, true, true, 2, NULL, NOTICE_INFO},
    {"alone", 20000, false, false, 0, NULL, NOTICE_INFO},
    {"for long", 26000, false, false, 0,
     "1 of 3 nodes is here, no majority; waiting for node 2 at 10.0.0.2:7400 (refused), node 3 at "
     "10.0.0.3:7400 (nothing is heard of it)",
     NOTICE_WARNING},
    {"no more", 30000, true, true, 2, "all 3 nodes are here; node 2 leads, term 4", NOTICE_INFO},
    {"then it is silent again", 31100, true, false, 2, NULL, NOTICE_INFO},
};

Test(waiting, of_other_lanes_says_what_lasts)
{
    struct waiting waiting = {.lane = 3};
    FOR_ROWS (moment, other_story) expect_said(&waiting, moment, "lane 3: ");
}

Test(waiting, a_node_that_is_filled_again_says_so)
{
    static const struct {
        const char *why, *role;
        uint64_t snapshots;
        const char *said;
    } rows[] = {
        {"while it lasts", "recovering", 0,
         "all 3 nodes are here; node 2 leads, term 4; this node has lost its data, or is new, and "
         "is being filled by the others: until then it does not count for a majority"},
        {"that is known", "recovering", 0, NULL},
        {"when it is over", "follower", 1,
         "all 3 nodes are here; node 2 leads, term 4; this node was filled from the others, and "
         "counts"},
        {"nothing new", "follower", 1, NULL},
        {"too quick to be seen", "follower", 2,
         "all 3 nodes are here; node 2 leads, term 4; this node was filled from the others, and "
         "counts"},
    };
    struct waiting waiting = {0};
    int64_t ms = 1000;
    FOR_ROWS (row, rows) {
        struct buffer line = {0};
        enum notice_level level;
        struct shard_replication told = three_nodes(true, true, 2);
        told.role = row->role;
        told.snapshots_received = row->snapshots;
        bool said = waiting_step(&waiting, &told, (instant){(ms += 2000) * 1000000}, &level, &line);
        cr_expect_eq(said, row->said != NULL, "%s", row->why);
        if (said && row->said != NULL) ROW_BYTES_EQ(row, buffer_slice(&line), row->said);
        buffer_free(&line);
    }
}
