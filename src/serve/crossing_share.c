/* crossing_share.c -- see crossing_share.h: parted, and asked of each. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/scan.h"
#include "lane/map.h"
#include "serve/crossing_share.h"
#include "serve/everywhere.h"
#include "serve/redirect.h"

/* clang-format off */
static const struct share_row {
    enum share_scope scope;
    enum share_combine combine;
} rows[COMMAND_COUNT] = {
#define CROSSING(id, scope, combine) [COMMAND_##id] = {SCOPE_##scope, COMBINE_##combine},
#include "serve/crossing.def"
#undef CROSSING
};
/* clang-format on */

bool share_goes_to_nodes(enum command_id id)
{
    return rows[id].scope == SCOPE_NODES;
}

bool share_asks_nodes(enum command_id id)
{
    return rows[id].scope == SCOPE_EVERYWHERE;
}

bool crossing_is_for_all(const struct crossing *crossing, enum command_id id)
{
    switch (rows[id].scope) {
    case SCOPE_NONE:
    case SCOPE_KEYS:
    case SCOPE_WRITTEN: return false;
    case SCOPE_SHARDS:
    case SCOPE_CURSOR: return crossing->config.shards_count > 1;
    case SCOPE_LANES:
    case SCOPE_NODES: return crossing->config.lanes_count > 1;
    case SCOPE_EVERYWHERE: return crossing->config.lanes_count > 1 || crossing->config.replicated;
    }
    UNREACHABLE("no such scope");
}

void share_free(struct share *share)
{
    if (share == NULL) return;
    for (uint32_t i = 0; i < share->parts_count; i++) buffer_free(&share->parts[i].bytes);
    buffer_free(&share->gathered);
    buffer_free(&share->unanswered);
    buffer_free(&share->unanswered_nodes);
    free(share->led);
    free(share->parts);
    free(share->order);
    free(share->argv);
    free(share);
}

/* --- asking ---------------------------------------------------------------------------------- */

void share_ask_shard(struct sharing *sharing, shard_id shard, const struct slice *argv,
                     uint32_t argc)
{
    sharing->held->owed_count++;
    crossing_ask(sharing->server, sharing->session, shard, sharing->entry, 0, argv, argc);
}

void share_ask(struct sharing *sharing)
{
    struct share *share = sharing->held->share;
    while (share->next < share->end && sharing->held->owed_count < SHARE_ASKED_MAX) {
        shard_id shard = {share->next++};
        bool wanted = share->scope == SCOPE_WRITTEN ? crossing_has_written(sharing->session, shard)
                                                    : share->led == NULL || share->led[shard.n];
        if (wanted) share_ask_shard(sharing, shard, share->argv, share->argc);
    }
}

static void keep_arguments(struct share *share, const struct slice *argv, uint32_t argc)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < argc; i++) bytes += argv[i].len;
    share->argv = malloc(argc * sizeof(struct slice) + bytes);
    ASSERT(share->argv != NULL);
    share->argc = argc;
    uint8_t *to = (uint8_t *)(share->argv + argc);
    for (uint32_t i = 0; i < argc; i++) {
        if (argv[i].len > 0) memcpy(to, argv[i].data, argv[i].len);
        share->argv[i] = slice_of(to, argv[i].len);
        to += argv[i].len;
    }
}

/* What is said once, to any node. */
static bool is_for_every_node(enum command_id id)
{
    return id == COMMAND_POLICY_SET || id == COMMAND_POLICY_DEL;
}

/* A client that knows the map asks every node that leads, and each for what it leads. Who leads
 * nothing answers for all. */
static void take_led(struct sharing *sharing)
{
    struct share *share = sharing->held->share;
    const struct server *server = sharing->server;
    uint32_t shards_count = server->crossing->config.shards_count, led_count = 0;
    if (!redirect_concerns(sharing->session) || !server->crossing->config.replicated) return;
    bool *led = calloc(shards_count, sizeof *led);
    ASSERT(led != NULL);
    for (uint32_t i = 0; i < shards_count; i++) {
        led[i] = node_eq(crossing_leader(server, (shard_id){i}), lane_self(server->lane));
        led_count += led[i];
    }
    if (led_count > 0) {
        share->led = led;
    } else {
        free(led);
    }
}

static void ask_shards(struct sharing *sharing, const struct request *request)
{
    struct share *share = sharing->held->share;
    const struct slice count = SLICE("DBSIZE");
    share->end = sharing->server->crossing->config.shards_count;
    if (share->combine == COMBINE_RANDOM) {
        keep_arguments(share, &count, 1);
    } else {
        keep_arguments(share, request->argv, request->argc);
    }
    if (share->scope == SCOPE_SHARDS && !is_for_every_node(request->command->id)) take_led(sharing);
    share_ask(sharing);
    /* WAIT of one who has written nothing is answered by any shard. */
    if (sharing->held->owed_count == 0)
        share_ask_shard(sharing, (shard_id){0}, share->argv, share->argc);
}

static void ask_lanes(struct sharing *sharing, const struct request *request)
{
    uint32_t lanes_count = sharing->server->crossing->config.lanes_count;
    for (uint32_t lane = 0; lane < lanes_count; lane++) {
        sharing->held->owed_count++;
        crossing_ask_lane(sharing->server, sharing->session, lane, sharing->entry, 0, request->argv,
                          request->argc);
    }
}

/* --- everywhere ------------------------------------------------------------------------------ */

/* A lane is named by a shard of it; one that has none has nothing to say. */
static void ask_node(struct sharing *sharing, const struct request *request,
                     const struct registry_member *member)
{
    uint32_t shards_count = sharing->server->crossing->config.shards_count;
    uint32_t lanes_count = member->lanes_count;
    for (uint32_t lane = 0; lane < lanes_count; lane++) {
        shard_id shard = lane_first_shard(lane, shards_count, lanes_count);
        if (shard_lane(shard, shards_count, lanes_count) != lane) continue;
        sharing->held->owed_count++;
        crossing_ask_node(sharing->server, sharing->session, member->node, shard, sharing->entry,
                          request->argv, request->argc);
    }
}

static bool is_asked(const struct server *server, const struct registry_member *member)
{
    if (node_eq(member->node, lane_self(server->lane))) return false;
    switch (member->state) {
    case MEMBER_ALIVE:
    case MEMBER_LEAVING:
    case MEMBER_DEAD: return true;
    case MEMBER_JOINING:
    case MEMBER_REMOVED: break;
    }
    return false;
}

static void ask_everywhere(struct sharing *sharing, const struct request *request)
{
    const struct server *server = sharing->server;
    const struct map *map = lane_map(server->lane);
    const struct registry *registry = map == NULL ? NULL : map_registry(map);
    uint32_t count = registry == NULL ? 0 : registry_members_count(registry);
    struct everywhere options;
    everywhere_read(request->argv, request->argc, &options);
    struct share *share = sharing->held->share;
    share->rows_max = options.rows_max;
    if (share->combine == COMBINE_TOP && options.rows_max == UINT64_MAX)
        share->rows_max = EVERYWHERE_TOP_ROWS;
    for (uint32_t i = 0; i < count; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        bool meant = options.node.n == 0 || node_eq(options.node, member->node);
        if (meant && is_asked(server, member)) ask_node(sharing, request, member);
    }
    /* Who names a node that is none is told so by a lane of this one. */
    if (options.node.n == 0 || sharing->held->owed_count == 0) ask_lanes(sharing, request);
}

/* --- by keys --------------------------------------------------------------------------------- */

/* Which keys go to which shard; parts are in the order of their first keys. */
static void part_keys(const struct crossing *crossing, struct share *share,
                      const struct request *request, uint32_t step)
{
    share->order = calloc(share->keys_count, sizeof *share->order);
    share->parts = calloc(share->keys_count, sizeof *share->parts);
    ASSERT(share->order != NULL);
    ASSERT(share->parts != NULL);
    for (uint32_t k = 0; k < share->keys_count; k++) {
        shard_id shard = crossing_shard_of(crossing, request->argv[1 + k * step]);
        uint32_t *part = &crossing->parts_of[shard.n]; /* its number + 1; 0: none yet */
        if (*part == 0) {
            share->parts[share->parts_count].shard = shard;
            *part = ++share->parts_count;
        }
        share->order[k] = *part - 1;
        share->parts[*part - 1].keys_count++;
    }
    for (uint32_t i = 0; i < share->parts_count; i++)
        crossing->parts_of[share->parts[i].shard.n] = 0;
}

/* The keys in the order of their parts, with what belongs to them; each part behind the name. */
static void ask_parts(struct sharing *sharing, const struct request *request, uint32_t step)
{
    struct share *share = sharing->held->share;
    uint32_t all = share->keys_count * step + share->parts_count;
    ASSERT(share->parts_count > 0); /* there is a key */
    struct slice *argv = calloc(all, sizeof *argv);
    uint32_t *at = calloc(share->parts_count, sizeof *at);
    ASSERT(argv != NULL);
    ASSERT(at != NULL);
    for (uint32_t i = 0, begin = 0; i < share->parts_count; i++) {
        argv[begin] = request->argv[0];
        at[i] = begin + 1;
        begin += 1 + share->parts[i].keys_count * step;
    }
    for (uint32_t k = 0; k < share->keys_count; k++) {
        uint32_t *to = &at[share->order[k]];
        for (uint32_t i = 0; i < step; i++) argv[(*to)++] = request->argv[1 + k * step + i];
    }
    for (uint32_t i = 0; i < share->parts_count; i++) {
        uint32_t argc = 1 + share->parts[i].keys_count * step;
        share_ask_shard(sharing, share->parts[i].shard, argv + at[i] - argc, argc);
    }
    free(at);
    free(argv);
}

static void ask_by_keys(struct sharing *sharing, const struct request *request)
{
    const struct crossing *crossing = sharing->server->crossing;
    struct share *share = sharing->held->share;
    uint32_t step = (uint32_t)request->command->key_specs[0].step;
    bool writes = (request->command->flags & COMMAND_WRITE) != 0;
    if ((request->argc - 1) % step != 0) { /* MSET without a value: a shard will say so */
        share->combine = COMBINE_FIRST;
        share_ask_shard(sharing, crossing_shard_of(crossing, request->argv[1]), request->argv,
                        request->argc);
        return;
    }
    share->keys_count = (request->argc - 1) / step;
    part_keys(crossing, share, request, step);
    ask_parts(sharing, request, step);
    for (uint32_t i = 0; writes && i < share->parts_count; i++)
        crossing_note_write(crossing, sharing->session, share->parts[i].shard);
}

/* --- by cursor ------------------------------------------------------------------------------- */

static uint32_t count_place(const struct share *share)
{
    for (uint32_t i = 2; i + 1 < share->argc; i += 2)
        if (word_is(share->argv[i], "COUNT")) return i + 1;
    return 0;
}

void share_ask_page(struct sharing *sharing)
{
    struct share *share = sharing->held->share;
    char cursor[32], count[32];
    struct slice *argv = calloc(share->argc, sizeof *argv);
    ASSERT(argv != NULL);
    memcpy(argv, share->argv, share->argc * sizeof *argv);
    int len = snprintf(cursor, sizeof cursor, "%llu", (unsigned long long)share->cursor);
    argv[1] = slice_of(cursor, (size_t)len);
    uint32_t place = count_place(share);
    if (place != 0 && share->elements_count > 0) {
        uint64_t left = share->page_keys - share->elements_count;
        len = snprintf(count, sizeof count, "%llu", (unsigned long long)left);
        argv[place] = slice_of(count, (size_t)len);
    }
    share->scanned_count++;
    share_ask_shard(sharing, share->shard, argv, share->argc);
    free(argv);
}

/* The client's cursor modulo the shards is the shard, the rest is the shard's. */
static void ask_by_cursor(struct sharing *sharing, const struct request *request)
{
    struct share *share = sharing->held->share;
    uint32_t shards_count = sharing->server->crossing->config.shards_count;
    int64_t count = SCAN_COUNT_DEFAULT;
    keep_arguments(share, request->argv, request->argc);
    uint32_t place = count_place(share);
    bool good = scan_cursor_parse(request->argv[1], &share->cursor);
    if (place != 0) good = good && integer_parse(share->argv[place], &count) && count > 0;
    if (!good) { /* a shard says what is wrong with it */
        share->combine = COMBINE_FIRST;
        share_ask_shard(sharing, (shard_id){0}, share->argv, share->argc);
        return;
    }
    share->page_keys = (uint64_t)count;
    share->shard.n = (uint32_t)(share->cursor % shards_count);
    share->cursor /= shards_count;
    take_led(sharing);
    uint32_t from = share_next(share, share->shard.n, shards_count);
    if (from != shards_count && from != share->shard.n) {
        share->shard.n = from;
        share->cursor = 0;
    }
    share_ask_page(sharing);
}

/* --- which it is ----------------------------------------------------------------------------- */

static bool is_shared(const struct server *server, const struct share_row *row, shard_id shard)
{
    const struct crossing_config *config = &server->crossing->config;
    switch (row->scope) {
    case SCOPE_NONE: return false;
    case SCOPE_KEYS: return shard.n == SHARD_SEVERAL;
    case SCOPE_SHARDS:
    case SCOPE_CURSOR: return true;
    case SCOPE_WRITTEN: return config->replicated;
    case SCOPE_LANES:
    case SCOPE_NODES: return config->lanes_count > 1;
    case SCOPE_EVERYWHERE: return config->lanes_count > 1 || config->replicated;
    }
    UNREACHABLE("no such scope");
}

static void begin(struct sharing *sharing, const struct request *request)
{
    struct server *server = sharing->server;
    const struct crossing *crossing = server->crossing;
    struct session *session = sharing->session;
    switch (sharing->held->share->scope) {
    case SCOPE_NONE: UNREACHABLE("a command that is not shared");
    case SCOPE_KEYS: ask_by_keys(sharing, request); break;
    case SCOPE_CURSOR: ask_by_cursor(sharing, request); break;
    case SCOPE_SHARDS:
        for (uint32_t i = 0;
             (request->command->flags & COMMAND_WRITE) && i < crossing->config.shards_count; i++)
            crossing_note_write(crossing, session, (shard_id){i});
        ask_shards(sharing, request);
        break;
    case SCOPE_WRITTEN: ask_shards(sharing, request); break;
    case SCOPE_NODES: crossing_tell_nodes(server, request->argv, request->argc); /* fallthrough */
    case SCOPE_LANES: ask_lanes(sharing, request); break;
    case SCOPE_EVERYWHERE: ask_everywhere(sharing, request); break;
    }
}

bool crossing_share_out(struct server *server, struct session *session,
                        const struct request *request, shard_id shard)
{
    const struct share_row *row = &rows[request->command->id];
    if (!is_shared(server, row, shard)) return false;
    struct session_crossing *of = crossing_of(server->crossing, session);
    struct held *held = held_push(of);
    held->silent = (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0;
    session->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    held->share = calloc(1, sizeof *held->share);
    ASSERT(held->share != NULL);
    *held->share =
        (struct share){.scope = row->scope, .combine = row->combine, .protocol = session->protocol};
    struct sharing sharing = {server, session, held, of->first + held_count(of) - 1};
    begin(&sharing, request);
    /* What is of the lanes counts for all that comes behind it. */
    enum command_id id = request->command->id;
    bool message = id == COMMAND_PUBLISH || id == COMMAND_SPUBLISH;
    bool lanes =
        row->scope == SCOPE_LANES || row->scope == SCOPE_NODES || row->scope == SCOPE_EVERYWHERE;
    of->holds = lanes && !message;
    of->waits = row->scope == SCOPE_WRITTEN;
    return true;
}
