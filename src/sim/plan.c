/* plan.c -- see plan.h. */
#include "sim/plan.h"

#include <stdlib.h>

#include "sim/sim_impl.h"

enum {
    KIND_ON_OF_4 = 2, /* kinds that a seed switches on, of four */
    FAULT_LASTS_MS_MAX = 8000,
    CALM_MS = 1000,      /* before the first one */
    LIVE_MS = 13000,     /* at the end, at least */
    SCALES_COUNT = 8,    /* of how long they last: halves of that */
    PAUSE_MS_LEAST = 40, /* between two faults, on average, in the wildest runs */
    PAUSES_COUNT = 7     /* and doubled up to so many times */
};

static const struct {
    const char *name;
} kind_rows[] = {
#define FAULT(id, name, help) {name},
#include "sim/plan.def"
#undef FAULT
};

bool plan_read_kinds(const char *text, uint32_t *kinds)
{
    for (const char *end; *text != '\0'; text = *end == ',' ? end + 1 : end) {
        end = strchrnul(text, ',');
        uint32_t kind = 0;
        struct slice word = slice_of(text, (size_t)(end - text));
        while (kind < PLAN_KINDS_COUNT && !slice_eq(word, slice_text(kind_rows[kind].name))) kind++;
        if (kind == PLAN_KINDS_COUNT) return false;
        *kinds |= 1U << kind;
    }
    return *kinds != 0;
}

void plan_format_kinds(uint32_t kinds, struct buffer *out)
{
    for (uint32_t kind = 0, count = 0; kind < PLAN_KINDS_COUNT; kind++) {
        if (!(kinds >> kind & 1)) continue;
        buffer_append_format(out, "%s%s", count++ == 0 ? "" : ",", kind_rows[kind].name);
    }
}

/* Kinds that take from a disk what was durable: for such hosts others must have it. */
static bool is_damage(enum plan_kind kind)
{
    return kind == PLAN_BIT_FLIP || kind == PLAN_DISK_LOST;
}

bool plan_is_growth(enum plan_kind kind)
{
    return kind == PLAN_JOIN || kind == PLAN_LEAVE || kind == PLAN_REMOVE;
}

/* Kinds that hurt nobody's part in a quorum. */
static bool is_harmless(enum plan_kind kind)
{
    return kind == PLAN_CLOCK_JUMP || kind == PLAN_CLOCK_DRIFT || kind == PLAN_POWER_ALL ||
           kind == PLAN_RESET || kind == PLAN_HAND_OVER || kind == PLAN_MEMBERS ||
           plan_is_growth(kind);
}

/* Kinds that say more when they come to whoever leads. */
static bool is_aimed(enum plan_kind kind)
{
    return !is_damage(kind) && !is_harmless(kind) && kind != PLAN_POWER_AT_DISK;
}

struct drawing {
    struct plan *plan;
    struct prng prng;
    uint32_t hosts_count, minority;
    bool has_spares;
    uint32_t kinds[PLAN_KINDS_COUNT], kinds_count;
    bool damage_allowed;
};

/* Hosts that are hurt at some time of the window. */
static uint32_t hurt_within(const struct plan *plan, int64_t from_ns, int64_t to_ns)
{
    uint32_t hurt = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_fault *fault = &plan->faults[i];
        bool apart = fault->at_ns + fault->lasts_ns < from_ns || fault->at_ns > to_ns;
        if (!apart && !is_harmless(fault->kind)) hurt |= fault->at_leader ? ~0U : fault->hosts;
    }
    return hurt;
}

static uint32_t bits_count(uint32_t bits)
{
    return (uint32_t)__builtin_popcount(bits);
}

/* Hosts for this one that leave a quorum unhurt; 0: there are none now. */
static uint32_t choose_hosts(struct drawing *drawing, const struct plan_fault *fault)
{
    uint32_t all = (1U << drawing->hosts_count) - 1;
    if (fault->kind == PLAN_POWER_ALL) return all;
    if (fault->kind == PLAN_CUT_PAIR && drawing->hosts_count < 3) return 0;
    uint32_t hurt = hurt_within(drawing->plan, fault->at_ns, fault->at_ns + fault->lasts_ns);
    uint32_t host = 1U << prng_below(&drawing->prng, drawing->hosts_count);
    uint32_t most = drawing->hosts_count == 1 ? 1 : drawing->minority;
    if (is_damage(fault->kind)) {
        if (bits_count(drawing->plan->damaged | host) > drawing->minority) return 0;
        drawing->plan->damaged |= host;
    }
    uint32_t chosen = host;
    if (drawing->minority > 1 && prng_below(&drawing->prng, 3) == 0) {
        chosen |= 1U << prng_below(&drawing->prng, drawing->hosts_count);
        if (is_damage(fault->kind)) chosen = host;
    }
    if (is_harmless(fault->kind) || !drawing->plan->gentle) return chosen;
    if (fault->at_leader) return hurt == 0 ? chosen : 0; /* it may be any of them */
    return bits_count(hurt | chosen) <= most ? chosen : 0;
}

static int64_t below_ms(struct drawing *drawing, uint64_t bound)
{
    return (int64_t)prng_below(&drawing->prng, bound) * SIM_NS_PER_MS;
}

static void add_fault(struct drawing *drawing, int64_t at_ns)
{
    struct plan *plan = drawing->plan;
    struct prng *prng = &drawing->prng;
    enum plan_kind kind = (enum plan_kind)drawing->kinds[prng_below(prng, drawing->kinds_count)];
    uint64_t scale = (uint64_t)1 << prng_below(prng, SCALES_COUNT); /* short ones are more usual */
    struct plan_fault fault = {.kind = kind, .at_ns = at_ns, .chance = prng_next(prng)};
    fault.lasts_ns = below_ms(drawing, FAULT_LASTS_MS_MAX / scale) + SIM_NS_PER_MS;
    fault.at_leader = is_aimed(kind) && prng_below(prng, 2) == 0;
    if (fault.at_ns + fault.lasts_ns > plan->heal_at_ns) return;
    fault.hosts = choose_hosts(drawing, &fault);
    if (fault.hosts == 0) return;
    plan->faults[plan->count++] = fault;
}

static void switch_kinds_on(struct drawing *drawing, uint32_t wanted)
{
    const uint32_t damages = 1U << PLAN_BIT_FLIP | 1U << PLAN_DISK_LOST;
    for (uint32_t kind = 0; kind < PLAN_KINDS_COUNT; kind++) {
        if (plan_is_growth((enum plan_kind)kind) && !drawing->has_spares) continue;
        bool on = prng_below(&drawing->prng, 4) < KIND_ON_OF_4;
        if (wanted != 0) on = wanted >> kind & 1;
        bool possible = drawing->minority > 0 || !is_damage((enum plan_kind)kind);
        if (kind == PLAN_MEMBERS) /* fewer members could not do without a disk */
            possible = drawing->minority > 0 && !drawing->has_spares &&
                       (drawing->plan->kinds & damages) == 0;
        if (kind == PLAN_REMOVE) possible = (drawing->plan->kinds & damages) == 0; /* the same */
        if (!on || !possible) continue;
        drawing->plan->kinds |= 1U << kind;
        drawing->kinds[drawing->kinds_count++] = kind;
    }
}

/* The last quarter, or as long as it takes to show that all goes on. */
static int64_t heal_at_ns(int64_t until_ns)
{
    int64_t quarter_ns = until_ns / 4, live_ns = LIVE_MS * SIM_NS_PER_MS;
    if (live_ns < quarter_ns || live_ns >= until_ns) live_ns = quarter_ns;
    return until_ns - live_ns;
}

void plan_draw(struct plan *plan, const struct sim_options *options)
{
    struct drawing drawing = {.plan = plan,
                              .prng = {options->seed ^ 0x706c616eULL},
                              .hosts_count = options->hosts_count,
                              .minority = (options->hosts_count - options->spares_count - 1) / 2,
                              .has_spares = options->spares_count != 0};
    *plan = (struct plan){.heal_at_ns = heal_at_ns(options->until_ns)};
    plan->gentle = prng_below(&drawing.prng, 2) == 0;
    switch_kinds_on(&drawing, options->kinds);
    if (options->no_faults || drawing.kinds_count == 0) return;
    uint64_t pause_ms = (uint64_t)PAUSE_MS_LEAST << prng_below(&drawing.prng, PAUSES_COUNT);
    int64_t at_ns = CALM_MS * SIM_NS_PER_MS;
    while (at_ns < plan->heal_at_ns && plan->count < PLAN_FAULTS_MAX) { /* ends: time goes on */
        at_ns += below_ms(&drawing, 2 * pause_ms) + SIM_NS_PER_MS;
        add_fault(&drawing, at_ns);
    }
}

void plan_format(const struct plan_fault *fault, struct buffer *out)
{
    long long at_ms = fault->at_ns / SIM_NS_PER_MS, lasts_ms = fault->lasts_ns / SIM_NS_PER_MS;
    buffer_append_format(out, "%lld.%03lld s: %s of host", at_ms / 1000, at_ms % 1000,
                         kind_rows[fault->kind].name);
    if (fault->at_leader) buffer_append(out, SLICE(" that leads, or else"));
    for (uint32_t host = 0; host < SIM_HOSTS_MAX; host++) {
        if (fault->hosts >> host & 1) buffer_append_format(out, " %u", host + 1);
    }
    buffer_append_format(out, " for %lld.%03lld s", lasts_ms / 1000, lasts_ms % 1000);
}
