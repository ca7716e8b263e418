/* pubsub_commands.c -- SUBSCRIBE and its kin. Each name is answered by a message of its own. */
#include <stdlib.h>

#include "base/glob.h"
#include "serve/crossing.h"
#include "serve/pubsub_impl.h"
#include "serve/session_impl.h"

/* What the client is told it listens to: channels and patterns together, shard channels apart. */
static uint32_t count_told(const struct session *session, enum pubsub_kind kind)
{
    if (kind == PUBSUB_SHARD) return pubsub_count_of(session, PUBSUB_SHARD);
    return pubsub_count_of(session, PUBSUB_CHANNEL) + pubsub_count_of(session, PUBSUB_PATTERN);
}

static void tell(struct session_call *call, const char *word, enum pubsub_kind kind,
                 const struct slice *name)
{
    reply_push(&call->reply, 3);
    reply_bulk_text(&call->reply, word);
    if (name == NULL) {
        reply_null(&call->reply);
    } else {
        reply_bulk(&call->reply, *name);
    }
    reply_integer(&call->reply, count_told(call->session, kind));
}

static void subscribe(struct session_call *call, enum pubsub_kind kind, const char *word)
{
    for (uint32_t i = 1; i < call->argc; i++) {
        (void)pubsub_join(call->server, call->session, kind, call->argv[i]);
        tell(call, word, kind, &call->argv[i]);
    }
}

/* From everything: the names are copied first, for they go with their nodes. */
static void unsubscribe_all(struct session_call *call, enum pubsub_kind kind, const char *word)
{
    if (pubsub_count_of(call->session, kind) == 0) {
        tell(call, word, kind, NULL);
        return;
    }
    struct buffer *copy = &call->server->sessions->scratch;
    struct name_walk walk = {0};
    for (struct name_node *own;
         call->session->listens != NULL &&
         (own = name_map_next(&call->session->listens->names[kind], &walk)) != NULL;) {
        buffer_clear(copy);
        buffer_append(copy, name_of(own));
        struct slice name = buffer_slice(copy);
        (void)pubsub_part(call->server, call->session, kind, name);
        tell(call, word, kind, &name);
    }
}

static void unsubscribe(struct session_call *call, enum pubsub_kind kind, const char *word)
{
    if (call->argc == 1) unsubscribe_all(call, kind, word);
    for (uint32_t i = 1; i < call->argc; i++) {
        (void)pubsub_part(call->server, call->session, kind, call->argv[i]);
        tell(call, word, kind, &call->argv[i]);
    }
}

void subscribe_command(struct session_call *call)
{
    subscribe(call, PUBSUB_CHANNEL, "subscribe");
}

void psubscribe_command(struct session_call *call)
{
    subscribe(call, PUBSUB_PATTERN, "psubscribe");
}

void ssubscribe_command(struct session_call *call)
{
    subscribe(call, PUBSUB_SHARD, "ssubscribe");
}

void unsubscribe_command(struct session_call *call)
{
    unsubscribe(call, PUBSUB_CHANNEL, "unsubscribe");
}

void punsubscribe_command(struct session_call *call)
{
    unsubscribe(call, PUBSUB_PATTERN, "punsubscribe");
}

void sunsubscribe_command(struct session_call *call)
{
    unsubscribe(call, PUBSUB_SHARD, "sunsubscribe");
}

void publish_command(struct session_call *call)
{
    uint64_t count = pubsub_publish(call->server, call->argv[1], call->argv[2]);
    reply_integer(&call->reply, (int64_t)count);
}

void spublish_command(struct session_call *call)
{
    uint64_t count = pubsub_publish_shard(call->server, call->argv[1], call->argv[2]);
    reply_integer(&call->reply, (int64_t)count);
}

/* --- PUBSUB ---------------------------------------------------------------------------------- */

static void channels(struct session_call *call, enum pubsub_kind kind)
{
    if (call->argc > 3) {
        reply_error(&call->reply,
                    "ERR unknown subcommand or wrong number of arguments for '%.128s'. Try PUBSUB "
                    "HELP.",
                    kind == PUBSUB_SHARD ? "shardchannels" : "channels");
        return;
    }
    size_t opened = reply_open(&call->reply);
    uint64_t count = 0;
    struct name_walk walk = {0};
    const struct name_map *names = &call->server->pubsub->names[kind];
    for (struct name_node *node; (node = name_map_next(names, &walk)) != NULL;) {
        if (call->argc == 3 && !glob_match(call->argv[2], name_of(node))) continue;
        reply_bulk(&call->reply, name_of(node));
        count++;
    }
    reply_close_array(&call->reply, opened, count);
}

static void numsub(struct session_call *call, enum pubsub_kind kind)
{
    reply_array(&call->reply, (uint64_t)(call->argc - 2) * 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        const struct name_node *node =
            name_map_find(&call->server->pubsub->names[kind], 0, call->argv[i]);
        reply_bulk(&call->reply, call->argv[i]);
        reply_integer(&call->reply, node == NULL ? 0 : node->count);
    }
}

void pubsub_channels_command(struct session_call *call)
{
    channels(call, PUBSUB_CHANNEL);
}

void pubsub_shardchannels_command(struct session_call *call)
{
    channels(call, PUBSUB_SHARD);
}

void pubsub_numsub_command(struct session_call *call)
{
    numsub(call, PUBSUB_CHANNEL);
}

void pubsub_shardnumsub_command(struct session_call *call)
{
    numsub(call, PUBSUB_SHARD);
}

void pubsub_numpat_command(struct session_call *call)
{
    reply_integer(&call->reply, pubsub_count(call->server->pubsub, PUBSUB_PATTERN));
}
