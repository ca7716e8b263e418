/* moves.c -- see moves.h. */
#include "lane/moves.h"

#include "core/raft/raft.h"
#include "lane/shard_impl.h"

#define NS_PER_S 1e9

enum { BEHIND_MAX = 1000 /* entries: as much is caught up in no time */ };

const char *move_phase_text(enum move_phase phase)
{
    switch (phase) {
    case MOVE_WAITS: return "waiting";
    case MOVE_SAVES: return "writing";
    case MOVE_SENDS: return "sending";
    case MOVE_FOLLOWS: return "catching up";
    case MOVE_CHANGES: return "voting in";
    }
    UNREACHABLE("a phase of a move");
}

void move_note_pace(struct move_told *move, uint64_t begun_bytes, duration since)
{
    uint64_t sent = move->sent_bytes - u64_min(begun_bytes, move->sent_bytes);
    move->left.ns = -1;
    move->bytes_a_second = 0;
    if (sent == 0 || since.ns <= 0) return;
    double pace = (double)sent * NS_PER_S / (double)since.ns;
    double left_s = (double)(move->bytes - move->sent_bytes) / pace;
    move->bytes_a_second = (uint64_t)pace;
    if (left_s < (double)INT64_MAX / NS_PER_S / 2) move->left.ns = (int64_t)(left_s * NS_PER_S);
}

static bool is_placed(const struct registry_shard *place, node_id node)
{
    for (uint32_t i = 0; i < place->voters_count; i++) {
        if (node_eq(place->voters[i], node)) return true;
    }
    return false;
}

/* And goes on so, when a change is under way. */
static bool votes(const struct raft_members *members, node_id node)
{
    uint32_t wanted = members->joint ? RAFT_VOTER | RAFT_VOTER_NEXT : RAFT_VOTER;
    for (uint32_t i = 0; i < members->count; i++) {
        if (!node_eq(members->members[i].node, node)) continue;
        return (members->members[i].role & wanted) == wanted;
    }
    return false;
}

static const struct raft_peer *peer_of(const struct raft_peer *peers, uint32_t count, node_id node)
{
    for (uint32_t i = 0; i < count; i++) {
        if (node_eq(peers[i].node, node)) return &peers[i];
    }
    return NULL;
}

static void tell_peer(const struct shard *shard, const struct raft_peer *peer, instant now,
                      struct move_told *move)
{
    move->bytes = shard->used_bytes;
    if (peer == NULL) {
        move->phase = MOVE_WAITS;
    } else if (peer->gets_snapshot) {
        move->phase = MOVE_SENDS;
        move->bytes = peer->snapshot_bytes;
        move->sent_bytes = peer->sent_bytes;
        if (peer->sent_since.ns != 0)
            move_note_pace(move, peer->sent_from, (duration){now.ns - peer->sent_since.ns});
    } else if (peer->needs_snapshot) {
        move->phase = shard->save.writer == NULL ? MOVE_WAITS : MOVE_SAVES;
    } else {
        bool behind = peer->matched + BEHIND_MAX < shard_last(shard);
        move->phase = behind ? MOVE_FOLLOWS : MOVE_CHANGES;
        move->sent_bytes = move->bytes;
    }
}

uint32_t moves_of_shard(const struct shard *shard, const struct registry_shard *place, instant now,
                        struct move_told moves[MOVES_OF_SHARD_MAX])
{
    const struct raft *raft = shard_raft(shard);
    const struct raft_members *members = raft_members(raft);
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    uint32_t count = 0, paired = 0;
    if (!shard_is_leader(shard)) return 0;
    uint32_t peers_count = raft_peers(raft, peers);
    for (uint32_t i = 0; i < place->voters_count; i++) {
        node_id to = place->voters[i];
        if (votes(members, to) || count == MOVES_OF_SHARD_MAX) continue;
        struct move_told *move = &moves[count++];
        *move = (struct move_told){.to = to, .left = {-1}, .phase = MOVE_CHANGES};
        if (!node_eq(to, lane_self(shard->lane)))
            tell_peer(shard, peer_of(peers, peers_count, to), now, move);
    }
    for (uint32_t i = 0; i < members->count; i++) { /* who goes is replaced by who comes */
        node_id from = members->members[i].node;
        if (is_placed(place, from)) continue;
        if (paired < count) {
            moves[paired++].from = from;
        } else if (count < MOVES_OF_SHARD_MAX) {
            moves[count++] = (struct move_told){.from = from, .left = {-1}, .phase = MOVE_CHANGES};
            paired = count;
        }
    }
    return count;
}
