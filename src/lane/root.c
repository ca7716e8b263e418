/*
 * root.c -- see root.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   R1  nothing is decided before what was decided before is agreed on.
 *   R2  the map gets what is agreed on, and nothing else.
 *   R3  reports of an earlier time in which we led do not count.
 *   R4  nobody is removed for good because a wall clock has jumped.
 */
#include "lane/root.h"

#include <stdlib.h>

#include "cmd/registry.h"
#include "lane/report.h"
#include "lane/shard_impl.h"

#define NS_PER_S        INT64_C(1000000000)
#define DUTY_PAUSE_NS   NS_PER_S
#define NEWS_PAUSE_NS   (NS_PER_S / 10)      /* when more can be decided than before */
#define JOINING_NS_MAX  (10 * 60 * NS_PER_S) /* who was not seen by then does not come */
#define LEARNS_FIRST_NS (3 * NS_PER_S)       /* a new leader hears before it decides */

enum { WISHES_MAX = 32, ASKS_MAX = 32 };

struct ask {
    uint64_t ticket; /* 0: free */
    uint64_t gate, term;
    node_id node;
};

struct joiner { /* who is joining, since we have known and led */
    node_id node;
    instant since;
};

struct root {
    struct lane *lane;
    struct map *map;
    const struct lane_cluster *cluster;
    struct planner_report *reports; /* [shards_count + 1] */
    bool leads, has_news;
    uint64_t led_term, adopted_index;
    instant now, led_since, duty_at, refilled_at;
    int64_t unix_ms;
    int64_t allowance_bytes;      /* of moves */
    struct registry_member facts; /* that a node tells of itself; NODE_NONE: none */
    struct joiner joiners[NODES_MAX];
    uint32_t joiners_count;
    struct buffer wishes[WISHES_MAX]; /* what persons want, in turn; decided when [R1] allows */
    uint32_t wishes_count;
    struct ask asks[ASKS_MAX];
    uint64_t tickets_count;
};

struct root *root_new(struct lane *lane, struct map *map, const struct lane_cluster *cluster)
{
    struct root *root = calloc(1, sizeof *root);
    ASSERT(root != NULL);
    *root = (struct root){.lane = lane, .map = map, .cluster = cluster};
    root->reports = calloc(lane_shards_count(lane) + 1, sizeof *root->reports);
    ASSERT(root->reports != NULL);
    return root;
}

static void forget_wishes(struct root *root)
{
    for (uint32_t i = 0; i < root->wishes_count; i++) buffer_free(&root->wishes[i]);
    root->wishes_count = 0;
}

void root_free(struct root *root)
{
    if (root == NULL) return;
    forget_wishes(root);
    free(root->reports);
    free(root);
}

bool root_leads(const struct root *root)
{
    return root->leads;
}

static struct shard *root_shard(const struct root *root)
{
    return lane_shard(root->lane, SHARD_ROOT);
}

/* --- changing the registry ------------------------------------------------------------------- */

static bool is_agreed(const struct shard *shard)
{
    return shard_agreed(shard) == shard_last(shard);
}

/* As a call on the root shard. ERR_CANCELLED: not now. `*gate` when it has run. */
static enum err apply(struct root *root, const struct registry_event *event, uint64_t *gate,
                      struct fault *fault)
{
    struct shard *shard = root_shard(root);
    struct buffer bytes = {0}, said = {0};
    registry_event_write(event, &bytes);
    const struct slice argv[] = {SLICE("REGISTRY"), SLICE("APPLY"), buffer_slice(&bytes)};
    struct call call = {.command = command_get(root->lane->config.commands, COMMAND_REGISTRY),
                        .argv = argv,
                        .argc = COUNT_OF(argv),
                        .reply = {&said, 2}};
    enum err err = ERR_OK;
    if (shard_run(shard, &call, gate) == SHARD_LATER) {
        err = fault_set(fault, ERR_CANCELLED, "the log is making room: try again");
    } else if (call.changes == 0) {
        struct slice text = said.len > 0 ? slice_from(buffer_slice(&said), 1) : SLICE("");
        err = fault_set(fault, ERR_USAGE, "%.*s", (int)text.len, (const char *)text.data);
    }
    buffer_free(&bytes);
    buffer_free(&said);
    return err;
}

static bool decide(struct root *root, struct registry_event *event)
{
    struct fault fault;
    uint64_t gate = 0;
    event->now_ms = root->unix_ms;
    return apply(root, event, &gate, &fault) == ERR_OK;
}

static void form(struct root *root)
{
    const struct lane_cluster *cluster = root->cluster;
    struct registry_event event = {.kind = REGISTRY_FORM,
                                   .cluster = cluster->id,
                                   .shards_count = lane_shards_count(root->lane),
                                   .replicas = cluster->replicas,
                                   .members_count = cluster->founders_count};
    struct registry_member members[REGISTRY_FORM_MEMBERS_MAX];
    if (event.members_count == 0 || event.members_count > COUNT_OF(members)) return;
    memcpy(members, cluster->founders, event.members_count * sizeof *members);
    event.members = members;
    (void)decide(root, &event);
}

/* --- who is there ---------------------------------------------------------------------------- */

static bool set_state(struct root *root, node_id node, enum member_state state)
{
    struct registry_event event = {.kind = REGISTRY_MEMBER_STATE, .node = node, .state = state};
    return decide(root, &event);
}

static bool is_in_report(const struct planner_report *report, node_id node)
{
    for (uint32_t i = 0; i < report->voters_count; i++) {
        if (node_eq(report->voters[i], node)) return true;
    }
    for (uint32_t i = 0; i < report->learners_count; i++) {
        if (node_eq(report->learners[i], node)) return true;
    }
    return false;
}

/* Nothing is there any more, nor shall be. */
static bool has_drained(const struct root *root, const struct registry *registry, node_id node)
{
    if (registry_is_desired(registry, node)) return false;
    for (uint32_t i = 0; i <= registry_shards_count(registry); i++) {
        const struct planner_report *report = &root->reports[i];
        if (report->at.ns == 0 || is_in_report(report, node)) return false; /* nobody has said */
    }
    return true;
}

static enum root_sight sight_of(const struct root *root, node_id node,
                                const struct root_belief *beliefs, uint32_t count)
{
    if (node_eq(node, lane_self(root->lane))) return ROOT_SEEN;
    for (uint32_t i = 0; i < count; i++) {
        if (node_eq(beliefs[i].node, node)) return beliefs[i].sight;
    }
    return ROOT_UNSURE;
}

static const struct joiner *joiner_of(const struct root *root, node_id node)
{
    for (uint32_t i = 0; i < root->joiners_count; i++) {
        if (node_eq(root->joiners[i].node, node)) return &root->joiners[i];
    }
    return NULL;
}

/* [R4] */
static void note_joiners(struct root *root, const struct registry *registry)
{
    struct joiner joiners[NODES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry) && count < NODES_MAX; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state != MEMBER_JOINING) continue;
        const struct joiner *known = joiner_of(root, member->node);
        joiners[count++] = (struct joiner){member->node, known == NULL ? root->now : known->since};
    }
    memcpy(root->joiners, joiners, count * sizeof *joiners);
    root->joiners_count = count;
}

static bool joins_no_more(const struct root *root, node_id node)
{
    const struct joiner *joiner = joiner_of(root, node);
    return joiner != NULL && root->now.ns - joiner->since.ns > JOINING_NS_MAX;
}

/* What should be said of a member now; 0: nothing. */
static enum member_state next_state(const struct root *root, const struct registry *registry,
                                    const struct registry_member *member, enum root_sight sight)
{
    switch (member->state) {
    case MEMBER_JOINING:
        if (sight == ROOT_SEEN) return MEMBER_ALIVE;
        return joins_no_more(root, member->node) ? MEMBER_REMOVED : 0;
    case MEMBER_ALIVE: return sight == ROOT_GONE ? MEMBER_DEAD : 0;
    case MEMBER_DEAD: return sight == ROOT_SEEN ? MEMBER_ALIVE : 0;
    case MEMBER_LEAVING: return has_drained(root, registry, member->node) ? MEMBER_REMOVED : 0;
    case MEMBER_REMOVED: return 0;
    }
    UNREACHABLE("a state of a member");
}

/* True: something was decided. */
static bool follow_members(struct root *root, const struct registry *registry,
                           const struct root_belief *beliefs, uint32_t count)
{
    node_id nodes[NODES_MAX];
    enum member_state states[NODES_MAX];
    uint32_t changes = 0;
    note_joiners(root, registry);
    for (uint32_t i = 0; i < registry_members_count(registry) && changes < NODES_MAX; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        enum root_sight sight = sight_of(root, member->node, beliefs, count);
        enum member_state state = next_state(root, registry, member, sight);
        if (state == 0) continue;
        nodes[changes] = member->node;
        states[changes++] = state;
    }
    for (uint32_t i = 0; i < changes; i++) { /* the registry changes below */
        (void)set_state(root, nodes[i], states[i]);
    }
    return changes > 0;
}

/* --- moves ----------------------------------------------------------------------------------- */

/* May so many bytes be sent now? One that may begin, may end. */
static bool may_send(struct root *root, const struct registry *registry, uint64_t bytes)
{
    bool bound = registry_setting(registry, REGISTRY_SETTING_BYTES_A_SECOND) != 0;
    if (!bound || bytes == 0) return true;
    if (root->allowance_bytes <= 0) return false;
    root->allowance_bytes -= (int64_t)u64_min(bytes, INT64_MAX / 2);
    return true;
}

static void refill(struct root *root, const struct registry *registry)
{
    int64_t rate = registry_setting(registry, REGISTRY_SETTING_BYTES_A_SECOND);
    int64_t passed_ns = root->now.ns - root->refilled_at.ns;
    if (passed_ns > NS_PER_S) passed_ns = NS_PER_S;
    root->refilled_at = root->now;
    root->allowance_bytes += (int64_t)((double)rate * (double)passed_ns / (double)NS_PER_S);
    if (root->allowance_bytes > rate) root->allowance_bytes = rate;
}

static void plan(struct root *root, const struct registry *registry)
{
    struct planner_plan *plan = calloc(1, sizeof *plan);
    bool granted[PLANNER_MOVES_MAX];
    ASSERT(plan != NULL);
    planner_plan(registry, root->reports, root->now, root->unix_ms, plan);
    refill(root, registry);
    for (uint32_t i = 0; i < plan->moves_count; i++) { /* the registry changes below */
        granted[i] = may_send(root, registry, plan->moves[i].bytes);
    }
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        if (!granted[i]) continue;
        struct registry_event event = {
            .kind = REGISTRY_PLACE, .shard = plan->moves[i].shard, .place = plan->moves[i].place};
        if (!decide(root, &event)) break;
        root->has_news = true;
    }
    free(plan);
}

/* True: something was decided. */
static bool note_facts(struct root *root)
{
    struct registry_member facts = root->facts;
    struct registry_event event = {
        .kind = REGISTRY_MEMBER_FACTS, .members = &facts, .members_count = 1};
    root->facts.node = NODE_NONE;
    return facts.node.n != 0 && decide(root, &event);
}

static instant duty_due(const struct root *root)
{
    return (instant){root->duty_at.ns + (root->has_news ? NEWS_PAUSE_NS : DUTY_PAUSE_NS)};
}

/* The oldest. True: it is decided. */
static bool do_wish(struct root *root)
{
    struct arena *arena = arena_new();
    struct registry_event event;
    struct buffer *first = &root->wishes[0], bytes = *first;
    bool good = registry_event_read(buffer_slice(&bytes), arena, &event);
    ASSERT(good); /* as it was when it came */
    bool decided = decide(root, &event);
    arena_free(arena);
    buffer_free(&bytes);
    memmove(first, first + 1, --root->wishes_count * sizeof *first);
    root->wishes[root->wishes_count] = (struct buffer){0};
    return decided;
}

static void do_wishes(struct root *root)
{
    while (root->wishes_count > 0 && is_agreed(root_shard(root))) { /* [R1] */
        if (do_wish(root)) return;
    }
}

static void do_duties(struct root *root, const struct root_belief *beliefs, uint32_t count)
{
    struct shard *shard = root_shard(root);
    if (root->now.ns < duty_due(root).ns || !is_agreed(shard)) return; /* [R1] */
    root->duty_at = root->now;
    root->has_news = false;
    const struct registry *registry = cmd_registry_of(shard_store(shard));
    if (registry == NULL) {
        form(root);
    } else if (note_facts(root) || follow_members(root, registry, beliefs, count)) {
        root->has_news = true;
    } else if (root->now.ns - root->led_since.ns >= LEARNS_FIRST_NS) {
        plan(root, registry);
    }
}

/* --- the turn -------------------------------------------------------------------------------- */

/* [R2] */
static void hand_on(struct root *root, struct shard *shard)
{
    if (!is_agreed(shard) || shard_agreed(shard) == root->adopted_index) return;
    root->adopted_index = shard_agreed(shard);
    const struct registry *registry = cmd_registry_of(shard_store(shard));
    if (registry != NULL) map_adopt(root->map, registry);
}

static void note_lead(struct root *root, struct shard *shard)
{
    root->leads = shard_is_leader(shard) && shard_way_of_write(shard) == SHARD_HERE;
    uint64_t term = raft_term(shard_raft(shard));
    if (!root->leads || term == root->led_term) return;
    size_t count = lane_shards_count(root->lane) + (size_t)1;
    root->led_term = term;
    root->led_since = root->now;
    root->joiners_count = 0;
    memset(root->reports, 0, count * sizeof *root->reports); /* [R3] */
}

const struct registry *root_registry(const struct root *root)
{
    return root->leads ? cmd_registry_of(shard_store(root_shard(root))) : NULL;
}

bool root_wants_beliefs(const struct root *root, instant now)
{
    return root->leads && now.ns >= duty_due(root).ns;
}

instant root_turn(struct root *root, instant now, int64_t unix_ms,
                  const struct root_belief *beliefs, uint32_t count)
{
    struct shard *shard = root_shard(root);
    root->now = now;
    root->unix_ms = unix_ms;
    root->leads = false;
    if (shard == NULL) return (instant){INT64_MAX};
    hand_on(root, shard);
    note_lead(root, shard);
    if (!shard_is_leader(shard)) forget_wishes(root);
    if (!root->leads) return (instant){INT64_MAX};
    do_wishes(root);
    do_duties(root, beliefs, count);
    return duty_due(root);
}

/* --- reports --------------------------------------------------------------------------------- */

static struct planner_report *report_of(const struct root *root, shard_id shard)
{
    uint32_t count = lane_shards_count(root->lane);
    if (shard_eq(shard, SHARD_ROOT)) return &root->reports[count];
    return shard.n < count ? &root->reports[shard.n] : NULL;
}

/* Does more follow from it than that time has passed? */
static bool is_news(const struct planner_report *known, const struct planner_report *told,
                    node_id from)
{
    if (!node_eq(known->leader, from) || known->voters_count != told->voters_count) return true;
    if (known->learners_count != told->learners_count) return true;
    if (known->caught_up != told->caught_up) return true;
    size_t bytes = told->voters_count * sizeof told->voters[0];
    return memcmp(known->voters, told->voters, bytes) != 0;
}

static bool take_reports(struct root *root, node_id from, struct cursor *in)
{
    while (cursor_left(in) > 0) { /* ends: each takes some */
        struct planner_report told;
        shard_id shard;
        if (!report_read(in, &shard, &told)) return false;
        struct planner_report *report = report_of(root, shard);
        if (report == NULL) return false;
        root->has_news = root->has_news || is_news(report, &told, from);
        *report = told;
        report->leader = from;
        report->at = root->now;
    }
    return true;
}

/* A place that another has who may be there: two nodes of one address would be taken for each other
 * by whoever looks for one of them. Who says it says it again, and is heard when that one is gone.
 */
static bool is_taken(const struct root *root, const struct registry_member *facts)
{
    const struct registry *registry = root_registry(root);
    return registry != NULL && registry_at_place(registry, facts) != NULL;
}

/* Kept for the next duties: in the middle of a turn nothing is decided. The last word of a turn
 * counts; who was not heard says it again. */
static bool take_facts(struct root *root, node_id from, struct slice bytes)
{
    struct arena *arena = arena_new();
    struct registry_event event;
    bool good = registry_event_read(bytes, arena, &event) && event.kind == REGISTRY_MEMBER_FACTS &&
                node_eq(event.members[0].node, from);
    if (good && !is_taken(root, &event.members[0])) root->facts = event.members[0];
    arena_free(arena);
    return good;
}

/* Whether it was done, the map tells. Facts are of a node that nobody is linked to: another one has
 * heard them from it. */
static bool take_wish(struct root *root, struct slice bytes)
{
    struct arena *arena = arena_new();
    struct registry_event event;
    bool read = registry_event_read(bytes, arena, &event);
    bool facts = read && event.kind == REGISTRY_MEMBER_FACTS && event.members_count == 1;
    bool wish = read && (event.kind == REGISTRY_MEMBER_STATE || event.kind == REGISTRY_SETTING);
    bool good = facts || wish;
    if (facts && !is_taken(root, &event.members[0])) root->facts = event.members[0];
    const struct shard *shard = root_shard(root);
    if (wish && shard != NULL && shard_is_leader(shard) && root->wishes_count < WISHES_MAX) {
        buffer_append(&root->wishes[root->wishes_count++], bytes);
    }
    arena_free(arena);
    return good;
}

bool root_take_reports(struct root *root, node_id from, struct slice bytes)
{
    struct cursor in = cursor_of(bytes);
    uint8_t kind = cursor_u8(&in);
    if (in.bad) return false;
    if (kind == REPORT_FACTS) return take_facts(root, from, slice_of(in.at, cursor_left(&in)));
    if (kind == REPORT_WISH) return take_wish(root, slice_of(in.at, cursor_left(&in)));
    return kind == REPORT_SHARDS && take_reports(root, from, &in);
}

/* --- asking for a change --------------------------------------------------------------------- */

static bool is_crowded(const struct registry *registry)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        count += registry_member_at(registry, i)->state != MEMBER_REMOVED;
    }
    return count >= NODES_MAX;
}

static struct ask *ask_of(struct root *root, uint64_t ticket)
{
    for (uint32_t i = 0; i < ASKS_MAX; i++) {
        if (root->asks[i].ticket == ticket) return &root->asks[i];
    }
    return NULL;
}

uint64_t root_ask(struct root *root, const struct registry_event *event, struct fault *fault)
{
    struct shard *shard = root_shard(root);
    struct ask *ask = ask_of(root, 0);
    if (ask == NULL || !root->leads || shard_way_of_write(shard) != SHARD_HERE) {
        (void)fault_set(fault, ERR_CANCELLED, "the leader of the root group is asked for that");
        return 0;
    }
    const struct registry *registry = cmd_registry_of(shard_store(shard));
    bool joins = event->kind == REGISTRY_JOIN && registry != NULL;
    if (joins && is_crowded(registry)) {
        (void)fault_set(fault, ERR_LIMIT, "the cluster has %d nodes, which is as many as it may",
                        (int)NODES_MAX);
        return 0;
    }
    node_id node = joins ? registry_next_node(registry) : NODE_NONE;
    struct registry_event now = *event;
    uint64_t gate = 0;
    now.now_ms = root->unix_ms;
    if (apply(root, &now, &gate, fault) != ERR_OK) return 0;
    *ask = (struct ask){++root->tickets_count, gate, root->led_term, node};
    return ask->ticket;
}

enum root_answer root_answer(struct root *root, uint64_t ticket, node_id *node)
{
    struct shard *shard = root_shard(root);
    struct ask *ask = ticket == 0 ? NULL : ask_of(root, ticket);
    if (ask == NULL) return ROOT_LOST;
    bool same = shard != NULL && root->leads && ask->term == root->led_term;
    if (same && shard_agreed(shard) < ask->gate) return ROOT_WAITS;
    if (same && !is_agreed(shard) && root->adopted_index < ask->gate) return ROOT_WAITS;
    if (same) hand_on(root, shard);
    *node = ask->node;
    ask->ticket = 0;
    return same ? ROOT_DONE : ROOT_LOST;
}

/* --- for a person ---------------------------------------------------------------------------- */

bool root_plan(struct root *root, instant now, int64_t unix_ms, struct planner_plan *plan)
{
    struct shard *shard = root_shard(root);
    const struct registry *registry =
        shard == NULL || !root->leads ? NULL : cmd_registry_of(shard_store(shard));
    if (registry == NULL) return false;
    planner_plan(registry, root->reports, now, unix_ms, plan);
    return true;
}

const struct planner_report *root_report(const struct root *root, shard_id shard)
{
    return root->leads ? report_of(root, shard) : NULL;
}
