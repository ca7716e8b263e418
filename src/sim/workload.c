/*
 * workload.c -- the programs of simulated runs: clients that ask (asks.h), and the properties that
 * their histories (check.h) and the nodes (safety.h) must have.
 *
 *   W1  what a client saw is explained by operations one after the other
 *   W2  in the liveness phase each request is answered within ANSWER_NS
 *   W3  … and each healthy host acknowledges PROBES writes within WRITE_NS of its beginning
 *   W4  replicas agree: see safety.h
 *
 * In the safety phase clients choose any host. When the liveness phase begins all of them go to
 * healthy ones, and each of those gets one more client, a *prober*: it writes until a write to each
 * of some keys, which are of different shards, is acknowledged; then the probers together read
 * every key that there was once more, so that what was lost shows.
 */
#include <stdlib.h>

#include "sim/asks.h"
#include "sim/check.h"
#include "sim/safety.h"
#include "sim/solo.h"

enum { PROBES = 8 };
enum { CLIENTS_LEAST = 6, CLIENTS_SPREAD = 10, THINK_MS_LEAST = 5, THINK_MS_SPREAD = 100 };
#define NS_PER_MS        INT64_C(1000000)
#define PATIENCE_LEAST   (1000 * NS_PER_MS) /* of a client, for an answer */
#define PATIENCE_SPREAD  (8000 * NS_PER_MS)
#define RECONNECT_LEAST  (20 * NS_PER_MS)
#define RECONNECT_SPREAD (400 * NS_PER_MS)
#define ANSWER_NS        (12000 * NS_PER_MS)
#define WRITE_NS         (12000 * NS_PER_MS)
#define CLOCK_GRAIN_NS   (500 * NS_PER_MS) /* what an operation may differ by from a clock's time */

enum timer { TIMER_THINK, TIMER_PATIENCE, TIMER_RECONNECT, TIMER_LIVENESS, TIMERS_COUNT };

#define NO_OP SIZE_MAX

struct reader {    /* what a prober reads at the end */
    size_t key_op; /* an operation on that key; NO_OP: nothing yet */
    size_t asked;  /* the operation that reads it */
};

struct workload {
    struct history *history;
    struct safety *safety;
    struct asks asks;
    struct client clients[SIM_CLIENTS_MAX]; /* then the probers, one for each host */
    uint32_t clients_count;
    uint32_t last_id;
    int64_t think_ns, patience_ns;
    int64_t clock_least_ms, clock_most_ms; /* what hosts' clocks were ahead of the true time */
    bool clock_known;
    int64_t live_since_ns;
    uint32_t healthy, acknowledged; /* hosts: bits */
    uint32_t probes[SIM_HOSTS_MAX]; /* writes that each prober had acknowledged */
    struct reader readers[SIM_HOSTS_MAX];
    size_t *key_ops; /* an operation on each key that there was when the liveness phase began */
    uint32_t key_ops_count, key_ops_next;
};

static int64_t draw(struct workload *workload, int64_t bound)
{
    return (int64_t)prng_below(workload->asks.prng, (uint64_t)bound);
}

static bool is_prober(const struct workload *workload, const struct client *client)
{
    return client->number >= workload->clients_count;
}

static bool has_host(uint32_t hosts, uint32_t host)
{
    return (hosts >> host & 1) != 0;
}

/* --- at the end: all keys are read once more -------------------------------------------------- */

/* Has what this prober read of its key come to its end? */
static bool is_read(const struct workload *workload, const struct reader *reader)
{
    if (reader->key_op == NO_OP) return true;
    const struct history_op *op = history_op_at(workload->history, reader->asked);
    if (op->outcome != HISTORY_OK) return false;
    return op->kind != HISTORY_POP || history_results(workload->history, op)[0] == HISTORY_NIL;
}

/* Read on, or the next key. False: no key is left. */
static bool ask_all(struct workload *workload, struct client *client, int64_t now_ns)
{
    struct reader *reader = &workload->readers[client->number - workload->clients_count];
    bool again = !is_read(workload, reader);
    while (again || workload->key_ops_next < workload->key_ops_count) {
        if (!again) reader->key_op = workload->key_ops[workload->key_ops_next++];
        const struct history_op *op = history_op_at(workload->history, reader->key_op);
        reader->asked = history_count(workload->history);
        if (asks_all(&workload->asks, client, op, now_ns)) return true;
        reader->key_op = NO_OP;
    }
    return false;
}

static void list_keys(struct workload *workload)
{
    uint32_t keys_count = history_keys_count(workload->history);
    workload->key_ops = (size_t *)calloc(keys_count + 1, sizeof(size_t));
    ASSERT(workload->key_ops != NULL);
    for (size_t i = 0; i < history_count(workload->history); i++) {
        /* Keys are numbered as they come: a new one has the next number. */
        if (history_op_at(workload->history, i)->key == workload->key_ops_count)
            workload->key_ops[workload->key_ops_count++] = i;
    }
}

/* --- clients --------------------------------------------------------------------------------- */

static void set_timer(struct sim *sim, const struct client *client, enum timer timer, int64_t ns)
{
    uint64_t tag = client->generation * TIMERS_COUNT + timer;
    sim_timer(sim, client->number, (duration){ns}, tag);
}

static uint32_t choose_host(struct workload *workload, struct sim *sim)
{
    uint32_t count = sim_hosts_count(sim);
    uint32_t host = (uint32_t)draw(workload, count);
    if (workload->healthy == 0) return host;
    while (!has_host(workload->healthy, host)) host = (host + 1) % count;
    return host;
}

static void retire(struct workload *workload, struct client *client)
{
    client->id = ++workload->last_id;
    client->retires = false;
}

/* What it wants to know next; false: nothing any more. */
static bool choose_ask(struct workload *workload, struct client *client, int64_t now_ns)
{
    if (!is_prober(workload, client)) {
        asks_next(&workload->asks, client, now_ns);
    } else if (!has_host(workload->acknowledged, client->host)) {
        asks_probe(&workload->asks, client, workload->probes[client->host], now_ns);
    } else {
        return ask_all(workload, client, now_ns);
    }
    return true;
}

static void ask(struct workload *workload, struct sim *sim, struct client *client)
{
    if (!choose_ask(workload, client, sim_now(sim).ns)) return;
    sim_send(sim, client->connection, buffer_slice(&client->out));
    buffer_clear(&client->out);
    client->generation++;
    set_timer(sim, client, TIMER_PATIENCE,
              workload->live_since_ns != 0 ? ANSWER_NS : workload->patience_ns);
}

static void connect(struct workload *workload, struct sim *sim, struct client *client)
{
    retire(workload, client);
    if (!is_prober(workload, client)) client->host = choose_host(workload, sim);
    client->connection = sim_connect(sim, client->number, client->host, 0);
    if (client->is_stale) {
        client_say(client, "READONLY");
        client_expect(client, STEP_DONE, STEP_NO_OP, 1);
    }
    ask(workload, sim, client);
}

/* Its connection is gone, or of no use: what it asked stays unknown. */
static void leave(struct workload *workload, struct sim *sim, struct client *client)
{
    if (client->connection.n != 0) sim_close(sim, client->connection);
    client_forget(client);
    set_timer(sim, client, TIMER_RECONNECT, RECONNECT_LEAST + draw(workload, RECONNECT_SPREAD));
}

static void receive(struct workload *workload, struct sim *sim, struct client *client,
                    struct slice bytes)
{
    char wrong[CLIENT_WRONG_MAX];
    if (!client_receive(client, workload->history, bytes, sim_now(sim).ns, wrong)) {
        sim_fail(sim, "answer", "to client %u (%u in the history), of host %u: %s", client->number,
                 client->id, client->host + 1, wrong);
        return;
    }
    if (client_waits(client)) return;
    /* Memory that is full by the seed's own setting is no fault of the node. */
    bool refused = client->was_refused && strncmp(client->refusal, "OOM ", 4) != 0;
    client->was_refused = false;
    if (is_prober(workload, client) && !refused && !client->retires &&
        ++workload->probes[client->host] >= PROBES)
        workload->acknowledged |= 1U << client->host;
    if (client->retires) retire(workload, client);
    client->generation++;
    set_timer(sim, client, TIMER_THINK, draw(workload, workload->think_ns));
}

/* What an answer is still owed to, and how many after it. */
static void tell_unanswered(const struct workload *workload, const struct client *client,
                            struct buffer *out)
{
    const struct step *step = &client->steps[client->first];
    if (step->op != STEP_NO_OP)
        history_format_op(workload->history, history_op_at(workload->history, step->op), out);
    buffer_append_format(out, " (%u replies), and %u more", step->replies,
                         client->count - client->first - 1);
}

static void lose_patience(struct workload *workload, struct sim *sim, struct client *client)
{
    if (workload->live_since_ns != 0) { /* [W2] */
        struct buffer text = {0};
        tell_unanswered(workload, client, &text);
        sim_fail(sim, "answer in time",
                 "client %u got none from host %u in %lld s, though the host is healthy: %.*s",
                 client->number, client->host + 1, (long long)(ANSWER_NS / NS_PER_MS / 1000),
                 (int)text.len, (const char *)text.data);
        buffer_free(&text);
        return;
    }
    leave(workload, sim, client);
}

static void trace_shard(struct sim *sim, uint32_t host, const struct shard *shard)
{
    struct shard_replication told;
    shard_tell_replication(shard, &told);
    sim_trace(sim,
              "host %u shard %u: %s, term %llu, leader %u, last %llu, durable %llu, commit %llu, "
              "applied %llu",
              host + 1, shard_number(shard).n, told.role, (unsigned long long)told.term,
              told.leader.n, (unsigned long long)told.last, (unsigned long long)told.durable,
              (unsigned long long)told.commit, (unsigned long long)told.applied);
    for (uint32_t i = 0; i < told.peers_count; i++) {
        const struct shard_peer_told *peer = &told.peers[i];
        sim_trace(sim, "  node %u: link %s%s%s%s, matched %llu %s", peer->node.n,
                  peer->is_up ? "up" : "down", peer->is_voter ? ", voter" : "",
                  peer->is_active ? ", active" : "", peer->is_recovering ? ", recovering" : "",
                  (unsigned long long)peer->matched, peer->trouble);
    }
}

/* For whoever looks at a trace: how the replicas stand. */
static void trace_replicas(struct sim *sim)
{
    for (uint32_t host = 0; host < sim_hosts_count(sim); host++) {
        for (uint32_t number = 0; sim_lane(sim, host, number) != NULL; number++) {
            struct lane *lane = node_lane_lane(sim_lane(sim, host, number));
            for (struct shard *shard = lane_shard_first(lane); shard != NULL;
                 shard = lane_shard_next(lane, shard)) {
                trace_shard(sim, host, shard);
            }
        }
    }
}

static void check_liveness(struct workload *workload, struct sim *sim) /* [W3] */
{
    for (uint32_t host = 0; host < sim_hosts_count(sim); host++) {
        if (!has_host(workload->healthy, host) || has_host(workload->acknowledged, host)) continue;
        const struct client *prober = &workload->clients[workload->clients_count + host];
        trace_replicas(sim);
        sim_fail(
            sim, "liveness",
            "host %u is healthy, and acknowledged %u of %u writes in %lld s; its last refusal: "
            "\"%s\"",
            host + 1, workload->probes[host], PROBES, (long long)(WRITE_NS / NS_PER_MS / 1000),
            prober->refusal);
        return;
    }
}

static void on_timer(struct workload *workload, struct sim *sim, struct client *client,
                     uint64_t tag)
{
    enum timer timer = (enum timer)(tag % TIMERS_COUNT);
    if (timer == TIMER_LIVENESS) {
        check_liveness(workload, sim);
        return;
    }
    if (tag / TIMERS_COUNT != client->generation) return;
    switch (timer) {
    case TIMER_THINK: ask(workload, sim, client); break;
    case TIMER_PATIENCE: lose_patience(workload, sim, client); break;
    case TIMER_RECONNECT: connect(workload, sim, client); break;
    case TIMER_LIVENESS:
    case TIMERS_COUNT: UNREACHABLE("a timer of a client");
    }
}

/* --- the program ----------------------------------------------------------------------------- */

static void on_event(void *self, struct sim *sim, const struct sim_event *event)
{
    struct workload *workload = self;
    struct client *client = &workload->clients[event->client];
    if (event->kind == SIM_TIMER) {
        on_timer(workload, sim, client, event->tag);
        return;
    }
    if (event->connection.n != client->connection.n) return; /* of an earlier connection */
    switch (event->kind) {
    case SIM_CONNECTED: break;
    case SIM_RECEIVED: receive(workload, sim, client, event->bytes); break;
    case SIM_CLOSED:
        client->connection = (sim_connection){0};
        leave(workload, sim, client);
        break;
    case SIM_TIMER: UNREACHABLE("a timer");
    }
}

static void *start(struct sim *sim, const enum workload_kind *kinds, size_t kinds_count)
{
    static const uint64_t fillers[] = {0, 0, 2000, 20000, 100000};
    struct workload *workload = calloc(1, sizeof *workload);
    ASSERT(workload != NULL);
    workload->history = history_new();
    workload->safety = safety_new();
    workload->asks = (struct asks){.history = workload->history, .prng = sim_prng(sim)};
    workload->clients_count = CLIENTS_LEAST + (uint32_t)draw(workload, CLIENTS_SPREAD);
    workload->think_ns = (THINK_MS_LEAST + draw(workload, THINK_MS_SPREAD)) * NS_PER_MS;
    workload->patience_ns = PATIENCE_LEAST + draw(workload, PATIENCE_SPREAD);
    workload->asks.filler_bytes = fillers[draw(workload, COUNT_OF(fillers))];
    int64_t readers_of_4 = draw(workload, 4);
    for (uint32_t i = 0; i < workload->clients_count; i++) {
        struct client *client = &workload->clients[i];
        client->number = i;
        client->only_reads = draw(workload, 4) < readers_of_4;
        client->kind = kinds[i % kinds_count];
        client->is_stale = client->kind == WORKLOAD_STALE;
        set_timer(sim, client, TIMER_RECONNECT, draw(workload, RECONNECT_SPREAD));
    }
    return workload;
}

static void on_turned(void *self, struct sim *sim, uint32_t host, uint32_t lane)
{
    struct workload *workload = self;
    struct node_lane *of = sim_lane(sim, host, lane);
    if (of == NULL) return;
    int64_t ahead_ms = io_unix_ms(node_lane_io(of)) - sim_now(sim).ns / NS_PER_MS;
    bool first = !workload->clock_known;
    workload->clock_known = true;
    if (first || ahead_ms < workload->clock_least_ms) workload->clock_least_ms = ahead_ms;
    if (first || ahead_ms > workload->clock_most_ms) workload->clock_most_ms = ahead_ms;
    safety_turned(workload->safety, sim, host, lane); /* [W4] */
}

static void on_gone(void *self, struct sim *sim, uint32_t host)
{
    (void)sim;
    struct workload *workload = self;
    safety_gone(workload->safety, host);
}

static void on_healed(void *self, struct sim *sim)
{
    struct workload *workload = self;
    workload->live_since_ns = sim_now(sim).ns;
    workload->healthy = sim_healthy(sim);
    for (uint32_t i = 0; i < workload->clients_count; i++)
        leave(workload, sim, &workload->clients[i]);
    list_keys(workload);
    for (uint32_t host = 0; host < sim_hosts_count(sim); host++) {
        workload->readers[host].key_op = NO_OP;
        struct client *prober = &workload->clients[workload->clients_count + host];
        *prober = (struct client){.number = workload->clients_count + host, .host = host};
        if (has_host(workload->healthy, host))
            set_timer(sim, prober, TIMER_RECONNECT, draw(workload, RECONNECT_SPREAD));
    }
    sim_timer(sim, 0, (duration){WRITE_NS}, TIMER_LIVENESS);
}

static void on_end(void *self, struct sim *sim) /* [W1] */
{
    struct workload *workload = self;
    int64_t off_ms = workload->clock_most_ms - workload->clock_least_ms;
    struct check_options options = {.clock_slack_ns = off_ms * NS_PER_MS + CLOCK_GRAIN_NS};
    struct check_verdict verdict;
    check_history(workload->history, &options, &verdict);
    sim_trace(sim, "history: %llu operations on %llu keys, %llu wrong, %llu undecided",
              (unsigned long long)verdict.ops_count, (unsigned long long)verdict.keys_count,
              (unsigned long long)verdict.wrongs_count,
              (unsigned long long)verdict.undecided_count);
    if (verdict.wrongs_count > 0)
        sim_fail(sim, "history", "%.*s", (int)verdict.text.len, (const char *)verdict.text.data);
    check_verdict_free(&verdict);
}

static void free_workload(void *self)
{
    struct workload *workload = self;
    for (size_t i = 0; i < SIM_CLIENTS_MAX; i++) client_free(&workload->clients[i]);
    history_free(workload->history);
    safety_free(workload->safety);
    free(workload->key_ops);
    free(workload);
}

/* --- the table ------------------------------------------------------------------------------- */

static void *start_mixed(struct sim *sim)
{
    static const enum workload_kind kinds[] = {
#define WORKLOAD(id, name, help) WORKLOAD_##id,
#include "sim/workload.def"
#undef WORKLOAD
    };
    return start(sim, kinds, COUNT_OF(kinds));
}

/* One kind alone; beside those who only read there are some who write what is read. */
#define WORKLOAD(id, name, help)                                                                   \
    static void *start_##id(struct sim *sim)                                                       \
    {                                                                                              \
        static const enum workload_kind stale[] = {WORKLOAD_STALE, WORKLOAD_PIPELINE,              \
                                                   WORKLOAD_REGISTER};                             \
        static const enum workload_kind one[] = {WORKLOAD_##id};                                   \
        bool reads = WORKLOAD_##id == WORKLOAD_STALE;                                              \
        return reads ? start(sim, stale, COUNT_OF(stale)) : start(sim, one, COUNT_OF(one));        \
    }
#include "sim/workload.def"
#undef WORKLOAD

#define PROGRAM(program_name, program_help, program_start)                                         \
    {                                                                                              \
        .name = program_name, .help = program_help, .hosts_least = 1, .hosts_most = SIM_HOSTS_MAX, \
        .start = program_start, .event = on_event, .turned = on_turned, .gone = on_gone,           \
        .healed = on_healed, .end = on_end, .free = free_workload                                  \
    }

static const struct sim_program mixed =
    PROGRAM("mixed", "each client one of the following", start_mixed);
#define WORKLOAD(id, name, help)                                                                   \
    static const struct sim_program program_##id = PROGRAM(name, help, start_##id);
#include "sim/workload.def"
#undef WORKLOAD

const struct sim_program *const sim_programs[] = {
    &mixed,
#define WORKLOAD(id, name, help) &program_##id,
#include "sim/workload.def"
#undef WORKLOAD
    &solo_program,
    NULL,
};
