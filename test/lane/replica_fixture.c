/* replica_fixture.c -- see replica_fixture.h. */
#include "test/lane/replica_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "io/clock.h"
#include "io/file.h"
#include "lane/mailbox.h"
#include "serve/door.h"

enum {
    TURNS_MAX = 20000,
    WORDS_MAX = 16,
    SEGMENT_BYTES = 64 * 1024,
    COMPLETIONS_MAX = 64,
};
static const int64_t ms_ns = 1000000;
static const struct call_observer nobody = {0};

static void configure(struct replica_node *node, const struct link_config *link)
{
    node->replication = (struct lane_replication_config){
        .raft = {.self = link->self,
                 .election_min = {500 * ms_ns},
                 .election_max = {1000 * ms_ns},
                 .heartbeat = {100 * ms_ns},
                 .lease = true,
                 .drift_percent = 10,
                 .window_bytes = 1 << 20,
                 .window_entries = 1000,
                 .append_bytes = 1 << 16,
                 .chunk_bytes = 4096,
                 .tail_bytes = REPLICA_TAIL_BYTES,
                 .seed = 4711 + link->self.n},
        .link = *link,
    };
    node->replication.link.silence.ns = 100 * 1000 * ms_ns; /* of the clock that is ahead */
}

void replica_cluster_new(struct replica_cluster *cluster, uint32_t count)
{
    struct link_cluster links;
    link_cluster_prepare(&links, count);
    *cluster = (struct replica_cluster){.count = count, .shards_count = 1, .arena = arena_new()};
    cluster->commands = command_table_new(cluster->arena);
    for (uint32_t i = 0; i < count; i++) {
        struct replica_node *node = &cluster->nodes[i];
        strcpy(node->folder, "/tmp/tutti-replica-XXXXXX");
        cr_assert(mkdtemp(node->folder) != NULL);
        configure(node, &links.nodes[i].config);
    }
}

void replica_cluster_free(struct replica_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->count; i++) {
        replica_cluster_stop(cluster, i + 1);
        folder_remove_tree(cluster->nodes[i].folder);
    }
    arena_free(cluster->arena);
}

void replica_cluster_start(struct replica_cluster *cluster, uint32_t number)
{
    struct replica_node *node = &cluster->nodes[number - 1];
    struct fault fault;
    struct lane_config config = {
        .lanes_count = 1,
        .shards_count = cluster->shards_count,
        .starts = cluster->starts,
        .starts_count = cluster->starts_count,
        .cluster = node->cluster,
        .folder = node->folder,
        .seed = 99,
        .segment_bytes = SEGMENT_BYTES,
        .settings = {.bulk_bytes_max = 1 << 20},
        .commands = cluster->commands,
        .replication = cluster->count == 1 ? NULL : &node->replication,
    };
    const struct io_config io_config = {.disk = IO_DISK_THREADS};
    cr_assert_eq(io_new(&io_config, &node->io, &fault), ERR_OK, "%s", fault.text);
    enum err err = lane_open(&config, node->io, &node->lane, &node->opened, &fault);
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    lane_set_observer(node->lane, &nobody);
}

void replica_cluster_start_all(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) replica_cluster_start(cluster, i);
}

void replica_node_forget(struct replica_node *node)
{
    struct message *next;
    for (struct message *message = node->heard; message != NULL; message = next) {
        next = message->next;
        message_free(message);
    }
    node->heard = NULL;
}

void replica_cluster_stop(struct replica_cluster *cluster, uint32_t number)
{
    struct replica_node *node = &cluster->nodes[number - 1];
    if (node->lane == NULL) return;
    lane_close(node->lane);
    io_free(node->io);
    replica_node_forget(node);
    node->lane = NULL;
    node->paused = node->mute = false;
}

/* What the doors of other nodes have said, where no door takes it. */
static void hear(struct replica_node *node)
{
    struct message **last = &node->heard;
    while (*last != NULL) last = &(*last)->next;
    *last = lane_take_messages(node->lane);
    if (!node->listens) replica_node_forget(node);
}

static void turn(struct replica_cluster *cluster, struct replica_node *node, instant until)
{
    struct io_completion completions[COMPLETIONS_MAX];
    uint32_t count = io_wait(node->io, until, completions, COMPLETIONS_MAX);
    for (uint32_t i = 0; i < count; i++) lane_complete(node->lane, &completions[i]);
    cr_assert(lane_failed(node->lane) == NULL, "%s", lane_failed(node->lane)->text);
    instant now = {io_now(node->io).ns + cluster->ahead_ns};
    int64_t unix_ms = io_unix_ms(node->io) + cluster->wall_ahead_ms;
    if (node->server != NULL) (void)door_turn(node->server, now, unix_ms);
    lane_turn(node->lane, now, unix_ms);
    if (!node->mute) lane_flush(node->lane);
    (void)lane_settle(node->lane, now, unix_ms);
    if (node->server != NULL) door_send(node->server);
    if (!node->mute) lane_flush(node->lane);
    if (node->server == NULL) hear(node);
    struct shard *shard = lane_shard_first(node->lane);
    for (; shard != NULL; shard = lane_shard_next(node->lane, shard)) raft_check(shard_raft(shard));
}

void replica_cluster_turn(struct replica_cluster *cluster)
{
    instant until = {clock_now().ns + ms_ns}; /* for all together: disks are not ahead */
    cluster->ahead_ns += 4 * ms_ns;
    for (uint32_t i = 0; i < cluster->count; i++) {
        struct replica_node *node = &cluster->nodes[i];
        if (node->lane != NULL && !node->paused) turn(cluster, node, until);
    }
}

void replica_cluster_until(struct replica_cluster *cluster, const char *what, replica_until done)
{
    for (int i = 0; i < TURNS_MAX && !done(cluster); i++) replica_cluster_turn(cluster);
    cr_assert(done(cluster), "%s", what);
}

struct lane *replica_lane(struct replica_cluster *cluster, uint32_t number)
{
    return cluster->nodes[number - 1].lane;
}

uint32_t replica_cluster_leader(const struct replica_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->count; i++) {
        const struct replica_node *node = &cluster->nodes[i];
        if (node->lane == NULL || node->paused ||
            !shard_is_leader(lane_shard(node->lane, cluster->shard)))
            continue;
        if (shard_way_of_write(lane_shard(node->lane, cluster->shard)) == SHARD_HERE) return i + 1;
    }
    return 0;
}

static bool one_leads(struct replica_cluster *cluster)
{
    return replica_cluster_leader(cluster) != 0;
}

uint32_t replica_cluster_lead(struct replica_cluster *cluster)
{
    replica_cluster_until(cluster, "one leads", one_leads);
    return replica_cluster_leader(cluster);
}

struct shard_replication replica_told(struct replica_cluster *cluster, uint32_t number)
{
    struct shard_replication told;
    shard_tell_replication(lane_shard(replica_lane(cluster, number), cluster->shard), &told);
    return told;
}

bool replica_cluster_is_even(struct replica_cluster *cluster)
{
    uint32_t leader = replica_cluster_leader(cluster);
    if (leader == 0) return false;
    uint64_t last = replica_told(cluster, leader).last;
    for (uint32_t i = 1; i <= cluster->count; i++) {
        const struct replica_node *node = &cluster->nodes[i - 1];
        if (node->lane == NULL || node->paused) continue;
        struct shard_replication told = replica_told(cluster, i);
        if (told.applied != last || told.last != last) return false;
    }
    return true;
}

/* --- calls ------------------------------------------------------------------------------------ */

static uint32_t split(const char *text, struct slice words[WORDS_MAX])
{
    uint32_t count = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        cr_assert(count < WORDS_MAX);
        words[count++] = slice_of(text, len);
        text += len + (text[len] == ' ');
    }
    return count;
}

static enum shard_ran run(struct replica_cluster *cluster, uint32_t number, const char *text,
                          struct buffer *reply, uint64_t *gate)
{
    struct slice words[WORDS_MAX];
    uint32_t count = split(text, words);
    struct call call = {.argv = words, .argc = count, .reply = {reply, 2}};
    call.command = command_find(cluster->commands, words, count, NULL);
    cr_assert(call.command != NULL, "%s", text);
    return shard_run(lane_shard(replica_lane(cluster, number), cluster->shard), &call, gate);
}

uint64_t replica_run(struct replica_cluster *cluster, uint32_t number, const char *text,
                     struct buffer *reply)
{
    uint64_t gate = 0;
    buffer_clear(reply);
    for (int i = 0; i < TURNS_MAX; i++) {
        if (run(cluster, number, text, reply, &gate) == SHARD_RAN) return gate;
        replica_cluster_turn(cluster);
    }
    cr_assert(false, "the log never had room: %s", text);
    return 0;
}

uint64_t replica_run_soon(struct replica_cluster *cluster, uint32_t number, const char *text)
{
    struct buffer reply = {0};
    struct lane *lane = replica_lane(cluster, number);
    for (int i = 0;
         i < TURNS_MAX && shard_way_of_write(lane_shard(lane, cluster->shard)) != SHARD_HERE; i++) {
        replica_cluster_turn(cluster);
    }
    uint64_t gate = replica_run(cluster, number, text, &reply);
    buffer_free(&reply);
    return gate;
}

bool replica_says(struct replica_cluster *cluster, uint32_t number, const char *text,
                  const char *reply)
{
    struct buffer got = {0};
    (void)replica_run(cluster, number, text, &got);
    bool same = slice_eq(buffer_slice(&got), slice_text(reply));
    if (!same) {
        cr_log_info("node %u says %.*s", number, (int)got.len, (const char *)got.data);
    }
    buffer_free(&got);
    return same;
}
