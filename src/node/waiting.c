/* waiting.c -- see waiting.h. */
#include "node/waiting.h"

#include <string.h>

static const int64_t look_ns = 100000000, first_ns = 1000000000, quiet_ns = 1000000000;
static const int64_t again_min_ns = 5000000000, again_max_ns = 60000000000;
static const int64_t other_lanes_ns = 5000000000; /* so long only the first lane speaks */

static uint32_t up_bits(const struct shard_replication *told)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < told->peers_count; i++) {
        if (told->peers[i].is_up) bits |= 1U << i;
    }
    return bits;
}

static bool is_majority(const struct shard_replication *told, uint32_t up)
{
    uint32_t here = 1 + (uint32_t)__builtin_popcount(up);
    return here > (told->peers_count + 1) / 2;
}

static void tell(const struct shard_replication *told, uint32_t up, struct buffer *line)
{
    uint32_t all = told->peers_count + 1, here = 1 + (uint32_t)__builtin_popcount(up);
    bool first = true;
    if (all == 1) {
        buffer_append_format(line, "no other node is known here yet");
    } else if (here == all) {
        buffer_append_format(line, "all %u nodes are here", all);
    } else {
        buffer_append_format(line, "%u of %u nodes %s here, %s majority; waiting for", here, all,
                             here == 1 ? "is" : "are", is_majority(told, up) ? "a" : "no");
    }
    for (uint32_t i = 0; i < told->peers_count; i++) {
        const struct shard_peer_told *peer = &told->peers[i];
        if (peer->is_up) continue;
        const char *why = peer->trouble[0] == '\0' ? "nothing is heard of it" : peer->trouble;
        buffer_append_format(line, "%s node %u at %s (%s)", first ? "" : ",", peer->node.n,
                             peer->address, why);
        first = false;
    }
    bool is_new = told->last == 0 && strcmp(told->role, "recovering") == 0;
    if (is_new && here != all && is_majority(told, up)) {
        buffer_append(line, SLICE("; nobody has data yet: the cluster begins when all are here"));
    }
    if (told->leader.n != 0) {
        buffer_append_format(line, "; node %u leads, term %llu", told->leader.n,
                             (unsigned long long)told->term);
    }
}

/* What happens to this node's own data. */
static bool is_filling_news(const struct waiting *waiting, const struct shard_replication *told)
{
    return waiting->is_filled_again != waiting->said_filled_again ||
           told->snapshots_received != waiting->said_snapshots;
}

static void tell_filling(struct waiting *waiting, const struct shard_replication *told,
                         struct buffer *line)
{
    if (waiting->is_filled_again) {
        buffer_append(line, SLICE("; this node has lost its data, or is new, and is being filled "
                                  "by the others: until then it does not count for a majority"));
    } else if (is_filling_news(waiting, told)) {
        buffer_append(line, SLICE("; this node was filled from the others, and counts"));
    }
    waiting->said_filled_again = waiting->is_filled_again;
    waiting->said_snapshots = told->snapshots_received;
}

static void begin(struct waiting *waiting, instant now)
{
    int64_t patience_ns = waiting->lane == 0 ? first_ns : other_lanes_ns;
    waiting->began = true;
    waiting->pause_ns = again_min_ns;
    waiting->quiet_until = (instant){now.ns + patience_ns};
}

/* There is something to say that was not said yet. */
static bool is_news(const struct waiting *waiting, const struct shard_replication *told,
                    uint32_t up, bool majority, instant now)
{
    if (waiting->lane != 0) {
        bool lasting = !majority && now.ns - waiting->bad_since.ns >= other_lanes_ns;
        bool over = majority && waiting->said_any && !waiting->had_majority;
        return over || (lasting && waiting->had_majority) || (lasting && !waiting->said_any);
    }
    bool new_leader = told->leader.n != 0 && !node_eq(told->leader, waiting->said_leader);
    return !waiting->said_any || up != waiting->said_up || new_leader ||
           is_filling_news(waiting, told);
}

bool waiting_step(struct waiting *waiting, const struct shard_replication *told, instant now,
                  enum notice_level *level, struct buffer *line)
{
    waiting->look_at = (instant){now.ns + look_ns};
    if (!waiting->began) begin(waiting, now);
    uint32_t up = up_bits(told);
    bool majority = is_majority(told, up);
    if (majority || waiting->bad_since.ns == 0) waiting->bad_since = now;
    waiting->is_filled_again = told->leader.n != 0 && strcmp(told->role, "recovering") == 0;
    bool news = is_news(waiting, told, up, majority, now);
    bool again = !majority && waiting->said_any && now.ns >= waiting->again_at.ns;
    /* The first majority is worth saying at once: somebody waits for it. */
    bool at_last = majority && !waiting->ever_majority && waiting->lane == 0;
    if (!at_last && (now.ns < waiting->quiet_until.ns || !(news || again))) return false;
    bool lost = !majority && waiting->had_majority;
    if (majority || lost) waiting->pause_ns = again_min_ns;
    bool lasts = !majority && (waiting->lane != 0 || !news);
    *level = lost || lasts ? NOTICE_WARNING : NOTICE_INFO;
    if (waiting->lane != 0) buffer_append_format(line, "lane %u: ", waiting->lane);
    tell(told, up, line);
    tell_filling(waiting, told, line);
    waiting->said_any = true;
    waiting->said_up = up;
    waiting->said_leader = told->leader;
    waiting->had_majority = majority;
    waiting->ever_majority = waiting->ever_majority || majority;
    waiting->quiet_until = (instant){now.ns + quiet_ns};
    waiting->again_at = (instant){now.ns + waiting->pause_ns};
    waiting->pause_ns = (int64_t)u64_min((uint64_t)waiting->pause_ns * 2, (uint64_t)again_max_ns);
    return true;
}
