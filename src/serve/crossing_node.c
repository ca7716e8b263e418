/*
 * crossing_node.c -- what crosses to other nodes: to a lane of each, by its link. Nodes come and
 * go.
 *
 * Asks, answers and tells are a stream each, cut into frames. A link that breaks ends all three:
 * what was not sent was not done; of what was sent nobody knows. Unless the other end has said that
 * it is gone:
 *
 * Invariants
 *   N1  a lane says so behind its last answer, when all that it has done for others is answered.
 *   N2  whom it has told so it does nothing more for: what they have asked and it has not answered
 *       was not done.
 */
#include <stdlib.h>

#include "cmd/command.h"
#include "serve/crossing_share.h"
#include "serve/told.h"

enum { TELL_BYTES_MAX = 16 << 20 }; /* unsent: then messages are lost */

void crossing_nodes_free(struct crossing *crossing)
{
    for (uint32_t i = 0; i < crossing->nodes_count; i++) {
        for (int stream = 0; stream < STREAMS; stream++) {
            buffer_free(&crossing->nodes[i]->out[stream].bytes);
            buffer_free(&crossing->nodes[i]->in[stream]);
        }
        free(crossing->nodes[i]);
    }
    free(crossing->nodes);
}

static uint32_t index_of(const struct crossing *crossing, node_id node, uint32_t lane)
{
    uint32_t i = 0;
    while (i < crossing->nodes_count &&
           !(node_eq(crossing->nodes[i]->node, node) && crossing->nodes[i]->lane == lane))
        i++;
    return i;
}

uint32_t crossing_target_of(const struct server *server, node_id node, shard_id shard)
{
    const struct crossing *crossing = server->crossing;
    if (node_eq(node, NODE_NONE)) return CROSSING_NOBODY;
    uint32_t i = index_of(crossing, node, lane_of_shard_at(server->lane, node, shard));
    if (i == crossing->nodes_count) return CROSSING_NOBODY;
    const struct crossing_node *found = crossing->nodes[i];
    if (!found->is_up || found->is_bad) return CROSSING_NOBODY;
    return crossing->config.lanes_count + i;
}

bool crossing_reaches(const struct server *server, node_id node)
{
    const struct crossing *crossing = server->crossing;
    if (node_eq(node, lane_self(server->lane))) return true;
    for (uint32_t i = 0; i < crossing->nodes_count; i++)
        if (node_eq(crossing->nodes[i]->node, node) && crossing->nodes[i]->is_up) return true;
    return false;
}

/* --- out ------------------------------------------------------------------------------------- */

struct buffer *crossing_out(struct crossing *crossing, uint32_t target, enum crossing_stream stream)
{
    return &crossing_node(crossing, target)->out[stream].bytes;
}

uint64_t crossing_wrote(struct crossing *crossing, uint32_t target, enum crossing_stream stream)
{
    struct crossing_out *out = &crossing_node(crossing, target)->out[stream];
    out->written = out->sent + out->bytes.len;
    return out->written;
}

bool crossing_was_sent(struct crossing *crossing, uint32_t target, uint64_t until)
{
    return crossing_node(crossing, target)->out[STREAM_ASKS].sent >= until;
}

static void flush_one(struct server *server, struct crossing_node *node,
                      enum crossing_stream stream)
{
    struct crossing_out *out = &node->out[stream];
    size_t gone = 0;
    while (gone < out->bytes.len) {
        size_t len = u64_min(out->bytes.len - gone, CROSSING_FRAME_BYTES_MAX);
        struct slice frame = slice_of(out->bytes.data + gone, len);
        if (!lane_send(server->lane, node->node, node->lane, LINK_ASKS + (uint32_t)stream, frame))
            break;
        gone += len;
    }
    out->sent += gone;
    buffer_consume(&out->bytes, gone);
}

void crossing_nodes_flush(struct server *server)
{
    struct crossing *crossing = server->crossing;
    for (uint32_t i = 0; i < crossing->nodes_count; i++) {
        struct crossing_node *node = crossing->nodes[i];
        if (!node->is_up) continue;
        for (int stream = 0; stream < STREAMS; stream++) {
            if (node->out[stream].bytes.len == 0) continue;
            flush_one(server, node, (enum crossing_stream)stream);
        }
    }
}

/* A node is told by one of its lanes, which tells the others. */
static bool is_told_already(const struct crossing *crossing, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (crossing->nodes[j]->is_up &&
            node_eq(crossing->nodes[j]->node, crossing->nodes[i]->node))
            return true;
    return false;
}

static void tell_node(struct crossing *crossing, struct crossing_node *node,
                      const struct slice *argv, uint32_t argc)
{
    const struct ask ask = {
        .slot = CROSSING_SLOT_LANE, .shard = {SHARD_NONE}, .flags = ASK_QUIET, .argc = argc};
    struct buffer *out = &node->out[STREAM_TELLS].bytes;
    if (!node->is_up || out->len > TELL_BYTES_MAX) {
        crossing->stats.tells_lost++;
    } else {
        ask_write(out, &ask, argv);
    }
}

void crossing_tell_nodes(struct server *server, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    for (uint32_t i = 0; i < crossing->nodes_count; i++) {
        if (!is_told_already(crossing, i)) tell_node(crossing, crossing->nodes[i], argv, argc);
    }
}

void crossing_tell_newer(struct server *server, node_id node, const struct slice *argv,
                         uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    for (uint32_t i = 0; i < crossing->nodes_count; i++) {
        struct crossing_node *to = crossing->nodes[i];
        bool meant = node.n == 0 || node_eq(node, to->node);
        if (!meant || !to->is_up || is_told_already(crossing, i)) continue;
        if (!lane_peer_can_be_told(server->lane, to->node, to->lane)) continue;
        tell_node(crossing, to, argv, argc);
    }
}

/* --- in -------------------------------------------------------------------------------------- */

static void forget(struct crossing_node *node)
{
    for (int stream = 0; stream < STREAMS; stream++) {
        struct crossing_out *out = &node->out[stream];
        buffer_free(&out->bytes);
        buffer_free(&node->in[stream]);
        out->written = out->sent = 0;
    }
}

/* Whose guests these were is gone, and what its guests were asked is not answered. */
static void went(struct server *server, uint32_t target)
{
    struct crossing_node *node = crossing_node(server->crossing, target);
    guests_leave(server, target);
    guests_unanswered(server, target);
    forget(node);
}

/* A place is never another's: guests know nodes by their places. */
static struct crossing_node *node_add(struct crossing *crossing, node_id id, uint32_t lane)
{
    crossing->nodes = realloc(crossing->nodes, (crossing->nodes_count + 1) * sizeof(void *));
    ASSERT(crossing->nodes != NULL);
    struct crossing_node *node = calloc(1, sizeof *node);
    ASSERT(node != NULL);
    node->node = id;
    node->lane = lane;
    crossing->nodes[crossing->nodes_count++] = node;
    return node;
}

static void came(struct server *server, node_id id, uint32_t lane)
{
    struct crossing *crossing = server->crossing;
    uint32_t i = index_of(crossing, id, lane);
    if (i == CROSSING_NODES_MAX) return; /* more than have ever been members: never asked */
    if (i == crossing->nodes_count) (void)node_add(crossing, id, lane);
    struct crossing_node *node = crossing->nodes[i];
    if (node->is_up) went(server, crossing->config.lanes_count + i);
    node->is_up = true;
    node->is_bad = node->was_told = node->is_awaited = false;
    guests_look_up(server);
    if (lane_number(server->lane) == 0 && lane == 0) told_catch_up(server, id);
}

void crossing_distrust(struct server *server, uint32_t target)
{
    struct crossing_node *node = crossing_node(server->crossing, target);
    if (node->is_bad) return;
    node->is_bad = true;
    server->crossing->stats.bad++;
    went(server, target);
    lane_break_link(server->lane, node->node, node->lane);
}

/* --- who ends --------------------------------------------------------------------------------- */

bool crossing_part(struct server *server)
{
    struct crossing *crossing = server->crossing;
    bool all = true;
    for (uint32_t i = 0; i < crossing->nodes_count; i++) {
        struct crossing_node *node = crossing->nodes[i];
        if (!node->is_up) continue;
        if (!crossing->parts) node->is_awaited = true; /* not who comes now */
        all = all && !node->is_awaited;
        if (node->was_told || node->out[STREAM_ANSWERS].bytes.len > 0) continue;
        struct slice nothing = {0};
        node->was_told =
            lane_send(server->lane, node->node, node->lane, LINK_GONE, nothing);    /* [N1] */
        if (node->was_told) guests_leave(server, crossing->config.lanes_count + i); /* [N2] */
    }
    crossing->parts = true;
    return all;
}

/* What it was asked and has not answered is as if it had not been sent. */
static void has_gone(struct server *server, uint32_t target)
{
    struct crossing_node *node = crossing_node(server->crossing, target);
    node->is_up = false;
    node->out[STREAM_ASKS].sent = 0;
    went(server, target);
    lane_part_link(server->lane, node->node, node->lane);
}

/* What is said to all nodes; NULL: it is no such thing. */
static struct slice *told_arguments(struct server *server, const struct ask *ask)
{
    struct buffer *arguments = &server->sessions->guest_arguments;
    const struct command *command, *container;
    if (ask->slot != CROSSING_SLOT_LANE || !(ask->flags & ASK_QUIET) || ask->argc == 0) return NULL;
    buffer_clear(arguments);
    struct slice *argv =
        (struct slice *)(void *)buffer_reserve(arguments, ask->argc * sizeof(struct slice));
    ask_arguments(ask, argv);
    command = command_find(server->commands, argv, ask->argc, &container);
    bool is_told =
        command != NULL && (share_goes_to_nodes(command->id) || command->id == COMMAND_CONFIG_TOLD);
    return is_told ? argv : NULL;
}

/* For all of this node: for each lane. */
static void told(struct server *server, uint32_t from, const struct ask *ask, struct slice bytes)
{
    const struct slice *argv = told_arguments(server, ask);
    if (argv == NULL) {
        crossing_distrust(server, from);
        return;
    }
    crossing_tell_all(server, argv, ask->argc);
    guest_receive(server, from, ask, bytes);
}

static enum crossing_read take(struct server *server, uint32_t from, enum crossing_stream stream,
                               struct slice *rest)
{
    struct ask ask;
    struct answer_told answer;
    struct slice bytes = *rest;
    enum crossing_read read;
    switch (stream) {
    case STREAM_ASKS:
    case STREAM_TELLS:
        read = ask_read(rest, &ask);
        if (read != CROSSING_WHOLE) return read;
        bytes.len -= rest->len;
        if (stream == STREAM_TELLS) {
            told(server, from, &ask, bytes);
        } else {
            guest_receive(server, from, &ask, bytes);
        }
        return read;
    case STREAM_ANSWERS:
        read = answer_read(rest, &answer);
        if (read == CROSSING_WHOLE) guest_answered(server, from, &answer);
        return read;
    case STREAMS: break;
    }
    UNREACHABLE("no stream");
}

static void receive(struct server *server, uint32_t from, enum crossing_stream stream,
                    struct slice bytes)
{
    struct crossing_node *node = crossing_node(server->crossing, from);
    struct buffer *kept = &node->in[stream];
    bool fresh = kept->len == 0;
    if (!fresh) buffer_append(kept, bytes);
    struct slice rest = fresh ? bytes : buffer_slice(kept);
    enum crossing_read read = CROSSING_SHORT;
    while (rest.len > 0 && !node->is_bad) {
        read = take(server, from, stream, &rest);
        if (read != CROSSING_WHOLE) break;
    }
    if (node->is_bad) return; /* what was kept is gone */
    if (read == CROSSING_BAD || rest.len > CROSSING_BYTES_MAX) {
        crossing_distrust(server, from);
    } else if (fresh) {
        buffer_append(kept, rest);
    } else if (rest.len == 0) {
        buffer_free(kept);
    } else {
        buffer_consume(kept, kept->len - rest.len);
    }
}

static void message_take(struct server *server, const struct message *message)
{
    struct crossing *crossing = server->crossing;
    node_id id = {message->from};
    uint32_t lane = message->to, i = index_of(crossing, id, lane);
    if (message->kind == LINK_UP) {
        came(server, id, lane);
        return;
    }
    if (i == crossing->nodes_count || !crossing->nodes[i]->is_up) return;
    uint32_t from = crossing->config.lanes_count + i;
    if (message->kind == LINK_DOWN) {
        crossing->nodes[i]->is_up = false;
        went(server, from);
    } else if (message->kind == LINK_GONE) {
        has_gone(server, from);
    } else if (message->kind >= LINK_ASKS && message->kind < LINK_ASKS + STREAMS) {
        if (crossing->nodes[i]->is_bad) return;
        if (crossing->nodes[i]->was_told && message->kind == LINK_ASKS) return; /* [N2] */
        receive(server, from, (enum crossing_stream)(message->kind - LINK_ASKS),
                buffer_slice(&message->bytes));
    }
}

void crossing_nodes_turn(struct server *server)
{
    struct message *message = lane_take_messages(server->lane);
    while (message != NULL) {
        struct message *next = message->next;
        message_take(server, message);
        message_free(message);
        message = next;
    }
}
