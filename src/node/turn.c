/* turn.c -- see turn.h. */
#include "node/turn.h"
#include "base/arena.h"
#include "serve/config.h"
#include "serve/door.h"

#define NS_PER_S        INT64_C(1000000000)
#define CHORES_PAUSE_NS (NS_PER_S / 10)
#define FINISH_NS_MAX   (10 * NS_PER_S) /* for clients that do not read their replies */
#define PART_NS_MAX     NS_PER_S        /* for nodes that do not hear that this one ends */
#define SAVE_RETRY_NS   (60 * NS_PER_S)

enum { COMPLETIONS_MAX = 512 };

struct turn {
    struct server *server;
    instant chores_due, save_due;
    bool finishing;
    instant finish_until, part_until;
};

static void hand_out(struct server *server, const struct io_completion *completions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct io_completion *completion = &completions[i];
        if (completion->kind == IO_WOKEN) continue; /* that it returned is all there is to it */
        if (completion->tag.n <= LANE_TAGS) {
            lane_complete(server->lane, completion);
        } else {
            door_complete(server, completion);
        }
    }
}

/* Has one of the pairs of `save` come true? */
static bool save_is_due(const struct server *server, int64_t unix_ms)
{
    struct shard_saving saving = lane_saving(server->lane);
    if (saving.active) return false;
    const struct config_lists *lists = &server->config->lists;
    int64_t seconds = (unix_ms - saving.last_done_ms) / 1000;
    for (uint32_t i = 0; i < lists->saves_count; i++) {
        const struct config_save *save = &lists->saves[i];
        bool changed = (int64_t)saving.changes_since >= save->changes && saving.changes_since != 0;
        if (changed && seconds >= save->seconds) return true;
    }
    return false;
}

/* A failure is kept by the lane and shown by INFO; it is tried again after a while. */
static void chores(struct turn *turn, instant now, int64_t unix_ms)
{
    turn->chores_due = (instant){now.ns + CHORES_PAUSE_NS};
    if (now.ns < turn->save_due.ns || !save_is_due(turn->server, unix_ms)) return;
    struct fault fault;
    if (lane_save(turn->server->lane, NULL, &fault) != ERR_OK) {
        turn->save_due = (instant){now.ns + SAVE_RETRY_NS};
    }
}

static instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

/* True: nothing more is owed to anybody. */
static bool finish(struct turn *turn, instant now)
{
    if (!turn->finishing) {
        turn->finishing = true;
        turn->finish_until = (instant){now.ns + FINISH_NS_MAX};
        lane_hand_over(turn->server->lane);
    }
    bool answered = door_finish(turn->server);
    bool agreed = lane_is_agreed(turn->server->lane);
    /* What others must agree on may take for ever; nobody was told that it is done. */
    bool durable = agreed || lane_is_replicated(turn->server->lane);
    bool quiet = lane_is_quiet(turn->server->lane);
    bool late = now.ns >= turn->finish_until.ns;
    if (!durable || !answered || !quiet) return durable && late;
    if (turn->part_until.ns == 0) turn->part_until = (instant){now.ns + PART_NS_MAX};
    return door_part(turn->server) || late || now.ns >= turn->part_until.ns;
}

struct turn *turn_new(struct arena *arena, struct server *server)
{
    struct turn *turn = ARENA_ARRAY(arena, struct turn, 1);
    *turn = (struct turn){.server = server};
    return turn;
}

enum node_turn turn_take(struct turn *turn, bool stop, instant *deadline, struct fault *fault)
{
    struct server *server = turn->server;
    struct io_completion completions[COMPLETIONS_MAX];
    uint32_t count = io_wait(server->io, *deadline, completions, COMPLETIONS_MAX);
    instant now = io_now(server->io);
    int64_t unix_ms = io_unix_ms(server->io);
    hand_out(server, completions, count);
    /* Nothing may be acknowledged any more: not even what is waiting to be sent. */
    const struct fault *failed = lane_failed(server->lane);
    if (failed != NULL) {
        *fault = *failed;
        return NODE_TURN_FAILED;
    }
    instant next = door_turn(server, now, unix_ms);
    lane_turn(server->lane, now, unix_ms);
    lane_flush(server->lane);
    next = earlier(next, lane_settle(server->lane, now, unix_ms));
    door_send(server);
    lane_flush(server->lane);
    if (now.ns >= turn->chores_due.ns) chores(turn, now, unix_ms);
    *deadline = earlier(next, turn->chores_due);
    bool ends = (server->stop_wanted || stop) && finish(turn, now);
    lane_flush(server->lane);
    return ends ? NODE_TURN_ENDED : NODE_TURN_AGAIN;
}
