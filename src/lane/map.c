/*
 * map.c -- see map.h and map_impl.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   M1  the epoch only rises, and only what the root group has agreed on gets in.
 *   M2  of two leads of a shard, the higher term stays; of one term, the later place.
 */
#include "lane/map_impl.h"

#include <stdlib.h>

#include "lane/registry_copy.h"
#include "lane/shard_impl.h"
#include "lane/wiring.h"

#define NS_PER_S      INT64_C(1000000000)
#define SAY_PAUSE_NS  NS_PER_S
#define SAVE_PAUSE_NS NS_PER_S /* it flushes the disk: not with each change */

/* --- one copy -------------------------------------------------------------------------------- */

/* True: it is newer than what was here. [M1] */
static bool take_whole(struct map *map, struct slice bytes)
{
    struct registry *registry = registry_read(bytes);
    bool newer = registry != NULL && registry_cluster(registry) == map->cluster->id &&
                 registry_epoch(registry) > registry_epoch(map->registry) &&
                 registry_shards_count(registry) == lane_shards_count(map->lane);
    if (!newer) {
        registry_free(registry);
        return false;
    }
    if (map->before == NULL) {
        map->before = map->registry; /* somebody may look at it until the turn ends */
    } else {
        registry_free(map->registry);
    }
    map->registry = registry;
    map->changes++;
    buffer_clear(&map->whole);
    buffer_append(&map->whole, bytes);
    return true;
}

struct map *map_open(struct lane *lane, const struct lane_cluster *cluster)
{
    struct map *map = calloc(1, sizeof *map);
    ASSERT(map != NULL);
    *map = (struct map){.lane = lane, .cluster = cluster, .registry = registry_new()};
    map->leads = calloc(lane_shards_count(lane) + 1, sizeof *map->leads);
    ASSERT(map->leads != NULL);
    (void)take_whole(map, cluster->registry);
    return map;
}

void map_close(struct map *map)
{
    if (map == NULL) return;
    registry_free(map->registry);
    registry_free(map->before);
    buffer_free(&map->whole);
    buffer_free(&map->news);
    buffer_free(&map->own_news);
    free(map->leads);
    free(map);
}

/* What does not get onto the disk is tried again: others have it, too. */
static void save(struct map *map, instant now)
{
    struct fault fault;
    if (!map->unsaved || now.ns - map->saved_at.ns < SAVE_PAUSE_NS) return;
    map->saved_at = now;
    enum err err =
        registry_copy_write(map->cluster->registry_path, buffer_slice(&map->whole), &fault);
    map->unsaved = err != ERR_OK;
}

static bool is_first(const struct map *map)
{
    return lane_number(map->lane) == 0;
}

static void send_whole(struct map *map, node_id to)
{
    struct buffer frame = {0};
    put_u8(&frame, MAP_WHOLE);
    buffer_append(&frame, buffer_slice(&map->whole));
    if (to.n != 0) {
        (void)lane_send(map->lane, to, 0, LINK_MAP, buffer_slice(&frame));
    } else {
        wiring_tell_nodes(map->lane, LINK_MAP, buffer_slice(&frame));
    }
    buffer_free(&frame);
}

/* It is here now: the other lanes of this node get it from lane 0. */
static void spread_here(struct map *map)
{
    map->unsaved = map->cluster->registry_path != NULL;
    wiring_tell_lanes(map->lane, WIRING_MAP, buffer_slice(&map->whole));
}

void map_adopt(struct map *map, const struct registry *registry)
{
    struct buffer bytes = {0};
    if (registry_epoch(registry) <= registry_epoch(map->registry)) return; /* [M1] */
    registry_write(registry, &bytes);
    if (take_whole(map, buffer_slice(&bytes))) {
        spread_here(map);
        send_whole(map, NODE_NONE);
    }
    buffer_free(&bytes);
}

/* --- who leads ------------------------------------------------------------------------------- */

static struct map_lead *lead_of(const struct map *map, shard_id shard)
{
    uint32_t count = lane_shards_count(map->lane);
    if (shard_eq(shard, SHARD_ROOT)) return &map->leads[count];
    return shard.n < count ? &map->leads[shard.n] : NULL;
}

/* [M2] True: that is new. */
static bool note(struct map *map, shard_id shard, struct map_lead lead)
{
    struct map_lead *known = lead_of(map, shard);
    if (known == NULL || lead.term < known->term) return false;
    bool same_term = lead.term == known->term;
    if (same_term && node_eq(known->leader, lead.leader) && lead.settled <= known->settled) {
        return false;
    }
    if (same_term && known->leader.n != 0 && !node_eq(known->leader, lead.leader)) return false;
    bool moved = !same_term || !node_eq(known->leader, lead.leader);
    *known = lead;
    map->changes += moved;
    return true;
}

static void put_lead(struct buffer *out, shard_id shard, struct map_lead lead)
{
    put_varint(out, shard.n);
    put_varint(out, lead.leader.n);
    put_varint(out, lead.term);
    put_varint(out, lead.settled);
}

static bool take_lead(struct cursor *in, shard_id *shard, struct map_lead *lead)
{
    uint64_t number = cursor_varint(in), leader = cursor_varint(in);
    *lead = (struct map_lead){.term = cursor_varint(in)};
    lead->settled = cursor_varint(in);
    if (in->bad || number > SHARD_ROOT.n || leader > UINT32_MAX) return false;
    shard->n = (uint32_t)number;
    lead->leader.n = (uint32_t)leader;
    return true;
}

void map_note_own(struct map *map, shard_id shard, struct map_lead lead)
{
    const struct map_lead *known = lead_of(map, shard);
    ASSERT(known != NULL);
    if (lead.settled == 0 && lead.term == known->term) lead.settled = known->settled;
    if (!note(map, shard, lead)) return;
    put_lead(&map->news, shard, lead);
    if (node_eq(lead.leader, lane_self(map->lane))) put_lead(&map->own_news, shard, lead);
}

/* What is new of it goes on to the other lanes; and to the nodes, if we are where it happened.
 * False: they are no leads. */
static bool take_leads(struct map *map, struct slice bytes)
{
    struct cursor in = cursor_of(bytes);
    struct map_lead lead;
    shard_id shard;
    while (cursor_left(&in) > 0) { /* ends: each takes some */
        if (!take_lead(&in, &shard, &lead)) return false;
        if (!note(map, shard, lead) || !is_first(map)) continue;
        put_lead(&map->news, shard, lead);
        if (node_eq(lead.leader, lane_self(map->lane))) put_lead(&map->own_news, shard, lead);
    }
    return true;
}

static void tell_news(struct map *map)
{
    struct slice news = buffer_slice(&map->news), own = buffer_slice(&map->own_news);
    if (news.len == 0) return;
    if (is_first(map)) {
        wiring_tell_lanes(map->lane, WIRING_LEADS, news);
        if (own.len > 0) wiring_tell_nodes(map->lane, LINK_LEADS, own);
    } else {
        wiring_tell_first(map->lane, WIRING_LEADS, news);
    }
    buffer_clear(&map->news);
    buffer_clear(&map->own_news);
}

/* --- lanes and nodes ------------------------------------------------------------------------- */

void map_take_lane(struct map *map, uint32_t kind, struct slice bytes)
{
    if (kind == WIRING_MAP) {
        if (take_whole(map, bytes) && is_first(map)) spread_here(map);
    } else {
        bool good = take_leads(map, bytes);
        ASSERT(good); /* one of our own has written them */
    }
}

static void say_epoch(struct map *map, node_id to)
{
    struct buffer frame = {0};
    put_u8(&frame, MAP_SAYS);
    put_u64(&frame, registry_epoch(map->registry));
    if (to.n != 0) {
        (void)lane_send(map->lane, to, 0, LINK_MAP, buffer_slice(&frame));
    } else {
        wiring_tell_nodes(map->lane, LINK_MAP, buffer_slice(&frame));
    }
    buffer_free(&frame);
}

/* False: it cannot be read. */
static bool take_map(struct map *map, node_id from, struct slice bytes)
{
    struct cursor in = cursor_of(bytes);
    uint8_t kind = cursor_u8(&in);
    if (kind == MAP_WHOLE) {
        if (take_whole(map, slice_of(in.at, cursor_left(&in)))) spread_here(map);
        return true;
    }
    uint64_t theirs = cursor_u64(&in), ours = registry_epoch(map->registry);
    if (in.bad || kind != MAP_SAYS) return false;
    if (theirs < ours) send_whole(map, from);
    if (theirs > ours) say_epoch(map, from);
    return true;
}

void map_take_node(struct map *map, const struct link_frame *frame)
{
    if (!is_first(map)) return;
    bool good = frame->kind == LINK_MAP ? take_map(map, frame->from, frame->bytes)
                                        : take_leads(map, frame->bytes);
    if (!good) lane_break_link(map->lane, frame->from, frame->lane);
}

void map_meet(struct map *map, node_id node)
{
    struct buffer leads = {0};
    if (!is_first(map)) return;
    say_epoch(map, node);
    for (uint32_t i = 0; i <= lane_shards_count(map->lane); i++) {
        shard_id shard = i == lane_shards_count(map->lane) ? SHARD_ROOT : (shard_id){i};
        bool ours = node_eq(map->leads[i].leader, lane_self(map->lane));
        if (ours) put_lead(&leads, shard, map->leads[i]);
    }
    if (leads.len > 0) (void)lane_send(map->lane, node, 0, LINK_LEADS, buffer_slice(&leads));
    buffer_free(&leads);
}

/* --- the turn -------------------------------------------------------------------------------- */

void map_begin_turn(struct map *map)
{
    registry_free(map->before);
    map->before = NULL;
}

instant map_end_turn(struct map *map, instant now)
{
    tell_news(map);
    if (!is_first(map)) return (instant){INT64_MAX};
    if (now.ns - map->said_at.ns >= SAY_PAUSE_NS) {
        map->said_at = now;
        say_epoch(map, NODE_NONE);
    }
    save(map, now);
    return (instant){map->said_at.ns + SAY_PAUSE_NS};
}

struct map *lane_map(const struct lane *lane)
{
    return lane_wiring(lane) == NULL ? NULL : wiring_map(lane_wiring(lane));
}

/* --- readers --------------------------------------------------------------------------------- */

const struct registry *map_registry(const struct map *map)
{
    return map->registry;
}

uint64_t map_epoch(const struct map *map)
{
    return registry_epoch(map->registry);
}

uint64_t map_changes(const struct map *map)
{
    return map->changes;
}

node_id map_leader(const struct map *map, shard_id shard)
{
    const struct map_lead *lead = lead_of(map, shard);
    return lead == NULL ? NODE_NONE : lead->leader;
}

uint64_t map_leader_term(const struct map *map, shard_id shard)
{
    const struct map_lead *lead = lead_of(map, shard);
    return lead == NULL ? 0 : lead->term;
}

uint64_t map_settled(const struct map *map, shard_id shard)
{
    const struct map_lead *lead = lead_of(map, shard);
    return lead == NULL ? 0 : lead->settled;
}

static bool is_alive(const struct map *map, node_id node)
{
    const struct registry_member *member = registry_member(map->registry, node);
    return member != NULL && (member->state == MEMBER_ALIVE || member->state == MEMBER_LEAVING);
}

node_id map_somebody(const struct map *map, shard_id shard)
{
    bool known = registry_epoch(map->registry) != 0 && lead_of(map, shard) != NULL;
    if (!known) return NODE_NONE;
    const struct registry_shard *place = registry_shard(map->registry, shard);
    node_id self = lane_self(map->lane), somebody = NODE_NONE;
    for (uint32_t i = 0; i < place->voters_count; i++) {
        node_id node = place->voters[i];
        if (node_eq(node, self) || !is_alive(map, node)) continue;
        if (somebody.n == 0 || node_eq(node, place->leader)) somebody = node;
    }
    return somebody;
}

void map_note_leader(struct map *map, shard_id shard, node_id leader, uint64_t term)
{
    struct map_lead lead = {.leader = leader, .term = term};
    const struct map_lead *known = lead_of(map, shard);
    if (known != NULL && known->term == term) lead.settled = known->settled;
    (void)note(map, shard, lead);
}
