/* host.c -- the life of a simulated host: its node is started, turned, killed; its clocks run. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim_impl.h"

enum { TURN_COST_NS = 2000, WAKE_NS = 500, RESTART_MS_LEAST = 100, RESTART_MS_MORE = 2000 };
enum { PPM = 1000000 };
#define MONOTONIC_FIRST_NS (INT64_C(3600) * SIM_NS_PER_S)
#define UNIX_FIRST_US      (INT64_C(1700000000) * 1000000)

struct host *sim_current_host;

/* --- clocks ------------------------------------------------------------------------------------
 */

static int64_t scaled(int64_t ns, int64_t drift_ppm)
{
    return (int64_t)((__int128_t)ns * (PPM + drift_ppm) / PPM);
}

int64_t host_monotonic_ns(const struct host *host)
{
    int64_t now = host->sim->now_ns + host->spent_ns;
    return host->clock_base_ns + scaled(now - host->clock_since_ns, host->drift_ppm);
}

int64_t host_wall_us(const struct host *host)
{
    return host->wall_us + (host->sim->now_ns + host->spent_ns) / SIM_NS_PER_US;
}

void host_set_drift(struct host *host, int64_t ppm)
{
    host->clock_base_ns = host_monotonic_ns(host);
    host->clock_since_ns = host->sim->now_ns;
    host->drift_ppm = ppm;
}

/* When io_wait returns that waits for this time of the host's clock: whole milliseconds later. */
static int64_t true_time_of(const struct host *host, instant at)
{
    const int64_t far = INT64_MAX / 4;
    int64_t ahead = at.ns - host->clock_base_ns;
    if (at.ns > far) return far;
    return host->clock_since_ns + (int64_t)((__int128_t)ahead * PPM / (PPM + host->drift_ppm)) + 1;
}

/* --- making ------------------------------------------------------------------------------------
 */

void host_init(struct sim *sim, uint32_t number)
{
    struct host *host = &sim->hosts[number];
    struct prng *prng = &sim->fault_prng;
    *host = (struct host){.sim = sim, .number = number, .has_power = true, .disk_slowness = 1};
    host->prng.state = prng_next(prng);
    host->clock_base_ns = MONOTONIC_FIRST_NS + (int64_t)prng_below(prng, MONOTONIC_FIRST_NS);
    host->wall_us = UNIX_FIRST_US + (int64_t)prng_below(prng, 60 * PPM);
    int length = snprintf(host->address.text, sizeof host->address.text, "127.0.1.%u", number + 1);
    ASSERT(length > 0);
    disk_init(&host->disk);
    disk_make_folder(&host->disk, "/data");
}

static void free_node(struct host *host)
{
    struct host *before = sim_current_host;
    sim_current_host = host;
    host->dying = true;
    for (uint32_t i = 0; i < host->lanes_count; i++) node_lane_free(host->lanes[i].lane);
    node_free(host->node);
    host->node = NULL;
    host->lanes_count = 0;
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) host->lanes[i] = (struct sim_lane_run){0};
    host->dying = false;
    host->locked = false;
    host->state = HOST_DOWN;
    sim_current_host = before;
}

void host_free(struct host *host)
{
    if (host->state == HOST_UP) free_node(host);
    config_free(&host->config);
    disk_clear(&host->disk);
}

/* --- starting ----------------------------------------------------------------------------------
 */

static enum err start_lanes(struct host *host)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < host->sim->lanes_count && err == ERR_OK; i++) {
        struct sim_lane_run *run = &host->lanes[i];
        err = node_lane_new(host->node, i, &run->lane, &host->fault);
        if (err == ERR_OK) host->lanes_count++;
    }
    return err;
}

static enum err start(struct host *host)
{
    host->options = (struct node_options){.config = &host->config, .version = "simulated"};
    host->options.machine.name = "";
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        host->lanes[i] = (struct sim_lane_run){.turn_at_ns = INT64_MAX};
    }
    enum err err = node_new(&host->options, &host->node, &host->fault);
    return err == ERR_OK ? start_lanes(host) : err;
}

/* A start may be refused for want of a good disk, and for nothing else. */
static void judge_refusal(struct host *host, enum err err)
{
    bool excused = host->disk_damaged || err == ERR_IO || err == ERR_NO_SPACE ||
                   host->belongs == HOST_LEAVING; /* it may be removed already */
    sim_trace(host->sim, "host %u does not start: %s", host->number + 1, host->fault.text);
    if (excused) return;
    sim_fail(host->sim, "a node starts again", "host %u, start %llu: %s", host->number + 1,
             (unsigned long long)host->boots_count, host->fault.text);
}

void host_boot_after(struct host *host, int64_t ns)
{
    sim_happen(host->sim, host->sim->now_ns + ns, SIM_BOOT, host->number, host->boots_count);
}

static void try_again(struct host *host)
{
    uint64_t ms = RESTART_MS_LEAST + prng_below(&host->sim->fault_prng, RESTART_MS_MORE);
    host_boot_after(host, (int64_t)ms * SIM_NS_PER_MS);
}

void host_boot(struct host *host)
{
    bool belongs = host->belongs == HOST_INSIDE || host->belongs == HOST_LEAVING;
    if (host->state == HOST_UP || host->off_for_good || !belongs) return;
    host->has_power = true;
    host->boots_count++;
    host->state = HOST_UP;
    host->spent_ns = 0;
    sim_current_host = host;
    enum err err = start(host);
    sim_current_host = NULL;
    if (err != ERR_OK) {
        free_node(host);
        host->spent_ns = 0;
        judge_refusal(host, err);
        try_again(host);
        return;
    }
    host->node_id = lane_self(node_lane_lane(host->lanes[0].lane));
    sim_trace(host->sim, "host %u is up: node %u", host->number + 1, host->node_id.n);
    for (uint32_t i = 0; i < host->lanes_count; i++) {
        host_want_turn(host, i, host->sim->now_ns + host->spent_ns);
    }
    host->spent_ns = 0;
}

/* --- ending ------------------------------------------------------------------------------------
 */

static void end_node(struct host *host, const char *why)
{
    struct sim *sim = host->sim;
    if (host->state == HOST_DOWN) return;
    sim_trace(sim, "host %u is down: %s", host->number + 1, why);
    free_node(host);
    host->spent_ns = 0;
    host->paused_until_ns = 0;
    if (sim->program->gone != NULL) sim->program->gone(sim->program_self, sim, host->number);
}

void host_kill(struct host *host, const char *why)
{
    host->cut_off_by_crash = false;
    end_node(host, why);
}

void host_cut_power(struct host *host, enum disk_loss loss)
{
    struct sim *sim = host->sim;
    host->has_power = false;
    for (uint32_t i = 0; i < host->lanes_count; i++) io_power_lost(host->lanes[i].io, loss);
    disk_cut_power(&host->disk, loss, &sim->disk_prng);
    net_power_lost(sim, host);
    host_kill(host, "its power is cut");
    host->disk_busy_until_ns = 0;
}

/* --- shards ----------------------------------------------------------------------------------- */

struct shard *host_shard(const struct host *host, shard_id shard)
{
    if (host->lanes_count == 0) return NULL;
    uint32_t count = lane_shards_count(node_lane_lane(host->lanes[0].lane));
    bool exists = shard.n < count || shard_eq(shard, SHARD_ROOT);
    uint32_t lane = exists ? shard_lane(shard, count, host->sim->lanes_count) : 0;
    if (!exists || lane >= host->lanes_count) return NULL;
    return lane_shard(node_lane_lane(host->lanes[lane].lane), shard);
}

bool host_leads(const struct host *host, shard_id number)
{
    struct shard *shard = host_shard(host, number);
    return shard != NULL && shard_is_leader(shard);
}

/* --- turns -------------------------------------------------------------------------------------
 */

void host_want_turn(struct host *host, uint32_t lane, int64_t at_ns)
{
    struct sim *sim = host->sim;
    struct sim_lane_run *run = &host->lanes[lane];
    if (host->dying) return;
    if (at_ns < run->busy_until_ns) at_ns = run->busy_until_ns;
    if (at_ns < sim->now_ns) at_ns = sim->now_ns;
    if (at_ns >= run->turn_at_ns) return;
    run->turn_at_ns = at_ns;
    run->turn = ++sim->generation;
    sim_happen(sim, at_ns, SIM_TURN, host->number * SIM_LANES_MAX + lane, run->turn);
}

static enum node_turn take_turn(struct host *host, struct sim_lane_run *run)
{
    host->spent_ns = 0;
    sim_current_host = host;
    enum node_turn result = node_lane_turn(run->lane, false, &run->deadline, &host->fault);
    sim_current_host = NULL;
    run->busy_until_ns = host->sim->now_ns + host->spent_ns + TURN_COST_NS;
    host->spent_ns = 0;
    return result;
}

void host_turn(struct host *host, uint32_t lane, uint64_t turn)
{
    struct sim *sim = host->sim;
    struct sim_lane_run *run = &host->lanes[lane];
    if (host->state == HOST_DOWN || lane >= host->lanes_count || run->turn != turn) return;
    run->turn_at_ns = INT64_MAX;
    if (sim->now_ns < host->paused_until_ns) {
        host_want_turn(host, lane, host->paused_until_ns);
        return;
    }
    run->busy_until_ns = sim->now_ns + WAKE_NS;
    sim->turns_count++;
    switch (take_turn(host, run)) {
    case NODE_TURN_AGAIN:
        host_want_turn(host, lane, true_time_of(host, run->deadline));
        if (sim->program->turned != NULL) {
            sim->program->turned(sim->program_self, sim, host->number, lane);
        }
        break;
    case NODE_TURN_ENDED:
        host_kill(host, "it was told to end");
        try_again(host);
        break;
    case NODE_TURN_FAILED:
        host_kill(host, host->fault.text);
        try_again(host);
        break;
    }
}
