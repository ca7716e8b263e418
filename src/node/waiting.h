/*
 * waiting.h -- what a lane of a cluster says of the others while it runs: who is here, whom it
 * waits for and why, and who leads. Pure: what it sees comes in, a line to say goes out.
 *
 * A line comes when something has changed, once a second at most; and again and again, more and
 * more rarely, while there is no majority. Lanes but the first speak up only when something has
 * been wrong for a while, since it is mostly the same for all.
 */
#pragma once

#include "base/buffer.h"
#include "lane/lane.h"
#include "node/notice.h"

struct waiting { /* begins as zeros, but for its lane */
    uint32_t lane;
    bool began, had_majority, ever_majority, said_any;
    bool is_filled_again, said_filled_again; /* its folder was empty or damaged, and others lead */
    uint64_t said_snapshots;                 /* so many snapshots had come from leaders */
    uint32_t said_up; /* bits of the peers that were here when it last spoke */
    node_id said_leader;
    instant look_at, quiet_until, again_at, bad_since;
    int64_t pause_ns;
};

/* Is it time to look at all? */
static inline bool waiting_wants(const struct waiting *waiting, instant now)
{
    return now.ns >= waiting->look_at.ns;
}

/* True: `line` (empty before) is to be said. */
bool waiting_step(struct waiting *waiting, const struct shard_replication *told, instant now,
                  enum notice_level *level, struct buffer *line);
