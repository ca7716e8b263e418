/* transaction.c -- see transaction.h. */
#include <stdlib.h>

#include "lane/together.h"
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/crossing_codec.h"
#include "serve/session_impl.h"
#include "serve/transaction.h"
#include "serve/watching.h"

struct queued {
    const struct command *command;
    uint32_t argc;
};

struct session_queue {
    struct buffer calls;     /* of struct queued */
    struct buffer arguments; /* of struct slice; their data are offsets into `bytes` until EXEC */
    struct buffer bytes;
    uint32_t count;
    uint32_t flags; /* of all commands in it */
};

void transaction_queue(struct server *server, struct session *session,
                       const struct request *request)
{
    struct session_queue *queue = session->queue;
    if (queue == NULL) {
        queue = session->queue = calloc(1, sizeof(struct session_queue));
        ASSERT(queue != NULL);
    }
    struct queued queued = {request->command, request->argc};
    buffer_append(&queue->calls, slice_of(&queued, sizeof(queued)));
    for (uint32_t i = 0; i < request->argc; i++) {
        struct slice argument = {(const uint8_t *)(uintptr_t)queue->bytes.len,
                                 request->argv[i].len};
        buffer_append(&queue->arguments, slice_of(&argument, sizeof(argument)));
        buffer_append(&queue->bytes, request->argv[i]);
    }
    queue->count++;
    queue->flags |= request->command->flags;
    int64_t limit = config_integer(server->config, SETTING_CLIENT_QUERY_BUFFER_LIMIT);
    if (transaction_bytes(session) > (size_t)limit) session_close(server, session);
}

void transaction_drop(struct server *server, struct session *session)
{
    struct session_queue *queue = session->queue;
    if (queue != NULL) {
        buffer_free(&queue->calls);
        buffer_free(&queue->arguments);
        buffer_free(&queue->bytes);
        free(queue);
        session->queue = NULL;
    }
    session->flags &= ~(uint32_t)(SESSION_MULTI | SESSION_DIRTY_EXEC | SESSION_DIRTY_WATCH);
    watching_leave(server, session);
}

uint32_t transaction_flags(const struct session *session)
{
    return session->queue == NULL ? 0 : session->queue->flags;
}

uint32_t transaction_count(const struct session *session)
{
    return session->queue == NULL ? 0 : session->queue->count;
}

size_t transaction_bytes(const struct session *session)
{
    const struct session_queue *queue = session->queue;
    return queue == NULL ? 0 : queue->calls.len + queue->arguments.len + queue->bytes.len;
}

void transaction_each(const struct session *session,
                      void (*visit)(void *context, const struct request *request), void *context)
{
    const struct session_queue *queue = session->queue;
    if (queue == NULL) return;
    const struct queued *queued = (const struct queued *)(void *)queue->calls.data;
    const struct slice *offsets = (const struct slice *)(void *)queue->arguments.data;
    struct buffer argv = {0};
    for (uint32_t i = 0; i < queue->count; i++) {
        buffer_clear(&argv);
        for (uint32_t j = 0; j < queued[i].argc; j++) {
            struct slice argument =
                slice_of(queue->bytes.data + (uintptr_t)offsets[j].data, offsets[j].len);
            buffer_append(&argv, slice_of(&argument, sizeof argument));
        }
        struct request request = {queued[i].command, NULL, (const struct slice *)(void *)argv.data,
                                  queued[i].argc, 0};
        visit(context, &request);
        offsets += queued[i].argc;
    }
    buffer_free(&argv);
}

void multi_command(struct session_call *call)
{
    if (call->session->flags & SESSION_MULTI) {
        reply_error(&call->reply, "ERR MULTI calls can not be nested");
        return;
    }
    call->session->flags |= SESSION_MULTI;
    reply_ok(&call->reply);
}

void discard_command(struct session_call *call)
{
    if (!(call->session->flags & SESSION_MULTI)) {
        reply_error(&call->reply, "ERR DISCARD without MULTI");
        return;
    }
    transaction_drop(call->server, call->session);
    reply_ok(&call->reply);
}

/* --- EXEC ------------------------------------------------------------------------------------ */

/* The offsets become places: nothing is queued any more, so that the bytes stay where they are. */
static void settle(struct session_queue *queue, struct call *calls)
{
    const struct queued *queued = (const struct queued *)(void *)queue->calls.data;
    struct slice *argv = (struct slice *)(void *)queue->arguments.data;
    for (uint32_t i = 0; i < queue->count; i++) {
        calls[i].command = queued[i].command;
        calls[i].argv = argv;
        calls[i].argc = queued[i].argc;
        for (uint32_t j = 0; j < queued[i].argc; j++)
            argv[j].data = queue->bytes.data + (uintptr_t)argv[j].data;
        argv += queued[i].argc;
    }
}

static void unsettle(struct session_queue *queue)
{
    struct slice *arguments = (struct slice *)(void *)queue->arguments.data;
    size_t count = queue->arguments.len / sizeof(struct slice);
    for (size_t i = 0; i < count; i++)
        arguments[i].data =
            (const uint8_t *)((uintptr_t)arguments[i].data - (uintptr_t)queue->bytes.data);
}

static enum shard_ran begin(struct session_call *call, const struct call *calls, uint32_t count,
                            bool *refused)
{
    struct lane *lane = call->server->lane;
    shard_id shard = call->session->shard;
    *refused = false;
    if (shard.n == SHARD_NONE) return SHARD_RAN; /* none of them is about keys */
    if (shard.n == SHARD_SEVERAL) return together_begin(lane, calls, count, &call->reply, refused);
    return shard_begin(lane_shard(lane, shard), calls, count, &call->reply, refused);
}

static struct gate end(const struct session_call *call)
{
    struct lane *lane = call->server->lane;
    shard_id id = call->session->shard;
    struct gate gate = {{GATE_LANE}, 0};
    if (id.n == SHARD_SEVERAL) {
        together_end(lane, &gate.index);
    } else if (id.n != SHARD_NONE) {
        uint64_t index = 0;
        struct shard *shard = lane_shard(lane, id);
        shard_end(shard, &index);
        gate = gate_of(call->session, shard, index);
    }
    if (gate_is_open(call->server, gate)) gate = (struct gate){0};
    return gate;
}

/* False: nothing happened; again after the next turn. */
static bool run_all(struct session_call *call)
{
    struct session *session = call->session;
    struct session_queue *queue = session->queue;
    struct call *calls = calloc(queue->count, sizeof(struct call));
    ASSERT(calls != NULL);
    settle(queue, calls);
    bool refused;
    enum shard_ran ran = begin(call, calls, queue->count, &refused);
    if (ran == SHARD_LATER) {
        unsettle(queue);
    } else if (!refused) {
        watching_leave(call->server, session);
        reply_array(&call->reply, queue->count);
        for (uint32_t i = 0; i < queue->count; i++) {
            struct request request = {calls[i].command, NULL, calls[i].argv, calls[i].argc, 0};
            dispatch_queued(call->server, session, &request);
        }
        session->gate = end(call);
    }
    free(calls);
    return ran != SHARD_LATER;
}

void exec_command(struct session_call *call)
{
    struct session *session = call->session;
    if (!(session->flags & SESSION_MULTI)) {
        reply_error(&call->reply, "ERR EXEC without MULTI");
        return;
    }
    dispatch_set_time(call->server, session);
    if (watching_expired(call->server, session)) session->flags |= SESSION_DIRTY_WATCH;
    if (session->flags & SESSION_DIRTY_EXEC) {
        reply_error(&call->reply, "EXECABORT Transaction discarded because of previous errors.");
    } else if (session->flags & SESSION_DIRTY_WATCH) {
        reply_null_array(&call->reply);
    } else if (session->queue == NULL) {
        reply_array(&call->reply, 0);
    } else if (!run_all(call)) {
        call->later = true;
        return;
    }
    transaction_drop(call->server, session);
}
