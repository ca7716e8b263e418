/*
 * keeper.c -- see keeper.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   K1  a change of members is asked for once for a place and a term: asking again would count what
 *       new members have caught up from the beginning.
 *   K2  data is dropped only when the leader of its group has said that the group's members are as
 *       in the newest place that we know, and we are not in it.
 *   K3  a shard that leads here and is not as it shall be is among `unwell`: whether it is can only
 *       change when it has a turn, or the map does.
 */
#include "lane/keeper.h"

#include <stdlib.h>

#include "core/registry/planner.h"
#include "lane/lane_impl.h"
#include "lane/shard_impl.h"

#define NS_PER_MS       INT64_C(1000000)
#define NS_PER_S        (1000 * NS_PER_MS)
#define LOOK_PAUSE_NS   (5 * NS_PER_MS)
#define MEND_PAUSE_NS   (100 * NS_PER_MS)
#define REPORT_PAUSE_NS NS_PER_S
#define ASK_AGAIN_NS    (30 * NS_PER_S)
#define LEADS_FIRST_NS  (5 * NS_PER_S) /* before it is given on: who stops shall not get it back */
#define GIVEN_NS        NS_PER_S       /* for who shall lead instead to do so */

enum { BEHIND_MAX = 1000, RATE_KEEP = 7, RATE_PARTS = 8 /* of the old rate, of a new second */ };

struct kept { /* of each shard */
    uint64_t asked_epoch, asked_term;
    instant asked_at, led_since;
    uint64_t led_term;
    uint64_t given_term; /* in which it was given away, for it shall not be here */
    instant given_at;
    uint64_t seen_last, seen_calls;   /* when it was last reported */
    uint64_t writes, operations;      /* a second, smoothed */
    uint64_t told_term, told_settled; /* as the root was told */
    bool is_unwell;
};

struct keeper {
    struct lane *lane;
    struct map *map;
    struct kept *kept; /* [shards_count + 1] */
    shard_id *unwell;  /* [shards_count + 1] */
    uint32_t unwell_count;
    instant looked_at, mended_at, reported_at;
    uint64_t opened_epoch; /* of the map by which shards were opened and dropped */
    uint64_t looked_epoch; /* by which all were looked at */
};

struct keeper *keeper_new(struct lane *lane, struct map *map)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    ASSERT(keeper != NULL);
    *keeper = (struct keeper){.lane = lane, .map = map};
    keeper->kept = calloc(lane_shards_count(lane) + 1, sizeof *keeper->kept);
    keeper->unwell = calloc(lane_shards_count(lane) + 1, sizeof *keeper->unwell);
    ASSERT(keeper->kept != NULL);
    ASSERT(keeper->unwell != NULL);
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL) return;
    free(keeper->kept);
    free(keeper->unwell);
    free(keeper);
}

static struct kept *kept_of(struct keeper *keeper, shard_id shard)
{
    uint32_t root = lane_shards_count(keeper->lane);
    return &keeper->kept[shard_eq(shard, SHARD_ROOT) ? root : shard.n];
}

/* NULL: the registry does not say, or this node is none of its members. */
static const struct registry_shard *desired_of(const struct keeper *keeper, shard_id shard)
{
    const struct registry *registry = map_registry(keeper->map);
    if (registry_epoch(registry) == 0) return NULL;
    const struct registry_member *self = registry_member(registry, lane_self(keeper->lane));
    if (self == NULL || self->state == MEMBER_REMOVED) return NULL;
    return registry_shard(registry, shard);
}

/* --- members --------------------------------------------------------------------------------- */

static bool is_like(const struct raft_members *members, const struct registry_shard *place)
{
    if (members->joint || members->count != place->voters_count) return false;
    for (uint32_t i = 0; i < members->count; i++) {
        if (!node_eq(members->members[i].node, place->voters[i])) return false;
        if (members->members[i].role != RAFT_VOTER) return false;
    }
    return true;
}

/* We lead, and the members in effect are agreed on. */
static bool is_settled(const struct shard *shard, const struct registry_shard *place)
{
    const struct raft *raft = shard_raft(shard);
    return shard_is_leader(shard) && raft_may_change_members(raft) &&
           is_like(raft_members(raft), place);
}

static void change_members(struct keeper *keeper, struct shard *shard,
                           const struct registry_shard *place)
{
    struct kept *kept = kept_of(keeper, shard_number(shard));
    const struct raft *raft = shard_raft(shard);
    instant now = keeper->mended_at;
    struct fault fault;
    bool asked = kept->asked_epoch == place->epoch && kept->asked_term == raft_term(raft) &&
                 now.ns - kept->asked_at.ns < ASK_AGAIN_NS;
    if (asked || !raft_may_change_members(raft)) return; /* [K1] */
    if (shard_change_members(shard, place->voters, place->voters_count, &fault) != ERR_OK) return;
    kept->asked_epoch = place->epoch;
    kept->asked_term = raft_term(raft);
    kept->asked_at = now;
}

static bool is_caught_up(const struct shard *shard, node_id node)
{
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    uint32_t count = raft_peers(shard_raft(shard), peers);
    for (uint32_t i = 0; i < count; i++) {
        if (!node_eq(peers[i].node, node)) continue;
        return peers[i].is_active && !peers[i].is_recovering && !peers[i].no_room &&
               peers[i].matched + BEHIND_MAX >= shard_last(shard);
    }
    return false;
}

static void give_lead(struct keeper *keeper, struct shard *shard,
                      const struct registry_shard *place)
{
    const struct registry *registry = map_registry(keeper->map);
    struct kept *kept = kept_of(keeper, shard_number(shard));
    node_id to = place->leader;
    if (to.n == 0 || node_eq(to, lane_self(keeper->lane))) return;
    if (keeper->mended_at.ns - kept->led_since.ns < LEADS_FIRST_NS) return;
    if (registry_member(registry, to)->state != MEMBER_ALIVE || !is_caught_up(shard, to)) return;
    kept->led_since = keeper->mended_at; /* the next try is as far away */
    shard_hand_over(shard, to);
}

/* Who shall go and leads lets one of those that stay lead first: what clients wait for is settled
 * while it still belongs here. True: that is under way; not for longer than it may take. */
static bool leads_no_more(struct keeper *keeper, struct shard *shard,
                          const struct registry_shard *place)
{
    struct kept *kept = kept_of(keeper, shard_number(shard));
    const struct raft *raft = shard_raft(shard);
    const struct raft_members *members = raft_members(raft);
    instant now = keeper->mended_at;
    shard_id id = shard_number(shard);
    if (registry_shall_hold(map_registry(keeper->map), id, lane_self(keeper->lane))) return false;
    if (kept->given_term == raft_term(raft)) return now.ns - kept->given_at.ns < GIVEN_NS;
    if (!raft_may_change_members(raft)) return false;
    for (uint32_t i = 0; i < place->voters_count; i++) {
        node_id to = place->voters[i];
        if (!raft_members_is_voter(members, to) || !is_caught_up(shard, to)) continue;
        kept->given_term = raft_term(raft);
        kept->given_at = now;
        shard_hand_over(shard, to);
        return true;
    }
    return false;
}

static void note_unwell(struct keeper *keeper, shard_id shard) /* [K3] */
{
    struct kept *kept = kept_of(keeper, shard);
    if (kept->is_unwell) return;
    kept->is_unwell = true;
    keeper->unwell[keeper->unwell_count++] = shard;
}

/* True: it must be looked at again. */
static bool mend(struct keeper *keeper, struct shard *shard)
{
    const struct registry_shard *place = desired_of(keeper, shard_number(shard));
    struct kept *kept = kept_of(keeper, shard_number(shard));
    if (place == NULL || !shard_is_leader(shard)) return false;
    uint64_t term = raft_term(shard_raft(shard));
    if (kept->led_term != term) {
        kept->led_term = term;
        kept->led_since = keeper->mended_at;
    }
    if (is_settled(shard, place)) {
        give_lead(keeper, shard, place);
        return place->leader.n != 0 && !node_eq(place->leader, lane_self(keeper->lane));
    }
    if (!leads_no_more(keeper, shard, place)) change_members(keeper, shard, place);
    return true;
}

static void mend_unwell(struct keeper *keeper) /* [K3] */
{
    uint32_t kept_count = 0;
    for (uint32_t i = 0; i < keeper->unwell_count; i++) {
        shard_id id = keeper->unwell[i];
        struct shard *shard = lane_shard(keeper->lane, id);
        struct kept *kept = kept_of(keeper, id);
        kept->is_unwell = shard != NULL && mend(keeper, shard);
        if (kept->is_unwell) keeper->unwell[kept_count++] = id;
    }
    keeper->unwell_count = kept_count;
}

/* --- opening and dropping -------------------------------------------------------------------- */

static bool is_ours(const struct keeper *keeper, shard_id shard)
{
    const struct lane_config *config = &keeper->lane->config;
    return shard_lane(shard, config->shards_count, config->lanes_count) == config->number;
}

/* False: it is not as it shall be, and must be looked at again. */
static bool open_or_drop(struct keeper *keeper, shard_id id)
{
    const struct registry_shard *place = desired_of(keeper, id);
    struct shard *shard = lane_shard(keeper->lane, id);
    bool shall = registry_shall_hold(map_registry(keeper->map), id, lane_self(keeper->lane));
    struct fault fault;
    if (shall == (shard != NULL)) return !lane_filing_has(keeper->lane, id);
    if (shall) return lane_open_shard(keeper->lane, id, NULL, 0, &fault) == ERR_OK;
    bool settled = map_settled(keeper->map, id) == place->epoch;
    if (!settled || shard_is_leader(shard)) return false; /* [K2] */
    return lane_drop_shard(keeper->lane, id, &fault) == ERR_OK;
}

static void open_and_drop(struct keeper *keeper)
{
    uint64_t epoch = map_epoch(keeper->map);
    bool done = true;
    if (keeper->opened_epoch == epoch || desired_of(keeper, SHARD_ROOT) == NULL) return;
    for (uint32_t i = 0; i < lane_shards_count(keeper->lane); i++) {
        if (is_ours(keeper, (shard_id){i})) done &= open_or_drop(keeper, (shard_id){i});
    }
    if (is_ours(keeper, SHARD_ROOT)) done &= open_or_drop(keeper, SHARD_ROOT);
    if (done) keeper->opened_epoch = epoch;
}

/* --- what is told ---------------------------------------------------------------------------- */

/* True: it leads since, or its members are now as they shall be: what waits for that is planned. */
static bool look(struct keeper *keeper, const struct shard *shard)
{
    const struct raft *raft = shard_raft(shard);
    const struct registry_shard *place = desired_of(keeper, shard_number(shard));
    struct map_lead lead = {raft_leader(raft), raft_term(raft), 0};
    struct kept *kept = kept_of(keeper, shard_number(shard));
    if (lead.leader.n == 0) return false;
    if (node_eq(lead.leader, lane_self(keeper->lane)) && !shard_is_leader(shard)) return false;
    if (place != NULL && is_settled(shard, place)) lead.settled = place->epoch;
    map_note_own(keeper->map, shard_number(shard), lead);
    bool new = kept->told_term != lead.term || kept->told_settled != lead.settled;
    kept->told_term = lead.term;
    kept->told_settled = lead.settled;
    return new;
}

static void report_members(const struct shard *shard, struct planner_report *report)
{
    const struct raft_members *members = raft_members(shard_raft(shard));
    node_id self = lane_self(shard->lane);
    for (uint32_t i = 0; i < members->count; i++) {
        node_id node = members->members[i].node;
        bool votes = (members->members[i].role & RAFT_VOTER) != 0;
        if (!votes && report->learners_count < REGISTRY_REPLICAS_MAX) {
            report->learners[report->learners_count++] = node;
        }
        if (!votes || report->voters_count == REGISTRY_REPLICAS_MAX) continue;
        bool good = node_eq(node, self) || is_caught_up(shard, node);
        report->caught_up |= (uint32_t)good << report->voters_count;
        report->voters[report->voters_count++] = node;
    }
}

static void smooth(uint64_t *smoothed, uint64_t since)
{
    *smoothed = (*smoothed * RATE_KEEP + since * (RATE_PARTS - RATE_KEEP)) / RATE_PARTS;
}

static void count_rates(struct keeper *keeper, const struct shard *shard)
{
    struct kept *kept = kept_of(keeper, shard_number(shard));
    uint64_t last = shard_last(shard), calls = shard_calls(shard);
    smooth(&kept->writes, last - u64_min(last, kept->seen_last));
    smooth(&kept->operations, calls - kept->seen_calls);
    kept->seen_last = last;
    kept->seen_calls = calls;
}

static void report(struct keeper *keeper, struct shard *shard, struct buffer *reports)
{
    const struct kept *kept = kept_of(keeper, shard_number(shard));
    struct planner_report told = {.writes_a_second = (uint32_t)u64_min(kept->writes, UINT32_MAX),
                                  .operations_a_second =
                                      (uint32_t)u64_min(kept->operations, UINT32_MAX)};
    if (!shard_is_leader(shard)) return;
    report_members(shard, &told);
    told.bytes = shard->used_bytes;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) told.keys += store_count(shard_store(shard), i);
    report_write(shard_number(shard), &told, reports);
}

/* --- the turn -------------------------------------------------------------------------------- */

/* At those that had a turn; at all of them when what shall be has changed. */
static void look_around(struct keeper *keeper, struct buffer *reports)
{
    struct lane *lane = keeper->lane;
    uint64_t epoch = map_epoch(keeper->map);
    bool all = keeper->looked_epoch != epoch;
    struct shard *shard;
    while ((shard = lane_take_turned(lane)) != NULL) {
        note_unwell(keeper, shard_number(shard));
        if (!all && look(keeper, shard)) report(keeper, shard, reports);
    }
    if (!all) return;
    keeper->looked_epoch = epoch;
    for (shard = lane_shard_first(lane); shard != NULL; shard = lane_shard_next(lane, shard)) {
        note_unwell(keeper, shard_number(shard));
        if (look(keeper, shard)) report(keeper, shard, reports);
    }
}

instant keeper_turn(struct keeper *keeper, instant now, struct buffer *reports)
{
    struct lane *lane = keeper->lane;
    struct shard *shard;
    if (now.ns - keeper->looked_at.ns >= LOOK_PAUSE_NS) open_and_drop(keeper);
    if (now.ns - keeper->mended_at.ns >= MEND_PAUSE_NS) {
        keeper->mended_at = now;
        mend_unwell(keeper);
    }
    if (now.ns - keeper->looked_at.ns >= LOOK_PAUSE_NS) {
        keeper->looked_at = now;
        look_around(keeper, reports);
    }
    if (now.ns - keeper->reported_at.ns >= REPORT_PAUSE_NS) {
        keeper->reported_at = now;
        for (shard = lane_shard_first(lane); shard != NULL; shard = lane_shard_next(lane, shard)) {
            count_rates(keeper, shard);
            report(keeper, shard, reports);
        }
    }
    bool soon = !lane_filing_is_idle(lane); /* others wait for the same */
    return (instant){now.ns + (soon ? LOOK_PAUSE_NS : MEND_PAUSE_NS)};
}
