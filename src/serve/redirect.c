/* redirect.c -- see redirect.h. */
#include "serve/redirect.h"

#include "base/crc.h"
#include "lane/map.h"
#include "serve/crossing.h"

enum { KEYS_LOOKED_AT = 1 };

void redirect_begin(struct session *session)
{
    session->flags |= SESSION_REDIRECTS;
}

bool redirect_reply(struct server *server, struct session *session, const struct request *request,
                    shard_id shard)
{
    if (LIKELY(!(session->flags & SESSION_REDIRECTS))) return false;
    const struct map *map = lane_map(server->lane);
    node_id leader = crossing_leader(server, shard), self = lane_self(server->lane);
    if (map == NULL || node_eq(leader, NODE_NONE) || node_eq(leader, self)) return false;
    /* READONLY: a replica's reads may be old. */
    bool reads = !(request->command->flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE));
    const struct registry *registry = map_registry(map);
    bool here = registry_shall_hold(registry, shard, self);
    if ((session->flags & SESSION_STALE) && reads && here) return false;
    const struct registry_member *member = registry_member(registry, leader);
    struct key_place place;
    bool known = member != NULL && member->client_host.bytes[0] != '\0';
    if (!known || command_keys(request->command, request->argv, request->argc, &place,
                               KEYS_LOOKED_AT) < 1)
        return false;
    struct reply reply = {&session->output, session->protocol};
    reply_error(&reply, "MOVED %u %s:%u", slot_of_key(request->argv[place.index]),
                member->client_host.bytes, member->client_port);
    return true;
}
