/* start.c -- see start.h. */
#include <signal.h>

#include "cmd/command.h"
#include "io/clock.h"
#include "io/process.h"
#include "io/signals.h"
#include "lane/mailbox.h"
#include "node/data_folder.h"
#include "node/listen.h"
#include "node/node_lane.h"
#include "node/notice.h"
#include "node/start.h"

struct node {
    const struct node_options *options;
    struct arena *arena;
    struct notices notices;
    struct data_folder folder;
    const struct command_table *commands;
    uint32_t lanes_count;
    struct node_lane *lanes;
    struct mailbox **mailboxes; /* [lanes_count] */
    struct signals signals;
    instant began;
};

static void run_lane(void *context, uint32_t number, struct thread *self)
{
    struct node *node = context;
    node_lane_run(&node->lanes[number], self);
}

/* --- what it says ---------------------------------------------------------------------------- */

static void append_places(const struct node *node, struct buffer *out)
{
    const struct node_lane *lane = &node->lanes[0];
    for (uint32_t i = 0; i < lane->listening_count; i++) {
        const struct io_address *address = &lane->listening[i];
        bool colons = strchr(address->text, ':') != NULL;
        buffer_append(out, slice_text(i == 0 ? "" : ", "));
        if (address->port == 0) {
            buffer_append_format(out, "%s", address->text);
        } else {
            buffer_append_format(out, colons ? "[%s]:%u" : "%s:%u", address->text, address->port);
        }
    }
}

static void say_dropped(const struct node *node)
{
    for (uint32_t i = 0; i < node->lanes_count; i++) {
        const struct lane_opened *opened = &node->lanes[i].opened;
        if (opened->dropped_bytes == 0) continue;
        notice(&node->notices, NOTICE_WARNING,
               "the log of lane %u ended in %llu bytes of a write that was not whole (%s); they "
               "were never acknowledged, and are dropped",
               i, (unsigned long long)opened->dropped_bytes, opened->dropped_at);
    }
}

static void say_ready(const struct node *node)
{
    struct buffer places = {0};
    uint64_t keys = 0, replayed = 0;
    append_places(node, &places);
    for (uint32_t i = 0; i < node->lanes_count; i++) {
        keys += node->lanes[i].opened.keys_count;
        replayed += node->lanes[i].opened.replayed_count;
    }
    say_dropped(node);
    int64_t ms = (clock_now().ns - node->began.ns) / 1000000;
    notice(&node->notices, NOTICE_INFO,
           "ready on %.*s: tutti %s, pid %u, %u lane%s, disk %s, %llu key%s (%llu log record%s) in "
           "%lld ms, data in %s",
           (int)places.len, (const char *)places.data, node->options->version, process_own_id(),
           node->lanes_count, node->lanes_count == 1 ? "" : "s", node->lanes[0].disk_name,
           (unsigned long long)keys, keys == 1 ? "" : "s", (unsigned long long)replayed,
           replayed == 1 ? "" : "s", (long long)ms, node->folder.path);
    buffer_free(&places);
}

/* --- its life -------------------------------------------------------------------------------- */

/* The first fault of a lane, if one has one. */
static enum err lanes_result(const struct node *node, struct fault *fault)
{
    for (uint32_t i = 0; i < node->lanes_count; i++) {
        const struct node_lane *lane = &node->lanes[i];
        if (lane->fault.code == ERR_OK) continue;
        *fault = lane->fault;
        return fault->code;
    }
    return ERR_OK;
}

/* Until all lanes have ended. ERR_CANCELLED: a second signal came first. */
static enum err watch(struct node *node, struct threads *threads, int *signal_number,
                      struct fault *fault)
{
    struct threads_state state = {0};
    bool ready = false, stopping = false;
    while (state.ended_count < node->lanes_count) { /* ends: with a signal, SHUTDOWN or a failure */
        state = threads_wait(threads, state, node->signals.fd);
        if (!ready && state.ready_count == node->lanes_count) {
            ready = true;
            say_ready(node);
        }
        if (state.ended_count != 0 && !stopping) {
            stopping = true;
            threads_stop(threads);
        }
        int number = signals_take(&node->signals);
        if (number == SIGHUP) {
            notice(&node->notices, NOTICE_INFO, "SIGHUP: there is no log file to open again");
        } else if (number != 0 && stopping) {
            *signal_number = number;
            return fault_set(fault, ERR_CANCELLED, "ended at once by a second signal");
        } else if (number != 0) {
            notice(&node->notices, NOTICE_INFO,
                   "SIG%s: finishing what was received; once more ends at once",
                   sigabbrev_np(number));
            stopping = true;
            threads_stop(threads);
        }
    }
    return ERR_OK;
}

static enum err prepare_lanes(struct node *node, struct fault *fault)
{
    char run_id[RUN_ID_LEN + 1];
    node_run_id(run_id);
    node->commands = command_table_new(node->arena);
    node->lanes = ARENA_ARRAY(node->arena, struct node_lane, node->lanes_count);
    node->mailboxes = ARENA_ARRAY(node->arena, struct mailbox *, node->lanes_count);
    for (uint32_t i = 0; i < node->lanes_count; i++) node->mailboxes[i] = mailbox_new();
    for (uint32_t i = 0; i < node->lanes_count; i++) {
        struct node_lane *lane = &node->lanes[i];
        *lane = (struct node_lane){.number = i,
                                   .lanes_count = node->lanes_count,
                                   .config = node->options->config,
                                   .commands = node->commands,
                                   .mailboxes = node->mailboxes,
                                   .seed = node->folder.seed,
                                   .data_folder = node->folder.path,
                                   .config_path = node->options->config_path,
                                   .version = node->options->version};
        memcpy(lane->run_id, run_id, sizeof run_id);
        enum err err = data_folder_lane(node->arena, &node->folder, i, &lane->folder, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

static enum err serve(struct node *node, int *signal_number, struct fault *fault)
{
    struct threads *threads;
    enum err err = prepare_lanes(node, fault);
    if (err != ERR_OK) return err;
    err = threads_start(node->lanes_count, run_lane, node, &threads, fault);
    if (err != ERR_OK) return err;
    err = watch(node, threads, signal_number, fault);
    if (err == ERR_CANCELLED) return err; /* the process ends under its threads */
    threads_join(threads);
    return lanes_result(node, fault);
}

static enum err open_and_serve(struct node *node, int *signal_number, struct fault *fault)
{
    const struct config *config = node->options->config;
    const char *path = config_text(config, SETTING_DIR);
    enum err err = node_check_exposure(config, fault);
    if (err != ERR_OK) return err;
    err = data_folder_open(node->arena, path, node->lanes_count, &node->folder, fault);
    if (err != ERR_OK) return err;
    err = serve(node, signal_number, fault);
    if (err != ERR_CANCELLED) {
        for (uint32_t i = 0; node->mailboxes != NULL && i < node->lanes_count; i++) {
            mailbox_free(node->mailboxes[i]);
        }
        data_folder_close(&node->folder);
    }
    return err;
}

/* loglevel, in the order of its choices. */
static const enum notice_level least_levels[] = {NOTICE_DEBUG, NOTICE_INFO, NOTICE_INFO,
                                                 NOTICE_WARNING, NOTICE_ERROR};

enum err node_run(const struct node_options *options, int *signal_number, struct fault *fault)
{
    const struct config *config = options->config;
    struct node node = {.options = options, .arena = arena_new(), .began = clock_now()};
    node.notices.json = config_choice(config, SETTING_LOG_FORMAT) == 1;
    node.notices.least = least_levels[config_choice(config, SETTING_LOGLEVEL)];
    node.lanes_count = (uint32_t)config_integer(config, SETTING_LANES);
    enum err err = signals_open(&node.signals, fault);
    if (err == ERR_OK) {
        err = open_and_serve(&node, signal_number, fault);
        if (err != ERR_CANCELLED) signals_close(&node.signals);
    }
    if (err == ERR_OK) {
        notice(&node.notices, NOTICE_INFO, "ended: all that was acknowledged is on disk");
    } else {
        notice(&node.notices, NOTICE_ERROR, "%s", fault->text);
    }
    if (err != ERR_CANCELLED) arena_free(node.arena);
    return err;
}
