/* watching.c -- see watching.h. */
#include <stdlib.h>

#include "serve/crossing.h"
#include "serve/crossing_codec.h"
#include "serve/name_map.h"
#include "serve/session_impl.h"
#include "serve/watching.h"

struct watching {
    struct name_map keys; /* node->first: the first struct session_watch of the key */
};

struct session_watch {
    struct session_watch *next;               /* of the session */
    struct session_watch *other, *other_back; /* of the key */
    struct session *session;
    struct name_node *key;
    bool was_there;
};

struct watching *watching_new(const struct hash_secret *secret)
{
    struct watching *watching = calloc(1, sizeof(struct watching));
    ASSERT(watching != NULL);
    watching->keys.secret = secret;
    return watching;
}

void watching_free(struct watching *watching)
{
    name_map_free(&watching->keys);
    free(watching);
}

uint32_t watching_count(const struct watching *watching)
{
    return watching->keys.count;
}

static void touch(const struct name_node *key)
{
    for (struct session_watch *at = key->first; at != NULL; at = at->other)
        at->session->flags |= SESSION_DIRTY_WATCH;
}

void watching_touch(struct watching *watching, uint32_t database, struct slice key)
{
    const struct name_node *node = name_map_find(&watching->keys, database, key);
    if (node != NULL) touch(node);
}

void watching_touch_database(struct server *server, uint32_t database, uint32_t other)
{
    shard_id running = server->sessions->running_shard;
    struct name_walk walk = {0};
    for (struct name_node *node; (node = name_map_next(&server->watching->keys, &walk)) != NULL;) {
        if (node->database != database && node->database != other) continue;
        const struct store *store = crossing_store_of(server, name_of(node));
        shard_id shard = crossing_shard_of(server->crossing, name_of(node));
        bool others = running.n < SHARD_SEVERAL && !shard_eq(running, shard);
        if (store == NULL || others) continue;
        if (store_peek(store, database, name_of(node)) != NULL ||
            store_peek(store, other, name_of(node)) != NULL)
            touch(node);
    }
}

static void watch(struct server *server, struct session *session, struct slice name)
{
    const struct store *store = crossing_store_of(server, name);
    struct name_node *key = name_map_add(&server->watching->keys, session->database, name);
    for (struct session_watch *at = session->watch; at != NULL; at = at->next)
        if (at->key == key) return;
    struct session_watch *added = calloc(1, sizeof(struct session_watch));
    ASSERT(added != NULL);
    *added = (struct session_watch){
        .next = session->watch,
        .other = key->first,
        .session = session,
        .key = key,
        .was_there = store != NULL && store_peek(store, session->database, name) != NULL,
    };
    if (added->other != NULL) added->other->other_back = added;
    key->first = added;
    session->watch = added;
}

void watching_leave(struct server *server, struct session *session)
{
    while (session->watch != NULL) {
        struct session_watch *gone = session->watch;
        session->watch = gone->next;
        if (gone->other != NULL) gone->other->other_back = gone->other_back;
        if (gone->other_back != NULL) {
            gone->other_back->other = gone->other;
        } else {
            gone->key->first = gone->other;
            if (gone->other == NULL) name_map_remove(&server->watching->keys, gone->key);
        }
        free(gone);
    }
    session->flags &= ~(uint32_t)SESSION_DIRTY_WATCH;
    session_observe(server);
}

bool watching_expired(struct server *server, const struct session *session)
{
    for (const struct session_watch *at = session->watch; at != NULL; at = at->next) {
        const struct store *store = crossing_store_of(server, name_of(at->key));
        if (!at->was_there || store == NULL) continue;
        if (store_peek(store, at->key->database, name_of(at->key)) == NULL) return true;
    }
    return false;
}

shard_id watching_shard_of(const struct server *server, const struct session *session)
{
    shard_id all = {SHARD_NONE};
    for (const struct session_watch *at = session->watch; at != NULL; at = at->next) {
        shard_id shard = crossing_shard_of(server->crossing, name_of(at->key));
        if (all.n != SHARD_NONE && !shard_eq(all, shard)) return (shard_id){SHARD_SEVERAL};
        all = shard;
    }
    return all;
}

bool watching_has(const struct server *server, const struct session *session, shard_id shard)
{
    for (const struct session_watch *at = session->watch; at != NULL; at = at->next)
        if (shard_eq(crossing_shard_of(server->crossing, name_of(at->key)), shard)) return true;
    return false;
}

uint32_t watching_count_of(const struct session *session)
{
    uint32_t count = 0;
    for (const struct session_watch *at = session->watch; at != NULL; at = at->next) count++;
    return count;
}

void watch_command(struct session_call *call)
{
    if (call->session->flags & SESSION_MULTI) {
        reply_error(&call->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    dispatch_set_time(call->server, call->session);
    if (!(call->session->flags & SESSION_DIRTY_WATCH)) /* EXEC will fail anyhow */
        for (uint32_t i = 1; i < call->argc; i++) watch(call->server, call->session, call->argv[i]);
    /* What it has seen, a read at another node must see too: that shows only what is agreed on. */
    const struct shard *shard = lane_shard(call->server->lane, call->session->shard);
    if (shard != NULL) call->session->gate = gate_of(call->session, shard, shard_last(shard));
    session_observe(call->server);
    reply_ok(&call->reply);
}

void unwatch_command(struct session_call *call)
{
    watching_leave(call->server, call->session);
    reply_ok(&call->reply);
}
