/* known_test.c -- a node that starts again asks another one whether it still belongs there. */
#include "node/known.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/peer/join.h"
#include "test/core/registry/registry_fixture.h"
#include "test/lane/link_fixture.h"
#include "test/rows.h"

static const uint8_t secret[DATA_SECRET_BYTES] = "what the nodes of a cluster know";

static const struct known_row {
    const char *why;
    bool runs; /* the other node, which is asked */
    enum member_state state;
    struct join_answer answer;
    enum err want;
} rows[] = {
    {"it belongs to them", true, MEMBER_ALIVE, {.outcome = JOIN_WELCOME}, ERR_OK},
    {"it was removed", true, MEMBER_ALIVE, {.outcome = JOIN_REFUSED}, ERR_USAGE},
    {"that cannot be told now", true, MEMBER_ALIVE, {.outcome = JOIN_LATER}, ERR_OK},
    {"nobody answers: all may be starting", false, MEMBER_ALIVE, {.outcome = 0}, ERR_OK},
    {"who counted as dead may be back", true, MEMBER_DEAD, {.outcome = JOIN_REFUSED}, ERR_USAGE},
    {"who was removed is not asked", true, MEMBER_REMOVED, {.outcome = JOIN_REFUSED}, ERR_OK},
};

/* The other node, in a process of its own: who asks waits for the answer. */
NORETURN static void answer_for_ever(struct link_cluster *cluster, const struct known_row *row,
                                     int ready)
{
    struct link_joiner joiner;
    struct join_answer answer = row->answer;
    struct buffer bytes = {0};
    answer.why = SLICE("node 1 was removed");
    join_answer_write(&answer, &bytes);
    link_cluster_start(cluster, 2);
    if (write(ready, "", 1) != 1) _exit(1);
    for (;;) { /* ends: it is killed */
        link_cluster_turn(cluster);
        if (!links_next_joiner(cluster->nodes[1].links, &joiner)) continue;
        links_answer_joiner(cluster->nodes[1].links, joiner.ticket, buffer_slice(&bytes));
    }
}

static pid_t start_other(struct link_cluster *cluster, const struct known_row *row)
{
    int ends[2];
    char byte;
    if (!row->runs) return 0;
    cr_assert_eq(pipe(ends), 0);
    pid_t process = fork();
    cr_assert_geq(process, 0);
    if (process == 0) answer_for_ever(cluster, row, ends[1]);
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return process;
}

static void expect_row(const struct known_row *row)
{
    struct link_cluster cluster;
    struct fault fault = {0};
    struct registry_member members[] = {made_member(1, "", ""), made_member(2, "", "")};
    struct registry *registry = registry_new();
    struct data_folder folder = {.path = "/some/where", .lanes_count = 1};
    folder.identity = (struct data_identity){.node = {1}, .cluster = 7};
    memcpy(folder.identity.secret, secret, sizeof secret);
    link_cluster_prepare(&cluster, 2);
    cluster.nodes[1].config.secret = slice_of(secret, sizeof secret);
    members[1].peer_port = cluster.nodes[1].config.peers[1].address.port;
    made_step(registry, &(struct registry_event){.kind = REGISTRY_FORM,
                                                 .cluster = 7,
                                                 .shards_count = 1,
                                                 .replicas = 1,
                                                 .members = members,
                                                 .members_count = 2});
    if (row->state != MEMBER_ALIVE) made_state(registry, 2, MEMBER_DEAD, 1000);
    if (row->state == MEMBER_REMOVED) made_state(registry, 2, MEMBER_REMOVED, 2000);
    pid_t other = start_other(&cluster, row);
    const struct known_question question = {&folder, registry, &members[0], 0};
    struct known_answer answer = {0};
    ROW_EQ(row, known_ask(&question, &answer, &fault), row->want);
    known_answer_free(&answer);
    if (row->want != ERR_OK) {
        cr_expect(strstr(fault.text, "node 1 was removed") != NULL, "%s", fault.text);
        cr_expect(strstr(fault.text, folder.path) != NULL, "which folder: %s", fault.text);
    }
    if (other != 0) {
        cr_assert_eq(kill(other, SIGKILL), 0);
        cr_assert_eq(waitpid(other, NULL, 0), other);
    }
    registry_free(registry);
    link_cluster_free(&cluster);
}

Test(known, a_node_asks_whether_it_still_belongs_to_the_others)
{
    FOR_ROWS (row, rows) expect_row(row);
}
