/* crossing_route.c -- see crossing.h: which lane, and whether this one may run it now. */
#include <stdlib.h>

#include "base/crc.h"
#include "serve/acl.h"
#include "serve/crossing_impl.h"
#include "serve/standing.h"
#include "serve/transaction.h"
#include "serve/watching.h"

enum {
    HELD_MAX = 1024,      /* of one session: then it waits for answers */
    HELD_UNKNOWN_MAX = 4, /* while nobody knows how large they will be */
    KEYS_LOOKED_AT = 256,
    LANE_NONE = UINT32_MAX,
    LANE_SEVERAL = UINT32_MAX - 1,
};

static void crossing_unwatch(struct server *server, struct session *session)
{
    struct session_crossing *of = session->crossing;
    if (of == NULL || of->watch_lane == 0) return;
    const struct slice unwatch = SLICE("UNWATCH");
    crossing_ask(server, session, of->watch_lane - 1, 0, ASK_QUIET, &unwatch, 1);
    of->watch_lane = 0;
}

/* --- which way ------------------------------------------------------------------------------- */

/* The lane of all keys of a call; LANE_NONE: it has none. */
static uint32_t lane_of_keys(const struct crossing *crossing, const struct request *request)
{
    struct key_place few[KEYS_LOOKED_AT], *places = few;
    const struct command *command = request->command;
    if (command->key_specs_count == 0) return LANE_NONE;
    int64_t count = command_keys(command, request->argv, request->argc, few, KEYS_LOOKED_AT);
    if (UNLIKELY(count > KEYS_LOOKED_AT)) {
        places = calloc((size_t)count, sizeof *places);
        ASSERT(places != NULL);
        (void)command_keys(command, request->argv, request->argc, places, (uint32_t)count);
    }
    uint32_t lane = LANE_NONE;
    for (int64_t i = 0; i < count && lane != LANE_SEVERAL; i++) {
        uint32_t one = crossing_lane_of(crossing, request->argv[places[i].index]);
        lane = lane == LANE_NONE || lane == one ? one : LANE_SEVERAL;
    }
    if (places != few) free(places);
    return lane;
}

static enum crossing_way refuse(struct session *session)
{
    struct reply reply = {&session->output, session->protocol};
    reply_error(&reply,
                "CROSSSLOT Keys in request don't belong to the same lane of this node; name "
                "them with one {tag}, or start it with --lanes 1");
    return CROSSING_REFUSED;
}

static bool is_silent(struct session *session)
{
    bool silent = (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0;
    session->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    return silent;
}

static enum crossing_way send_to(struct server *server, struct session *session, uint32_t lane,
                                 const struct request *request, uint32_t flags)
{
    struct session_crossing *of = crossing_of(server->crossing, session);
    struct held *held = held_push(of);
    held->owed_count = 1;
    held->silent = is_silent(session);
    uint64_t entry = of->first + held_count(of) - 1;
    session->replicas_until = (instant){0};
    if (dispatch_keys_restricted(session, request)) flags |= ASK_RESTRICTED;
    of->waits = (request->command->flags & COMMAND_BLOCKING) != 0;
    crossing_ask(server, session, lane, entry, flags, request->argv, request->argc);
    return CROSSING_SENT;
}

void crossing_ask_own(struct server *server, struct session *session, const struct request *request)
{
    (void)send_to(server, session, server->crossing->config.lane, request, 0);
}

/* May this lane run it in this turn? If not its guest will, or has it run where it may. */
static bool is_for_here(struct server *server, const struct session *session,
                        const struct request *request)
{
    if (!server->crossing->config.replicated) return true;
    bool stale = (session->flags & SESSION_STALE) != 0;
    struct standing_call call = {request->command, request->argv, request->argc, session->database,
                                 stale};
    /* What must be asked of the others first is asked by the guest. */
    if (!stale && !shard_is_leader(lane_only(server->lane)))
        return standing_need(&call) == NEED_NOTHING;
    uint64_t round = 0;
    return standing_way(server, &call, &round) == SHARD_HERE;
}

struct gathering { /* where a transaction belongs */
    const struct crossing *crossing;
    const struct session *session;
    uint32_t lane;
    bool for_all;
    bool denied; /* the user's rules have changed since it was queued */
    bool restricted;
};

static void gather(void *context, const struct request *request)
{
    struct gathering *gathering = context;
    uint32_t lane = lane_of_keys(gathering->crossing, request), position;
    const struct acl_user *user = gathering->session->user;
    gathering->denied |=
        acl_check(user, request->command, request->argv, request->argc, &position) != ACL_ALLOWED;
    gathering->restricted |= dispatch_keys_restricted(gathering->session, request);
    gathering->for_all |= crossing_is_for_all(request->command->id);
    if (lane == LANE_NONE || lane == gathering->lane) return;
    gathering->lane = gathering->lane == LANE_NONE ? lane : LANE_SEVERAL;
}

struct forwarding {
    struct server *server;
    struct session *session;
    uint32_t lane;
};

static void forward_quietly(void *context, const struct request *request)
{
    struct forwarding *to = context;
    crossing_ask(to->server, to->session, to->lane, 0, ASK_QUIET, request->argv, request->argc);
}

static enum crossing_way route_exec(struct server *server, struct session *session,
                                    const struct request *request)
{
    const struct crossing *crossing = server->crossing;
    struct session_crossing *of = session->crossing;
    bool spoiled = (session->flags & (SESSION_DIRTY_EXEC | SESSION_DIRTY_WATCH)) != 0;
    if (!(session->flags & SESSION_MULTI) || spoiled) {
        crossing_unwatch(server, session);
        return CROSSING_HERE;
    }
    struct gathering where = {.crossing = crossing, .session = session, .lane = LANE_NONE};
    if (of != NULL && of->watch_lane != 0) where.lane = of->watch_lane - 1;
    if (watching_count_of(session) > 0) where.lane = crossing->config.lane;
    transaction_each(session, gather, &where);
    if (where.lane == LANE_SEVERAL || (where.for_all && crossing->config.lanes_count > 1)) {
        crossing_unwatch(server, session);
        transaction_drop(server, session);
        return refuse(session);
    }
    if (where.lane == LANE_NONE) where.lane = crossing->config.lane;
    bool elsewhere = of != NULL && (of->watch_lane != 0 || of->first < of->own_until);
    if (where.lane == crossing->config.lane && !elsewhere) {
        if (transaction_count(session) == 0 || is_for_here(server, session, request))
            return CROSSING_HERE;
        if (watching_count_of(session) > 0) { /* nobody else knows what it watches */
            session->flags |= SESSION_DIRTY_WATCH;
            return CROSSING_HERE;
        }
    }
    if (where.denied) {
        crossing_unwatch(server, session);
        transaction_drop(server, session);
        struct reply reply = {&session->output, session->protocol};
        reply_error(&reply, "EXECABORT Transaction discarded because of: NOPERM ACLs rules changed "
                            "between the moment the transaction was accumulated and the EXEC call");
        return CROSSING_REFUSED;
    }
    struct forwarding to = {server, session, where.lane};
    const struct slice multi = SLICE("MULTI");
    crossing_ask(server, session, where.lane, 0, ASK_QUIET, &multi, 1);
    transaction_each(session, forward_quietly, &to);
    if (of != NULL) of->watch_lane = 0;
    transaction_drop(server, session);
    return send_to(server, session, where.lane, request, where.restricted ? ASK_RESTRICTED : 0);
}

static enum crossing_way route_watch(struct server *server, struct session *session, uint32_t lane,
                                     const struct request *request)
{
    uint32_t here = server->crossing->config.lane;
    struct session_crossing *of = crossing_of(server->crossing, session);
    bool elsewhere = of->watch_lane != 0 && of->watch_lane - 1 != lane;
    if (elsewhere || (watching_count_of(session) > 0 && lane != here)) return refuse(session);
    if (session->flags & SESSION_MULTI) return CROSSING_HERE;
    if (lane == here && of->watch_lane == 0 && of->first >= of->own_until) {
        if (is_for_here(server, session, request)) return CROSSING_HERE;
        if (watching_count_of(session) > 0) { /* what it watches already cannot be kept */
            session->flags |= SESSION_DIRTY_WATCH;
            return CROSSING_HERE;
        }
    }
    of->watch_lane = lane + 1;
    return send_to(server, session, lane, request, 0);
}

/* Commands that act on the session itself wait until all before them is answered. */
static bool must_wait(const struct session *session, const struct command *command)
{
    if (!crossing_is_owed(session)) return false;
    const struct session_crossing *of = session->crossing;
    uint32_t count = held_count(of), most = of->answer_bytes == 0 ? HELD_UNKNOWN_MAX : HELD_MAX;
    if (count >= most || of->waits) return true;
    if (of->held_bytes + count * of->answer_bytes >= SESSION_OUTPUT_PAUSE_BYTES) return true;
    return command->handler == NULL || (command->flags & COMMAND_BLOCKING) != 0;
}

enum crossing_way crossing_route(struct server *server, struct session *session,
                                 const struct request *request)
{
    const struct crossing *crossing = server->crossing;
    const struct command *command = request->command;
    if (must_wait(session, command)) return CROSSING_WAIT;
    if (command->id == COMMAND_EXEC) return route_exec(server, session, request);
    if (command->id == COMMAND_DISCARD || command->id == COMMAND_UNWATCH ||
        command->id == COMMAND_RESET) {
        crossing_unwatch(server, session);
        return CROSSING_HERE;
    }
    uint32_t lane = lane_of_keys(crossing, request);
    if (lane == LANE_SEVERAL || lane == LANE_NONE) {
        bool several = crossing->config.lanes_count > 1;
        if (several && crossing_share_out(server, session, request)) return CROSSING_SENT;
        if (lane == LANE_SEVERAL) return refuse(session);
        lane = crossing->config.lane;
    }
    if (command->id == COMMAND_WATCH) return route_watch(server, session, lane, request);
    const struct session_crossing *of = session->crossing;
    bool overtakes = of != NULL && of->first < of->own_until && command->handler != NULL;
    bool here = lane == crossing->config.lane && !overtakes;
    if (here && is_for_here(server, session, request)) return CROSSING_HERE;
    return send_to(server, session, lane, request, 0);
}
