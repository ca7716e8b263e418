/* gone_test.c -- a node that ends says so: what it has not answered is asked of the next, and
 * nobody is told that a write may or may not have happened. One that is merely lost has not. */
#include "serve/door.h"
#include "serve/guest_impl.h"
#include "test/rows.h"
#include "test/serve/door_fixture.h"

enum { ASKS_MAX = 4, LATER_TURNS = 20, TURNS_MAX = 1000 };

static struct door_world *world_of(struct replica_cluster *cluster)
{
    return (struct door_world *)(void *)cluster;
}

static struct replica_node *their_replica(struct door_world *world)
{
    return &world->replicas.nodes[world->theirs - 1];
}

static void some_turns(struct door_world *world)
{
    for (int i = 0; i < LATER_TURNS; i++) replica_cluster_turn(&world->replicas);
}

/* --- who waits for an answer ------------------------------------------------------------------ */

struct asks { /* that the other node has heard, and did not forget */
    struct buffer bytes;
    struct ask asks[ASKS_MAX];
    uint32_t count;
};

/* Without farewells of guests. */
static void read_asks(const struct door_world *world, struct asks *heard)
{
    *heard = (struct asks){.bytes = door_heard(world, LINK_ASKS)};
    struct slice rest = buffer_slice(&heard->bytes);
    while (rest.len > 0) {
        struct ask ask;
        cr_assert_eq(ask_read(&rest, &ask), CROSSING_WHOLE);
        if (ask.flags & ASK_BYE) continue;
        cr_assert_lt(heard->count, ASKS_MAX);
        heard->asks[heard->count++] = ask;
    }
}

static uint32_t asks_count(const struct door_world *world)
{
    struct asks heard;
    read_asks(world, &heard);
    buffer_free(&heard.bytes);
    return heard.count;
}

static void wait_for_asks(struct door_world *world, uint32_t count)
{
    for (int i = 0; i < TURNS_MAX && asks_count(world) < count; i++)
        replica_cluster_turn(&world->replicas);
    cr_assert_eq(asks_count(world), count, "%u asks, not %u", asks_count(world), count);
}

static void answer(struct door_world *world, const struct ask *ask, const char *reply)
{
    struct buffer bytes = {0};
    struct answer_told told = {.slot = ask->slot,
                               .id = ask->id,
                               .entry = ask->entry,
                               .shard = ask->shard,
                               .kind = ANSWER_REPLY,
                               .reply = slice_text(reply)};
    answer_write(&bytes, &told);
    door_send_kind(world, LINK_ANSWERS, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void says_gone(struct door_world *world)
{
    door_send_kind(world, LINK_GONE, (struct slice){0});
}

static void breaks(struct door_world *world)
{
    lane_break_link(door_other_lane(world), door_node(world), 0);
}

static void answers_one(struct door_world *world)
{
    struct asks heard;
    read_asks(world, &heard);
    answer(world, &heard.asks[0], "+FIRST\r\n");
    buffer_free(&heard.bytes);
}

static void answers_one_and_says_gone(struct door_world *world)
{
    answers_one(world);
    says_gone(world);
}

static void answers_one_and_breaks(struct door_world *world)
{
    answers_one(world);
    some_turns(world);
    breaks(world);
}

#define UNKNOWN   "-UNKNOWN the write may or may not have happened: the link to node"
#define TRY_AGAIN "-TRYAGAIN nothing was read: the link to node"

enum { LINES_MAX = 3 };
/* Others are served where they are, unless something was asked before them. */
#define READ "WATCH a"

static const struct end_row {
    const char *why;
    const char *lines[LINES_MAX];
    void (*ends)(struct door_world *world);
    const char *said[LINES_MAX];  /* the beginnings, before it is asked again */
    const char *again[LINES_MAX]; /* what is asked again */
    uint32_t unknown;
} end_rows[] = {
    {"a write is asked again", {"SET a 1"}, says_gone, {0}, {"SET a 1"}, 0},
    {"a read is", {READ}, says_gone, {0}, {READ}, 0},
    {"all, in their order",
     {"SET a 1", "GET a", "SET a 2"},
     says_gone,
     {0},
     {"SET a 1", "GET a", "SET a 2"},
     0},
    {"but not what it has answered",
     {"SET a 1", "INCR b"},
     answers_one_and_says_gone,
     {"+FIRST\r\n"},
     {"INCR b"},
     0},
    {"of a write that a lost node was asked nobody knows", {"SET a 1"}, breaks, {UNKNOWN}, {0}, 1},
    {"a read is asked again of whoever leads", {READ}, breaks, {0}, {READ}, 0},
    {"one behind a write, wherever it may be served",
     {"SET a 1", "GET a"},
     breaks,
     {UNKNOWN},
     {0},
     1},
    {"but not before one",
     {"SET a 1", "GET a", "SET a 2"},
     breaks,
     {UNKNOWN, TRY_AGAIN, UNKNOWN},
     {0},
     2},
    {"what was answered is known",
     {"SET a 1", "INCR b"},
     answers_one_and_breaks,
     {"+FIRST\r\n", UNKNOWN},
     {0},
     1},
};

static uint32_t count_of(const char *const texts[LINES_MAX])
{
    uint32_t count = 0;
    while (count < LINES_MAX && texts[count] != NULL) count++;
    return count;
}

/* What is neither answered nor asked again is a read, which waits for what it may be read at. */
static bool is_served_here(const struct end_row *row)
{
    return count_of(row->said) + count_of(row->again) < count_of(row->lines);
}

/* Replies are lines here. */
static void expect_said(const struct end_row *row, const struct session *client)
{
    struct slice rest = door_answers(client);
    for (uint32_t i = 0; i < count_of(row->said); i++) {
        cr_expect(slice_starts_with(rest, slice_text(row->said[i])), "%s: %.*s", row->why,
                  (int)rest.len, (const char *)rest.data);
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        if (end == NULL) return;
        rest = slice_from(rest, (size_t)(end - rest.data) + 1);
    }
    bool good = rest.len == 0 || (is_served_here(row) && rest.data[0] != '-');
    cr_expect(good, "%s: %.*s too", row->why, (int)rest.len, (const char *)rest.data);
}

/* What is asked again begins again, and is answered in its place. */
static void expect_again(const struct end_row *row, struct door_world *world)
{
    struct asks heard;
    struct arena *arena = arena_new();
    read_asks(world, &heard);
    ROW_EQ(row, heard.count, count_of(row->again));
    for (uint32_t i = 0; i < u64_min(heard.count, count_of(row->again)); i++) {
        const char *text = door_ask_text(&heard.asks[i], arena);
        cr_expect_str_eq(text, row->again[i], "%s: %s", row->why, text);
        cr_expect(((heard.asks[i].flags & ASK_RESTART) != 0) == (i == 0), "%s", row->why);
        answer(world, &heard.asks[i], "+AGAIN\r\n");
    }
    arena_free(arena);
    buffer_free(&heard.bytes);
}

static bool door_is_linked(struct replica_cluster *cluster)
{
    struct door_world *world = world_of(cluster);
    return door_heard_count(world, LINK_UP) > 0 &&
           crossing_reaches(world->server, door_other_node(world));
}

static uint32_t lines_of(const struct session *client)
{
    struct slice all = door_answers(client);
    uint32_t lines = 0;
    for (size_t i = 0; i < all.len; i++) lines += all.data[i] == '\n';
    return lines;
}

static void try_end(struct door_world *world, const struct end_row *row)
{
    struct session *client = door_client(world);
    uint64_t unknown = crossing_stats(world->server->crossing)->unknown;
    for (uint32_t i = 0; i < count_of(row->lines); i++) door_say(world, client, row->lines[i]);
    wait_for_asks(world, count_of(row->lines));
    row->ends(world);
    replica_node_forget(their_replica(world));
    replica_cluster_until(&world->replicas, "they are linked again", door_is_linked);
    wait_for_asks(world, count_of(row->again));
    some_turns(world);
    expect_said(row, client);
    expect_again(row, world);
    ROW_EQ(row, crossing_stats(world->server->crossing)->unknown - unknown, row->unknown);
    some_turns(world);
    if (!is_served_here(row)) ROW_EQ(row, lines_of(client), count_of(row->lines));
    session_close(world->server, client);
    replica_cluster_turn(&world->replicas);
    replica_node_forget(their_replica(world));
}

Test(gone, who_waits_for_an_answer)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    FOR_ROWS (row, end_rows) try_end(world, row);
    door_world_free(world);
}

/* --- who ends --------------------------------------------------------------------------------- */

static const struct ask a_guest = {.slot = 1, .id = 5, .flags = ASK_RESTART};

static void guest_asks(struct door_world *world, uint64_t entry, const char *line)
{
    struct ask ask = a_guest;
    ask.entry = entry;
    door_send_ask(world, LINK_ASKS, &ask, line);
}

static bool has_heard(struct door_world *world, enum link_kind kind, uint32_t count)
{
    for (int i = 0; i < TURNS_MAX && door_heard_count(world, kind) < count; i++)
        replica_cluster_turn(&world->replicas);
    return door_heard_count(world, kind) >= count;
}

/* Kinds in the order in which they were heard, a letter each. */
static const char *order_of(struct door_world *world)
{
    struct buffer text = {0};
    for (const struct message *at = their_replica(world)->heard; at != NULL; at = at->next) {
        if (at->kind == LINK_ANSWERS) buffer_append_byte(&text, 'a');
        if (at->kind == LINK_GONE) buffer_append_byte(&text, 'g');
    }
    const char *copy = arena_text(world->replicas.arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static uint32_t guests_count(const struct door_world *world)
{
    return world->server->crossing->guests->count;
}

/* [N1] */
Test(gone, is_said_behind_the_last_answer)
{
    struct door_world *world = door_world_new(DOOR_LEADS);
    struct crossing *crossing = world->server->crossing;
    guest_asks(world, 1, "SET a 1");
    cr_assert(has_heard(world, LINK_ANSWERS, 1));
    struct answer_told told = {.slot = 1, .id = 5, .entry = 2, .reply = SLICE("+LAST\r\n")};
    crossing_answer(crossing, crossing->config.lanes_count, &told); /* not sent yet */
    cr_expect(!door_part(world->server));
    cr_assert(has_heard(world, LINK_ANSWERS, 2));
    some_turns(world);
    cr_expect_str_eq(order_of(world), "aa", "while something is unsent it is not said");
    cr_expect(!door_part(world->server), "the other end has not ended the link");
    cr_expect(!door_part(world->server));
    cr_assert(has_heard(world, LINK_GONE, 1));
    some_turns(world);
    cr_expect_str_eq(order_of(world), "aag", "once");
    door_world_free(world);
}

/* A door that still has to answer does not end: the answer waits for the other node's vote. */
Test(gone, is_not_said_while_an_answer_waits)
{
    struct door_world *world = door_world_new(DOOR_LEADS);
    guest_asks(world, 1, "SET a 1");
    for (int i = 0; i < TURNS_MAX && guests_count(world) == 0; i++)
        replica_cluster_turn(&world->replicas);
    cr_assert_eq(guests_count(world), 1);
    cr_expect(!door_finish(world->server));
    cr_assert(has_heard(world, LINK_ANSWERS, 1));
    replica_cluster_turn(&world->replicas);
    cr_expect(door_finish(world->server));
    door_world_free(world);
}

/* [N2] */
Test(gone, nothing_more_is_done_for_who_was_told)
{
    struct door_world *world = door_world_new(DOOR_LEADS);
    guest_asks(world, 1, "BLPOP list 0");
    some_turns(world);
    cr_assert_eq(guests_count(world), 1);
    cr_expect(!door_part(world->server));
    cr_expect_eq(guests_count(world), 0, "who waits for keys waits elsewhere");
    guest_asks(world, 2, "SET late 1");
    cr_assert(has_heard(world, LINK_GONE, 1));
    some_turns(world);
    cr_expect(replica_says(&world->replicas, world->ours, "EXISTS late", ":0\r\n"));
    cr_expect_str_eq(order_of(world), "g");
    cr_expect_eq(guests_count(world), 0);
    door_world_free(world);
}

static bool link_is_down(struct replica_cluster *cluster)
{
    struct door_world *world = world_of(cluster);
    return !crossing_reaches(world->server, door_other_node(world));
}

Test(gone, all_know_when_their_links_have_ended)
{
    struct door_world *world = door_world_new(DOOR_LEADS);
    cr_expect(!door_part(world->server));
    cr_assert(has_heard(world, LINK_GONE, 1));
    cr_expect(!door_part(world->server));
    lane_part_link(door_other_lane(world), door_node(world), 0);
    replica_cluster_until(&world->replicas, "the link has ended", link_is_down);
    cr_expect(door_part(world->server));
    replica_cluster_until(&world->replicas, "it is made again", door_is_linked);
    cr_expect(door_part(world->server), "who comes now is not waited for");
    cr_assert(has_heard(world, LINK_GONE, 2), "but told");
    door_world_free(world);
}

/* Told so by one that has said it already, or that is not there. */
Test(gone, twice_is_once)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    struct session *client = door_client(world);
    door_say(world, client, "SET a 1");
    wait_for_asks(world, 1);
    says_gone(world);
    says_gone(world);
    replica_node_forget(their_replica(world));
    replica_cluster_until(&world->replicas, "they are linked again", door_is_linked);
    wait_for_asks(world, 1);
    some_turns(world);
    cr_expect_eq(asks_count(world), 1);
    cr_expect_eq(door_answers(client).len, 0);
    door_world_free(world);
}
