/* crossing_impl.h -- inside of what crosses between lanes; see crossing.h. */
#pragma once

#include "base/cursor.h"
#include "serve/crossing.h"
#include "serve/guest.h"
#include "serve/session_impl.h"

enum crossing_message { CROSSING_ASKS = 1, CROSSING_ANSWERS };

/*
 * An ask:    slot varint, session id varint, entry varint, flags u8, database varint, argc varint,
 *            argc × sized
 * An answer: slot varint, session id varint, entry varint, the reply, sized
 */
enum crossing_flag {
    ASK_RESP3 = 1 << 0,
    ASK_NO_TOUCH = 1 << 1,
    ASK_QUIET = 1 << 2,      /* no answer */
    ASK_BYE = 1 << 3,        /* the guest goes; no command */
    ASK_RESTRICTED = 1 << 4, /* the user may not read all keys: for SORT */
};
/* The slot of the guest that runs what a lane tells by itself. */
enum { CROSSING_SLOT_LANE = 0 };

enum crossing_share { SHARE_KEYS, SHARE_ALL, SHARE_CURSOR };
enum crossing_combine {
    COMBINE_SUM,
    COMBINE_FIRST,
    COMBINE_BY_KEY,
    COMBINE_JOIN,
    COMBINE_ANY,
    COMBINE_CURSOR,
    COMBINE_NOTHING /* one lane's answer as it is */
};

struct crossing {
    struct crossing_config config;
    struct message **asks, **answers; /* [lanes_count]: being filled; NULL: none */
    struct guests *guests;
};

/* A reply in its place: held, or owed. */
struct held {
    uint32_t owed_count; /* answers that are to come */
    uint32_t parts_count;
    enum crossing_combine combine;
    bool silent; /* CLIENT REPLY: nobody wants to see it */
    uint32_t cursor_lane;
    struct buffer bytes;  /* the reply, once nothing is owed */
    struct buffer *parts; /* [lanes_count] answers of a shared command; owned */
    uint32_t *order;      /* of a command shared by keys: the lane of each; owned */
    uint32_t keys_count;
};

struct held *held_push(struct session_crossing *of);
uint32_t held_count(const struct session_crossing *of);
struct session_crossing *crossing_of(const struct crossing *crossing, struct session *session);

/* Add an ask to the message for a lane. */
void crossing_ask(struct server *server, struct session *session, uint32_t lane, uint64_t entry,
                  uint32_t flags, const struct slice *argv, uint32_t argc);
struct buffer *crossing_answers(struct crossing *crossing, uint32_t lane); /* being filled */

uint32_t crossing_lane_of(const struct crossing *crossing, struct slice key);

/* crossing_share.c: a command that several lanes do. False: it is not one, or one lane will do. */
bool crossing_share_out(struct server *server, struct session *session,
                        const struct request *request);
/* Is it in crossing.def, and not by keys? Then a transaction cannot have it. */
bool crossing_is_for_all(enum command_id id);

/* crossing_combine.c: all parts have come; `bytes` becomes the reply. */
void held_combine(const struct crossing *crossing, struct held *held);
