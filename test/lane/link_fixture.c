/* link_fixture.c -- see link_fixture.h. */
#include "test/lane/link_fixture.h"

#include <unistd.h>

#include "io/clock.h"
#include "test/io/io_fixture.h"
#include "test/rows.h"

enum { WAIT_MAX_S = 10 };
static const int64_t second_ns = 1000000000, turn_ns = 1000000;

/* One that is free, and that nobody is given who asks for any: tests run side by side. Each process
 * looks in a place of its own. */
static uint16_t free_port(uint32_t number)
{
    enum { FIRST = 12000, PLACES = 900, STEP = 20, TRIES = 900 };
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address address = {.text = "127.0.0.1"};
    struct fault fault;
    io_handle listener;
    enum err err = ERR_EXISTS;
    for (uint32_t i = 0; i < TRIES && err != ERR_OK; i++) {
        uint32_t place = ((uint32_t)getpid() + i) % PLACES;
        address.port = (uint16_t)(FIRST + place * STEP + number);
        err = io_listen(io, &address, 1, false, (io_tag){1}, &listener, &fault);
    }
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    io_close(io, listener);
    io_free(io);
    return address.port;
}

void link_cluster_prepare(struct link_cluster *cluster, uint32_t count)
{
    struct link_config config = {
        .lanes_count = 1,
        .cluster = 7,
        .peers_count = count,
        .silence = {second_ns},
        .queue_bytes_max = 1 << 20,
        .tag = {100},
    };
    *cluster = (struct link_cluster){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        config.peers[i] = (struct link_peer){
            .node = {i + 1}, .address = {.text = "127.0.0.1", .port = free_port(i)}};
    }
    for (uint32_t i = 0; i < count; i++) {
        config.self.n = i + 1;
        config.nonce_seed = 1000 + i;
        cluster->nodes[i].config = config;
    }
}

void link_cluster_start(struct link_cluster *cluster, uint32_t number)
{
    struct link_node *node = &cluster->nodes[number - 1];
    struct fault fault;
    node->io = io_fixture(IO_DISK_THREADS);
    cr_assert_eq(links_new(&node->config, node->io, &node->links, &fault), ERR_OK, "%s",
                 fault.text);
}

void link_node_forget(struct link_node *node)
{
    for (uint32_t i = 0; i < node->seen_count; i++) buffer_free(&node->seen[i].bytes);
    node->seen_count = 0;
}

void link_cluster_stop(struct link_cluster *cluster, uint32_t number)
{
    struct link_node *node = &cluster->nodes[number - 1];
    if (node->links == NULL) return;
    links_free(node->links);
    io_free(node->io);
    node->links = NULL;
}

void link_cluster_free(struct link_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->count; i++) {
        link_cluster_stop(cluster, i + 1);
        link_node_forget(&cluster->nodes[i]);
    }
}

static void take(struct link_node *node)
{
    struct link_frame frame;
    while (!node->deaf && links_next(node->links, &frame)) {
        cr_assert_lt(node->seen_count, LINK_FIXTURE_FRAMES_MAX);
        struct link_seen *seen = &node->seen[node->seen_count++];
        *seen = (struct link_seen){.kind = frame.kind, .from = frame.from, .lane = frame.lane};
        if (frame.bytes.len != 0) buffer_append(&seen->bytes, frame.bytes);
    }
}

static void turn(struct link_node *node)
{
    struct io_completion completions[64];
    instant until = {clock_now().ns + turn_ns};
    uint32_t count = io_wait(node->io, until, completions, COUNT_OF(completions));
    for (uint32_t i = 0; i < count; i++) links_complete(node->links, &completions[i]);
    take(node);
    (void)links_turn(node->links, io_now(node->io));
    links_flush(node->links);
}

void link_cluster_turn(struct link_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->count; i++) {
        if (cluster->nodes[i].links != NULL) turn(&cluster->nodes[i]);
    }
}

void link_cluster_until(struct link_cluster *cluster, const char *what,
                        bool (*done)(struct link_cluster *cluster))
{
    instant until = {clock_now().ns + WAIT_MAX_S * second_ns};
    while (!done(cluster)) {
        cr_assert_lt(clock_now().ns, until.ns, "%s has not come about", what);
        link_cluster_turn(cluster);
    }
}

bool link_cluster_is_up(struct link_cluster *cluster)
{
    for (uint32_t a = 0; a < cluster->count; a++) {
        for (uint32_t b = 0; b < cluster->count; b++) {
            const struct link_node *node = &cluster->nodes[a];
            if (a == b || node->links == NULL || cluster->nodes[b].links == NULL) continue;
            if (!links_is_up(node->links, (node_id){b + 1}, 0)) return false;
        }
    }
    return true;
}
