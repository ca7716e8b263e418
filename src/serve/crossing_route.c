/* crossing_route.c -- see crossing.h: which shard, and whether this lane may run it now. */
#include <stdlib.h>

#include "base/crc.h"
#include "cmd/call.h"
#include "lane/together.h"
#include "serve/acl.h"
#include "serve/crossing_share.h"
#include "serve/standing.h"
#include "serve/transaction.h"
#include "serve/watching.h"

enum {
    HELD_MAX = 1024,      /* of one session: then it waits for answers */
    HELD_UNKNOWN_MAX = 4, /* while nobody knows how large they will be */
    KEYS_LOOKED_AT = 256,
};

static const shard_id NONE = {SHARD_NONE}, SEVERAL = {SHARD_SEVERAL};

static void crossing_unwatch(struct server *server, struct session *session)
{
    struct session_crossing *of = session->crossing;
    if (of == NULL || !of->watches) return;
    const struct slice unwatch = SLICE("UNWATCH");
    crossing_ask(server, session, of->watch_shard, 0, ASK_QUIET, &unwatch, 1);
    of->watches = false;
}

/* --- which shard ----------------------------------------------------------------------------- */

static shard_id shard_of_only_key(const struct crossing *crossing, const struct request *request)
{
    uint32_t slot = request->slot_known != 0
                        ? request->slot_known - 1
                        : slot_of_key(request->argv[request->command->only_key]);
    return shard_of_slot(slot, crossing->config.shards_count);
}

static shard_id both(shard_id a, shard_id b)
{
    if (shard_eq(a, NONE) || shard_eq(a, b)) return b;
    return shard_eq(b, NONE) ? a : SEVERAL;
}

/* CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT name a slot, not a key of it. */
static shard_id shard_of_named_slot(const struct crossing *crossing, const struct request *request)
{
    enum command_id id = request->command->id;
    int64_t slot;
    if (id != COMMAND_CLUSTER_COUNTKEYSINSLOT && id != COMMAND_CLUSTER_GETKEYSINSLOT) return NONE;
    if (!integer_parse(request->argv[2], &slot) || slot < 0 || slot >= KEY_SLOTS) return NONE;
    return shard_of_slot((uint32_t)slot, crossing->config.shards_count);
}

/* Patterns lead it to keys that are not among its arguments. */
static bool follows_patterns(const struct command *command)
{
    return command->id == COMMAND_SORT || command->id == COMMAND_SORT_RO;
}

/* Of a request without keys, no shard; with keys of several, SHARD_SEVERAL. */
static shard_id shard_of_keys(const struct crossing *crossing, const struct request *request)
{
    struct key_place few[KEYS_LOOKED_AT], *places = few;
    const struct command *command = request->command;
    if (command->only_key != 0) return shard_of_only_key(crossing, request);
    if (command->key_specs_count == 0) return shard_of_named_slot(crossing, request);
    int64_t count = command_keys(command, request->argv, request->argc, few, KEYS_LOOKED_AT);
    if (UNLIKELY(count > KEYS_LOOKED_AT)) {
        places = calloc((size_t)count, sizeof *places);
        ASSERT(places != NULL);
        (void)command_keys(command, request->argv, request->argc, places, (uint32_t)count);
    }
    shard_id shard = NONE;
    for (int64_t i = 0; i < count && !shard_eq(shard, SEVERAL); i++)
        shard = both(shard, crossing_shard_of(crossing, request->argv[places[i].index]));
    if (places != few) free(places);
    return shard;
}

/* --- sending --------------------------------------------------------------------------------- */

static enum crossing_way refuse(const struct server *server, struct session *session)
{
    struct reply reply = {&session->output, session->protocol};
    const struct crossing_config *config = &server->crossing->config;
    reply_error(&reply,
                "CROSSSLOT Keys in request don't hash to the same shard, of %u; name them with one "
                "{tag}%s",
                config->shards_count,
                config->replicated ? "" : ", or start this node with --lanes 1");
    return CROSSING_REFUSED;
}

static bool is_silent(struct session *session)
{
    bool silent = (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0;
    session->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    return silent;
}

static enum crossing_way send_to(struct server *server, struct session *session, shard_id shard,
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
    crossing_ask(server, session, shard, entry, flags, request->argv, request->argc);
    return CROSSING_SENT;
}

void crossing_ask_own(struct server *server, struct session *session, const struct request *request)
{
    (void)send_to(server, session, session->shard, request, 0);
}

/* --- whether here ---------------------------------------------------------------------------- */

/* May this lane run it in this turn? If not the session's guest will, or has it run where it may.
 */
static bool is_for_here(struct server *server, const struct session *session, shard_id id,
                        const struct request *request)
{
    const struct crossing *crossing = server->crossing;
    if (id.n >= SHARD_SEVERAL) return true;
    struct shard *shard = lane_shard(server->lane, id); /* one of another lane is not here */
    if (UNLIKELY(shard == NULL)) return false;
    if (UNLIKELY(crossing_is_owed(session)) && crossing_overtakes(session, id)) return false;
    if (!crossing->config.replicated || crossing_is_together(server)) return true;
    bool stale = (session->flags & SESSION_STALE) != 0;
    struct standing_call call = {request->command, request->argv, request->argc, session->database,
                                 stale};
    /* What must be asked of the others first is asked by the guest. */
    if (!stale && !shard_is_leader(shard)) return standing_need(&call) == NEED_NOTHING;
    uint64_t round = 0;
    return standing_way(shard, &call, &round) == SHARD_HERE;
}

/* --- transactions ---------------------------------------------------------------------------- */

struct gathering { /* where a transaction belongs */
    const struct crossing *crossing;
    const struct session *session;
    shard_id shard;
    bool for_all, keyless; /* commands of all shards; over the store, of more than its keys */
    bool denied;           /* the user's rules have changed since it was queued */
    bool restricted, writes;
};

static void gather(void *context, const struct request *request)
{
    struct gathering *gathering = context;
    const struct command *command = request->command;
    uint32_t position;
    shard_id shard = shard_of_keys(gathering->crossing, request);
    const struct acl_user *user = gathering->session->user;
    gathering->denied |=
        acl_check(user, command, request->argv, request->argc, &position) != ACL_ALLOWED;
    gathering->restricted |= dispatch_keys_restricted(gathering->session, request);
    gathering->for_all |= crossing_is_for_all(gathering->crossing, command->id);
    gathering->keyless |= shard_eq(shard, NONE) && command->handler != NULL;
    gathering->keyless |= follows_patterns(command);
    gathering->writes |= (command->flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) != 0;
    gathering->shard = both(gathering->shard, shard);
}

struct forwarding {
    struct server *server;
    struct session *session;
    shard_id shard;
};

static void forward_quietly(void *context, const struct request *request)
{
    struct forwarding *to = context;
    crossing_ask(to->server, to->session, to->shard, 0, ASK_QUIET, request->argv, request->argc);
}

static enum crossing_way forward_transaction(struct server *server, struct session *session,
                                             const struct gathering *where,
                                             const struct request *request)
{
    if (where->denied) {
        crossing_unwatch(server, session);
        transaction_drop(server, session);
        struct reply reply = {&session->output, session->protocol};
        reply_error(&reply, "EXECABORT Transaction discarded because of: NOPERM ACLs rules changed "
                            "between the moment the transaction was accumulated and the EXEC call");
        return CROSSING_REFUSED;
    }
    struct forwarding to = {server, session, where->shard};
    const struct slice multi = SLICE("MULTI");
    crossing_ask(server, session, where->shard, 0, ASK_QUIET, &multi, 1);
    transaction_each(session, forward_quietly, &to);
    if (session->crossing != NULL) session->crossing->watches = false;
    transaction_drop(server, session);
    return send_to(server, session, where->shard, request, where->restricted ? ASK_RESTRICTED : 0);
}

/* Who watches keys here cannot have its EXEC done elsewhere: nobody there knows of them. */
static bool spoil_own_watch(struct server *server, struct session *session)
{
    (void)server;
    if (watching_count_of(session) == 0) return false;
    session->flags |= SESSION_DIRTY_WATCH;
    return true;
}

static enum crossing_way route_exec(struct server *server, struct session *session,
                                    const struct request *request)
{
    const struct crossing *crossing = server->crossing;
    const struct session_crossing *of = session->crossing;
    bool spoiled = (session->flags & (SESSION_DIRTY_EXEC | SESSION_DIRTY_WATCH)) != 0;
    session->shard = NONE;
    if (!(session->flags & SESSION_MULTI) || spoiled) {
        crossing_unwatch(server, session);
        return CROSSING_HERE;
    }
    struct gathering where = {.crossing = crossing, .session = session, .shard = NONE};
    if (of != NULL && of->watches) where.shard = of->watch_shard;
    where.shard = both(where.shard, watching_shard_of(server, session));
    transaction_each(session, gather, &where);
    bool together = crossing_is_together(server);
    if (together && (where.for_all || where.keyless)) where.shard = SEVERAL;
    if (!together && (shard_eq(where.shard, SEVERAL) || where.for_all)) {
        crossing_unwatch(server, session);
        transaction_drop(server, session);
        return refuse(server, session);
    }
    if (where.keyless && shard_eq(where.shard, NONE)) where.shard.n = 0;
    session->shard = where.shard;
    if (where.writes) crossing_note_write(crossing, session, where.shard);
    if (of == NULL || !of->watches) {
        bool empty = transaction_count(session) == 0;
        if (empty || is_for_here(server, session, where.shard, request)) return CROSSING_HERE;
        if (spoil_own_watch(server, session)) return CROSSING_HERE;
    }
    return forward_transaction(server, session, &where, request);
}

static enum crossing_way route_watch(struct server *server, struct session *session, shard_id shard,
                                     const struct request *request)
{
    if (session->flags & SESSION_MULTI) return CROSSING_HERE; /* it says that this is wrong */
    struct session_crossing *of = crossing_of(server->crossing, session);
    shard_id all = both(shard, watching_shard_of(server, session));
    if (of->watches) all = both(all, of->watch_shard);
    if (shard_eq(all, SEVERAL) && !crossing_is_together(server)) return refuse(server, session);
    if (!of->watches) {
        if (is_for_here(server, session, shard, request)) return CROSSING_HERE;
        if (spoil_own_watch(server, session)) return CROSSING_HERE;
    }
    of->watches = true;
    of->watch_shard = shard;
    return send_to(server, session, shard, request, 0);
}

/* --- which way ------------------------------------------------------------------------------- */

/* Commands that act on the session itself wait until all before them is answered. */
static bool must_wait(const struct session *session, const struct command *command)
{
    if (LIKELY(!crossing_is_owed(session))) return false;
    const struct session_crossing *of = session->crossing;
    uint32_t count = held_count(of), most = of->answer_bytes == 0 ? HELD_UNKNOWN_MAX : HELD_MAX;
    if (count >= most || of->waits || of->holds) return true;
    if (of->held_bytes + count * of->answer_bytes >= SESSION_OUTPUT_PAUSE_BYTES) return true;
    return command->handler == NULL || (command->flags & COMMAND_BLOCKING) != 0;
}

/* Not of one shard's keys: of several, or of none. */
static enum crossing_way route_rest(struct server *server, struct session *session,
                                    const struct request *request)
{
    shard_id shard = session->shard;
    if (crossing_is_together(server)) {
        if (request->command->handler != NULL) session->shard = SEVERAL;
        return CROSSING_HERE;
    }
    if (crossing_share_out(server, session, request, shard)) return CROSSING_SENT;
    if (shard_eq(shard, SEVERAL)) return refuse(server, session);
    if (request->command->handler == NULL) return CROSSING_HERE;
    session->shard.n = 0; /* what all of them know the same: policies */
    if (is_for_here(server, session, session->shard, request)) return CROSSING_HERE;
    return send_to(server, session, session->shard, request, 0);
}

static enum crossing_way route_to(struct server *server, struct session *session, shard_id shard,
                                  const struct request *request)
{
    session->shard = shard;
    if (request->command->flags & COMMAND_WRITE)
        crossing_note_write(server->crossing, session, shard);
    if (LIKELY(is_for_here(server, session, shard, request))) return CROSSING_HERE;
    return send_to(server, session, shard, request, 0);
}

static enum crossing_way route_other(struct server *server, struct session *session,
                                     const struct request *request)
{
    const struct command *command = request->command;
    if (command->id == COMMAND_EXEC) return route_exec(server, session, request);
    if (command->id == COMMAND_DISCARD || command->id == COMMAND_UNWATCH ||
        command->id == COMMAND_RESET) {
        crossing_unwatch(server, session);
        session->shard = NONE;
        return CROSSING_HERE;
    }
    shard_id shard = shard_of_keys(server->crossing, request);
    session->shard = shard;
    if (command->id == COMMAND_WATCH) return route_watch(server, session, shard, request);
    if (command->handler == NULL) session->shard = NONE; /* channels are no keys */
    if (UNLIKELY(follows_patterns(command)) && crossing_is_together(server))
        session->shard = SEVERAL;
    if (session->shard.n >= SHARD_SEVERAL) return route_rest(server, session, request);
    return route_to(server, session, shard, request);
}

enum crossing_way crossing_route(struct server *server, struct session *session,
                                 const struct request *request)
{
    const struct command *command = request->command;
    if (UNLIKELY(must_wait(session, command))) return CROSSING_WAIT;
    if (LIKELY(command->only_key != 0 && command->handler != NULL)) /* as most of them */
        return route_to(server, session, shard_of_only_key(server->crossing, request), request);
    return route_other(server, session, request);
}
