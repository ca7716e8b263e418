/*
 * door_fixture.h -- a front door over a lane of replica_fixture, with clients that have no
 * connection: what they say is run in the turns that follow, and what they are answered is kept.
 *
 * The other nodes have no door: a test says and hears what theirs would.
 */
#pragma once

#include "serve/crossing_impl.h"
#include "test/lane/replica_fixture.h"

enum { DOOR_ARGUMENTS_MAX = 16 };

struct door_world {
    struct replica_cluster replicas; /* the first: it is what the fixture knows */
    uint32_t ours, theirs;           /* numbers: of the node with the door, of the other */
    struct config *config;
    struct mailbox *mailbox;
    struct server *server;
};

enum door_side { DOOR_FOLLOWS, DOOR_LEADS };
/* Two nodes that are linked, one of which leads shard 0; ours does, or does not. */
struct door_world *door_world_new(enum door_side side);
void door_world_free(struct door_world *world);

struct lane *door_lane(struct door_world *world);       /* ours */
struct lane *door_other_lane(struct door_world *world); /* theirs */
node_id door_node(const struct door_world *world);
node_id door_other_node(const struct door_world *world);

/* --- clients of ours ------------------------------------------------------------------------- */

struct session *door_client(struct door_world *world);
void door_say(struct door_world *world, struct session *client, const char *line);
/* What it has been answered so far; good until the next turn. */
struct slice door_answers(const struct session *client);

/* --- the other node -------------------------------------------------------------------------- */

/* From theirs to ours; what it says is there when ours has had some turns. */
void door_send_kind(struct door_world *world, enum link_kind kind, struct slice bytes);
/* A command of words parted by blanks. */
void door_send_ask(struct door_world *world, enum link_kind kind, const struct ask *ask,
                   const char *line);
/* How many messages of that kind theirs has heard. */
uint32_t door_heard_count(const struct door_world *world, enum link_kind kind);
/* Bytes of all of them, one behind the other: to be freed. */
struct buffer door_heard(const struct door_world *world, enum link_kind kind);
/* An ask as words parted by blanks: good until `arena` ends. */
const char *door_ask_text(const struct ask *ask, struct arena *arena);
