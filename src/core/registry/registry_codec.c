/*
 * registry_codec.c -- a registry, its events and its rows as bytes; see registry.h.
 *
 * Whole: magic u32, version u8, then the row "cluster", the count of members and each, the count of
 * settings and each with its name, the shards, the root; last a CRC32C of all before it. Numbers
 * are varints unless said otherwise. What is read is refused unless all invariants hold, so that
 * bytes of a stranger, or of a newer version that means something else, are never a registry.
 */
#include "base/crc.h"
#include "core/registry/registry_impl.h"

enum {
    WHOLE_MAGIC = 0x31475254, /* "TRG1" */
    WHOLE_VERSION = 1,
    CRC_BYTES = 4,
    SHARD_BYTES_MIN = 5
};

/* --- parts ----------------------------------------------------------------------------------- */

static void put_text(struct buffer *out, const struct registry_text *text)
{
    put_sized(out, slice_text(text->bytes));
}

static void take_text(struct cursor *in, struct registry_text *text)
{
    if (!registry_text_set(text, cursor_sized(in))) in->bad = true;
}

static uint32_t take_u32(struct cursor *in)
{
    uint64_t value = cursor_varint(in);
    if (value > UINT32_MAX) in->bad = true;
    return in->bad ? 0 : (uint32_t)value;
}

/* Times and settings: an offset that makes them all positive would be long. */
static void put_signed(struct buffer *out, int64_t value)
{
    put_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static int64_t take_signed(struct cursor *in)
{
    uint64_t value = cursor_varint(in);
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

void registry_member_put(struct buffer *out, const struct registry_member *member)
{
    put_varint(out, member->node.n);
    put_u8(out, (uint8_t)member->state);
    put_signed(out, member->since_ms);
    put_text(out, &member->peer_host);
    put_text(out, &member->client_host);
    put_text(out, &member->host);
    put_text(out, &member->zone);
    put_text(out, &member->version);
    put_varint(out, member->peer_port);
    put_varint(out, member->client_port);
    put_varint(out, member->lanes_count);
    put_varint(out, member->weight);
    put_varint(out, member->memory_bytes);
    put_varint(out, member->disk_bytes);
}

static bool member_take(struct cursor *in, struct registry_member *member)
{
    *member = (struct registry_member){.node = {take_u32(in)}};
    uint8_t state = cursor_u8(in);
    member->since_ms = take_signed(in);
    take_text(in, &member->peer_host);
    take_text(in, &member->client_host);
    take_text(in, &member->host);
    take_text(in, &member->zone);
    take_text(in, &member->version);
    uint32_t peer_port = take_u32(in), client_port = take_u32(in);
    member->lanes_count = take_u32(in);
    member->weight = take_u32(in);
    member->memory_bytes = cursor_varint(in);
    member->disk_bytes = cursor_varint(in);
    if (in->bad || state < MEMBER_JOINING || state > MEMBER_REMOVED) return false;
    if (peer_port > UINT16_MAX || client_port > UINT16_MAX) return false;
    member->state = (enum member_state)state;
    member->peer_port = (uint16_t)peer_port;
    member->client_port = (uint16_t)client_port;
    return true;
}

static void shard_put(struct buffer *out, const struct registry_shard *shard)
{
    put_u8(out, (uint8_t)shard->voters_count);
    for (uint32_t i = 0; i < shard->voters_count; i++) put_varint(out, shard->voters[i].n);
    put_varint(out, shard->leader.n);
    put_varint(out, shard->epoch);
    put_u8(out, shard->why);
}

static bool shard_take(struct cursor *in, struct registry_shard *shard)
{
    *shard = (struct registry_shard){.voters_count = cursor_u8(in)};
    if (shard->voters_count > REGISTRY_REPLICAS_MAX) return false;
    for (uint32_t i = 0; i < shard->voters_count; i++) shard->voters[i].n = take_u32(in);
    shard->leader.n = take_u32(in);
    shard->epoch = cursor_varint(in);
    shard->why = cursor_u8(in);
    return !in->bad;
}

/* --- events ---------------------------------------------------------------------------------- */

void registry_event_write(const struct registry_event *event, struct buffer *out)
{
    put_u8(out, (uint8_t)event->kind);
    put_signed(out, event->now_ms);
    switch (event->kind) {
    case REGISTRY_FORM:
        put_u64(out, event->cluster);
        put_varint(out, event->shards_count);
        put_varint(out, event->replicas);
        put_varint(out, event->members_count);
        for (uint32_t i = 0; i < event->members_count; i++) {
            registry_member_put(out, &event->members[i]);
        }
        break;
    case REGISTRY_JOIN:
    case REGISTRY_MEMBER_FACTS: registry_member_put(out, &event->members[0]); break;
    case REGISTRY_MEMBER_STATE:
        put_varint(out, event->node.n);
        put_u8(out, (uint8_t)event->state);
        put_u8(out, event->force);
        break;
    case REGISTRY_PLACE:
        put_varint(out, event->shard.n);
        shard_put(out, &event->place);
        break;
    case REGISTRY_SETTING: /* by its name: versions may differ in numbers */
        put_sized(out, slice_text(registry_setting_row(event->setting)->name));
        put_signed(out, event->value);
        break;
    }
}

static bool take_members(struct cursor *in, uint32_t count, struct arena *arena,
                         struct registry_event *event)
{
    if (count > REGISTRY_FORM_MEMBERS_MAX) return false;
    event->members_count = count;
    event->members = ARENA_ARRAY(arena, struct registry_member, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        if (!member_take(in, &event->members[i])) return false;
    }
    return true;
}

/* The count: no such setting. */
static uint32_t take_setting_name(struct cursor *in)
{
    struct slice name = cursor_sized(in);
    uint32_t setting = 0;
    while (setting < REGISTRY_SETTINGS_COUNT &&
           !slice_eq(name, slice_text(registry_setting_row(setting)->name))) {
        setting++;
    }
    return setting;
}

static bool take_event(struct cursor *in, struct arena *arena, struct registry_event *event)
{
    switch (event->kind) {
    case REGISTRY_FORM:
        event->cluster = cursor_u64(in);
        event->shards_count = take_u32(in);
        event->replicas = take_u32(in);
        return take_members(in, take_u32(in), arena, event);
    case REGISTRY_JOIN:
    case REGISTRY_MEMBER_FACTS: return take_members(in, 1, arena, event);
    case REGISTRY_MEMBER_STATE:
        event->node.n = take_u32(in);
        event->state = (enum member_state)cursor_u8(in);
        event->force = cursor_u8(in) != 0;
        return event->state >= MEMBER_JOINING && event->state <= MEMBER_REMOVED;
    case REGISTRY_PLACE: event->shard.n = take_u32(in); return shard_take(in, &event->place);
    case REGISTRY_SETTING:
        event->setting = take_setting_name(in);
        event->value = take_signed(in);
        return event->setting < REGISTRY_SETTINGS_COUNT;
    }
    UNREACHABLE("an event of the registry");
}

bool registry_event_read(struct slice bytes, struct arena *arena, struct registry_event *event)
{
    struct cursor in = cursor_of(bytes);
    uint8_t kind = cursor_u8(&in);
    *event = (struct registry_event){.now_ms = take_signed(&in)};
    if (bytes.len > REGISTRY_EVENT_BYTES_MAX || kind < REGISTRY_FORM || kind > REGISTRY_SETTING) {
        return false;
    }
    event->kind = (enum registry_event_kind)kind;
    return take_event(&in, arena, event) && !in.bad && cursor_left(&in) == 0;
}

/* --- whole ----------------------------------------------------------------------------------- */

static void put_cluster(struct buffer *out, const struct registry *registry)
{
    put_u64(out, registry->cluster);
    put_varint(out, registry->epoch);
    put_u64(out, registry->history);
    put_varint(out, registry->next_node);
    put_varint(out, registry->shards_count);
}

static bool take_cluster(struct cursor *in, struct registry *registry)
{
    registry->cluster = cursor_u64(in);
    registry->epoch = cursor_varint(in);
    registry->history = cursor_u64(in);
    registry->next_node = take_u32(in);
    registry->shards_count = take_u32(in);
    return !in->bad && registry->shards_count <= SHARDS_MAX;
}

static void put_member_row(struct buffer *out, const struct registry_member_row *row)
{
    put_varint(out, row->epoch);
    registry_member_put(out, &row->member);
}

/* Behind the members that it has, or between them. */
static bool take_member_row(struct cursor *in, struct registry *registry)
{
    struct registry_member member;
    uint64_t epoch = cursor_varint(in);
    if (!member_take(in, &member)) return false;
    if (registry->members_count >= REGISTRY_MEMBERS_EVER_MAX) return false;
    uint32_t place = registry->members_count;
    while (place > 0 && registry->members[place - 1].member.node.n >= member.node.n) place--;
    if (place < registry->members_count &&
        node_eq(registry->members[place].member.node, member.node)) {
        return false;
    }
    *registry_member_insert(registry, place) = (struct registry_member_row){member, epoch};
    return true;
}

static void put_setting(struct buffer *out, const struct registry *registry, uint32_t setting)
{
    put_varint(out, registry->settings_epoch[setting]);
    put_signed(out, registry->settings[setting]);
}

/* One that this version does not know is left out. */
static bool take_setting(struct cursor *in, struct registry *registry, uint32_t setting)
{
    uint64_t epoch = cursor_varint(in);
    int64_t value = take_signed(in);
    if (in->bad) return false;
    if (setting == REGISTRY_SETTINGS_COUNT) return true;
    registry->settings_epoch[setting] = epoch;
    registry->settings[setting] = value;
    return true;
}

void registry_write(const struct registry *registry, struct buffer *out)
{
    size_t start = out->len;
    put_u32(out, WHOLE_MAGIC);
    put_u8(out, WHOLE_VERSION);
    put_cluster(out, registry);
    put_varint(out, registry->members_count);
    for (uint32_t i = 0; i < registry->members_count; i++) {
        put_member_row(out, &registry->members[i]);
    }
    put_varint(out, REGISTRY_SETTINGS_COUNT);
    for (uint32_t i = 0; i < REGISTRY_SETTINGS_COUNT; i++) {
        put_sized(out, slice_text(registry_setting_row(i)->name));
        put_setting(out, registry, i);
    }
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        shard_put(out, &registry->shards[i]);
    }
    shard_put(out, &registry->root);
    put_u32(out, crc32c(0, slice_from(buffer_slice(out), start)));
}

static bool take_whole(struct cursor *in, struct registry *registry)
{
    if (cursor_u32(in) != WHOLE_MAGIC || cursor_u8(in) != WHOLE_VERSION) return false;
    if (!take_cluster(in, registry)) return false;
    uint32_t members_count = take_u32(in);
    if (members_count > REGISTRY_MEMBERS_EVER_MAX) return false;
    for (uint32_t i = 0; i < members_count; i++) {
        if (!take_member_row(in, registry)) return false;
    }
    uint32_t settings_count = take_u32(in);
    for (uint32_t i = 0; i < settings_count; i++) { /* ends: each takes some */
        if (!take_setting(in, registry, take_setting_name(in))) return false;
    }
    if (cursor_left(in) / SHARD_BYTES_MIN < registry->shards_count) return false;
    registry->shards =
        ARENA_ARRAY(registry->arena, struct registry_shard, registry->shards_count + 1);
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        if (!shard_take(in, &registry->shards[i])) return false;
    }
    return shard_take(in, &registry->root) && cursor_left(in) == 0;
}

struct registry *registry_read(struct slice bytes)
{
    if (bytes.len < CRC_BYTES) return NULL;
    struct slice body = slice_of(bytes.data, bytes.len - CRC_BYTES);
    struct cursor tail = cursor_of(slice_from(bytes, body.len));
    if (cursor_u32(&tail) != crc32c(0, body)) return NULL;
    struct cursor in = cursor_of(body);
    struct registry *registry = registry_new();
    if (take_whole(&in, registry) && registry_trouble(registry) == NULL) return registry;
    registry_free(registry);
    return NULL;
}

/* --- rows ------------------------------------------------------------------------------------ */

struct row_writer {
    registry_row_visit visit;
    void *context;
    struct buffer bytes;
};

static void visit_row(struct row_writer *writer, const char *form, const char *name, uint32_t n)
{
    char text[REGISTRY_ROW_NAME_BYTES_MAX + 1];
    int len = name != NULL ? snprintf(text, sizeof text, "%s%s", form, name)
                           : snprintf(text, sizeof text, "%s%u", form, n);
    ASSERT(len > 0 && (size_t)len < sizeof text);
    writer->visit(writer->context, slice_text(text), buffer_slice(&writer->bytes));
    buffer_clear(&writer->bytes);
}

static void visit_changed_shards(const struct registry *registry, struct row_writer *writer)
{
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        if (registry->shards[i].epoch != registry->epoch) continue; /* [G5] */
        shard_put(&writer->bytes, &registry->shards[i]);
        visit_row(writer, "shard:", NULL, i);
    }
    if (registry->root.epoch != registry->epoch) return;
    shard_put(&writer->bytes, &registry->root);
    visit_row(writer, "root", "", 0);
}

void registry_changed_rows(const struct registry *registry, registry_row_visit visit, void *context)
{
    struct row_writer writer = {.visit = visit, .context = context};
    if (registry->epoch == 0) return;
    put_cluster(&writer.bytes, registry);
    visit_row(&writer, "cluster", "", 0);
    if (registry->forgotten.n != 0) visit_row(&writer, "member:", NULL, registry->forgotten.n);
    for (uint32_t i = 0; i < registry->members_count; i++) {
        if (registry->members[i].epoch != registry->epoch) continue; /* [G5] */
        put_member_row(&writer.bytes, &registry->members[i]);
        visit_row(&writer, "member:", NULL, registry->members[i].member.node.n);
    }
    for (uint32_t i = 0; i < REGISTRY_SETTINGS_COUNT; i++) {
        if (registry->settings_epoch[i] != registry->epoch) continue; /* [G5] */
        put_setting(&writer.bytes, registry, i);
        visit_row(&writer, "setting:", registry_setting_row(i)->name, 0);
    }
    visit_changed_shards(registry, &writer);
    buffer_free(&writer.bytes);
}

/* The number behind "shard:" … in its shortest form. False: it is not of this kind. */
static bool row_number(struct slice name, struct slice prefix, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    if (!slice_starts_with(name, prefix)) return false;
    struct slice digits = slice_from(name, prefix.len);
    if (digits.len < 1 || digits.len > 10 || (digits.len > 1 && digits.data[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return false;
        value = value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= max;
}

/* How many there are is not known yet. */
static struct registry_shard *row_shard(struct registry *registry, uint32_t number)
{
    if (registry->shards == NULL) {
        registry->shards = ARENA_ARRAY(registry->arena, struct registry_shard, SHARDS_MAX);
    }
    return &registry->shards[number];
}

static bool load_setting(struct registry *registry, struct slice name, struct cursor *in)
{
    struct buffer sized = {0};
    put_sized(&sized, name);
    struct cursor named = cursor_of(buffer_slice(&sized));
    uint32_t setting = take_setting_name(&named);
    buffer_free(&sized);
    return take_setting(in, registry, setting);
}

bool registry_row_load(struct registry *registry, struct slice name, struct slice bytes)
{
    static const struct slice setting = {(const uint8_t *)"setting:", 8};
    struct cursor in = cursor_of(bytes);
    uint32_t number;
    bool good = false;
    if (slice_eq(name, SLICE("cluster"))) {
        good = take_cluster(&in, registry);
    } else if (slice_eq(name, SLICE("root"))) {
        good = shard_take(&in, &registry->root);
    } else if (row_number(name, SLICE("shard:"), SHARDS_MAX - 1, &number)) {
        good = shard_take(&in, row_shard(registry, number));
    } else if (row_number(name, SLICE("member:"), UINT32_MAX, &number)) {
        good = take_member_row(&in, registry);
    } else if (slice_starts_with(name, setting)) {
        good = load_setting(registry, slice_from(name, setting.len), &in);
    }
    return good && !in.bad && cursor_left(&in) == 0;
}

bool registry_rows_end(struct registry *registry)
{
    if (registry->epoch == 0 || registry->shards == NULL) return false;
    return registry_trouble(registry) == NULL;
}

bool registry_is_cluster_row(const struct registry *registry, struct slice bytes)
{
    struct buffer row = {0};
    put_cluster(&row, registry);
    bool same = slice_eq(buffer_slice(&row), bytes);
    buffer_free(&row);
    return same;
}
