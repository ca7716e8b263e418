/* cluster_command.c -- see cluster_command.h. */
#include "serve/cluster_command.h"

#include <ctype.h>

#include "base/crc.h"
#include "serve/cluster_map.h"
#include "serve/redirect.h"
#include "serve/session_impl.h"

enum { SHOWN_BYTES_MAX = 128 };

void asking_command(struct session_call *call)
{
    redirect_note_asking(call->session);
    reply_ok(&call->reply);
}

/* --- the map --------------------------------------------------------------------------------- */

/* Text that Redis marks as such: a bulk string in RESP2. */
static void reply_text(struct session_call *call, const struct cluster_view *view,
                       void (*append)(const struct cluster_view *view, struct buffer *out))
{
    struct buffer out = {0};
    append(view, &out);
    reply_verbatim(&call->reply, "txt", buffer_slice(&out));
    buffer_free(&out);
}

/* --- one node -------------------------------------------------------------------------------- */

static const struct cluster_node *node_named(struct session_call *call,
                                             const struct cluster_view *view)
{
    struct slice name = call->argv[2];
    const struct cluster_node *node = cluster_view_named(view, name);
    if (node == NULL)
        reply_error(&call->reply, "ERR Unknown node %.*s", (int)u64_min(name.len, SHOWN_BYTES_MAX),
                    (const char *)name.data);
    return node;
}

static void replicas(struct session_call *call, const struct cluster_view *view)
{
    const struct cluster_node *node = node_named(call, view);
    if (node == NULL) return;
    if (node->leads_count == 0 && node->master.n != 0) {
        reply_error(&call->reply, "ERR The specified node is not a master");
    } else {
        cluster_reply_replicas(view, node, &call->reply);
    }
}

static void failure_reports(struct session_call *call, const struct cluster_view *view)
{
    const struct cluster_node *node = node_named(call, view);
    if (node != NULL) reply_integer(&call->reply, node->health == CLUSTER_FAILED);
}

static void own_name(struct session_call *call)
{
    char name[CLUSTER_NAME_LEN + 1];
    uint64_t cluster = cluster_map_id(call->server);
    node_id self = lane_self(call->server->lane);
    if (call->command->id == COMMAND_CLUSTER_MYID) {
        cluster_name(cluster, self, name);
    } else {
        cluster_shard_name(cluster, self, name);
    }
    reply_bulk_text(&call->reply, name);
}

/* --- links ----------------------------------------------------------------------------------- */

/* The lower number connects; what a link holds back is not counted by itself. */
static void links(struct session_call *call)
{
    enum { FIELDS = 6 };
    struct shard_replication told = {0};
    struct reply *reply = &call->reply;
    if (lane_is_replicated(call->server->lane))
        shard_tell_replication(lane_only(call->server->lane), &told);
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (uint32_t i = 0; i < told.peers_count; i++) {
        char name[CLUSTER_NAME_LEN + 1];
        const struct shard_peer_told *peer = &told.peers[i];
        if (!peer->is_up) continue;
        cluster_name(cluster_map_id(call->server), peer->node, name);
        reply_map(reply, FIELDS);
        reply_bulk_text(reply, "direction");
        reply_bulk_text(reply, told.self.n < peer->node.n ? "to" : "from");
        reply_bulk_text(reply, "node");
        reply_bulk_text(reply, name);
        reply_bulk_text(reply, "create-time");
        reply_integer(reply, call->server->started_unix_ms);
        reply_bulk_text(reply, "events");
        reply_bulk_text(reply, "rw");
        reply_bulk_text(reply, "send-buffer-allocated");
        reply_integer(reply, 0);
        reply_bulk_text(reply, "send-buffer-used");
        reply_integer(reply, 0);
        count++;
    }
    reply_close_array(reply, opened, count);
}

/* --- which ----------------------------------------------------------------------------------- */

static void of_view(struct session_call *call)
{
    struct arena *arena = arena_new();
    const struct cluster_view *view = cluster_map_view(call->server, call->session, arena);
    switch ((uint32_t)call->command->id) {
    case COMMAND_CLUSTER_SLOTS:
        redirect_from_now(call->session);
        cluster_reply_slots(view, &call->reply);
        break;
    case COMMAND_CLUSTER_SHARDS:
        redirect_from_now(call->session);
        cluster_reply_shards(view, arena, &call->reply);
        break;
    case COMMAND_CLUSTER_NODES:
        redirect_from_now(call->session);
        reply_text(call, view, cluster_append_nodes);
        break;
    case COMMAND_CLUSTER_INFO: reply_text(call, view, cluster_append_info); break;
    case COMMAND_CLUSTER_REPLICAS:
    case COMMAND_CLUSTER_SLAVES: replicas(call, view); break;
    case COMMAND_CLUSTER_COUNT_FAILURE_REPORTS: failure_reports(call, view); break;
    }
    arena_free(arena);
}

void cluster_command(struct session_call *call)
{
    switch ((uint32_t)call->command->id) {
    case COMMAND_CLUSTER_KEYSLOT: reply_integer(&call->reply, slot_of_key(call->argv[2])); break;
    case COMMAND_CLUSTER_LINKS: links(call); break;
    case COMMAND_CLUSTER_MYID:
    case COMMAND_CLUSTER_MYSHARDID: own_name(call); break;
    default: of_view(call);
    }
}

void cluster_refused_command(struct session_call *call)
{
    enum { WORD_MAX = 32 };
    char word[WORD_MAX];
    const char *words = "";
    size_t len = 0;
    for (const char *at = call->command->word; *at != '\0' && len + 1 < WORD_MAX; at++)
        word[len++] = (char)toupper(*at);
    word[len] = '\0';
    switch ((uint32_t)call->command->id) {
#define REFUSED(id, text)                                                                          \
    case COMMAND_CLUSTER_##id:                                                                     \
        words = text;                                                                              \
        break;
#include "serve/cluster_refused.def"
#undef REFUSED
    }
    reply_error(&call->reply, "ERR CLUSTER %s is not needed here: %s", word, words);
}
