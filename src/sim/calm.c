/*
 * calm.c -- what a world comes to by itself when all who belong to it are well: one copy of the
 * registry everywhere, and each shard as it shall be. A run that has ended goes on until then, and
 * fails when it takes too long.
 */
#include <stdarg.h>
#include <stdio.h>

#include "core/raft/raft.h"
#include "lane/map.h"
#include "lane/replica.h"
#include "sim/sim_impl.h"

enum { LOOK_MS = 100, CALM_MS = 180 * 1000 };

struct unrest { /* the first thing that is not as it shall be */
    bool any;
    char text[200];
};

PRINTF(2, 3) static void note(struct unrest *unrest, const char *format, ...)
{
    va_list args;
    if (unrest->any) return;
    va_start(args, format);
    (void)vsnprintf(unrest->text, sizeof unrest->text, format, args);
    va_end(args);
    unrest->any = true;
}

static bool all_are_well(const struct sim *sim)
{
    uint32_t members = grow_members(sim);
    if (!sim->live_phase || (members & sim->broken) != 0) return false;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        const struct host *host = &sim->hosts[i];
        bool bad = host->state == HOST_DOWN || host->wants_person;
        if ((members >> i & 1) && bad) return false;
    }
    return true;
}

static const struct host *host_of_node(const struct sim *sim, node_id node)
{
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        const struct host *host = &sim->hosts[i];
        if (host->state == HOST_UP && node_eq(host->node_id, node)) return host;
    }
    return NULL;
}

/* --- the registry ------------------------------------------------------------------------------
 */

static bool is_same(const struct registry *a, const struct registry *b)
{
    struct buffer first = {0}, second = {0};
    registry_write(a, &first);
    registry_write(b, &second);
    bool same = slice_eq(buffer_slice(&first), buffer_slice(&second));
    buffer_free(&first);
    buffer_free(&second);
    return same;
}

/* Of all lanes of all members; the first one is what the others are compared with. */
static const struct registry *look_at_copies(const struct sim *sim, struct unrest *unrest)
{
    const struct registry *first = NULL;
    uint32_t members = grow_members(sim);
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        const struct host *host = &sim->hosts[i];
        for (uint32_t lane = 0; (members >> i & 1) && lane < host->lanes_count; lane++) {
            const struct registry *copy =
                map_registry(lane_map(node_lane_lane(host->lanes[lane].lane)));
            if (first == NULL) first = copy;
            if (is_same(first, copy)) continue;
            note(unrest, "the registry of host %u, lane %u, is of epoch %llu, another is of %llu",
                 i + 1, lane, (unsigned long long)registry_epoch(copy),
                 (unsigned long long)registry_epoch(first));
        }
    }
    return first;
}

/* --- shards ------------------------------------------------------------------------------------
 */

static bool is_as_desired(const struct raft_members *members, const struct registry_shard *place)
{
    if (members->joint || members->count != place->voters_count) return false;
    for (uint32_t i = 0; i < members->count; i++) {
        if (members->members[i].role != RAFT_VOTER) return false;
        if (!node_eq(members->members[i].node, place->voters[i])) return false;
    }
    return true;
}

static void look_at_copy(const struct host *host, shard_id shard, bool shall, struct unrest *unrest)
{
    const struct shard *copy = host_shard(host, shard);
    if (!shall && copy != NULL) {
        note(unrest, "host %u still has shard %u", host->number + 1, shard.n);
    } else if (shall && copy == NULL) {
        note(unrest, "host %u has shard %u not yet", host->number + 1, shard.n);
    } else if (shall && raft_is_recovering(shard_raft(copy))) {
        note(unrest, "host %u votes for shard %u and has not all of it", host->number + 1, shard.n);
    }
}

static void look_at_shard(const struct sim *sim, const struct registry *registry, shard_id shard,
                          struct unrest *unrest)
{
    const struct raft *raft = NULL;
    uint32_t members = grow_members(sim);
    for (uint32_t i = 0; i < sim->hosts_count && raft == NULL; i++) {
        if (host_leads(&sim->hosts[i], shard)) raft = shard_raft(host_shard(&sim->hosts[i], shard));
    }
    if (raft == NULL) {
        note(unrest, "nobody leads shard %u", shard.n);
        return;
    }
    if (registry_epoch(registry) == 0) return;
    const struct registry_shard *place = registry_shard(registry, shard);
    if (!is_as_desired(raft_members(raft), place)) {
        note(unrest, "shard %u has %u members%s, and shall have %u, since epoch %llu", shard.n,
             raft_members(raft)->count, raft_members(raft)->joint ? " of two sets" : "",
             place->voters_count, (unsigned long long)place->epoch);
    }
    for (uint32_t i = 0; i < place->voters_count; i++) {
        const struct registry_member *member = registry_member(registry, place->voters[i]);
        if (member->state == MEMBER_DEAD) continue; /* there is nobody else to take its place */
        if (host_of_node(sim, place->voters[i]) != NULL) continue;
        note(unrest, "node %u shall have shard %u and is gone", place->voters[i].n, shard.n);
    }
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        const struct host *host = &sim->hosts[i];
        bool shall = registry_shall_hold(registry, shard, host->node_id);
        if (members >> i & 1) look_at_copy(host, shard, shall, unrest);
    }
}

/* Everybody who is alive has a copy of it already. */
static bool all_alive_hold(const struct registry *registry, shard_id shard)
{
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        bool holds = registry_shall_hold(registry, shard, member->node);
        if (member->state == MEMBER_ALIVE && !holds) return false;
    }
    return true;
}

/* Who leaves waits while a dead member counts as one that could have its copies, and nobody else
 * could: a person has to remove that one first. */
static bool waits_for_the_dead(const struct sim *sim, const struct registry *registry, node_id node)
{
    bool any_dead = false, nobody_else = false;
    for (uint32_t i = 0; i < registry_members_count(registry); i++)
        any_dead |= registry_member_at(registry, i)->state == MEMBER_DEAD;
    for (uint32_t i = 0; i <= sim->shards_count && any_dead; i++) {
        shard_id shard = i == sim->shards_count ? SHARD_ROOT : (shard_id){i};
        bool holds = registry_shall_hold(registry, shard, node);
        nobody_else |= holds && all_alive_hold(registry, shard);
    }
    return nobody_else;
}

static void look(const struct sim *sim, struct unrest *unrest)
{
    const struct registry *registry = look_at_copies(sim, unrest);
    if (registry_epoch(registry) == 0) note(unrest, "the cluster is not formed");
    for (uint32_t i = 0; i <= sim->shards_count && !unrest->any; i++) {
        shard_id shard = i == sim->shards_count ? SHARD_ROOT : (shard_id){i};
        look_at_shard(sim, registry, shard, unrest);
    }
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        const struct host *host = &sim->hosts[i];
        bool leaves = host->belongs == HOST_LEAVING;
        if (leaves && !waits_for_the_dead(sim, registry, host->node_id))
            note(unrest, "host %u has not left", i + 1);
    }
}

void calm_look(struct sim *sim)
{
    struct unrest unrest = {.any = false};
    bool judged = sim->hosts_count > 1 && all_are_well(sim);
    if (judged) look(sim, &unrest);
    if (!unrest.any) {
        sim_trace(sim, judged ? "all is as it shall be" : "not all are well");
        sim->over = true;
    } else if (sim->now_ns - sim->options.until_ns > CALM_MS * SIM_NS_PER_MS) {
        sim_fail(sim, "the plan is carried out", "after %d s more %s", CALM_MS / 1000, unrest.text);
    } else {
        sim_happen(sim, sim->now_ns + LOOK_MS * SIM_NS_PER_MS, SIM_END, 0, 0);
    }
}
