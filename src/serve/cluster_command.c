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

struct linked {
    node_id nodes[NODES_MAX];
    uint32_t count;
};

static void note_peers(struct linked *linked, const struct shard_replication *told)
{
    for (uint32_t i = 0; i < told->peers_count; i++) {
        const struct shard_peer_told *peer = &told->peers[i];
        uint32_t at = 0;
        while (at < linked->count && !node_eq(linked->nodes[at], peer->node)) at++;
        if (!peer->is_up || at < linked->count || at == NODES_MAX) continue;
        linked->nodes[linked->count++] = peer->node;
    }
}

static void find_linked(const struct lane *lane, struct linked *linked)
{
    const struct shard *shard = lane_shard_first(lane);
    for (; shard != NULL; shard = lane_shard_next(lane, shard)) {
        struct shard_replication told = {0};
        shard_tell_replication(shard, &told);
        note_peers(linked, &told);
    }
}

/* The lower number connects. When a link was made and what it holds back is not kept by link. */
static void reply_link(struct session_call *call, node_id peer)
{
    enum { FIELDS = 6 };
    char name[CLUSTER_NAME_LEN + 1];
    struct reply *reply = &call->reply;
    cluster_name(cluster_map_id(call->server), peer, name);
    reply_map(reply, FIELDS);
    reply_bulk_text(reply, "direction");
    reply_bulk_text(reply, lane_self(call->server->lane).n < peer.n ? "to" : "from");
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
}

static void links(struct session_call *call)
{
    struct linked linked = {0};
    if (lane_is_replicated(call->server->lane)) find_linked(call->server->lane, &linked);
    reply_array(&call->reply, linked.count);
    for (uint32_t i = 0; i < linked.count; i++) reply_link(call, linked.nodes[i]);
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
