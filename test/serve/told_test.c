/* told_test.c -- changes of settings and users, told to nodes that were away: the newest wins,
 * once, and what is no change is none. */
#include "serve/told.h"

#include <stdio.h>

#include "lane/lane_impl.h"
#include "serve/acl_impl.h"
#include "serve/config.h"
#include "serve/guest_impl.h"
#include "test/rows.h"
#include "test/serve/door_fixture.h"

enum { TURNS = 20, TURNS_MAX = 1000, ROWS_MAX = 4096, NODE_BITS = 16 };

/* One lane speaks to another so, or a node's to this one: by a guest of no client. */
struct teller {
    struct session session;
    struct session_guest guest;
};

static void teller_init(struct teller *teller, struct server *server, uint32_t from, uint64_t slot)
{
    *teller = (struct teller){.session = {.protocol = 2, .authenticated = true},
                              .guest = {.from = from, .slot = slot}};
    teller->session.user = acl_default_user(server->acl);
    teller->session.guest = &teller->guest;
}

/* What it is answered: good until the world ends. */
static const char *run_words(struct door_world *world, struct session *session,
                             const struct slice *argv, uint32_t argc)
{
    struct server *server = world->server;
    struct buffer said = {0};
    const struct command *command = command_find(server->commands, argv, argc, NULL);
    cr_assert(command != NULL);
    struct session_call call = {.server = server,
                                .session = session,
                                .command = command,
                                .argv = argv,
                                .argc = argc,
                                .reply = {&said, 2}};
    session_handler_of(command->id)(&call);
    const char *copy = arena_text(world->replicas.arena, buffer_slice(&said));
    buffer_free(&said);
    return copy;
}

static const char *run_line(struct door_world *world, struct session *session, const char *line)
{
    struct slice argv[DOOR_ARGUMENTS_MAX];
    uint32_t argc = 0;
    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        argv[argc++] = slice_of(line, len);
        line += len + (line[len] == ' ');
    }
    return run_words(world, session, argv, argc);
}

static const char *tell(struct door_world *world, const char *line)
{
    struct teller teller;
    teller_init(&teller, world->server, world->server->crossing->config.lanes_count,
                CROSSING_SLOT_LANE);
    return run_line(world, &teller.session, line);
}

static const char *change(struct door_world *world, const char *line)
{
    struct session client = {.protocol = 2, .user = acl_default_user(world->server->acl)};
    return run_line(world, &client, line);
}

/* Of a stamp as text: that count, of that node. */
static const char *told_line(struct door_world *world, uint64_t count, uint64_t node,
                             const char *what)
{
    struct buffer line = {0};
    buffer_append_format(&line, "CONFIG TOLD %llu %s",
                         (unsigned long long)(count << NODE_BITS | node), what);
    const char *copy = arena_text(world->replicas.arena, buffer_slice(&line));
    buffer_free(&line);
    return copy;
}

static int64_t timeout_of(const struct door_world *world)
{
    return config_integer(world->config, SETTING_TIMEOUT);
}

static bool has_user(const struct door_world *world, const char *name)
{
    return acl_find(world->server->acl, slice_text(name)) != NULL;
}

/* --- what the other node was told ------------------------------------------------------------- */

static void some_turns(struct door_world *world)
{
    for (int i = 0; i < TURNS; i++) replica_cluster_turn(&world->replicas);
}

/* A line each: as text that ends with the world. */
static const char *heard_of(struct door_world *world)
{
    struct arena *arena = world->replicas.arena;
    struct buffer bytes = door_heard(world, LINK_TELL), text = {0};
    struct slice rest = buffer_slice(&bytes);
    while (rest.len > 0) {
        struct ask ask;
        cr_assert_eq(ask_read(&rest, &ask), CROSSING_WHOLE);
        cr_expect_eq(ask.slot, CROSSING_SLOT_LANE);
        cr_expect_eq(ask.flags, ASK_QUIET);
        buffer_append(&text, slice_text(door_ask_text(&ask, arena)));
        buffer_append_byte(&text, '\n');
    }
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    buffer_free(&bytes);
    return copy;
}

static void forget(struct door_world *world)
{
    replica_node_forget(&world->replicas.nodes[world->theirs - 1]);
}

static bool is_linked(struct replica_cluster *cluster)
{
    struct door_world *world = (struct door_world *)(void *)cluster;
    return door_heard_count(world, LINK_UP) > 0 &&
           crossing_reaches(world->server, door_other_node(world));
}

/* The other node was away, and is back: what it is told then. */
static const char *told_at_return(struct door_world *world)
{
    some_turns(world);
    forget(world);
    lane_break_link(door_other_lane(world), door_node(world), 0);
    replica_cluster_until(&world->replicas, "they are linked again", is_linked);
    some_turns(world);
    return heard_of(world);
}

/* A line with the stamp that the change of that count has here. */
static const char *line_here(struct door_world *world, uint64_t count, const char *what)
{
    return told_line(world, count, world->ours, what);
}

/* --- the newest, once ------------------------------------------------------------------------- */

Test(told, the_newest_wins)
{
    static const struct {
        const char *why;
        uint64_t count, node;
        const char *what;
        int64_t timeout;
    } rows[] = {
        {"the first", 5, 3, "CONFIG SET timeout 10", 10},
        {"the next", 6, 3, "CONFIG SET timeout 20", 20},
        {"an older one comes late", 5, 9, "CONFIG SET timeout 30", 20},
        {"of the same count, of a greater node", 6, 4, "CONFIG SET timeout 40", 40},
        {"of a lesser", 6, 2, "CONFIG SET timeout 50", 40},
        {"by another way to write its name", 7, 2, "CONFIG SET TIMEOUT 60", 60},
        {"which is older", 6, 9, "CONFIG SET timeout 70", 60},
        {"another setting has stamps of its own", 1, 1, "CONFIG SET maxclients 99", 60},
    };
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    FOR_ROWS (row, rows) {
        const char *said = tell(world, told_line(world, row->count, row->node, row->what));
        cr_expect_str_eq(said, "+OK\r\n", "%s: %s", row->why, said);
        ROW_EQ(row, timeout_of(world), row->timeout);
    }
    cr_expect_eq(config_integer(world->config, SETTING_MAXCLIENTS), 99);
    door_world_free(world);
}

Test(told, users_come_and_go_by_their_stamps)
{
    static const struct {
        const char *why;
        uint64_t count;
        const char *what;
        bool is_there;
    } rows[] = {
        {"it comes", 5, "ACL SETUSER u reset on nopass", true},
        {"it goes", 7, "ACL DELUSER u", false},
        {"as it was meanwhile does not count", 6, "ACL SETUSER u reset on", false},
        {"it comes again", 8, "ACL SETUSER u reset on", true},
        {"its end was before that", 7, "ACL DELUSER u", true},
    };
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    FOR_ROWS (row, rows) {
        (void)tell(world, told_line(world, row->count, 3, row->what));
        ROW_EQ(row, has_user(world, "u"), row->is_there);
    }
    door_world_free(world);
}

/* A setting that was changed by hand, behind the cluster's back, shows whether it was done. */
Test(told, the_same_twice_is_done_once)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    const char *line = told_line(world, 5, 3, "CONFIG SET timeout 10");
    (void)tell(world, line);
    cr_expect_eq(timeout_of(world), 10);
    cr_assert_null(config_set(world->config, SETTING_TIMEOUT, SLICE("77"), world->replicas.arena));
    cr_expect_str_eq(tell(world, line), "+OK\r\n");
    cr_expect_eq(timeout_of(world), 77);
    door_world_free(world);
}

/* --- what is said ----------------------------------------------------------------------------- */

/* [I1] */
Test(told, a_change_here_is_above_all_that_were_seen)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    (void)change(world, "CONFIG SET timeout 10");
    (void)tell(world, told_line(world, 900, 3, "CONFIG SET maxclients 99"));
    (void)tell(world, told_line(world, 500, 3, "CONFIG SET maxclients 98")); /* late */
    (void)change(world, "CONFIG SET timeout 20");
    some_turns(world);
    struct buffer want = {0};
    buffer_append_format(&want, "%s\n%s\n", line_here(world, 1, "CONFIG SET timeout 10"),
                         line_here(world, 901, "CONFIG SET timeout 20"));
    const char *heard = heard_of(world);
    cr_expect(slice_eq(slice_text(heard), buffer_slice(&want)), "%s", heard);
    buffer_free(&want);
    door_world_free(world);
}

static const struct on_row {
    const char *why;
    bool of_node;
    const char *line; /* "*": it has a stamp */
} on_rows[] = {
    {"what another node has told with a stamp", true, "*CONFIG SET timeout 10"},
    {"what one has told its own way", true, "CONFIG SET timeout 20"},
    {"a user", true, "ACL SETUSER u on"},
    {"the end of one", true, "ACL DELUSER u"},
    {"what has come to another lane of this node, and from there", false, "CONFIG SET timeout 30"},
    {"that with a stamp", false, "*CONFIG SET timeout 11"},
    {"a user so", false, "ACL SETUSER v on"},
};

/* [I2] */
Test(told, what_was_told_is_not_told_on)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    struct crossing_config *config = &world->server->crossing->config;
    FOR_ROWS (row, on_rows) {
        struct teller teller;
        bool stamped = row->line[0] == '*';
        uint32_t other_lane = 0;
        teller_init(&teller, world->server, row->of_node ? config->lanes_count : other_lane,
                    CROSSING_SLOT_LANE);
        uint64_t count = 100 + (uint64_t)(row - on_rows);
        (void)run_line(world, &teller.session,
                       stamped ? told_line(world, count, 3, row->line + 1) : row->line);
        some_turns(world);
        const char *heard = heard_of(world);
        cr_expect_str_eq(heard, "", "%s: %s", row->why, heard);
        forget(world);
    }
    (void)change(world, "CONFIG SET timeout 40");
    some_turns(world);
    cr_expect_str_neq(heard_of(world), "", "what began here is");
    door_world_free(world);
}

/* A client of another lane has changed it: this one, the first, speaks for the node. */
Test(told, the_first_lane_speaks_for_the_clients_of_all)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    struct teller teller;
    teller_init(&teller, world->server, 0, CROSSING_SLOT_LANE + 3);
    (void)run_line(world, &teller.session, "CONFIG SET timeout 40");
    some_turns(world);
    const char *want = line_here(world, 1, "CONFIG SET timeout 40\n"), *heard = heard_of(world);
    cr_expect_str_eq(heard, want, "%s", heard);
    door_world_free(world);
}

Test(told, who_was_away_hears_what_counts_now)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    cr_expect_str_eq(told_at_return(world), "", "of nothing nothing is told");
    (void)change(world, "CONFIG SET timeout 10");
    (void)change(world, "ACL SETUSER u on >secret ~a:* &news +get");
    (void)change(world, "ACL SETUSER v on");
    (void)change(world, "CONFIG SET timeout 20");
    (void)change(world, "ACL DELUSER v");
    (void)tell(world, told_line(world, 50, 3, "CONFIG SET maxclients 99"));
    struct buffer want = {0};
    buffer_append_format(&want, "%s\n", line_here(world, 4, "CONFIG SET timeout 20"));
    buffer_append_format(
        &want, "%s\n",
        line_here(world, 2,
                  "ACL SETUSER u reset on sanitize-payload "
                  "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b "
                  "~a:* resetchannels &news -@all +get"));
    buffer_append_format(&want, "%s\n", line_here(world, 5, "ACL DELUSER v"));
    buffer_append_format(&want, "%s\n", told_line(world, 50, 3, "CONFIG SET maxclients 99"));
    buffer_append_byte(&want, '\0');
    for (int i = 0; i < 2; i++) {
        const char *heard = told_at_return(world);
        cr_expect_str_eq(heard, (const char *)want.data, "%s", heard);
    }
    buffer_free(&want);
    door_world_free(world);
}

/* --- what is understood of it ---------------------------------------------------------------- */

static const char *describe(const struct door_world *world, const char *name)
{
    const struct acl_user *user = acl_find(world->server->acl, slice_text(name));
    struct buffer text = {0};
    if (user != NULL) acl_describe_user(user, &text);
    const char *copy = arena_text(world->replicas.arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* Says what the other was told to this door, as if it had come from another node, later. */
static void tell_back(struct door_world *world, uint64_t count)
{
    struct buffer bytes = door_heard(world, LINK_TELL);
    struct slice rest = buffer_slice(&bytes);
    struct arena *arena = world->replicas.arena;
    struct teller teller;
    struct ask ask;
    char stamp[32];
    (void)snprintf(stamp, sizeof stamp, "%llu", (unsigned long long)(count << NODE_BITS | 3));
    teller_init(&teller, world->server, world->server->crossing->config.lanes_count,
                CROSSING_SLOT_LANE);
    while (rest.len > 0 && ask_read(&rest, &ask) == CROSSING_WHOLE) {
        struct slice *argv = ARENA_ARRAY(arena, struct slice, ask.argc);
        ask_arguments(&ask, argv);
        argv[2] = slice_text(stamp);
        (void)run_words(world, &teller.session, argv, ask.argc);
    }
    buffer_free(&bytes);
}

Test(told, a_user_is_understood_as_it_is)
{
    static const struct {
        const char *why, *name, *rules;
    } rows[] = {
        {"nobody may do anything", "u", ""},
        {"passwords and patterns", "u", "on >a >b ~x:* %R~y &c +@read -get"},
        {"no password", "u", "on nopass allkeys allchannels +@all"},
        {"selectors", "u", "on +get ~a (~b +set) (%W~c &d +@write -del)"},
        {"subcommands", "u", "on +config|get +client|id"},
        {"a quote", "u", "on nopass ~a\"b +get"},
        {"the other quote", "u", "on nopass ~it's +get"},
        {"a backslash, and quotes around", "u", "on nopass ~\"x\\n\" &\"y\" +get"},
        {"a name with a quote", "o'hara", "on nopass ~a +get"},
    };
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    FOR_ROWS (row, rows) {
        struct buffer line = {0};
        buffer_append_format(&line, "ACL SETUSER %s reset %s", row->name, row->rules);
        if (row->rules[0] == '\0') line.len--;
        buffer_append_byte(&line, '\0');
        const char *said = change(world, (const char *)line.data);
        cr_assert_str_eq(said, "+OK\r\n", "%s: %s", row->why, said);
        const char *want = describe(world, row->name);
        (void)told_at_return(world);
        struct acl *acl = world->server->acl;
        acl_user_remove(acl, acl_user_of(&acl->users, slice_text(row->name)));
        tell_back(world, 1000 * (uint64_t)(row - rows + 1));
        const char *got = describe(world, row->name);
        cr_expect_str_eq(got, want, "%s: '%s', not '%s'", row->why, got, want);
        buffer_free(&line);
    }
    door_world_free(world);
}

/* --- what is none ----------------------------------------------------------------------------- */

static const struct none_row {
    const char *why, *line;
} none_rows[] = {
    {"no stamp", "CONFIG TOLD x CONFIG SET timeout 10"},
    {"none at all", "CONFIG TOLD 0 CONFIG SET timeout 10"},
    {"less than none", "CONFIG TOLD -65539 CONFIG SET timeout 10"},
    {"more than there are", "CONFIG TOLD 9223372036854775808 CONFIG SET timeout 10"},
    {"no command", "CONFIG TOLD 65539 NOTHING SET timeout 10"},
    {"one of a client's", "CONFIG TOLD 65539 SET timeout 10 EX 10"},
    {"one that ends the node", "CONFIG TOLD 65539 SHUTDOWN NOSAVE NOW"},
    {"one of its kind", "CONFIG TOLD 65539 CONFIG TOLD 65540 CONFIG SET timeout 10"},
    {"another of CONFIG", "CONFIG TOLD 65539 CONFIG GET timeout"},
    {"another of ACL", "CONFIG TOLD 65539 ACL GETUSER default"},
    {"no setting", "CONFIG TOLD 65539 CONFIG SET nothing 10"},
    {"no value", "CONFIG TOLD 65539 CONFIG SET timeout"},
    {"two settings", "CONFIG TOLD 65539 CONFIG SET timeout 10 maxclients 10"},
    {"half a setting more", "CONFIG TOLD 65539 CONFIG SET timeout 10 maxclients"},
    {"nobody", "CONFIG TOLD 65539 ACL SETUSER"},
    {"two users", "CONFIG TOLD 65539 ACL DELUSER u v"},
};

Test(told, what_is_no_change_is_refused)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    int64_t timeout = timeout_of(world);
    FOR_ROWS (row, none_rows) {
        const char *said = tell(world, row->line);
        cr_expect_str_eq(said, "-ERR that is nothing to be told\r\n", "%s: %s", row->why, said);
    }
    cr_expect_eq(timeout_of(world), timeout);
    const char *heard = told_at_return(world);
    cr_expect_str_eq(heard, "", "nothing is kept of it: %s", heard);
    door_world_free(world);
}

Test(told, nobody_but_a_node_says_it)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    const char *line = told_line(world, 5, 3, "CONFIG SET timeout 10");
    const char *refused = "-ERR CONFIG TOLD is said between nodes only\r\n";
    struct teller teller;
    int64_t timeout = timeout_of(world);
    teller_init(&teller, world->server, 0, CROSSING_SLOT_LANE + 1);
    cr_expect_str_eq(change(world, line), refused, "a client");
    cr_expect_str_eq(run_line(world, &teller.session, line), refused, "a client of another lane");
    struct session *client = door_client(world);
    door_say(world, client, line);
    some_turns(world);
    cr_expect(slice_starts_with(door_answers(client), SLICE("-ERR ")));
    cr_expect_eq(timeout_of(world), timeout);
    door_world_free(world);
}

/* As if it had come by the link. */
static void bring(struct door_world *world, enum link_kind kind, struct slice bytes)
{
    struct lane *lane = door_lane(world);
    struct message *message = message_new(world->theirs, 0, (uint32_t)kind);
    if (bytes.len > 0) buffer_append(&message->bytes, bytes);
    cr_assert(lane->inbox == NULL);
    lane->inbox = lane->inbox_last = message;
    crossing_nodes_turn(world->server);
}

/* In memory of its own, so that nobody reads beyond it; on a link that has just come. */
static void bring_fresh(struct door_world *world, struct slice bytes)
{
    bring(world, LINK_UP, (struct slice){0});
    bring(world, LINK_TELL, bytes);
    replica_cluster_turn(&world->replicas);
}

static struct buffer told_bytes(const char *const *words, uint32_t count)
{
    struct slice argv[DOOR_ARGUMENTS_MAX];
    struct ask ask = {
        .slot = CROSSING_SLOT_LANE, .shard = {SHARD_NONE}, .flags = ASK_QUIET, .argc = count};
    struct buffer bytes = {0};
    for (uint32_t i = 0; i < count; i++) argv[i] = slice_text(words[i]);
    ask_write(&bytes, &ask, argv);
    return bytes;
}

/* Any bit may be another; and it ends anywhere. What is good is taken all the same. */
Test(told, bytes_that_are_damaged)
{
    static const char *const words[] = {"CONFIG", "TOLD",    "327683", "CONFIG",
                                        "SET",    "tImeout", "10"};
    static const char *const later[] = {"CONFIG", "TOLD",    "9999999999", "CONFIG",
                                        "SET",    "timeout", "20"};
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    struct buffer bytes = told_bytes(words, COUNT_OF(words)), good = told_bytes(later, 7);
    for (size_t i = 0; i < bytes.len; i++) {
        bring_fresh(world, slice_of(bytes.data, i));
        bytes.data[i] ^= (uint8_t)(1U << i % 8);
        bring_fresh(world, buffer_slice(&bytes));
        bytes.data[i] ^= (uint8_t)(1U << i % 8);
    }
    cr_expect(crossing_stats(world->server->crossing)->bad > 0);
    bring_fresh(world, buffer_slice(&good));
    some_turns(world);
    cr_expect_eq(timeout_of(world), 20);
    buffer_free(&good);
    buffer_free(&bytes);
    door_world_free(world);
}

/* Who says it is not listened to any more, until the link is made again. */
Test(told, words_that_are_never_told)
{
    static const char *const rows[][2] = {{"FLUSHALL", "SYNC"},
                                          {"SHUTDOWN", "NOSAVE"},
                                          {"SET", "key"},
                                          {"CONFIG", "REWRITE"},
                                          {"NOTHING", "NOTHING"}};
    static const char *const good[] = {"CONFIG", "TOLD",    "327683", "CONFIG",
                                       "SET",    "timeout", "10"};
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    const struct crossing_stats *stats = crossing_stats(world->server->crossing);
    int64_t timeout = timeout_of(world);
    struct buffer told = told_bytes(good, COUNT_OF(good));
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer bytes = told_bytes(rows[i], 2);
        uint64_t bad = stats->bad;
        bring(world, LINK_UP, (struct slice){0});
        buffer_append(&bytes, buffer_slice(&told));
        bring(world, LINK_TELL, buffer_slice(&bytes));
        cr_expect_eq(stats->bad - bad, 1, "%s", rows[i][0]);
        replica_cluster_turn(&world->replicas);
        cr_expect_eq(timeout_of(world), timeout, "%s: nor what is behind it", rows[i][0]);
        buffer_free(&bytes);
    }
    cr_expect(!world->server->stop_wanted);
    bring_fresh(world, buffer_slice(&told));
    cr_expect_eq(timeout_of(world), 10);
    buffer_free(&told);
    door_world_free(world);
}

/* [I3] A newer version may say what this one does not know. */
Test(told, what_cannot_be_done_here_is_left_to_others)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    (void)tell(world, told_line(world, 5, 3, "ACL SETUSER new on +nothing"));
    (void)tell(world, told_line(world, 6, 3, "CONFIG SET timeout never"));
    cr_expect(!has_user(world, "new"));
    const char *heard = told_at_return(world);
    cr_expect_str_eq(heard, "", "not even that there is no such user: %s", heard);
    (void)tell(world, told_line(world, 7, 3, "CONFIG SET timeout 10"));
    (void)tell(world, told_line(world, 8, 3, "CONFIG SET timeout never"));
    heard = told_at_return(world);
    const char *want = told_line(world, 7, 3, "CONFIG SET timeout 10\n");
    cr_expect_str_eq(heard, want, "what was done: %s", heard);
    (void)change(world, "CONFIG SET timeout 20");
    want = line_here(world, 9, "CONFIG SET timeout 20\n");
    heard = told_at_return(world);
    cr_expect_str_eq(heard, want, "a change here is above it all the same: %s", heard);
    door_world_free(world);
}

/* --- as many as may be ------------------------------------------------------------------------ */

static void fill(struct door_world *world)
{
    char name[16];
    const struct slice argv[] = {SLICE("CONFIG"), SLICE("TOLD"),    SLICE("65539"),
                                 SLICE("ACL"),    SLICE("DELUSER"), slice_of(name, 5)};
    struct teller teller;
    teller_init(&teller, world->server, world->server->crossing->config.lanes_count,
                CROSSING_SLOT_LANE);
    for (uint32_t i = 0; i < ROWS_MAX; i++) {
        for (uint32_t k = 0; k < 5; k++) name[k] = (char)('a' + (i >> 3 * k & 7));
        (void)run_words(world, &teller.session, argv, COUNT_OF(argv));
    }
}

static uint32_t lines_of(const char *text)
{
    uint32_t count = 0;
    for (; *text != '\0'; text++) count += *text == '\n';
    return count;
}

Test(told, no_more_than_so_many_are_kept)
{
    struct door_world *world = door_world_new(DOOR_FOLLOWS);
    int64_t clients = config_integer(world->config, SETTING_MAXCLIENTS);
    (void)change(world, "CONFIG SET timeout 10");
    fill(world); /* the last finds no room */
    cr_expect_str_eq(tell(world, told_line(world, 9, 3, "CONFIG SET maxclients 77")), "+OK\r\n");
    cr_expect_eq(config_integer(world->config, SETTING_MAXCLIENTS), clients);
    (void)tell(world, told_line(world, 9, 3, "CONFIG SET timeout 20"));
    cr_expect_eq(timeout_of(world), 20, "one that has its place");
    some_turns(world);
    forget(world);
    (void)change(world, "CONFIG SET maxclients 66");
    cr_expect_eq(config_integer(world->config, SETTING_MAXCLIENTS), 66, "here it is done");
    some_turns(world);
    cr_expect_str_eq(heard_of(world), "");
    const char *heard = told_at_return(world);
    cr_expect_eq(lines_of(heard), ROWS_MAX, "%u", lines_of(heard));
    door_world_free(world);
}
