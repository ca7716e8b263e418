/* replication_command.c -- see replication_command.h. */
#include "serve/replication_command.h"

#include "lane/map.h"
#include "serve/crossing.h"
#include "serve/replication_sum.h"
#include "serve/reply_lines.h"
#include "serve/session_impl.h"

#define NS_PER_MS INT64_C(1000000)

/* --- ROLE ------------------------------------------------------------------------------------ */

/* "10.0.0.1:7400" in two: at its last colon. */
static void split_address(const char *address, struct slice *host, struct slice *port)
{
    const char *colon = strrchr(address, ':');
    *host = *port = slice_text(address);
    if (colon == NULL) return;
    host->len = (size_t)(colon - address);
    *port = slice_text(colon + 1);
}

static const struct shard_peer_told *peer_of(const struct shard_replication *told, node_id node)
{
    for (uint32_t i = 0; i < told->peers_count; i++)
        if (node_eq(told->peers[i].node, node)) return &told->peers[i];
    return NULL;
}

static void role_leader(struct reply *reply, const struct shard_replication *told)
{
    uint32_t up = 0;
    for (uint32_t i = 0; i < told->peers_count; i++) up += told->peers[i].is_up;
    reply_array(reply, 3);
    reply_bulk_text(reply, "master");
    reply_integer(reply, (int64_t)told->last);
    reply_array(reply, up);
    for (uint32_t i = 0; i < told->peers_count; i++) {
        const struct shard_peer_told *peer = &told->peers[i];
        struct slice host, port;
        if (!peer->is_up) continue;
        split_address(peer->address, &host, &port);
        reply_array(reply, 3);
        reply_bulk(reply, host);
        reply_bulk(reply, port);
        reply_bulk_integer(reply, (int64_t)peer->matched);
    }
}

static void role_follower(struct reply *reply, const struct shard_replication *told)
{
    const struct shard_peer_told *leader = peer_of(told, told->leader);
    struct slice host = SLICE("?"), port = SLICE("0");
    int64_t number = 0;
    if (leader != NULL) split_address(leader->address, &host, &port);
    if (!integer_parse(port, &number)) number = 0;
    const char *state = leader == NULL ? "connect" : leader->is_up ? "connected" : "connecting";
    reply_array(reply, 5);
    reply_bulk_text(reply, "slave");
    reply_bulk(reply, host);
    reply_integer(reply, number);
    reply_bulk_text(reply, state);
    reply_integer(reply, (int64_t)told->applied);
}

void role_command(struct session_call *call)
{
    struct replication_sum sum;
    replication_sum(call->server, &sum);
    if (replication_leads(call->server)) {
        role_leader(&call->reply, &sum.all);
    } else {
        role_follower(&call->reply, &sum.all);
    }
}

/* --- WAIT ------------------------------------------------------------------------------------ */

/* Each shard that the client has written to is asked by itself (crossing.def): of NULL, none. */
static int64_t replicas_with(const struct shard *shard, uint64_t index)
{
    struct shard_replication told;
    int64_t count = 0;
    if (shard == NULL) return 0;
    shard_tell_replication(shard, &told);
    for (uint32_t i = 0; i < told.peers_count; i++) count += told.peers[i].matched >= index;
    return count;
}

/* Until so many have it, or the time is over: it is called again at the next turn. */
static bool wait_goes_on(struct session_call *call, const struct shard *shard, int64_t wanted,
                         int64_t timeout_ms)
{
    struct session *session = call->session;
    instant now = call->server->sessions->now;
    bool replicated = lane_is_replicated(call->server->lane);
    if (shard == NULL || !replicated || (session->flags & SESSION_MULTI)) return false;
    if (session->replicas_until.ns == 0) {
        int64_t most_ms = (INT64_MAX - now.ns) / NS_PER_MS;
        bool ends = timeout_ms > 0 && timeout_ms < most_ms;
        session->replicas_index = shard_last(shard);
        session->replicas_until = (instant){ends ? now.ns + timeout_ms * NS_PER_MS : INT64_MAX};
    }
    bool over = now.ns >= session->replicas_until.ns;
    if (!over && replicas_with(shard, session->replicas_index) < wanted) {
        session->flags |= SESSION_REPLICAS_WAIT;
        call->later = true;
        return true;
    }
    return false;
}

static bool wait_arguments(struct session_call *call, int64_t *first, int64_t *second,
                           int64_t *timeout)
{
    bool log = call->command->id == COMMAND_WAITAOF;
    if (!session_integer(call, 1, first)) return false;
    if (log && !session_integer(call, 2, second)) return false;
    if (!integer_parse(call->argv[call->argc - 1], timeout)) {
        reply_error(&call->reply, "ERR timeout is not an integer or out of range");
    } else if (*timeout < 0) {
        reply_error(&call->reply, "ERR timeout is negative");
    } else if (log && (*first < 0 || *first > 1 || *second < 0)) {
        reply_error(&call->reply, "ERR value is out of range, must be positive");
    } else {
        return true;
    }
    return false;
}

/* The reply waits for the log: then this node has it, and a majority of its replicas. */
void wait_command(struct session_call *call)
{
    int64_t first, second = 0, timeout;
    struct session *session = call->session;
    const struct shard *shard = lane_shard(call->server->lane, session->shard);
    bool log = call->command->id == COMMAND_WAITAOF;
    if (!wait_arguments(call, &first, &second, &timeout)) return;
    if (wait_goes_on(call, shard, log ? second : first, timeout)) return;
    uint64_t index = shard == NULL ? 0 : shard_last(shard);
    if (session->replicas_until.ns != 0) index = session->replicas_index;
    if (shard != NULL) session->gate = gate_of(session, shard, index);
    session->replicas_until = (instant){0};
    session->flags &= ~(uint32_t)SESSION_REPLICAS_WAIT;
    if (log) {
        reply_array(&call->reply, 2);
        reply_integer(&call->reply, 1);
    }
    reply_integer(&call->reply, replicas_with(shard, index));
}

/* --- READONLY, REPLICATION ------------------------------------------------------------------- */

void readonly_command(struct session_call *call)
{
    if (call->command->id == COMMAND_READONLY_ON) {
        call->session->flags |= SESSION_STALE;
    } else {
        call->session->flags &= ~(uint32_t)SESSION_STALE;
    }
    reply_ok(&call->reply);
}

static bool has_peers(struct session_call *call)
{
    if (lane_is_replicated(call->server->lane)) return true;
    reply_error(&call->reply, "ERR this node is alone: it was started without --peers");
    return false;
}

void handover_command(struct session_call *call)
{
    if (!has_peers(call)) return;
    lane_hand_over(call->server->lane);
    reply_ok(&call->reply);
}

void members_command(struct session_call *call)
{
    enum { FIRST = 2 };
    node_id voters[SHARD_PEERS_MAX];
    uint32_t count = call->argc - FIRST;
    struct fault fault;
    if (!has_peers(call)) return;
    if (count > SHARD_PEERS_MAX) {
        reply_error(&call->reply, "ERR at most %d nodes hold the same data", (int)SHARD_PEERS_MAX);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        int64_t number;
        if (!session_integer(call, FIRST + i, &number)) return;
        if (number < 1 || number > UINT32_MAX) {
            reply_error(&call->reply, "ERR a node's number is 1 or more, as in --peers");
            return;
        }
        voters[i] = (node_id){(uint32_t)number};
    }
    const struct lane *lane = call->server->lane;
    enum err err = ERR_OK;
    for (struct shard *shard = lane_shard_first(lane); shard != NULL && err == ERR_OK;
         shard = lane_shard_next(lane, shard))
        err = shard_change_members(shard, voters, count, &fault);
    if (err == ERR_OK) {
        reply_ok(&call->reply);
    } else {
        reply_error(&call->reply, "ERR %s", fault.text);
    }
}

/* --- INFO ------------------------------------------------------------------------------------ */

static void line(struct buffer *out, const char *name, uint64_t value)
{
    buffer_append_format(out, "%s:%llu\r\n", name, (unsigned long long)value);
}

static void line_text(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, "%s:%s\r\n", name, value);
}

/* As tools that watch Redis look for them: at the addresses that clients use. */
static void slaves_info(const struct server *server, const struct shard_replication *told,
                        struct buffer *out)
{
    const struct map *map = lane_map(server->lane);
    for (uint32_t i = 0, number = 0; i < told->peers_count; i++) {
        const struct shard_peer_told *peer = &told->peers[i];
        const struct registry_member *member =
            map == NULL ? NULL : registry_member(map_registry(map), peer->node);
        if (!peer->is_up || member == NULL) continue;
        buffer_append_format(out, "slave%u:ip=%s,port=%u,state=%s,offset=%llu,lag=%d\r\n", number++,
                             member->client_host.bytes, member->client_port,
                             peer->is_recovering ? "send_bulk" : "online",
                             (unsigned long long)peer->matched, !peer->is_active);
    }
}

static void peers_info(const struct shard_replication *told, bool leads, struct buffer *out)
{
    for (uint32_t i = 0; i < told->peers_count; i++) {
        const struct shard_peer_told *peer = &told->peers[i];
        const char *state = !peer->is_up ? "down" : peer->is_recovering ? "recovering" : "online";
        buffer_append_format(out, "peer%u:address=%s,state=%s,voter=%d", peer->node.n,
                             peer->address, state, peer->is_voter);
        if (leads)
            buffer_append_format(
                out, ",active=%d,matched=%llu,lag=%llu", peer->is_active,
                (unsigned long long)peer->matched,
                (unsigned long long)(told->last - u64_min(told->last, peer->matched)));
        if (peer->no_room) buffer_append(out, SLICE(",disk=full"));
        if (peer->trouble[0] != '\0') buffer_append_format(out, ",trouble=%s", peer->trouble);
        buffer_append(out, SLICE("\r\n"));
    }
}

static void raft_info(const struct shard_replication *told, struct buffer *out)
{
    line(out, "raft_term", told->term);
    line(out, "raft_last", told->last);
    line(out, "raft_durable", told->durable);
    line(out, "raft_commit", told->commit);
    line(out, "raft_applied", told->applied);
    line(out, "raft_lease", told->has_lease);
    line(out, "raft_elections", told->elections_started);
    line(out, "raft_elections_won", told->elections_won);
    line(out, "raft_leaders_seen", told->leaders_seen);
    line(out, "raft_appends_refused", told->appends_refused);
    line(out, "snapshots_sent", told->snapshots_sent);
    line(out, "snapshots_received", told->snapshots_received);
    line(out, "reloads", told->reloads);
    line(out, "repairs", told->repairs);
}

/* What is passed on between nodes; and who has agreed to old reads. */
static void clients_info(const struct server *server, struct buffer *out)
{
    const struct crossing_stats *stats = crossing_stats(server->crossing);
    uint64_t readonly = 0;
    const struct session *session = sessions_first(server->sessions, SESSIONS_ALL);
    for (; session != NULL; session = session->links[SESSIONS_ALL].next)
        readonly += (session->flags & SESSION_STALE) != 0;
    line(out, "forwarded_calls", stats->forwarded);
    line(out, "forwarded_refused", stats->refused);
    line(out, "outcomes_unknown", stats->unknown);
    line(out, "outcomes_not_done", stats->tried_again);
    line(out, "waiting_for_leader", server->sessions->list_counts[SESSIONS_PARKED]);
    uint64_t sent, taken;
    lane_tell_warm(server->lane, &sent, &taken);
    line(out, "cache_keys_sent", sent);
    line(out, "cache_keys_received", taken);
    line(out, "messages_not_passed_on", stats->tells_lost);
    line(out, "peers_not_understood", stats->bad);
    line(out, "readonly_connections", readonly);
    line_text(out, "readonly_reads", "may_be_stale");
}

void replication_info(const struct server *server, struct buffer *out)
{
    struct replication_sum sum;
    replication_sum(server, &sum);
    const struct shard_replication told = sum.all;
    bool replicated = lane_is_replicated(server->lane), leads = replication_leads(server);
    uint32_t up = 0;
    for (uint32_t i = 0; i < told.peers_count; i++) up += told.peers[i].is_up;
    const struct shard_peer_told *leader = peer_of(&told, told.leader);
    line_text(out, "role", leads ? "master" : "slave");
    if (!leads) {
        struct slice host = SLICE("?"), port = SLICE("0");
        if (leader != NULL) split_address(leader->address, &host, &port);
        buffer_append_format(out, "master_host:%.*s\r\nmaster_port:%.*s\r\n", (int)host.len,
                             (const char *)host.data, (int)port.len, (const char *)port.data);
        line_text(out, "master_link_status", leader != NULL && leader->is_up ? "up" : "down");
        line(out, "slave_repl_offset", told.applied);
    }
    line(out, "connected_slaves", leads ? up : 0);
    if (leads) slaves_info(server, &told, out);
    line_text(out, "master_failover_state", "no-failover");
    line_text(out, "master_replid", server->run_id);
    line(out, "master_repl_offset", told.last);
    line_text(out, "second_repl_offset", "-1");
    line(out, "repl_backlog_active", 0);
    line(out, "repl_backlog_size", 0);
    if (!replicated) return;
    line(out, "node", told.self.n);
    line(out, "leader_node", told.leader.n);
    line_text(out, "node_role", told.role);
    line(out, "shards", sum.shards_count);
    line(out, "shards_led", sum.led_count);
    line(out, "shards_without_leader", sum.leaderless_count);
    line(out, "shards_recovering", sum.recovering_count);
    raft_info(&told, out);
    peers_info(&told, leads, out);
    clients_info(server, out);
}
