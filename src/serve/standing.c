/* standing.c -- see standing.h. */
#include "serve/standing.h"

#include "cmd/call.h"
#include "lane/map.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/config_apply.h"
#include "serve/crossing_impl.h"
#include "serve/watching.h"

#define NS_PER_MS INT64_C(1000000)

/* What was last seen of a shard. */
struct standing {
    bool is_here;
    uint64_t epoch, depositions, losses;
    uint64_t unsettled_index; /* replies up to here wait for somebody else's commits; 0: none */
    instant unsettled_since;
    uint64_t seen; /* the look that saw it */
};

struct standings {
    uint32_t shards_count;
    uint64_t looks, news;     /* the lane's, at the last look */
    uint32_t here_count;      /* at the last look */
    uint32_t unsettled_count; /* shards with an unsettled index */
    struct standing of[];     /* [shards_count + 1]: the root's is the last */
};

struct standings *standings_new(struct arena *arena, uint32_t shards_count)
{
    size_t bytes = sizeof(struct standings) + ((size_t)shards_count + 1) * sizeof(struct standing);
    struct standings *standings =
        (struct standings *)(void *)ARENA_ARRAY(arena, uint64_t, bytes / sizeof(uint64_t) + 1);
    standings->shards_count = shards_count;
    return standings;
}

static struct standing *standing_of(struct standings *standings, shard_id shard)
{
    bool root = shard_eq(shard, SHARD_ROOT);
    return &standings->of[root ? standings->shards_count : shard.n];
}

static shard_id shard_at(const struct standings *standings, uint32_t i)
{
    return i == standings->shards_count ? SHARD_ROOT : (shard_id){i};
}

/* --- what a command needs -------------------------------------------------------------------- */

enum standing_need standing_need(const struct standing_call *call)
{
    if (call->command == NULL) return NEED_NOTHING;
    if (call->command->handler != NULL) return NEED_CALL;
    enum command_id id = call->command->id;
    bool leader = id == COMMAND_WATCH || id == COMMAND_EXEC || id == COMMAND_WAIT ||
                  id == COMMAND_WAITAOF || id == COMMAND_REPLICATION_HANDOVER ||
                  id == COMMAND_REPLICATION_MEMBERS;
    return leader ? NEED_LEADER : NEED_NOTHING;
}

enum shard_way standing_way(struct shard *shard, const struct standing_call *call, uint64_t *round)
{
    switch (standing_need(call)) {
    case NEED_NOTHING: return SHARD_HERE;
    case NEED_LEADER: return shard_way_of_write(shard);
    case NEED_CALL: break;
    }
    const struct call asked = {.command = call->command,
                               .argv = call->argv,
                               .argc = call->argc,
                               .database = call->database,
                               .may_block = true};
    return shard_way(shard, &asked, call->stale, round);
}

duration standing_wait(const struct server *server)
{
    return (duration){config_integer(server->config, SETTING_LEADER_WAIT_MS) * NS_PER_MS};
}

void standing_no_leader(const struct server *server, shard_id shard, struct buffer *error)
{
    buffer_append_format(
        error,
        "-TRYAGAIN no leader: for %lld ms node %u has found no node that leads shard %u and can be "
        "reached; nothing was done. Try again when a majority of the shard's nodes runs and "
        "reaches each other\r\n",
        (long long)standing_wait(server).ns / NS_PER_MS, lane_self(server->lane).n, shard.n);
}

/* --- replies whose entries are not to be ----------------------------------------------------- */

/* Every reply of this lane that waits for a gate from `from` on becomes `error`. */
static uint64_t lose_all(struct server *server, struct gate from, struct slice error)
{
    const struct sessions *sessions = server->sessions;
    uint64_t count = 0;
    for (uint32_t slot = 0; slot < sessions->slots_count; slot++) {
        struct session *session = sessions->slots[slot];
        if (session == NULL || (session->flags & SESSION_CLOSING)) continue;
        if (session->guest != NULL) {
            count += guest_lose(session, from, error);
        } else {
            count += session_lose(session, from, error);
        }
        count += crossing_lose(session, from, error);
    }
    return count;
}

static void check_losses(struct server *server, struct standing *standing,
                         const struct shard *shard)
{
    bool for_good;
    struct gate from = {shard_number(shard), 0};
    struct crossing_stats *stats = &server->crossing->stats;
    uint64_t losses = shard_losses(shard, &from.index, &for_good);
    if (LIKELY(losses == standing->losses)) return;
    standing->losses = losses;
    if (for_good) {
        stats->tried_again += lose_all(
            server, from,
            SLICE("-TRYAGAIN not kept: this node ceased to lead before a majority had it, and the "
                  "next leader goes on without it; nothing of it was done. Try again\r\n"));
    } else {
        stats->unknown += lose_all(
            server, from,
            SLICE("-UNKNOWN the write may or may not have happened: this node ceased to lead "
                  "before a majority had it, and its log was replaced since. Read to see "
                  "which\r\n"));
    }
}

static instant check_unsettled(struct server *server, shard_id id, struct standing *standing,
                               instant now)
{
    const struct shard *shard = lane_shard(server->lane, id);
    uint64_t agreed = shard == NULL ? 0 : shard_agreed(shard);
    instant until = {standing->unsettled_since.ns + standing_wait(server).ns};
    if (standing->unsettled_index > agreed && now.ns < until.ns) return until;
    if (standing->unsettled_index > agreed)
        server->crossing->stats.unknown += lose_all(
            server, (struct gate){id, agreed + 1},
            SLICE("-UNKNOWN the write may or may not have happened: this node ceased to lead "
                  "before a majority had it, and has not heard of it since. Read to see "
                  "which\r\n"));
    standing->unsettled_index = 0;
    server->crossing->standings->unsettled_count--;
    return (instant){INT64_MAX};
}

/* --- ceasing to lead ------------------------------------------------------------------------- */

/* A client of this lane that waits for keys: its guest asks the next leader, for what is left of
 * the time. */
static void wait_elsewhere(struct server *server, struct session *session, shard_id shard)
{
    struct request request;
    char text[BLOCKED_TIMEOUT_TEXT];
    struct slice *argv;
    blocked_request(session, &request, &argv);
    duration passed = {server->sessions->now.ns - blocked_since(session).ns};
    blocked_shorten(request.command, argv, request.argc, passed, text);
    session->shard = shard;
    crossing_ask_own(server, session, &request);
    blocked_leave(server, session);
}

static void deposed(struct server *server, struct standing *standing, shard_id id, uint64_t last)
{
    struct standings *standings = server->crossing->standings;
    const struct sessions *sessions = server->sessions;
    for (uint32_t slot = 0; slot < sessions->slots_count; slot++) {
        struct session *session = sessions->slots[slot];
        if (session == NULL || (session->flags & SESSION_CLOSING)) continue;
        if (watching_has(server, session, id)) session->flags |= SESSION_DIRTY_WATCH;
        if (!(session->flags & SESSION_BLOCKED)) continue;
        if (!shard_eq(blocked_shard(session), id)) continue;
        if (session->guest != NULL) {
            guest_deposed(server, session);
        } else {
            wait_elsewhere(server, session, id);
        }
    }
    if (standing->unsettled_index == 0) {
        standing->unsettled_since = server->sessions->now;
        standings->unsettled_count++;
    }
    standing->unsettled_index = u64_max(standing->unsettled_index, u64_max(last, 1));
}

/* True: it is new here. */
static bool check_one(struct server *server, struct shard *shard)
{
    struct standings *standings = server->crossing->standings;
    shard_id id = shard_number(shard);
    struct standing *standing = standing_of(standings, id);
    uint64_t depositions = shard_depositions(shard), epoch = shard_epoch(shard), index;
    bool for_good;
    bool new = !standing->is_here;
    standing->seen = standings->looks;
    if (UNLIKELY(new)) { /* new: nothing waits for it yet */
        *standing = (struct standing){
            .is_here = true, .depositions = depositions, .seen = standings->looks};
        standing->losses = shard_losses(shard, &index, &for_good);
        standings->here_count = UINT32_MAX; /* look for who has gone, too */
        session_observe_shard(server, shard);
    }
    if (UNLIKELY(depositions != standing->depositions)) {
        standing->depositions = depositions;
        deposed(server, standing, id, shard_last(shard));
    }
    check_losses(server, standing, shard);
    if (UNLIKELY(epoch != standing->epoch)) {
        standing->epoch = epoch;
        guests_look_again(server, id);
    }
    return new;
}

/* What has left this node: its replies cannot be settled here. */
static void check_gone(struct server *server)
{
    struct standings *standings = server->crossing->standings;
    for (uint32_t i = 0; i <= standings->shards_count; i++) {
        struct standing *standing = &standings->of[i];
        if (!standing->is_here || standing->seen == standings->looks) continue;
        shard_id id = shard_at(standings, i);
        deposed(server, standing, id, standing->unsettled_index);
        server->crossing->stats.unknown +=
            lose_all(server, (struct gate){id, 1},
                     SLICE("-UNKNOWN the write may or may not have happened: its shard has left "
                           "this node. Read to see which\r\n"));
        standings->unsettled_count--;
        *standing = (struct standing){0};
        guests_look_again(server, id);
    }
}

/* Where a leader is known now of a shard that is not here. */
static void check_map(struct server *server)
{
    const struct map *map = lane_map(server->lane);
    uint64_t changes = map == NULL ? 0 : map_changes(map);
    if (LIKELY(changes == server->crossing->map_changes)) return;
    server->crossing->map_changes = changes;
    guests_look_again(server, (shard_id){SHARD_NONE});
}

static void check_all(struct server *server)
{
    struct standings *standings = server->crossing->standings;
    uint32_t count = 0;
    bool any_new = false;
    standings->looks++;
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard), count++)
        any_new |= check_one(server, shard);
    if (UNLIKELY(any_new)) config_apply(server); /* once: there may be thousands */
    if (UNLIKELY(count != standings->here_count)) check_gone(server);
    standings->here_count = count;
}

void standing_check(struct server *server)
{
    struct standings *standings = server->crossing->standings;
    uint64_t news = lane_news(server->lane);
    if (!server->crossing->config.replicated) return;
    if (UNLIKELY(news != standings->news)) {
        standings->news = news; /* what comes meanwhile is looked at the next time */
        check_all(server);
    }
    check_map(server);
}

instant standing_turn(struct server *server, instant now)
{
    struct standings *standings = server->crossing->standings;
    if (LIKELY(!server->crossing->config.replicated)) return (instant){INT64_MAX};
    instant due = guests_expire(server, now);
    for (uint32_t i = 0; standings->unsettled_count > 0 && i <= standings->shards_count; i++) {
        if (standings->of[i].unsettled_index == 0) continue;
        instant one = check_unsettled(server, shard_at(standings, i), &standings->of[i], now);
        if (one.ns < due.ns) due = one;
    }
    return due;
}
