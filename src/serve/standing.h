/*
 * standing.h -- what it means for clients that a shard leads here, follows, or has ceased to lead.
 *
 * A reply waits for its gate, whoever leads meanwhile: if the entry is committed it leaves as it
 * is. If the entry was replaced by another's it becomes -TRYAGAIN, for nothing of it was kept; if
 * nothing is known for leader-wait-ms, or the shard has left this node, it becomes -UNKNOWN. Who
 * waits for keys waits for them at the next leader; what was watched counts as changed.
 */
#pragma once

#include "serve/session.h"

enum standing_need {
    NEED_NOTHING, /* it is about the client or this node */
    NEED_CALL,    /* a command over the store: shard_way knows */
    NEED_LEADER
};

struct standing_call {
    const struct command *command; /* NULL: unknown */
    const struct slice *argv;
    uint32_t argc, database;
    bool stale; /* reads may be old */
};

struct standings; /* opaque: of a lane's shards */
struct standings *standings_new(struct arena *arena, uint32_t shards_count);

enum standing_need standing_need(const struct standing_call *call);
enum shard_way standing_way(struct shard *shard, const struct standing_call *call, uint64_t *round);
/* How long a request waits for a leader, and a reply to be settled. */
duration standing_wait(const struct server *server);
/* "-TRYAGAIN no leader …", with its line end. */
void standing_no_leader(const struct server *server, shard_id shard, struct buffer *error);

/* Before anything is run, and before anything is sent: has the standing of a shard changed? */
void standing_check(struct server *server);
/* Whose time is over; when to look again. */
instant standing_turn(struct server *server, instant now);
