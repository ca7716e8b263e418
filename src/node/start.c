/* start.c -- see start.h. */
#include <signal.h>

#include "io/clock.h"
#include "io/process.h"
#include "io/signals.h"
#include "lane/map.h"
#include "lane/registry_copy.h"
#include "node/join.h"
#include "node/known.h"
#include "node/membership.h"
#include "node/notice.h"
#include "node/peers.h"
#include "node/start.h"
#include "node/stray.h"
#include "node/threads.h"
#include "node/waiting.h"

#define REMOVED_STAYS_NS INT64_C(2000000000)

struct lane_run { /* what the thread of a lane leaves behind: facts until it is ready, then fault */
    struct node_lane_facts facts;
    struct fault fault; /* ERR_OK: it was asked to end */
};

struct run {
    const struct node_options *options;
    struct notices notices;
    struct node *node;
    struct lane_run *lanes; /* [node_lanes_count]; in `arena` */
    struct arena *arena;
    struct signals signals;
    uint32_t rounds_count; /* of asking others about this node */
    instant began;
};

/* Who is here of the other nodes, and who is not. */
static void say_peers(const struct run *run, struct node_lane *lane, struct waiting *waiting)
{
    struct shard_replication told;
    struct buffer line = {0};
    enum notice_level level;
    instant now = io_now(node_lane_io(lane));
    if (!waiting_wants(waiting, now)) return;
    const struct shard *any =
        lane_shard_first(node_lane_lane(lane)); /* its links are all shards' */
    if (any == NULL) return;
    shard_tell_replication(any, &told);
    if (waiting_step(waiting, &told, now, &level, &line)) {
        notice(&run->notices, level, "%.*s", (int)line.len, (const char *)line.data);
    }
    buffer_free(&line);
}

struct removal {
    uint64_t epoch_seen; /* of the lane's map */
    instant ends_at;     /* 0: it is not removed */
};

/* Has the cluster removed it, as it wished or as it was told to? Then it ends, when who watches it
 * leave has seen that. */
static bool is_removed(const struct run *run, struct node_lane *lane, struct removal *removal)
{
    const struct map *map = lane_map(node_lane_lane(lane));
    instant now = io_now(node_lane_io(lane));
    if (removal->ends_at.ns != 0) return now.ns >= removal->ends_at.ns;
    if (map == NULL || map_epoch(map) == removal->epoch_seen) return false;
    removal->epoch_seen = map_epoch(map);
    const struct data_folder *folder = node_folder(run->node);
    node_id self = folder->identity.node;
    if (!registry_is_removed(map_registry(map), self)) return false;
    notice(&run->notices, NOTICE_INFO,
           "this node, number %u, is removed from the cluster %s, whose other nodes have all its "
           "data: it ends; the folder %s is of no use any more; to use the machine again, join "
           "with an empty folder (--data)",
           self.n, folder->identity.name, folder->path);
    removal->ends_at.ns = now.ns + REMOVED_STAYS_NS;
    return false;
}

/* Of the first lane: does this node meet nobody, and should it ask why? The main thread does. */
static void look_around(const struct run *run, struct node_lane *node_lane, struct stray *stray,
                        struct thread *self)
{
    const struct lane *lane = node_lane_lane(node_lane);
    const struct map *map = lane_map(lane);
    instant now = io_now(node_lane_io(node_lane));
    if (map == NULL || map_epoch(map) == 0 || !stray_wants(stray, now)) return;
    const struct registry *registry = map_registry(map);
    uint32_t linked = 0;
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        linked += lane_is_linked_to(lane, registry_member_at(registry, i)->node, 0);
    }
    bool is_one = stray_is_one(registry, &node_membership(run->node)->told.self, linked);
    if (stray_step(stray, is_one, now)) thread_ask(self);
}

static enum err turn_until_end(const struct run *run, uint32_t number, struct node_lane *lane,
                               struct thread *self, struct fault *fault)
{
    instant deadline = {0};
    bool stopping = false;
    struct removal removal = {0};
    struct stray stray = {0};
    struct waiting waiting = {.lane = number};
    bool has_peers = node_peers(run->node)->count > 1;
    for (;;) { /* until it is told to stop, or fails */
        bool removed = number == 0 && !stopping && is_removed(run, lane, &removal);
        if (!stopping && (removed || thread_stop_wanted(self))) {
            stopping = true;
            deadline = (instant){0};
        }
        if (has_peers && !stopping) say_peers(run, lane, &waiting);
        if (number == 0 && !stopping && removal.ends_at.ns == 0) {
            look_around(run, lane, &stray, self);
        }
        switch (node_lane_turn(lane, stopping, &deadline, fault)) {
        case NODE_TURN_AGAIN: break;
        case NODE_TURN_ENDED: return ERR_OK;
        case NODE_TURN_FAILED: return fault->code;
        }
    }
}

static void run_lane(void *context, uint32_t number, struct thread *self)
{
    struct run *run = context;
    struct lane_run *kept = &run->lanes[number];
    struct node_lane *lane = NULL;
    enum err err = node_lane_new(run->node, number, &lane, &kept->fault);
    if (err == ERR_OK) {
        kept->facts = *node_lane_facts(lane);
        thread_ready(self, node_lane_io(lane));
        err = turn_until_end(run, number, lane, self, &kept->fault);
        thread_leave(self);
    }
    kept->fault.code = err;
    node_lane_free(lane);
}

/* --- what it says ---------------------------------------------------------------------------- */

static void append_place(const struct io_address *address, struct buffer *out)
{
    bool colons = strchr(address->text, ':') != NULL;
    if (address->port == 0) {
        buffer_append_format(out, "%s", address->text);
    } else {
        buffer_append_format(out, colons ? "[%s]:%u" : "%s:%u", address->text, address->port);
    }
}

static void append_places(const struct run *run, struct buffer *out)
{
    const struct node_lane_facts *lane = &run->lanes[0].facts;
    for (uint32_t i = 0; i < lane->listening_count; i++) {
        buffer_append(out, slice_text(i == 0 ? "" : ", "));
        append_place(&lane->listening[i], out);
    }
}

/* ", node 1 of 3 in the cluster tutti, at 10.0.0.1:7400 for the others" */
static void append_peers(const struct run *run, struct buffer *out)
{
    const struct peers *peers = node_peers(run->node);
    for (uint32_t i = 0; i < peers->count && peers->count > 1; i++) {
        const struct link_peer *peer = &peers->peers[i];
        if (!node_eq(peer->node, peers->self)) continue;
        buffer_append_format(out, ", node %u of %u in the cluster %s, at ", peers->self.n,
                             peers->count, node_folder(run->node)->identity.name);
        append_place(&peer->address, out);
        buffer_append(out, SLICE(" for the others"));
    }
}

static void say_dropped(const struct run *run)
{
    for (uint32_t i = 0; i < node_lanes_count(run->node); i++) {
        const struct lane_opened *opened = &run->lanes[i].facts.opened;
        if (opened->set_aside[0] != '\0') {
            notice(&run->notices, NOTICE_WARNING,
                   "lane %u was damaged and is filled again from the other nodes; its files are "
                   "kept as *.damaged: %s",
                   i, opened->set_aside);
        }
        if (opened->dropped_bytes == 0) continue;
        notice(&run->notices, NOTICE_WARNING,
               "the log of lane %u ended in %llu bytes of a write that was not whole (%s); they "
               "were never acknowledged, and are dropped",
               i, (unsigned long long)opened->dropped_bytes, opened->dropped_at);
    }
}

/* Nobody asked for that port: it is no reason not to serve. */
static void say_deaf(const struct run *run)
{
    const struct lane_cluster *cluster = &node_membership(run->node)->told;
    for (uint32_t i = 0; i < node_lanes_count(run->node); i++) {
        if (!run->lanes[i].facts.opened.is_deaf) continue;
        notice(
            &run->notices, NOTICE_WARNING,
            "port %u of %s is busy, where nodes that join would meet this one: it serves, and no "
            "machine can be added; to change that, start it with another --peer-port",
            cluster->listen.port + i, cluster->listen.text);
        return;
    }
}

static bool is_deaf(const struct run *run)
{
    for (uint32_t i = 0; i < node_lanes_count(run->node); i++) {
        if (run->lanes[i].facts.opened.is_deaf) return true;
    }
    return false;
}

static void say_other_seed(const struct run *run)
{
    const struct peers *peers = node_peers(run->node);
    if (peers->identity.seed == 0 || node_folder(run->node)->identity.seed == peers->identity.seed)
        return;
    notice(
        &run->notices, NOTICE_WARNING,
        "the data folder was made with another secret: a SCAN that goes on at another node after "
        "this one may miss keys; to mend it, begin with an empty folder, which the other nodes "
        "fill");
}

/* Once, when a cluster of one is formed. The token is in no log. */
static void say_how_to_grow(const struct run *run)
{
    const struct data_folder *folder = node_folder(run->node);
    const struct membership *cluster = node_membership(run->node);
    bool first = folder->is_new && folder->identity.origin == DATA_ORIGIN_FORMED;
    if (!first || cluster->told.listen.port == 0 || is_deaf(run)) return;
    struct buffer place = {0};
    struct io_address address = {.port = cluster->told.self.peer_port};
    memcpy(address.text, cluster->told.self.peer_host.bytes, sizeof address.text);
    append_place(&address, &place);
    notice(&run->notices, NOTICE_INFO,
           "this is a cluster of one; to add a machine, take its token there ('tutti token "
           "--data %s > FILE') and say: tutti start --join %.*s --token-file FILE",
           folder->path, (int)place.len, (const char *)place.data);
    buffer_free(&place);
}

static void say_complaint(const struct run *run, struct slice complaint)
{
    if (complaint.len == 0) return;
    notice(&run->notices, NOTICE_WARNING, "the other nodes do not look for this one here: %.*s",
           (int)complaint.len, (const char *)complaint.data);
}

static void say_ready(const struct run *run)
{
    struct buffer places = {0}, peers = {0};
    uint64_t keys = 0, replayed = 0;
    append_places(run, &places);
    append_peers(run, &peers);
    for (uint32_t i = 0; i < node_lanes_count(run->node); i++) {
        keys += run->lanes[i].facts.opened.keys_count;
        replayed += run->lanes[i].facts.opened.replayed_count;
    }
    say_dropped(run);
    say_other_seed(run);
    int64_t ms = (clock_now().ns - run->began.ns) / 1000000;
    notice(&run->notices, NOTICE_INFO,
           "ready on %.*s: tutti %s, pid %u, %u lane%s, disk %s, %llu key%s (%llu log record%s) in "
           "%lld ms, data in %s%.*s",
           (int)places.len, (const char *)places.data, run->options->version, process_own_id(),
           node_lanes_count(run->node), node_lanes_count(run->node) == 1 ? "" : "s",
           run->lanes[0].facts.disk_name, (unsigned long long)keys, keys == 1 ? "" : "s",
           (unsigned long long)replayed, replayed == 1 ? "" : "s", (long long)ms,
           node_folder(run->node)->path, (int)peers.len, (const char *)peers.data);
    say_deaf(run);
    const char *complaint = node_membership(run->node)->complaint;
    say_complaint(run, slice_text(complaint == NULL ? "" : complaint));
    say_how_to_grow(run);
    buffer_free(&peers);
    buffer_free(&places);
}

/* --- its life -------------------------------------------------------------------------------- */

/* The first fault of a lane, if one has one. */
static enum err lanes_result(const struct run *run, struct fault *fault)
{
    for (uint32_t i = 0; i < node_lanes_count(run->node); i++) {
        const struct lane_run *lane = &run->lanes[i];
        if (lane->fault.code == ERR_OK) continue;
        *fault = lane->fault;
        return fault->code;
    }
    return ERR_OK;
}

/* Meets nobody: does it still belong to the others, and do they know where it is? A second or a few
 * may pass. ERR_USAGE: it was removed. */
static enum err ask_others(struct run *run, struct fault *fault)
{
    struct buffer bytes = {0};
    struct registry *registry = NULL;
    struct known_answer answer = {0};
    struct fault unread;
    const struct lane_cluster *told = &node_membership(run->node)->told;
    enum err err = registry_copy_read(told->registry_path, &bytes, &registry, &unread);
    buffer_free(&bytes);
    if (err != ERR_OK || registry == NULL) return ERR_OK; /* it will be written again */
    const struct known_question question = {node_folder(run->node), registry, &told->self,
                                            run->rounds_count++};
    err = known_ask(&question, &answer, fault);
    if (answer.registry.len > 0) node_hand_registry(run->node, buffer_slice(&answer.registry));
    say_complaint(run, buffer_slice(&answer.complaint));
    known_answer_free(&answer);
    registry_free(registry);
    return err;
}

/* Until all lanes have ended. ERR_USAGE: it was removed while nobody could tell it. ERR_CANCELLED:
 * a second signal came first. */
static enum err watch(struct run *run, struct threads *threads, int *signal_number,
                      struct fault *fault)
{
    struct threads_state state = {0};
    const uint32_t count = node_lanes_count(run->node);
    bool ready = false, stopping = false;
    enum err err = ERR_OK;
    while (state.ended_count < count) { /* ends: with a signal, SHUTDOWN or a failure */
        uint32_t asks_count = state.asks_count;
        state = threads_wait(threads, state, run->signals.fd);
        if (state.asks_count != asks_count && !stopping) err = ask_others(run, fault);
        if (!ready && state.ready_count == count) {
            ready = true;
            say_ready(run);
        }
        if ((state.ended_count != 0 || err != ERR_OK) && !stopping) {
            stopping = true;
            threads_stop(threads);
        }
        int number = signals_take(&run->signals);
        if (number == SIGHUP) {
            notice(&run->notices, NOTICE_INFO, "SIGHUP: there is no log file to open again");
        } else if (number != 0 && stopping) {
            *signal_number = number;
            return fault_set(fault, ERR_CANCELLED, "ended at once by a second signal");
        } else if (number != 0) {
            notice(&run->notices, NOTICE_INFO,
                   "SIG%s: finishing what was received; once more ends at once",
                   sigabbrev_np(number));
            stopping = true;
            threads_stop(threads);
        }
    }
    return err;
}

static enum err serve(struct run *run, int *signal_number, struct fault *fault)
{
    struct threads *threads;
    uint32_t count = node_lanes_count(run->node);
    run->lanes = ARENA_ARRAY(run->arena, struct lane_run, count);
    enum err err = threads_start(count, run_lane, run, &threads, fault);
    if (err != ERR_OK) return err;
    err = watch(run, threads, signal_number, fault);
    if (err == ERR_CANCELLED) return err; /* the process ends under its threads */
    threads_join(threads);
    return err == ERR_OK ? lanes_result(run, fault) : err;
}

static enum err open_and_serve(struct run *run, int *signal_number, struct fault *fault)
{
    enum err err = node_new(run->options, &run->node, fault);
    if (err != ERR_OK) return err;
    err = serve(run, signal_number, fault);
    if (err != ERR_CANCELLED) node_free(run->node);
    return err;
}

/* loglevel, in the order of its choices. */
static const enum notice_level least_levels[] = {NOTICE_DEBUG, NOTICE_INFO, NOTICE_INFO,
                                                 NOTICE_WARNING, NOTICE_ERROR};

enum err node_run(const struct node_options *options, int *signal_number, struct fault *fault)
{
    const struct config *config = options->config;
    struct run run = {.options = options, .arena = arena_new(), .began = clock_now()};
    run.notices.json = config_choice(config, SETTING_LOG_FORMAT) == 1;
    run.notices.least = least_levels[config_choice(config, SETTING_LOGLEVEL)];
    enum err err = node_join(options, fault); /* it may take long: a signal just ends it */
    if (err == ERR_OK) err = signals_open(&run.signals, fault);
    if (err == ERR_OK) {
        err = open_and_serve(&run, signal_number, fault);
        if (err != ERR_CANCELLED) signals_close(&run.signals);
    }
    if (err == ERR_OK) {
        notice(&run.notices, NOTICE_INFO, "ended: all that was acknowledged is on disk");
    } else {
        notice(&run.notices, NOTICE_ERROR, "%s", fault->text);
    }
    if (err != ERR_CANCELLED) arena_free(run.arena);
    return err;
}
