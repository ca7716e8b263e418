/* sim.c -- the agenda of a simulated run, and what its program may call: see sim.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/run.h"
#include "sim/sim_impl.h"

enum { SWEEP_MS = 1000, TEXT_MAX = 1024, WILD_CLOCKS_ONE_IN = 8, WILD_DRIFT_PPM = 500000 };

/* --- for programs ------------------------------------------------------------------------------
 */

instant sim_now(const struct sim *sim)
{
    return (instant){sim->now_ns};
}

struct prng *sim_prng(struct sim *sim)
{
    return &sim->program_prng;
}

uint32_t sim_hosts_count(const struct sim *sim)
{
    return sim->hosts_count;
}

bool sim_is_live_phase(const struct sim *sim)
{
    return sim->live_phase;
}

struct node_lane *sim_lane(struct sim *sim, uint32_t host, uint32_t lane)
{
    return lane < sim->hosts[host].lanes_count ? sim->hosts[host].lanes[lane].lane : NULL;
}

uint32_t sim_healthy(const struct sim *sim)
{
    uint32_t healthy = 0, lost = 0;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        const struct host *host = &sim->hosts[i];
        bool reached = host->cut_to == 0 && host->cut_from == 0 && !host->cut_clients_in &&
                       !host->cut_clients_out;
        bool runs = host->state == HOST_UP && host->paused_until_ns <= sim->now_ns;
        if (reached && runs) healthy |= 1U << i;
        bool goes = host->wants_person || host->belongs == HOST_LEAVING;
        lost |= (uint32_t)goes << i;
    }
    return (sim->live_phase ? healthy | sim->healed : healthy) & ~lost;
}

sim_connection sim_connect(struct sim *sim, uint32_t client, uint32_t host, uint64_t tag)
{
    struct io_address from = {0}, to = sim->hosts[host].address;
    ASSERT(client < SIM_CLIENTS_MAX);
    to.port = SIM_PORT;
    int length = snprintf(from.text, sizeof from.text, "127.0.2.%u", client + 1);
    ASSERT(length > 0);
    struct connection *connection = net_connect(sim, NET_CLIENTS + client, &from, &to);
    connection->ends[0].owner = END_CLIENT;
    connection->ends[0].client = client;
    connection->ends[0].tag = tag;
    return (sim_connection){connection->id};
}

void sim_send(struct sim *sim, sim_connection id, struct slice bytes)
{
    struct connection *connection = net_find(sim, id.n);
    if (connection == NULL || connection->ends[0].owner != END_CLIENT) return;
    (void)net_send(sim, connection, 0, bytes);
}

void sim_close(struct sim *sim, sim_connection id)
{
    struct connection *connection = net_find(sim, id.n);
    if (connection == NULL || connection->ends[0].owner != END_CLIENT) return;
    net_close(sim, connection, 0, false);
}

void sim_timer(struct sim *sim, uint32_t client, duration after, uint64_t tag)
{
    sim_happen(sim, sim->now_ns + after.ns, SIM_CLIENT_TIMER, client, tag);
}

void sim_fail(struct sim *sim, const char *property, const char *format, ...)
{
    char text[TEXT_MAX];
    if (sim->failed) return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sim->failed = sim->over = true;
    (void)snprintf(sim->property, sizeof sim->property, "%s", property);
    buffer_append(&sim->why, slice_text(text));
    sim_trace(sim, "FAILED: %s: %s", property, text);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
    char text[TEXT_MAX];
    if (!sim->options.trace) return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    int64_t now_us = sim->now_ns / SIM_NS_PER_US;
    (void)printf("%5" PRId64 ".%06" PRId64 " %s\n", now_us / 1000000, now_us % 1000000, text);
}

void sim_tell(struct sim *sim, const struct sim_event *event)
{
    if (!sim->over) sim->program->event(sim->program_self, sim, event);
}

/* --- the agenda --------------------------------------------------------------------------------
 */

void sim_note(struct sim *sim, uint64_t what)
{
    uint64_t mixed = (sim->trace_hash ^ what) * 0xbf58476d1ce4e5b9ULL;
    sim->trace_hash = (mixed ^ mixed >> 29) + (uint64_t)sim->now_ns;
}

void sim_happen(struct sim *sim, int64_t at_ns, enum sim_happening kind, uint32_t number,
                uint64_t detail)
{
    agenda_add(&sim->agenda, at_ns, kind, number, detail);
}

static void boot(struct host *host, uint64_t boots_count)
{
    if (host->has_power && host->boots_count == boots_count) host_boot(host);
}

static void happen(struct sim *sim, const struct agenda_item *item)
{
    uint32_t number = item->number;
    switch ((enum sim_happening)item->kind) {
    case SIM_TURN:
        host_turn(&sim->hosts[number / SIM_LANES_MAX], number % SIM_LANES_MAX, item->detail);
        break;
    case SIM_ARRIVAL: net_arrival(sim, item->detail, number); break;
    case SIM_WINDOW: net_window(sim, item->detail, number); break;
    case SIM_SYN: net_syn(sim, item->detail); break;
    case SIM_SYN_ACK: net_syn_ack(sim, item->detail, number != 0); break;
    case SIM_LETTER: net_letter(sim, (struct letter *)(uintptr_t)item->detail); break;
    case SIM_DISK_DONE: io_disk_done(sim, item->detail); break;
    case SIM_BOOT: boot(&sim->hosts[number], item->detail); break;
    case SIM_FAULT: fault_begin(sim, number); break;
    case SIM_FAULT_OVER: fault_over(sim, number, item->detail); break;
    case SIM_CLIENT_TIMER: {
        struct sim_event event = {.kind = SIM_TIMER, .client = number, .tag = item->detail};
        sim_tell(sim, &event);
        break;
    }
    case SIM_HEAL: fault_heal(sim); break;
    case SIM_GROW: grow_look(sim); break;
    case SIM_MEMBERS: fault_members_return(sim); break;
    case SIM_END: calm_look(sim); break;
    case SIM_SWEEP:
        net_sweep(sim);
        sim_happen(sim, sim->now_ns + SWEEP_MS * SIM_NS_PER_MS, SIM_SWEEP, 0, 0);
        break;
    }
}

/* --- the run -----------------------------------------------------------------------------------
 */

static const struct sim_program *find_program(const char *name)
{
    for (uint32_t i = 0; sim_programs[i] != NULL; i++) {
        if (name == NULL || strcmp(sim_programs[i]->name, name) == 0) return sim_programs[i];
    }
    return NULL;
}

bool sim_check_options(const struct sim_options *options, struct buffer *why)
{
    const struct sim_program *program = find_program(options->program);
    if (program == NULL) {
        buffer_append_format(why, "there is no workload '%s'; there are:", options->program);
        for (uint32_t i = 0; sim_programs[i] != NULL; i++) {
            buffer_append_format(why, " %s", sim_programs[i]->name);
        }
        return false;
    }
    uint32_t hosts = options->hosts_count;
    if (options->spares_count != 0 && hosts < options->spares_count + 3) {
        buffer_append(why, SLICE("of --nodes, three at least are no --spares"));
        return false;
    }
    if (hosts >= program->hosts_least && hosts <= program->hosts_most) return true;
    buffer_append_format(why, "the workload %s wants %u to %u nodes", program->name,
                         program->hosts_least, program->hosts_most);
    return false;
}

static uint64_t one_of(struct prng *prng, const uint64_t *values, uint32_t count)
{
    return values[prng_below(prng, count)];
}

/* Few, rather: what goes wrong between shards shows with two as well, and sooner. */
static uint32_t draw_shards(const struct sim *sim, struct prng *prng)
{
    static const uint64_t counts[] = {1, 2, 2, 3, 4, 8, 16, SIM_SHARDS_MAX};
    uint32_t drawn = (uint32_t)one_of(prng, counts, COUNT_OF(counts));
    if (sim->options.shards_count != 0) drawn = sim->options.shards_count;
    return drawn < sim->lanes_count ? sim->lanes_count : drawn;
}

static void draw_world(struct sim *sim, struct prng *prng)
{
    static const uint64_t latencies_us[] = {30, 100, 250, 1000, 5000};
    static const uint64_t losses[] = {0, 0, 100, 1000, 10000};
    static const uint64_t windows[] = {16 << 10, 64 << 10, 256 << 10, 2 << 20};
    static const uint64_t disk_us[] = {50, 200, 500, 2000, 8000};
    int64_t latency = (int64_t)one_of(prng, latencies_us, COUNT_OF(latencies_us)) * SIM_NS_PER_US;
    sim->network.latency_ns = latency;
    sim->network.jitter_ns = latency * (int64_t)prng_below(prng, 5) / 2;
    sim->network.loss_per_million = (uint32_t)one_of(prng, losses, COUNT_OF(losses));
    sim->network.window_bytes = one_of(prng, windows, COUNT_OF(windows));
    sim->disks.latency_ns = (int64_t)one_of(prng, disk_us, COUNT_OF(disk_us)) * SIM_NS_PER_US;
    sim->disks.jitter_ns = sim->disks.latency_ns * (int64_t)prng_below(prng, 4);
    sim->disks.ns_per_kib = 500 << prng_below(prng, 5);
    uint32_t lanes = sim->options.lanes_count;
    sim->lanes_count = lanes != 0 ? lanes : 1 + (prng_below(prng, 4) == 0);
    sim->shards_count = draw_shards(sim, prng);
}

static void trace_world(struct sim *sim)
{
    sim_trace(sim,
              "network: %lld us and up to %lld more, %u of a million lost, windows of %llu bytes",
              (long long)(sim->network.latency_ns / SIM_NS_PER_US),
              (long long)(sim->network.jitter_ns / SIM_NS_PER_US), sim->network.loss_per_million,
              (unsigned long long)sim->network.window_bytes);
    sim_trace(sim, "disks: %lld us and up to %lld more, %lld us a MiB",
              (long long)(sim->disks.latency_ns / SIM_NS_PER_US),
              (long long)(sim->disks.jitter_ns / SIM_NS_PER_US),
              (long long)(sim->disks.ns_per_kib * 1024 / SIM_NS_PER_US));
}

static void draw_hosts(struct sim *sim, struct prng *prng)
{
    config_init(&sim->config);
    settings_draw(&sim->config, prng);
    sim->drift_ppm_max = settings_drift_ppm(&sim->config) / 2;
    if (prng_below(prng, WILD_CLOCKS_ONE_IN) == 0) {
        sim->drift_ppm_max = WILD_DRIFT_PPM; /* beyond what any lease allows */
        settings_no_lease(&sim->config);
    }
    for (uint32_t i = 0; i < sim->hosts_count; i++) host_init(sim, i);
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        struct host *host = &sim->hosts[i];
        config_copy(&host->config, &sim->config);
        bool spare = i >= sim->hosts_count - sim->options.spares_count;
        settings_of_host(&host->config, sim, i, !spare);
        host->belongs = spare ? HOST_OUTSIDE : HOST_INSIDE;
        host_boot_after(host, (int64_t)prng_below(prng, 50) * SIM_NS_PER_MS);
    }
}

static struct sim *sim_new(const struct sim_options *options)
{
    struct prng prng = {options->seed * 0x9e3779b97f4a7c15ULL};
    struct sim *sim = calloc(1, sizeof *sim);
    ASSERT(sim != NULL);
    sim->options = *options;
    sim->hosts_count = options->hosts_count;
    sim->program = find_program(options->program);
    sim->program_prng.state = prng_next(&prng);
    sim->net_prng.state = prng_next(&prng);
    sim->disk_prng.state = prng_next(&prng);
    sim->fault_prng.state = prng_next(&prng);
    draw_world(sim, &prng);
    trace_world(sim);
    draw_hosts(sim, &prng);
    plan_draw(&sim->plan, options);
    for (uint32_t i = 0; i < sim->plan.count; i++) {
        bool kept = options->keep == NULL || options->keep[i];
        if (kept) sim_happen(sim, sim->plan.faults[i].at_ns, SIM_FAULT, i, 0);
    }
    sim_happen(sim, sim->plan.heal_at_ns, SIM_HEAL, 0, 0);
    sim_happen(sim, options->until_ns, SIM_END, 0, 0);
    sim_happen(sim, SWEEP_MS * SIM_NS_PER_MS, SIM_SWEEP, 0, 0);
    if (options->spares_count != 0) grow_look(sim);
    return sim;
}

/* What nobody waits for any more is freed when its time comes. */
static void drain(struct sim *sim)
{
    struct agenda_item item;
    while (agenda_take(&sim->agenda, &item)) {
        if (item.kind == SIM_DISK_DONE) io_disk_done(sim, item.detail);
    }
}

static void sim_free(struct sim *sim)
{
    sim->program->free(sim->program_self);
    for (uint32_t i = 0; i < sim->hosts_count; i++) host_free(&sim->hosts[i]);
    net_free(sim);
    drain(sim);
    agenda_free(&sim->agenda);
    config_free(&sim->config);
    buffer_free(&sim->why);
    free(sim);
}

void sim_run(const struct sim_options *options, struct sim_result *result)
{
    struct sim *sim = sim_new(options);
    struct agenda_item item;
    *result = (struct sim_result){.faults_count = sim->plan.count};
    sim->program_self = sim->program->start(sim);
    while (!sim->over && agenda_take(&sim->agenda, &item)) { /* ends: calm_look */
        sim->now_ns = item.at_ns;
        result->events_count++;
        happen(sim, &item);
    }
    if (!sim->failed) sim->program->end(sim->program_self, sim);
    result->failed = sim->failed;
    memcpy(result->property, sim->property, sizeof result->property);
    buffer_append(&result->why, buffer_slice(&sim->why));
    result->turns_count = sim->turns_count;
    result->trace_hash = sim->trace_hash;
    sim_free(sim);
}
