/*
 * moves.h -- how far a shard is on its way to the nodes that shall hold it. Its leader knows: what
 * the members of its group are, what they have, and which part of a snapshot they were sent last.
 */
#pragma once

#include "core/registry/registry.h"
#include "lane/shard.h"

enum move_phase {
    MOVE_WAITS,   /* nothing of it has begun: its leader does one change at a time */
    MOVE_SAVES,   /* a snapshot is written that can be sent */
    MOVE_SENDS,   /* the snapshot is on its way */
    MOVE_FOLLOWS, /* what was written since then is */
    MOVE_CHANGES, /* the new copy is whole; the members of the group change */
};
const char *move_phase_text(enum move_phase phase); /* "waiting", "sending" … */

struct move_told {
    node_id from, to; /* of a copy. NODE_NONE: it is one more, or one less */
    enum move_phase phase;
    uint64_t bytes,
        sent_bytes;          /* of the snapshot; before it is written, what it is likely to have */
    uint64_t bytes_a_second; /* since its first part; 0: not known */
    duration left;           /* of SENDS, at that pace; negative: not known */
};

enum { MOVES_OF_SHARD_MAX = 16 }; /* each member that comes, or goes */

/* What is between its members and `place`; none where this node does not lead it. Returns how
 * many. */
uint32_t moves_of_shard(const struct shard *shard, const struct registry_shard *place, instant now,
                        struct move_told moves[MOVES_OF_SHARD_MAX]);
/* Of what was sent since `since`; both fields of `move` that follow from it. Pure. */
void move_note_pace(struct move_told *move, uint64_t begun_bytes, duration since);
