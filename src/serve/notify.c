/* notify.c -- what happens to keys, told to WATCH, to blocked clients, and as messages. */
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/pubsub.h"
#include "serve/session_impl.h"
#include "serve/watching.h"

static void on_modified(void *context, uint32_t database, struct slice key)
{
    struct server *server = context;
    watching_touch(server->watching, database, key);
    blocked_touch(server->blocked, database, key);
}

static void on_replaced(void *context, uint32_t database, uint32_t other)
{
    struct server *server = context;
    watching_touch_database(server, database, other);
    if (database == other) return; /* all goes: nobody who waits gets anything */
    blocked_touch_database(server->blocked, database);
    blocked_touch_database(server->blocked, other);
}

/* __keyspace@0__:key event, and __keyevent@0__:event key. */
static void publish(struct server *server, const char *kind, uint32_t database, struct slice name,
                    struct slice message)
{
    struct buffer *channel = &server->sessions->scratch;
    buffer_clear(channel);
    buffer_append_format(channel, "__%s@%u__:", kind, database);
    buffer_append(channel, name);
    (void)pubsub_publish(server, buffer_slice(channel), message);
    struct slice argv[] = {SLICE("PUBLISH"), buffer_slice(channel), message};
    crossing_tell_all(server, argv, COUNT_OF(argv));
    crossing_tell_nodes(server, argv, COUNT_OF(argv));
}

/* What a follower applies was told where it was done. */
static bool is_told_elsewhere(const struct server *server, struct slice key)
{
    if (!lane_is_replicated(server->lane)) return false;
    const struct shard *shard = lane_shard(server->lane, crossing_shard_of(server->crossing, key));
    return shard == NULL || !shard_is_leader(shard);
}

static void on_notified(void *context, enum notify_class class, const char *event,
                        uint32_t database, struct slice key)
{
    struct server *server = context;
    uint32_t wanted = server->config->lists.notify;
    if (!(wanted & class) || is_told_elsewhere(server, key)) return;
    if (wanted & NOTIFY_KEYSPACE) publish(server, "keyspace", database, key, slice_text(event));
    if (wanted & NOTIFY_KEYEVENT) publish(server, "keyevent", database, slice_text(event), key);
}

/* Keys that go by themselves. */
static void on_dropped(void *context, enum store_drop why, uint32_t database, struct slice key)
{
    struct server *server = context;
    watching_touch(server->watching, database, key);
    if (!server->sessions->observer.wants_notified) return;
    switch (why) {
    case STORE_DROP_EXPIRED: on_notified(server, NOTIFY_EXPIRED, "expired", database, key); break;
    case STORE_DROP_EVICTED: on_notified(server, NOTIFY_EVICTED, "evicted", database, key); break;
    }
}

void session_observe(struct server *server)
{
    struct call_observer *observer = &server->sessions->observer;
    uint32_t wanted = server->config->lists.notify;
    /* Who listens at other lanes is not known here. */
    bool somebody = (wanted & (NOTIFY_KEYSPACE | NOTIFY_KEYEVENT)) &&
                    (crossing_has_others(server->crossing) ||
                     pubsub_count(server->pubsub, PUBSUB_CHANNEL) > 0 ||
                     pubsub_count(server->pubsub, PUBSUB_PATTERN) > 0);
    observer->wants_modified =
        watching_count(server->watching) > 0 || blocked_has_keys(server->blocked);
    observer->wants_notified = somebody ? wanted : 0;
    if (observer->context != NULL) return;
    observer->context = server;
    observer->modified = on_modified;
    observer->replaced = on_replaced;
    observer->notified = on_notified;
    lane_set_observer(server->lane, observer);
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard))
        session_observe_shard(server, shard);
}

void session_observe_shard(struct server *server, struct shard *shard)
{
    store_set_observer(shard_store(shard), on_dropped, server);
}
