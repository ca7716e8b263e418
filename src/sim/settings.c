/* settings.c -- the settings of simulated nodes: each row of config.def within its range. */
#include <stdio.h>

#include "sim/sim_impl.h"

enum {
    KEEP_OF_4 = 3, /* of four settings three stay as they are */
    DRIFT_PPM_USUAL = 500,
    PPM_PER_PERCENT = 10000
};

static void set(struct config *config, enum setting_id id, const char *value)
{
    struct arena *arena = arena_new();
    const char *refused = config_set(config, id, slice_text(value), arena);
    ASSERT(refused == NULL);
    arena_free(arena);
}

static void set_number(struct config *config, enum setting_id id, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    set(config, id, text);
}

/* An end of the range, or any value of it, small ones rather. */
static int64_t draw_number(const struct setting *row, struct prng *prng)
{
    uint64_t span = (uint64_t)(row->simulate_high - row->simulate_low);
    uint64_t how = prng_below(prng, 8);
    if (how == 0 || span == 0) return row->simulate_low;
    if (how == 1) return row->simulate_high;
    if (how < 5) span >>= prng_below(prng, (uint64_t)(64 - __builtin_clzll(span)));
    return row->simulate_low + (int64_t)prng_below(prng, span + 1);
}

static void draw_choice(struct config *config, enum setting_id id, struct prng *prng)
{
    char word[64];
    const char *choices = setting_rows[id].choices, *at = choices;
    uint64_t count = 1;
    for (; *at != '\0'; at++) count += *at == ' ';
    at = choices;
    for (uint64_t skip = prng_below(prng, count); skip > 0; skip--) at = strchr(at, ' ') + 1;
    size_t len = strcspn(at, " ");
    ASSERT(len < sizeof word);
    memcpy(word, at, len);
    word[len] = '\0';
    set(config, id, word);
}

static void draw_one(struct config *config, enum setting_id id, struct prng *prng)
{
    static const char *const saves[] = {"", "1 1", "2 100", "5 10"};
    const struct setting *row = &setting_rows[id];
    switch (row->type) {
    case SETTING_TYPE_BOOL: set(config, id, prng_below(prng, 2) == 0 ? "no" : "yes"); break;
    case SETTING_TYPE_INTEGER:
    case SETTING_TYPE_SIZE: set_number(config, id, draw_number(row, prng)); break;
    case SETTING_TYPE_CHOICE: draw_choice(config, id, prng); break;
    case SETTING_TYPE_LIST:
        if (id == SETTING_SAVE) set(config, id, saves[prng_below(prng, COUNT_OF(saves))]);
        break;
    case SETTING_TYPE_OCTAL: /* of a file's mode: there are none here */
    case SETTING_TYPE_TEXT: break;
    }
}

void settings_draw(struct config *config, struct prng *prng)
{
    for (uint32_t id = 0; id < SETTINGS_COUNT; id++) {
        bool fixed = setting_rows[id].flags & SETTING_FIXED;
        bool keep = prng_below(prng, 4) < KEEP_OF_4;
        if (fixed || keep) continue;
        draw_one(config, (enum setting_id)id, prng);
    }
    /* Small segments, so that they are many; little in memory and many snapshots, so that who was
     * away gets one. */
    draw_one(config, SETTING_LOG_SEGMENT_SIZE, prng);
    /* And short tails, so that snapshots are sent. */
    if (prng_below(prng, 2) == 0) draw_one(config, SETTING_REPLICATION_TAIL_SIZE, prng);
    if (prng_below(prng, 2) == 0) draw_one(config, SETTING_SAVE, prng);
    draw_one(config, SETTING_REPLICATION_TAIL_SIZE, prng);
    draw_one(config, SETTING_SAVE, prng);
}

static void set_named(struct config *config, const char *name, const char *value)
{
    enum setting_id id;
    if (setting_find(slice_text(name), &id)) set(config, id, value);
}

static void set_peers(struct config *config, const struct sim *sim, uint32_t host)
{
    struct buffer peers = {0};
    char number[16];
    for (uint32_t i = 0; i < sim->hosts_count - sim->options.spares_count; i++) {
        buffer_append_format(&peers, "%s%u=%s:%d", i == 0 ? "" : ",", i + 1,
                             sim->hosts[i].address.text, SIM_PEER_PORT);
    }
    buffer_append_byte(&peers, '\0');
    (void)snprintf(number, sizeof number, "%u", host + 1);
    set_named(config, "node", number);
    set_named(config, "peers", (const char *)peers.data);
    buffer_free(&peers);
}

void settings_of_host(struct config *config, const struct sim *sim, uint32_t host, bool is_listed)
{
    set(config, SETTING_DIR, "/data");
    set(config, SETTING_BIND, sim->hosts[host].address.text);
    set_number(config, SETTING_PORT, SIM_PORT);
    set_number(config, SETTING_LANES, sim->lanes_count);
    set_number(config, SETTING_SHARDS, sim->shards_count);
    set(config, SETTING_CLUSTER_REDIRECT, "asked"); /* its clients know no map */
    if (!is_listed) {
        set_number(config, SETTING_PEER_PORT, SIM_PEER_PORT);
    } else if (sim->hosts_count > 1) {
        set_peers(config, sim, host);
    }
}

void settings_no_lease(struct config *config)
{
    set_named(config, "lease", "no");
}

int64_t settings_drift_ppm(const struct config *config)
{
    enum setting_id id;
    if (!setting_find(SLICE("clock-drift-percent"), &id)) return DRIFT_PPM_USUAL;
    return config_integer(config, id) * PPM_PER_PERCENT;
}
