/* redirect.c -- see redirect.h. */
#include "serve/redirect.h"

#include <stdlib.h>

#include "base/crc.h"
#include "serve/cluster_map.h"
#include "serve/config.h"
#include "serve/transaction.h"

enum { KEYS_LOOKED_AT = 256 };

void redirect_from_now(struct session *session)
{
    session->flags |= SESSION_KNOWS_MAP;
}

void redirect_note_asking(struct session *session)
{
    session->flags |= SESSION_ASKING;
}

/* --- of which slot --------------------------------------------------------------------------- */

struct slots {
    uint32_t slot;
    bool any, several;
};

static void note_slot(struct slots *slots, struct slice key)
{
    uint32_t slot = slot_of_key(key);
    slots->several |= slots->any && slots->slot != slot;
    slots->slot = slot;
    slots->any = true;
}

/* The channels of sharded pub/sub are no keys: every node serves them. */
static void note_keys(const struct request *request, struct slots *slots)
{
    struct key_place few[KEYS_LOOKED_AT], *places = few;
    const struct command *command = request->command;
    if (command->key_specs_count == 0) return;
    int64_t count = command_keys(command, request->argv, request->argc, few, KEYS_LOOKED_AT);
    if (count > KEYS_LOOKED_AT) {
        places = calloc((size_t)count, sizeof *places);
        ASSERT(places != NULL);
        (void)command_keys(command, request->argv, request->argc, places, (uint32_t)count);
    }
    for (int64_t i = 0; i < count; i++)
        if (!(places[i].use & KEY_NOT_KEY)) note_slot(slots, request->argv[places[i].index]);
    if (places != few) free(places);
}

/* --- what is said ---------------------------------------------------------------------------- */

enum redirect_whom { REDIRECT_ASKED, REDIRECT_ALWAYS, REDIRECT_NEVER }; /* as in config.def */

static enum redirect_whom whom(const struct server *server)
{
    return (enum redirect_whom)config_choice(server->config, SETTING_CLUSTER_REDIRECT);
}

void redirect_greet(const struct server *server, struct session *session)
{
    if (whom(server) == REDIRECT_ALWAYS) redirect_from_now(session);
}

/* A transaction goes where its first command was welcome, even if another node leads by now. */
static bool is_under_way(const struct session *session)
{
    return (session->flags & SESSION_MULTI) != 0 && transaction_count(session) > 0;
}

bool redirect_says(struct server *server, struct session *session, const struct request *request,
                   struct reply *reply)
{
    bool asking = (session->flags & SESSION_ASKING) != 0;
    if (request->command->id != COMMAND_ASKING) session->flags &= ~(uint32_t)SESSION_ASKING;
    struct slots slots = {0};
    struct cluster_place place;
    if (whom(server) == REDIRECT_NEVER) return false;
    note_keys(request, &slots);
    if (!slots.any) return false;
    if (slots.several) {
        reply_error(reply, "CROSSSLOT Keys in request don't hash to the same slot");
        return true;
    }
    if (asking || is_under_way(session)) return false;
    if (!cluster_map_elsewhere(server, slots.slot, &place)) return false;
    bool reads = (request->command->flags & COMMAND_READONLY) != 0;
    if (reads && (session->flags & SESSION_STALE) && place.replica_here) return false;
    reply_error(reply, "MOVED %u %s:%u", slots.slot, place.host, place.port);
    return true;
}
