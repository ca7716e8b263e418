/* fault.c -- what goes wrong, as the plan says, and how it is put right again. */
#include "core/raft/raft.h"
#include "lane/replica.h"
#include "sim/sim_impl.h"

enum {
    FLAP_MS = 150,
    SLOW_LINK_MS_MAX = 300,
    DISK_SLOWNESS_MAX = 400,
    JUMP_S_MAX = 7200,
    MEMBERS_AGAIN_MS = 300,
    REPLICAS_USUAL = 3
};

static uint32_t all_hosts(const struct sim *sim)
{
    return (1U << sim->hosts_count) - 1;
}

static void cut(struct sim *sim, struct host *host, bool out, bool in, uint32_t from_whom)
{
    uint32_t others = all_hosts(sim) & ~(1U << host->number) & from_whom;
    if (out) host->cut_to |= others;
    if (in) host->cut_from |= others;
}

static void mend(struct host *host)
{
    host->cut_to = host->cut_from = 0;
    host->cut_clients_in = host->cut_clients_out = false;
}

/* Half of the cuts are between hosts alone; a client of the weaker side then finds out. */
static void cut_all(struct sim *sim, struct host *host, const struct plan_fault *fault, bool out,
                    bool in)
{
    cut(sim, host, out, in, ~fault->hosts);
    bool clients = fault->chance & 1;
    host->cut_clients_out |= out && clients;
    host->cut_clients_in |= in && clients;
}

static void break_connections(struct sim *sim, const struct host *host,
                              const struct plan_fault *fault)
{
    struct prng prng = {fault->chance};
    for (uint32_t i = 0; i < sim->net.count; i++) {
        struct connection *connection = sim->net.connections[i];
        if (connection == NULL || !connection->open) continue;
        bool own =
            connection->ends[0].place == host->number || connection->ends[1].place == host->number;
        if (!own || prng_below(&prng, 4) == 0) continue;
        uint32_t late_end = (uint32_t)prng_below(&prng, 3); /* 2: neither */
        net_break(sim, connection, late_end, (int64_t)prng_below(&prng, 1000) * SIM_NS_PER_MS);
    }
}

/* In the older half of what a file holds. */
static void flip_bit(struct host *host, uint64_t chance)
{
    struct prng prng = {chance};
    const struct disk_names *names = &host->disk.names;
    const struct disk_name *name = &names->items[prng_below(&prng, names->count)];
    struct inode *inode = name->inode;
    if (inode == NULL || inode->written_end < 2) return;
    inode_flip_bit(inode, prng_below(&prng, inode->written_end / 2 * 8));
    host->disk_damaged = true;
    host->wants_person |= strchr(name->path + sizeof "/data", '/') == NULL;
}

/* Its list is all that it has, and those on it have gone, or go. */
static bool finds_nobody(const struct host *host)
{
    const struct sim *sim = host->sim;
    for (uint32_t i = 0; i < sim->hosts_count - sim->options.spares_count; i++) {
        const struct host *other = &sim->hosts[i];
        bool is_there = other->belongs == HOST_INSIDE && other->node_id.n <= i + 1;
        if (other != host && is_there) return false;
    }
    return sim->options.spares_count != 0;
}

static void lose_disk(struct host *host)
{
    host_cut_power(host, DISK_LOSES_ALL);
    disk_clear(&host->disk);
    disk_make_folder(&host->disk, "/data");
    host->disk_damaged = true;
    bool is_listed = config_text(&host->config, SETTING_PEERS)[0] != '\0';
    if (host->sim->options.spares_count != 0 && !is_listed) {
        host->belongs = HOST_OUTSIDE; /* it would begin a cluster of its own */
    } else {
        host->wants_person |= finds_nobody(host);
    }
}

static int64_t jump_us(uint64_t chance)
{
    struct prng prng = {chance};
    int64_t seconds = (int64_t)prng_below(&prng, JUMP_S_MAX) >> prng_below(&prng, 12);
    return (prng_below(&prng, 2) == 0 ? seconds : -seconds) * 1000000;
}

/* --- those who lead -----------------------------------------------------------------------------
 */

/* The shard of this number, of all that there are; the root is the last. */
static shard_id shard_at(const struct sim *sim, uint32_t number)
{
    if (number < sim->shards_count) return (shard_id){number};
    return SHARD_ROOT;
}

/* Who leads one of the shards, in the latest term; nobody: `hosts`. */
static uint32_t aim(struct sim *sim, uint64_t chance, uint32_t hosts)
{
    shard_id shard = shard_at(sim, (uint32_t)(chance >> 32) % (sim->shards_count + 1));
    uint64_t latest = 0;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (!host_leads(&sim->hosts[i], shard)) continue;
        uint64_t term = raft_term(shard_raft(host_shard(&sim->hosts[i], shard)));
        if (term <= latest) continue;
        latest = term;
        hosts = 1U << i;
    }
    return hosts;
}

static void hand_over(struct host *host)
{
    for (uint32_t i = 0; i < host->lanes_count; i++) {
        sim_current_host = host;
        lane_hand_over(node_lane_lane(host->lanes[i].lane));
        sim_current_host = NULL;
        host_want_turn(host, i, host->sim->now_ns);
    }
}

static void change_shard(struct sim *sim, struct host *host, shard_id shard, const node_id *voters,
                         uint32_t count)
{
    struct fault refused;
    sim_current_host = host;
    enum err err = shard_change_members(host_shard(host, shard), voters, count, &refused);
    sim_current_host = NULL;
    if (err != ERR_OK) sim_trace(sim, "members stay: %s", refused.text);
    host_want_turn(host, shard_lane(shard, sim->shards_count, sim->lanes_count), sim->now_ns);
}

/* Every shard's group shall be all hosts but `without`. Whoever leads may refuse it. */
static void change_members(struct sim *sim, uint32_t without)
{
    node_id voters[SIM_HOSTS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (!(without >> i & 1)) voters[count++] = (node_id){i + 1};
    }
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        for (uint32_t number = 0; number <= sim->shards_count; number++) {
            shard_id shard = shard_at(sim, number);
            if (host_leads(&sim->hosts[i], shard))
                change_shard(sim, &sim->hosts[i], shard, voters, count);
        }
    }
}

/* --- beginning ----------------------------------------------------------------------------------
 */

static enum disk_loss loss_of(uint64_t chance)
{
    return (enum disk_loss)(chance % DISK_LOSSES_COUNT);
}

static void begin_on_host(struct sim *sim, struct host *host, const struct plan_fault *fault)
{
    struct prng prng = {fault->chance};
    switch (fault->kind) {
    case PLAN_KILL: host_kill(host, "it was killed"); break;
    case PLAN_POWER:
    case PLAN_POWER_ALL: host_cut_power(host, loss_of(fault->chance)); break;
    case PLAN_POWER_AT_DISK:
        host->cut_off_by_crash = true;
        host->crash_loss = loss_of(fault->chance);
        break;
    case PLAN_PAUSE: host->paused_until_ns = sim->now_ns + fault->lasts_ns; break;
    case PLAN_CUT:
    case PLAN_FLAP: cut_all(sim, host, fault, true, true); break;
    case PLAN_CUT_OUT: cut_all(sim, host, fault, true, false); break;
    case PLAN_CUT_IN: cut_all(sim, host, fault, false, true); break;
    case PLAN_CUT_PAIR:
        cut(sim, host, true, true, 1U << (host->number + 1) % sim->hosts_count);
        break;
    case PLAN_RESET: break_connections(sim, host, fault); break;
    case PLAN_SLOW_LINK:
        host->slow_link_ns = (1 + (int64_t)prng_below(&prng, SLOW_LINK_MS_MAX)) * SIM_NS_PER_MS;
        break;
    case PLAN_DISK_ERROR: host->disk_fails = true; break;
    case PLAN_DISK_FULL: host->disk.bytes_max = host->disk.used_bytes; break;
    case PLAN_DISK_SLOW:
        host->disk_slowness = 2 + (uint32_t)prng_below(&prng, DISK_SLOWNESS_MAX);
        break;
    case PLAN_BIT_FLIP: flip_bit(host, fault->chance); break;
    case PLAN_DISK_LOST: lose_disk(host); break;
    case PLAN_CLOCK_JUMP: host->wall_us += jump_us(fault->chance); break;
    case PLAN_CLOCK_DRIFT: {
        int64_t most = sim->drift_ppm_max;
        host_set_drift(host, (int64_t)prng_below(&prng, (uint64_t)most * 2 + 1) - most);
        break;
    }
    case PLAN_HAND_OVER: hand_over(host); break;
    case PLAN_MEMBERS:
    case PLAN_JOIN:
    case PLAN_LEAVE:
    case PLAN_REMOVE:
    case PLAN_KINDS_COUNT: break;
    }
}

static void over_on_host(struct sim *sim, struct host *host, const struct plan_fault *fault)
{
    (void)sim;
    switch (fault->kind) {
    case PLAN_KILL:
    case PLAN_POWER:
    case PLAN_POWER_ALL:
    case PLAN_DISK_LOST: host_boot(host); break;
    case PLAN_POWER_AT_DISK:
        host->cut_off_by_crash = false;
        host_boot(host);
        break;
    case PLAN_CUT:
    case PLAN_FLAP:
    case PLAN_CUT_OUT:
    case PLAN_CUT_IN:
    case PLAN_CUT_PAIR: mend(host); break;
    case PLAN_SLOW_LINK: host->slow_link_ns = 0; break;
    case PLAN_DISK_ERROR: host->disk_fails = false; break;
    case PLAN_DISK_FULL: host->disk.bytes_max = UINT64_MAX; break;
    case PLAN_DISK_SLOW: host->disk_slowness = 1; break;
    case PLAN_CLOCK_DRIFT: /* it stays as it is */
    case PLAN_CLOCK_JUMP:
    case PLAN_BIT_FLIP:
    case PLAN_PAUSE:
    case PLAN_RESET:
    case PLAN_HAND_OVER:
    case PLAN_MEMBERS:
    case PLAN_JOIN:
    case PLAN_LEAVE:
    case PLAN_REMOVE:
    case PLAN_KINDS_COUNT: break;
    }
}

static void trace_fault(struct sim *sim, const struct plan_fault *fault, const char *what)
{
    struct buffer text = {0};
    plan_format(fault, &text);
    sim_trace(sim, "%s %.*s", what, (int)text.len, (const char *)text.data);
    buffer_free(&text);
}

void fault_begin(struct sim *sim, uint32_t number)
{
    struct plan_fault *fault = &sim->plan.faults[number];
    if (fault->at_leader) fault->hosts = aim(sim, fault->chance, fault->hosts);
    trace_fault(sim, fault, "fault");
    if (plan_is_growth(fault->kind)) {
        grow_begin(sim, fault);
        return;
    }
    if (fault->kind == PLAN_MEMBERS) change_members(sim, fault->hosts);
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (fault->hosts >> i & 1) begin_on_host(sim, &sim->hosts[i], fault);
    }
    int64_t over = sim->now_ns + fault->lasts_ns;
    sim_happen(sim, over, SIM_FAULT_OVER, number, 0);
    if (fault->kind != PLAN_FLAP) return;
    int64_t at = sim->now_ns;
    for (uint32_t i = 0; at < over; i++) { /* ends: time goes on */
        at += (1 + (int64_t)(fault->chance >> i % 32 & 7)) * FLAP_MS * SIM_NS_PER_MS;
        if (at < over) sim_happen(sim, at, SIM_FAULT_OVER, number, 1 + i % 2);
    }
}

void fault_over(struct sim *sim, uint32_t number, uint64_t flap)
{
    const struct plan_fault *fault = &sim->plan.faults[number];
    if (sim->live_phase) return;
    if (flap == 0) trace_fault(sim, fault, "over ");
    if (fault->kind == PLAN_MEMBERS) change_members(sim, 0);
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (!(fault->hosts >> i & 1)) continue;
        if (flap == 2) {
            begin_on_host(sim, &sim->hosts[i], fault);
        } else {
            over_on_host(sim, &sim->hosts[i], fault);
        }
    }
}

/* --- the liveness phase ------------------------------------------------------------------------
 */

/* Has somebody no vote in this group, as one of its replicas believes? */
static bool lacks_somebody(const struct sim *sim, const struct shard *shard)
{
    const struct raft_members *members = raft_members(shard_raft(shard));
    if (members->joint) return true;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (!raft_members_is_voter(members, (node_id){i + 1})) return true;
    }
    return false;
}

/* The same of any group and any replica that runs. */
static bool some_are_out(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        for (uint32_t number = 0; number <= sim->shards_count; number++) {
            const struct shard *shard = host_shard(&sim->hosts[i], shard_at(sim, number));
            if (shard != NULL && lacks_somebody(sim, shard)) return true;
        }
    }
    return false;
}

/* Which hosts have a vote: bits, for the voters of now or those that shall be. */
static uint32_t voters_of(const struct sim *sim, const struct raft_members *members, bool next,
                          uint32_t *count)
{
    uint32_t hosts = 0;
    *count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct raft_member *member = &members->members[i];
        if (!(member->role & (next ? RAFT_VOTER_NEXT : RAFT_VOTER))) continue;
        ++*count;
        for (uint32_t host = 0; host < sim->hosts_count; host++) {
            hosts |= (uint32_t)node_eq(sim->hosts[host].node_id, member->node) << host;
        }
    }
    return hosts;
}

/* Are the healed ones a majority of this group, as one of its replicas knows it? */
static bool is_majority(const struct sim *sim, const struct shard *shard, uint32_t healed)
{
    const struct raft_members *members = raft_members(shard_raft(shard));
    int sets = members->joint ? 2 : 1;
    for (int next = 0; next < sets; next++) {
        uint32_t count;
        uint32_t voters = voters_of(sim, members, next != 0, &count);
        if ((uint32_t)__builtin_popcount(voters & healed) * 2 <= count) return false;
    }
    return true;
}

/* The same of each group and each replica that runs. Of a group of which nobody runs nothing is
 * known, unless all hosts are in all groups. */
static bool all_groups_live(const struct sim *sim, uint32_t healed)
{
    for (uint32_t number = 0; number <= sim->shards_count; number++) {
        bool is_root = number == sim->shards_count; /* of static nodes there may be none yet */
        bool seen = is_root || sim->hosts_count <= REPLICAS_USUAL;
        for (uint32_t i = 0; i < sim->hosts_count; i++) {
            const struct shard *shard = host_shard(&sim->hosts[i], shard_at(sim, number));
            if (shard != NULL && !is_majority(sim, shard, healed)) return false;
            seen |= shard != NULL;
        }
        if (!seen) return false;
    }
    return true;
}

/* A random majority of disks that were never hurt; all, where that is not one of each group. */
static uint32_t choose_healed(struct sim *sim)
{
    uint32_t inside = grow_members(sim), damaged = 0, healed = 0;
    uint32_t majority = (uint32_t)__builtin_popcount(inside) / 2 + 1;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        damaged |= (uint32_t)sim->hosts[i].disk_damaged << i;
    }
    uint32_t good = inside & ~damaged;
    if (sim->options.spares_count != 0 && prng_below(&sim->fault_prng, 2) == 0) return inside;
    while ((uint32_t)__builtin_popcount(healed) < majority) { /* ends: a majority is good */
        uint32_t host = 1U << prng_below(&sim->fault_prng, sim->hosts_count);
        if (host & good) healed |= host;
    }
    if (sim->plan.kinds >> PLAN_MEMBERS & 1 && some_are_out(sim)) return inside;
    return all_groups_live(sim, healed) ? healed : inside;
}

/* Until it is done: whoever leads may refuse it, or fail before it is. */
void fault_members_return(struct sim *sim)
{
    if (some_are_out(sim)) change_members(sim, 0);
    sim_happen(sim, sim->now_ns + MEMBERS_AGAIN_MS * SIM_NS_PER_MS, SIM_MEMBERS, 0, 0);
}

static void heal_host(struct host *host)
{
    mend(host);
    host->paused_until_ns = 0;
    host->slow_link_ns = 0;
    host->disk_slowness = 1;
    host->disk_fails = false;
    host->disk.bytes_max = UINT64_MAX;
    host->cut_off_by_crash = false;
    for (uint32_t i = 0; i < host->lanes_count; i++) host_want_turn(host, i, host->sim->now_ns);
    host_boot(host);
}

static void break_host(struct sim *sim, struct host *host)
{
    switch (prng_below(&sim->fault_prng, 3)) {
    case 0:
        host->off_for_good = true;
        host_cut_power(host, DISK_TEARS);
        break;
    case 1: cut(sim, host, true, true, ~0U); break;
    default: host->paused_until_ns = INT64_MAX; break;
    }
}

void fault_heal(struct sim *sim)
{
    sim->live_phase = true;
    sim->healed = choose_healed(sim);
    sim_trace(sim, "healed for good: hosts %x (bits)", sim->healed);
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (!(grow_members(sim) >> i & 1)) continue;
        if (sim->healed >> i & 1) {
            heal_host(&sim->hosts[i]);
        } else {
            sim->broken |= 1U << i;
            break_host(sim, &sim->hosts[i]);
        }
    }
    if (sim->plan.kinds >> PLAN_MEMBERS & 1) fault_members_return(sim);
    if (sim->program->healed != NULL) sim->program->healed(sim->program_self, sim);
}
