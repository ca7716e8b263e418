/* pubsub.c -- who listens to what; see pubsub.h. */
#include "serve/pubsub.h"

#include <stdlib.h>

#include "base/glob.h"
#include "serve/name_map.h"
#include "serve/pubsub_impl.h"
#include "serve/session_impl.h"

struct pubsub *pubsub_new(const struct hash_secret *secret)
{
    struct pubsub *pubsub = calloc(1, sizeof(struct pubsub));
    ASSERT(pubsub != NULL);
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) pubsub->names[kind].secret = secret;
    return pubsub;
}

void pubsub_free(struct pubsub *pubsub)
{
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) name_map_free(&pubsub->names[kind]);
    for (int i = 0; i < 2; i++) buffer_free(&pubsub->texts[i]);
    free(pubsub);
}

uint32_t pubsub_count(const struct pubsub *pubsub, enum pubsub_kind kind)
{
    return pubsub->names[kind].count;
}

uint32_t pubsub_count_of(const struct session *session, enum pubsub_kind kind)
{
    return session->listens == NULL ? 0 : session->listens->names[kind].count;
}

bool pubsub_all_allowed(const struct session *session, pubsub_allowed allowed, void *context)
{
    if (session->listens == NULL) return true;
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        struct name_walk walk = {0};
        const struct name_map *names = &session->listens->names[kind];
        for (struct name_node *node; (node = name_map_next(names, &walk)) != NULL;)
            if (!allowed(context, (enum pubsub_kind)kind, name_of(node))) return false;
    }
    return true;
}

/* --- joining and leaving --------------------------------------------------------------------- */

bool pubsub_join(struct server *server, struct session *session, enum pubsub_kind kind,
                 struct slice name)
{
    if (session->listens == NULL) {
        session->listens = calloc(1, sizeof(struct session_listens));
        ASSERT(session->listens != NULL);
        for (int i = 0; i < PUBSUB_KINDS; i++)
            session->listens->names[i].secret = server->pubsub->names[i].secret;
    }
    struct name_node *own = name_map_add(&session->listens->names[kind], 0, name);
    if (own->first != NULL) return false; /* it listens already */
    struct listener *listener = calloc(1, sizeof(struct listener));
    ASSERT(listener != NULL);
    struct name_node *of = name_map_add(&server->pubsub->names[kind], 0, name);
    *listener = (struct listener){.previous = of->last, .session = session, .name = of};
    if (listener->previous == NULL) {
        of->first = listener;
    } else {
        listener->previous->next = listener;
    }
    of->last = listener;
    of->count++;
    own->first = listener;
    session->flags |= SESSION_PUBSUB;
    return true;
}

static void listener_remove(struct server *server, enum pubsub_kind kind, struct listener *gone)
{
    struct name_node *of = gone->name;
    if (gone->previous == NULL) {
        of->first = gone->next;
    } else {
        gone->previous->next = gone->next;
    }
    if (gone->next == NULL) {
        of->last = gone->previous;
    } else {
        gone->next->previous = gone->previous;
    }
    of->count--;
    if (of->count == 0) name_map_remove(&server->pubsub->names[kind], of);
    free(gone);
}

static void drop_if_empty(struct session *session)
{
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        if (session->listens->names[kind].count > 0) return;
    free(session->listens);
    session->listens = NULL;
    session->flags &= ~(uint32_t)SESSION_PUBSUB;
}

bool pubsub_part(struct server *server, struct session *session, enum pubsub_kind kind,
                 struct slice name)
{
    if (session->listens == NULL) return false;
    struct name_map *names = &session->listens->names[kind];
    struct name_node *own = name_map_find(names, 0, name);
    if (own == NULL) return false;
    listener_remove(server, kind, own->first);
    name_map_remove(names, own);
    drop_if_empty(session);
    return true;
}

void pubsub_leave_all(struct server *server, struct session *session)
{
    if (session->listens == NULL) return;
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        struct name_map *names = &session->listens->names[kind];
        struct name_walk walk = {0};
        for (struct name_node *own; (own = name_map_next(names, &walk)) != NULL;) {
            listener_remove(server, (enum pubsub_kind)kind, own->first);
            name_map_remove(names, own);
        }
    }
    drop_if_empty(session);
}

/* --- messages -------------------------------------------------------------------------------- */

/* A message in both protocols, each made when the first wants it. */
struct message {
    struct buffer texts[2];
    const char *word;
    const struct slice *parts;
    uint32_t count;
};

static struct slice message_for(struct message *message, uint8_t protocol)
{
    struct buffer *text = &message->texts[protocol == 3];
    if (text->len == 0) {
        struct reply reply = {text, protocol};
        reply_push(&reply, message->count + 1);
        reply_bulk_text(&reply, message->word);
        for (uint32_t i = 0; i < message->count; i++) reply_bulk(&reply, message->parts[i]);
    }
    return buffer_slice(text);
}

static uint64_t send_to_all(struct server *server, const struct name_node *name, const char *word,
                            const struct slice *parts, uint32_t count)
{
    struct message message = {.word = word, .parts = parts, .count = count};
    for (int i = 0; i < 2; i++) {
        message.texts[i] = server->pubsub->texts[i]; /* their memory is used again */
        buffer_clear(&message.texts[i]);
    }
    uint64_t sent = 0;
    for (const struct listener *at = name->first; at != NULL; at = at->next, sent++)
        session_append(server, at->session, message_for(&message, at->session->protocol));
    for (int i = 0; i < 2; i++) server->pubsub->texts[i] = message.texts[i];
    return sent;
}

uint64_t pubsub_publish(struct server *server, struct slice channel, struct slice message)
{
    struct pubsub *pubsub = server->pubsub;
    const struct slice parts[] = {channel, message};
    uint64_t sent = 0;
    struct name_node *name = name_map_find(&pubsub->names[PUBSUB_CHANNEL], 0, channel);
    if (name != NULL) sent += send_to_all(server, name, "message", parts, COUNT_OF(parts));
    struct name_walk walk = {0};
    while ((name = name_map_next(&pubsub->names[PUBSUB_PATTERN], &walk)) != NULL) {
        if (!glob_match(name_of(name), channel)) continue;
        const struct slice matched[] = {name_of(name), channel, message};
        sent += send_to_all(server, name, "pmessage", matched, COUNT_OF(matched));
    }
    return sent;
}

uint64_t pubsub_publish_shard(struct server *server, struct slice channel, struct slice message)
{
    const struct slice parts[] = {channel, message};
    const struct name_node *name = name_map_find(&server->pubsub->names[PUBSUB_SHARD], 0, channel);
    return name == NULL ? 0 : send_to_all(server, name, "smessage", parts, COUNT_OF(parts));
}
