/* link_test.c -- links over loopback: shaking hands, sending, losing, and what strangers do. */
#include "core/peer/peer.h"
#include "core/raft/raft_batch.h"
#include "test/io/io_fixture.h"
#include "test/lane/link_fixture.h"
#include "test/rows.h"

static const node_id node_1 = {1}, node_2 = {2};

static struct link_cluster two_up(void)
{
    struct link_cluster cluster;
    link_cluster_prepare(&cluster, 2);
    link_cluster_start(&cluster, 1);
    link_cluster_start(&cluster, 2);
    link_cluster_until(&cluster, "a link", link_cluster_is_up);
    link_cluster_turn(&cluster); /* so that both have taken LINK_UP */
    return cluster;
}

static bool second_has_two(struct link_cluster *cluster)
{
    return cluster->nodes[1].seen_count >= 2;
}

static bool first_has_two(struct link_cluster *cluster)
{
    return cluster->nodes[0].seen_count >= 2;
}

static bool second_is_alone(struct link_cluster *cluster)
{
    return !links_is_up(cluster->nodes[1].links, node_1, 0);
}

static void expect_seen(const struct link_node *node, uint32_t at, enum link_kind kind,
                        const char *text)
{
    cr_assert_lt(at, node->seen_count, "%s has not come", text);
    const struct link_seen *seen = &node->seen[at];
    cr_expect_eq(seen->kind, kind, "kind %d, not %d", (int)seen->kind, (int)kind);
    cr_expect(slice_eq(buffer_slice(&seen->bytes), slice_text(text)), "'%.*s', not '%s'",
              (int)seen->bytes.len, (const char *)seen->bytes.data, text);
}

static bool first_has_one(struct link_cluster *cluster)
{
    return cluster->nodes[0].seen_count >= 1;
}

Test(link, a_peer_goes_and_comes_back_while_they_run)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0];
    link_node_forget(first);
    links_set_peers(first->links, first->config.peers, 0);
    cr_expect(!links_is_up(first->links, node_2, 0));
    cr_expect(!links_send(first->links, node_2, 0, LINK_RAFT, SLICE("nobody"), NULL, 0));
    link_cluster_until(&cluster, "its end is told", first_has_one);
    expect_seen(first, 0, LINK_DOWN, "");
    link_cluster_until(&cluster, "the other knows", second_is_alone);
    links_set_peers(first->links, first->config.peers, first->config.peers_count);
    link_cluster_until(&cluster, "it is up again", link_cluster_is_up);
    link_cluster_until(&cluster, "which is told", first_has_two);
    expect_seen(first, 1, LINK_UP, "");
    link_cluster_free(&cluster);
}

Test(link, of_three_nodes_come_up_and_carry_frames)
{
    struct link_cluster cluster;
    link_cluster_prepare(&cluster, 3);
    for (uint32_t i = 3; i > 0; i--) link_cluster_start(&cluster, i);
    link_cluster_until(&cluster, "all links", link_cluster_is_up);
    link_cluster_turn(&cluster);
    struct link_node *first = &cluster.nodes[0], *second = &cluster.nodes[1];
    link_node_forget(second);
    cr_expect(links_send(first->links, node_2, 0, LINK_RAFT, SLICE("to the second"), NULL, 0));
    cr_expect(links_send(first->links, node_2, 0, LINK_TELL, SLICE(""), NULL, 0));
    link_cluster_until(&cluster, "two frames", second_has_two);
    expect_seen(second, 0, LINK_RAFT, "to the second");
    expect_seen(second, 1, LINK_TELL, "");
    cr_expect_eq(second->seen[0].from.n, 1);
    cr_expect_str_eq(links_trouble(first->links, node_2, 0), "");
    cr_expect(!links_send(first->links, (node_id){9}, 0, LINK_RAFT, SLICE("x"), NULL, 0), "nobody");
    cr_expect(!links_send(first->links, node_1, 0, LINK_RAFT, SLICE("x"), NULL, 0), "ourselves");
    link_cluster_free(&cluster);
}

/* Larger than sockets' buffers and io's own, in pieces of batches, which are let go afterwards. */
Test(link, carries_a_frame_of_megabytes_by_reference)
{
    enum { SPANS = 3, SPAN_BYTES = 3 << 20 };
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0], *second = &cluster.nodes[1];
    struct raft_span spans[SPANS];
    struct buffer all = {0};
    buffer_append(&all, SLICE("head"));
    uint8_t *memory = buffer_reserve(&all, SPANS * SPAN_BYTES);
    for (size_t i = 0; i < SPANS * SPAN_BYTES; i++) memory[i] = (uint8_t)(i * 7 + i / 1000);
    all.len += SPANS * SPAN_BYTES;
    struct raft_batch *batch = raft_batch_new(64);
    for (size_t i = 0; i < SPANS; i++) {
        struct slice bytes = slice_of(memory + i * SPAN_BYTES, SPAN_BYTES);
        spans[i] = (struct raft_span){batch, bytes, 1, 1};
    }
    link_node_forget(second);
    cr_expect(links_send(first->links, node_2, 0, LINK_RAFT, SLICE("head"), spans, SPANS),
              "an empty queue takes more than its bound");
    cr_expect(!links_send(first->links, node_2, 0, LINK_RAFT, SLICE("more"), NULL, 0),
              "a full one takes nothing");
    raft_batch_unref(batch);
    link_cluster_turn(&cluster);
    link_cluster_until(&cluster, "room for more", link_cluster_is_up);
    while (!links_send(first->links, node_2, 0, LINK_RAFT, SLICE("more"), NULL, 0)) {
        link_cluster_turn(&cluster);
    }
    link_cluster_until(&cluster, "two frames", second_has_two);
    cr_expect(slice_eq(buffer_slice(&second->seen[0].bytes), buffer_slice(&all)));
    expect_seen(second, 1, LINK_RAFT, "more");
    buffer_free(&all);
    link_cluster_free(&cluster);
}

Test(link, gives_what_came_before_the_end_and_comes_again)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0], *second = &cluster.nodes[1];
    link_node_forget(second);
    second->deaf = true; /* so that the last word and the end come together */
    cr_assert(links_send(first->links, node_2, 0, LINK_RAFT, SLICE("last word"), NULL, 0));
    links_flush(first->links);
    link_cluster_stop(&cluster, 1);
    link_cluster_until(&cluster, "an end", second_is_alone);
    second->deaf = false;
    link_cluster_turn(&cluster);
    expect_seen(second, 0, LINK_RAFT, "last word");
    expect_seen(second, 1, LINK_DOWN, "");
    cr_expect_str_not_empty(links_trouble(second->links, node_1, 0));
    link_node_forget(second);
    link_cluster_start(&cluster, 1);
    link_cluster_until(&cluster, "a link again", link_cluster_is_up);
    link_cluster_turn(&cluster);
    expect_seen(second, 0, LINK_UP, "");
    cr_expect_str_empty(links_trouble(second->links, node_1, 0));
    link_cluster_free(&cluster);
}

/* The first node dies without a word being read, and comes again: what it had said before is not
 * given, since the other would take it for something said now. */
Test(link, drops_what_an_earlier_connection_brought)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0], *second = &cluster.nodes[1];
    struct io *old_io = first->io;
    struct links *old = first->links;
    link_node_forget(second);
    second->deaf = true;
    cr_assert(links_send(old, node_2, 0, LINK_RAFT, SLICE("of old"), NULL, 0));
    links_flush(old);
    link_cluster_turn(&cluster);
    link_cluster_turn(&cluster);
    first->config.peers[0].address.port = 0; /* its old self keeps the port */
    link_cluster_start(&cluster, 1);
    link_cluster_until(&cluster, "the new one", link_cluster_is_up);
    cr_assert(links_send(first->links, node_2, 0, LINK_RAFT, SLICE("of now"), NULL, 0));
    links_flush(first->links);
    for (uint32_t i = 0; i < 5; i++) link_cluster_turn(&cluster);
    second->deaf = false;
    link_cluster_until(&cluster, "two frames", second_has_two);
    link_cluster_turn(&cluster);
    expect_seen(second, 0, LINK_DOWN, "");
    expect_seen(second, 1, LINK_UP, "");
    expect_seen(second, 2, LINK_RAFT, "of now");
    cr_expect_eq(second->seen_count, 3);
    links_free(old);
    io_free(old_io);
    link_cluster_free(&cluster);
}

Test(link, breaks_off_what_is_silent_but_not_after_its_own_pause)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0];
    int64_t silence_ns = first->config.silence.ns;
    instant now = {io_now(first->io).ns + 10 * silence_ns};
    (void)links_turn(first->links, now);
    cr_expect(links_is_up(first->links, node_2, 0), "we have slept, not they");
    for (uint32_t i = 0; i < 3; i++) {
        now.ns += silence_ns / 4;
        instant next = links_turn(first->links, now);
        cr_expect_leq(next.ns, now.ns + silence_ns / 4, "a ping is due");
        cr_expect(links_is_up(first->links, node_2, 0), "not yet");
    }
    now.ns += silence_ns / 4;
    (void)links_turn(first->links, now);
    cr_expect(!links_is_up(first->links, node_2, 0), "silent for too long");
    cr_expect(strstr(links_trouble(first->links, node_2, 0), "silent for") != NULL, "%s",
              links_trouble(first->links, node_2, 0));
    link_cluster_free(&cluster);
}

Test(link, wants_another_turn_while_something_is_left)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0], *second = &cluster.nodes[1];
    struct link_frame frame;
    second->deaf = true;
    cr_assert(links_send(first->links, node_2, 0, LINK_RAFT, SLICE("a"), NULL, 0));
    cr_assert(links_send(first->links, node_2, 0, LINK_RAFT, SLICE("b"), NULL, 0));
    uint64_t before = links_stats(second->links)->bytes_received;
    while (links_stats(second->links)->bytes_received == before) link_cluster_turn(&cluster);
    instant now = io_now(second->io);
    cr_expect_eq(links_turn(second->links, now).ns, now.ns, "two are left");
    cr_assert(links_next(second->links, &frame));
    cr_expect_eq(links_turn(second->links, now).ns, now.ns, "one is left");
    cr_assert(links_next(second->links, &frame));
    cr_expect(slice_eq(frame.bytes, SLICE("b")));
    cr_assert(!links_next(second->links, &frame));
    cr_expect_gt(links_turn(second->links, now).ns, now.ns, "nothing is left");
    link_cluster_free(&cluster);
}

Test(link, says_something_when_there_is_nothing_to_say)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0], *second = &cluster.nodes[1];
    uint64_t before = links_stats(second->links)->bytes_received;
    uint32_t seen = second->seen_count;
    (void)links_turn(first->links, (instant){io_now(first->io).ns + first->config.silence.ns / 4});
    links_flush(first->links);
    while (links_stats(second->links)->bytes_received == before) link_cluster_turn(&cluster);
    cr_expect_eq(second->seen_count, seen, "a ping is no frame for the consumer");
    link_cluster_free(&cluster);
}

/* --- other numbers of lanes ------------------------------------------------------------------- */

/* Node 3 with one lane, and both lanes of node 2, which connect to it. */
static void prepare_lanes(struct link_cluster *cluster)
{
    link_cluster_prepare(cluster, 3);
    struct link_peer third = cluster->nodes[0].config.peers[0];
    struct link_peer second = cluster->nodes[0].config.peers[1];
    third.node.n = 3;
    third.lanes_count = 1;
    for (uint32_t i = 0; i < 3; i++) {
        struct link_config *config = &cluster->nodes[i].config;
        config->self.n = i == 0 ? 3 : 2;
        config->lane = i == 2;
        config->lanes_count = i == 0 ? 1 : 2;
        config->peers_count = 2;
        config->peers[0] = third;
        config->peers[1] = second;
    }
}

static bool both_lanes_are_up(struct link_cluster *cluster)
{
    const struct link_node *third = &cluster->nodes[0];
    return links_is_up(third->links, node_2, 0) && links_is_up(third->links, node_2, 1) &&
           third->seen_count >= 2;
}

static bool one_is_refused(struct link_cluster *cluster)
{
    return links_stats(cluster->nodes[0].links)->refused > 0 &&
           links_stats(cluster->nodes[2].links)->refused > 0;
}

static bool second_lane_has_two(struct link_cluster *cluster)
{
    return cluster->nodes[2].seen_count >= 2;
}

Test(link, goes_to_each_lane_of_a_node_that_has_more)
{
    struct link_cluster cluster;
    prepare_lanes(&cluster);
    struct link_node *third = &cluster.nodes[0], *lane_1 = &cluster.nodes[2];
    for (uint32_t i = 1; i <= 3; i++) link_cluster_start(&cluster, i);
    link_cluster_until(&cluster, "what is not known is refused", one_is_refused);
    const char *why = links_trouble(lane_1->links, (node_id){3}, 0);
    cr_expect(strstr(why, "it has 1 lane, and does not know") != NULL, "'%s'", why);
    third->config.peers[1].lanes_count = 2;
    links_set_peers(third->links, third->config.peers, 2);
    link_cluster_until(&cluster, "both links", both_lanes_are_up);
    cr_assert(links_send(third->links, node_2, 1, LINK_RAFT, SLICE("to lane 1"), NULL, 0));
    cr_expect(!links_send(third->links, node_2, 2, LINK_RAFT, SLICE("x"), NULL, 0), "no such lane");
    link_cluster_until(&cluster, "a frame", second_lane_has_two);
    expect_seen(lane_1, 1, LINK_RAFT, "to lane 1");
    link_node_forget(third);
    cr_assert(links_send(lane_1->links, (node_id){3}, 0, LINK_TELL, SLICE("of 1"), NULL, 0));
    link_cluster_until(&cluster, "the answer", first_has_one);
    expect_seen(third, 0, LINK_TELL, "of 1");
    cr_expect_eq(third->seen[0].lane, 1);
    link_node_forget(third);
    third->config.peers[1].lanes_count = 1;
    links_set_peers(third->links, third->config.peers, 2);
    link_cluster_until(&cluster, "one lane less", first_has_one);
    expect_seen(third, 0, LINK_DOWN, "");
    cr_expect_eq(third->seen[0].lane, 1);
    cr_expect(links_is_up(third->links, node_2, 0), "the other stays");
    link_cluster_free(&cluster);
}

/* --- who may not come in --------------------------------------------------------------------- */

static void other_secret(struct link_config *config)
{
    config->secret = SLICE("of mine, not of yours");
}

static void other_cluster(struct link_config *config)
{
    config->cluster++;
}

static void other_number(struct link_config *config)
{
    config->self.n = 3;
    config->peers[1].node.n = 3;
}

static void other_lane(struct link_config *config)
{
    config->lane = 1;
    config->peers[0].address.port--;
    config->peers[1].address.port--;
}

static const struct refused_row {
    const char *why;
    void (*change)(struct link_config *config); /* of the second node */
    const char *told_first, *told_second;
} refused_rows[] = {
    {"another secret", other_secret, "it has another secret", "it has another secret"},
    {"another cluster", other_cluster, "another cluster", "another cluster"},
    {"another lane", other_lane, "its lane 1", NULL},
    {"a number that is not its own", other_number, "it is node 3", NULL},
};

static bool both_refused(struct link_cluster *cluster)
{
    return links_stats(cluster->nodes[0].links)->refused > 0 &&
           links_stats(cluster->nodes[1].links)->refused > 0;
}

Test(link, refuses_and_says_why)
{
    FOR_ROWS (row, refused_rows) {
        struct link_cluster cluster;
        link_cluster_prepare(&cluster, 2);
        row->change(&cluster.nodes[1].config);
        link_cluster_start(&cluster, 1);
        link_cluster_start(&cluster, 2);
        link_cluster_until(&cluster, row->why, both_refused);
        const char *first = links_trouble(cluster.nodes[0].links, node_2, 0);
        const char *second = links_trouble(cluster.nodes[1].links, node_1, 0);
        cr_expect(strstr(first, row->told_first) != NULL, "%s: '%s'", row->why, first);
        cr_expect(row->told_second == NULL || strstr(second, row->told_second) != NULL, "%s: '%s'",
                  row->why, second);
        cr_expect(!links_is_up(cluster.nodes[0].links, node_2, 0), "%s", row->why);
        cr_expect_eq(cluster.nodes[0].seen_count, 0, "%s: nothing is told", row->why);
        cr_expect_eq(cluster.nodes[1].seen_count, 0, "%s: nothing is told", row->why);
        link_cluster_free(&cluster);
    }
}

/* --- strangers ------------------------------------------------------------------------------- */

static void append_frame(struct buffer *out, uint8_t version, uint8_t kind, struct slice payload)
{
    uint8_t head[PEER_FRAME_HEADER_BYTES];
    peer_frame_head(head, version, kind, &payload, 1);
    buffer_append(out, slice_of(head, sizeof head));
    buffer_append(out, payload);
}

static void say_nonsense(struct buffer *out)
{
    buffer_append(out, SLICE("GET / HTTP/1.1\r\nHost: node\r\n\r\n"));
}

static void claim_much(struct buffer *out)
{
    append_frame(out, 2, PEER_HELLO, SLICE(""));
    (void)u32_write(out->data + 8, PEER_STRANGER_BYTES_MAX + 1);
}

static void flip_a_bit(struct buffer *out)
{
    append_frame(out, 2, PEER_HELLO, SLICE("hello"));
    out->data[PEER_FRAME_HEADER_BYTES] ^= 1;
}

static void skip_the_handshake(struct buffer *out)
{
    append_frame(out, 2, PEER_DATA + LINK_RAFT, SLICE("let me in"));
}

static void prove_first(struct buffer *out)
{
    append_frame(out, 2, PEER_PROOF, SLICE("01234567890123456789012345678901"));
}

static void prove_wrongly(struct buffer *out)
{
    struct buffer hello = {0};
    peer_hello_write(&(struct peer_hello){2, 2, 7, {1}, {2}, 0, 1, {0}}, &hello);
    append_frame(out, 2, PEER_HELLO, buffer_slice(&hello));
    prove_first(out);
    buffer_free(&hello);
}

static void be_greater(struct buffer *out)
{
    struct buffer hello = {0};
    peer_hello_write(&(struct peer_hello){2, 2, 7, {3}, {2}, 0, 1, {0}}, &hello);
    append_frame(out, 2, PEER_HELLO, buffer_slice(&hello));
    buffer_free(&hello);
}

static const struct stranger_row {
    const char *why;
    void (*say)(struct buffer *out);
} stranger_rows[] = {
    {"another protocol", say_nonsense},
    {"a frame that is longer than a stranger's may be", claim_much},
    {"a wrong checksum", flip_a_bit},
    {"data before the handshake", skip_the_handshake},
    {"a proof before the hello", prove_first},
    {"a wrong proof", prove_wrongly},
    {"who should wait until we come", be_greater},
};

Test(link, shows_strangers_the_door)
{
    struct link_cluster cluster;
    link_cluster_prepare(&cluster, 3);
    link_cluster_start(&cluster, 2);
    struct link_node *node = &cluster.nodes[1];
    struct io *io = io_fixture(IO_DISK_THREADS);
    uint64_t refused = 0;
    FOR_ROWS (row, stranger_rows) {
        struct buffer bytes = {0};
        struct fault fault;
        io_handle handle;
        cr_assert_eq(
            io_connect(io, &node->config.peers[1].address, NULL, (io_tag){1}, &handle, &fault),
            ERR_OK, "%s", fault.text);
        (void)io_fixture_next(io, IO_CONNECTED);
        row->say(&bytes);
        size_t sent;
        struct slice slice = buffer_slice(&bytes);
        cr_assert_eq(io_send(io, handle, &slice, 1, &sent), ERR_OK);
        while (links_stats(node->links)->refused == refused) link_cluster_turn(&cluster);
        refused++;
        cr_expect(!links_is_up(node->links, node_1, 0), "%s", row->why);
        cr_expect_eq(node->seen_count, 0, "%s", row->why);
        io_close(io, handle);
        buffer_free(&bytes);
    }
    io_free(io);
    link_cluster_free(&cluster);
}

/* More strangers than there is room for, who say nothing: a peer still comes in, and each of them
 * is sent away when its time is over. */
Test(link, does_not_let_silent_strangers_keep_peers_out)
{
    enum { STRANGERS = 20 };
    struct link_cluster cluster;
    link_cluster_prepare(&cluster, 2);
    link_cluster_start(&cluster, 2);
    struct link_node *node = &cluster.nodes[1];
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct fault fault;
    io_handle handles[STRANGERS];
    for (uint32_t i = 0; i < STRANGERS; i++) {
        enum err err =
            io_connect(io, &node->config.peers[1].address, NULL, (io_tag){1}, &handles[i], &fault);
        cr_assert_eq(err, ERR_OK, "%s", fault.text);
        link_cluster_turn(&cluster);
    }
    link_cluster_start(&cluster, 1);
    link_cluster_until(&cluster, "a link", link_cluster_is_up);
    instant now = io_now(node->io);
    for (uint32_t i = 0; i < 5; i++) {
        now.ns += node->config.silence.ns / 4;
        (void)links_turn(node->links, now);
    }
    struct seen seen = {0};
    uint32_t ended = 0;
    while (ended < STRANGERS) {
        seen = (struct seen){0};
        io_fixture_wait(io, &seen, 1);
        for (uint32_t i = 0; i < seen.count; i++) {
            const struct io_completion *completion = &seen.completions[i];
            if (completion->kind == IO_CONNECTED) {
                io_receive_start(io, completion->handle, (io_tag){2});
            } else {
                ended++;
            }
        }
    }
    io_free(io);
    link_cluster_free(&cluster);
}

Test(link, ends_one_that_breaks_the_protocol)
{
    struct link_cluster cluster = two_up();
    struct link_node *first = &cluster.nodes[0];
    link_node_forget(first);
    cr_assert(
        links_send(cluster.nodes[1].links, node_1, 0, (enum link_kind)99, SLICE("?"), NULL, 0));
    link_cluster_until(&cluster, "an end, and a new beginning", first_has_two);
    expect_seen(first, 0, LINK_DOWN, "");
    expect_seen(first, 1, LINK_UP, "");
    link_cluster_free(&cluster);
}

/* --- a port that is taken -------------------------------------------------------------------- */

static const struct {
    const char *why;
    bool may_be_deaf;
    enum err want;
} deaf_rows[] = {
    {"who needs its port says that it is busy", false, ERR_EXISTS},
    {"who is alone, and was told no port, goes on without", true, ERR_OK},
};

Test(link, a_port_that_is_taken_harms_who_needs_it)
{
    FOR_ROWS (row, deaf_rows) {
        struct link_cluster cluster;
        struct fault fault = {0};
        struct links *links = NULL;
        link_cluster_prepare(&cluster, 1);
        link_cluster_start(&cluster, 1);
        struct io *io = io_fixture(IO_DISK_THREADS);
        struct link_config config = cluster.nodes[0].config;
        config.may_be_deaf = row->may_be_deaf;
        ROW_EQ(row, links_new(&config, io, &links, &fault), row->want);
        ROW_EQ(row, links != NULL && links_is_deaf(links), row->want == ERR_OK);
        cr_expect_not(links_is_deaf(cluster.nodes[0].links), "the first has it");
        if (links != NULL) links_free(links);
        io_free(io);
        link_cluster_free(&cluster);
    }
}

/* It hears nobody who comes, and may still go to others. */
Test(link, who_is_deaf_connects_to_others)
{
    struct link_cluster cluster;
    link_cluster_prepare(&cluster, 2);
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address taken = cluster.nodes[0].config.peers[0].address;
    struct fault fault;
    io_handle listener;
    cr_assert_eq(io_listen(io, &taken, 1, false, (io_tag){1}, &listener, &fault), ERR_OK);
    cluster.nodes[0].config.may_be_deaf = true;
    link_cluster_start(&cluster, 1);
    cr_assert(links_is_deaf(cluster.nodes[0].links));
    link_cluster_start(&cluster, 2);
    link_cluster_until(&cluster, "a link", link_cluster_is_up);
    io_close(io, listener);
    io_free(io);
    link_cluster_free(&cluster);
}
