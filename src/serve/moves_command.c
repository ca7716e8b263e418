/* moves_command.c -- see moves_command.h. */
#include "serve/moves_command.h"

#include "core/registry/planner.h"
#include "lane/map.h"
#include "lane/moves.h"
#include "serve/everywhere.h"
#include "serve/reply_lines.h"
#include "serve/session_impl.h"

#define NS_PER_MS INT64_C(1000000)

enum { PERCENT = 100 };

static uint64_t percent_of(const struct move_told *move)
{
    if (move->phase == MOVE_FOLLOWS || move->phase == MOVE_CHANGES) return PERCENT;
    if (move->bytes == 0) return 0;
    return (uint64_t)((double)move->sent_bytes / (double)move->bytes * PERCENT);
}

static void reply_move(struct session_call *call, shard_id shard, const struct move_told *move,
                       uint8_t why)
{
    enum { PAIRS = 11 };
    struct reply *reply = &call->reply;
    reply_map(reply, PAIRS);
    reply_pair_number(reply, "percent", percent_of(move));
    reply_pair_number(reply, "bytes", move->bytes);
    reply_pair_number(reply, "sent-bytes", move->sent_bytes);
    reply_pair_number(reply, "bytes-per-second", move->bytes_a_second);
    reply_bulk_text(reply, "left-ms");
    if (move->left.ns < 0) {
        reply_null(reply);
    } else {
        reply_integer(reply, move->left.ns / NS_PER_MS);
    }
    reply_pair_shard(reply, "shard", shard);
    reply_pair_node(reply, "from", move->from);
    reply_pair_node(reply, "to", move->to);
    reply_pair_text(reply, "phase", move_phase_text(move->phase));
    reply_pair_text(reply, "why", planner_reason_text(why));
    reply_pair_number(reply, "node", lane_self(call->server->lane).n);
}

void cluster_moves_command(struct session_call *call)
{
    enum { NAME_WORDS = 2 };
    const struct lane *lane = call->server->lane;
    const struct map *map = lane_map(lane);
    const struct registry *registry = map == NULL ? NULL : map_registry(map);
    struct everywhere options;
    uint64_t count = 0;
    if (!everywhere_check(call, NAME_WORDS, &options)) return;
    size_t opened = reply_open(&call->reply);
    bool formed = registry != NULL && registry_epoch(registry) != 0;
    struct shard *shard = formed ? lane_shard_first(lane) : NULL;
    for (; shard != NULL; shard = lane_shard_next(lane, shard)) {
        struct move_told moves[MOVES_OF_SHARD_MAX];
        shard_id id = shard_number(shard);
        const struct registry_shard *place = registry_shard(registry, id);
        uint32_t found = moves_of_shard(shard, place, call->server->sessions->now, moves);
        for (uint32_t i = 0; i < found && count < options.rows_max; i++, count++)
            reply_move(call, id, &moves[i], place->why);
    }
    reply_close_array(&call->reply, opened, count);
}
