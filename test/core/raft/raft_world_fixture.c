/* raft_world_fixture.c -- see raft_world_fixture.h. */
#include "test/core/raft/raft_world_fixture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SNAPSHOT_BYTES = 1000 };

struct world_entry {
    struct raft_pos pos;
    uint64_t value, previous_term;
};

static const char *const role_names[] = {"follower", "pre-candidate", "candidate", "leader"};

struct raft_members raft_world_voters(const uint32_t *nodes, uint32_t count)
{
    struct raft_members members = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        members.members[i] = (struct raft_member){{nodes[i]}, RAFT_VOTER};
    }
    return members;
}

static void keep_letter(struct world *world, node_id from, node_id to, struct slice bytes)
{
    ASSERT(world->letters_count < WORLD_LETTERS_MAX);
    struct world_letter *letter = &world->letters[world->letters_count++];
    *letter = (struct world_letter){.from = from, .to = to, .at_ns = world->now_ns};
    buffer_append(&letter->bytes, bytes);
}

struct world *raft_world_new(uint32_t nodes_count, uint32_t voters_count, uint64_t seed)
{
    static const uint32_t nodes[] = {1, 2, 3, 4, 5, 6, 7};
    struct world *world = calloc(1, sizeof *world);
    ASSERT(world != NULL);
    world->letters = calloc(WORLD_LETTERS_MAX, sizeof *world->letters);
    ASSERT(world->letters != NULL);
    world->seed = seed;
    world->nodes_count = nodes_count;
    world->members = raft_world_voters(nodes, voters_count);
    world->send = keep_letter;
    world->config = (struct raft_config){.election_min = {100},
                                         .election_max = {200},
                                         .heartbeat = {30},
                                         .lease = true,
                                         .drift_percent = 10,
                                         .window_bytes = 4096,
                                         .window_entries = 64,
                                         .append_bytes = 1024,
                                         .chunk_bytes = 300,
                                         .tail_bytes = 1 << 20};
    for (uint32_t i = 1; i <= nodes_count; i++) {
        world->nodes[i].rate = 1000000;
        world->nodes[i].flush_at_ns = INT64_MAX;
    }
    return world;
}

static void node_free(struct world_node *node)
{
    if (node->raft == NULL) return;
    raft_free(node->raft);
    arena_free(node->arena);
    free(node->out);
    node->raft = NULL;
}

void raft_world_free(struct world *world)
{
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        node_free(&world->nodes[i]);
        free(world->nodes[i].disk.records);
        buffer_free(&world->nodes[i].incoming);
    }
    while (world->letters_count > 0) raft_world_drop(world, 0);
    free(world->letters);
    free(world->ledger);
    free(world->entries);
    free(world);
}

instant raft_world_clock(const struct world *world, uint32_t node)
{
    const struct world_node *of = &world->nodes[node];
    return (instant){of->skew_ns + (int64_t)((__int128_t)world->now_ns * of->rate / 1000000)};
}

static void say(struct world *world, const char *format, ...) PRINTF(2, 3);
static void say(struct world *world, const char *format, ...)
{
    char line[WORLD_LINE_MAX];
    if (world->trace == NULL) return;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    ASSERT(len > 0 && (size_t)len < sizeof line);
    buffer_append(world->trace, slice_of(line, (size_t)len));
}

/* --- judges ---------------------------------------------------------------------------------- */

/* Two logs that have an entry of one term at one index are the same up to there: for that it is
 * enough that such entries are always the same, and follow ones of the same term. */
static void judge_entry(struct world *world, const struct world_record *record,
                        uint64_t previous_term)
{
    for (size_t i = world->entries_count; i-- > 0;) {
        const struct world_entry *entry = &world->entries[i];
        if (raft_pos_cmp(entry->pos, record->pos) != 0) continue;
        ASSERT(entry->value == record->value);
        ASSERT(entry->previous_term == previous_term);
        return;
    }
    if (world->entries_count == world->entries_capacity) {
        world->entries_capacity = 2 * world->entries_capacity + 64;
        world->entries = realloc(world->entries, world->entries_capacity * sizeof *world->entries);
        ASSERT(world->entries != NULL);
    }
    world->entries[world->entries_count++] =
        (struct world_entry){record->pos, record->value, previous_term};
}

static void judge_applied(struct world *world, uint64_t index, uint64_t term, uint64_t value)
{
    if (index == world->ledger_count + 1) {
        if (world->ledger_count == world->ledger_capacity) {
            world->ledger_capacity = 2 * world->ledger_capacity + 64;
            world->ledger = realloc(world->ledger, world->ledger_capacity * sizeof *world->ledger);
            ASSERT(world->ledger != NULL);
        }
        world->ledger[world->ledger_count++] = (struct world_said){term, value};
    }
    ASSERT(index <= world->ledger_count);
    ASSERT(world->ledger[index - 1].term == term);
    ASSERT(world->ledger[index - 1].value == value);
}

static void judge_leader(struct world *world, uint32_t node)
{
    const struct raft *raft = world->nodes[node].raft;
    uint64_t term = raft_term(raft), found;
    ASSERT(term < WORLD_TERMS_MAX);
    ASSERT(world->leaders[term] == 0 || world->leaders[term] == node); /* one a term */
    uint64_t known = world->acknowledged; /* a leader of a later term lacks nothing of it */
    if (world->leaders[term] == 0 && term > world->acknowledged_term && known > 0) {
        ASSERT(raft_last(raft).index >= known);
        if (raft_term_at(raft, known, &found)) ASSERT(found == world->ledger[known - 1].term);
    }
    world->leaders[term] = node;
    if (raft_commit(raft) <= world->acknowledged) return;
    world->acknowledged = raft_commit(raft);
    world->acknowledged_term = u64_max(world->acknowledged_term, term);
}

void raft_world_check(struct world *world)
{
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        struct raft *raft = world->nodes[i].raft;
        if (raft == NULL) continue;
        raft_check(raft);
        if (raft_role(raft) == RAFT_LEADER) judge_leader(world, i);
    }
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        const struct raft *raft = world->nodes[i].raft;
        if (raft == NULL || raft_lease_until(raft).ns <= raft_world_clock(world, i).ns) continue;
        ASSERT(raft_commit(raft) >= world->acknowledged); /* or it would read what is stale */
    }
}

static void judge_reads(struct world_node *node)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < node->reads_count; i++) {
        struct world_read read = node->reads[i];
        if (raft_rounds_done(node->raft) < read.number) {
            node->reads[kept++] = read;
        } else {
            ASSERT(raft_read_index(node->raft) >= read.want);
        }
    }
    node->reads_count = kept;
}

/* --- disks ----------------------------------------------------------------------------------- */

static void disk_add(struct world_disk *disk, const struct world_record *record)
{
    if (disk->count == disk->capacity) {
        disk->capacity = 2 * disk->capacity + 64;
        disk->records = realloc(disk->records, disk->capacity * sizeof *disk->records);
        ASSERT(disk->records != NULL);
    }
    disk->records[disk->count++] = *record;
}

static uint64_t value_of(struct slice payload)
{
    uint64_t value = payload.len;
    for (size_t i = 0; i < payload.len; i++) value = value * 31 + payload.data[i];
    return value;
}

static void disk_append(struct world *world, struct world_node *node, struct raft_span span)
{
    struct raft_entry entry;
    while (raft_span_next(&span, &entry)) {
        struct world_record record = {.pos = entry.pos, .kind = entry.kind};
        record.value = value_of(entry.payload);
        if (entry.kind == RAFT_ENTRY_MEMBERS) {
            bool good = raft_members_read(entry.payload, &record.members);
            ASSERT(good);
        }
        uint64_t previous_term = 0;
        if (raft_term_at(node->raft, entry.pos.index - 1, &previous_term)) {
            judge_entry(world, &record, previous_term);
        }
        if (entry.kind == RAFT_ENTRY_COMMANDS) {
            ASSERT(entry.payload.len >= sizeof record.value);
            memcpy(&record.value, entry.payload.data, sizeof record.value);
            record.payload_bytes = entry.payload.len;
        }
        disk_add(&node->disk, &record);
    }
}

/* Of the entries as they are in the log, all that are durable: those behind a record that replaced
 * some are later records than it. */
static uint64_t disk_durable_index(const struct world_disk *disk)
{
    uint64_t last = disk->snapshot.pos.index, durable = last;
    for (size_t i = 0; i < disk->count; i++) {
        const struct world_record *record = &disk->records[i];
        if (record->is_hard) continue;
        last = u64_max(record->pos.index, disk->snapshot.pos.index);
        if (i < disk->durable) {
            durable = last;
        } else if (last <= durable) {
            durable = last - 1; /* it is replaced, and that is not durable */
        }
    }
    return durable;
}

static uint64_t disk_durable_hards(const struct world_disk *disk)
{
    uint64_t count = 0;
    for (size_t i = 0; i < disk->durable; i++) count += disk->records[i].is_hard;
    return count - disk->hards_before;
}

void raft_world_durable(struct world *world, uint32_t number, size_t count)
{
    struct world_node *node = &world->nodes[number];
    if (node->raft == NULL || count <= node->disk.durable) return;
    ASSERT(count <= node->disk.count);
    node->disk.durable = count;
    struct raft_event event = {.kind = RAFT_EV_DURABLE,
                               .durable_index = disk_durable_index(&node->disk),
                               .durable_hard = disk_durable_hards(&node->disk)};
    raft_world_step(world, number, &event);
}

/* --- lives ----------------------------------------------------------------------------------- */

/* As it was when it was appended. */
static struct buffer record_payload(const struct world_record *record)
{
    struct buffer bytes = {0};
    if (record->kind == RAFT_ENTRY_MEMBERS) raft_members_write(&record->members, &bytes);
    if (record->kind != RAFT_ENTRY_COMMANDS) return bytes;
    memset(buffer_reserve(&bytes, record->payload_bytes), 0, record->payload_bytes);
    memcpy(bytes.data, &record->value, sizeof record->value);
    bytes.len = record->payload_bytes;
    return bytes;
}

static void add_record(struct raft_batch *batch, const struct world_record *record)
{
    struct buffer payload = record_payload(record);
    raft_batch_add_at(batch, record->pos, record->kind, buffer_slice(&payload));
    buffer_free(&payload);
}

static void restore(struct world_node *node)
{
    struct raft_batch *batch = NULL;
    uint64_t next = 0;
    for (size_t i = 0; i < node->disk.count; i++) {
        const struct world_record *record = &node->disk.records[i];
        if (record->is_hard) continue;
        if (batch != NULL && record->pos.index != next) {
            raft_restore(node->raft, batch);
            raft_batch_unref(batch);
            batch = NULL;
        }
        if (batch == NULL) batch = raft_batch_new(64);
        add_record(batch, record);
        next = record->pos.index + 1;
    }
    if (batch != NULL) raft_restore(node->raft, batch);
    raft_batch_unref(batch);
}

void raft_world_start(struct world *world, uint32_t number)
{
    struct world_node *node = &world->nodes[number];
    ASSERT(node->raft == NULL);
    struct raft_config config = world->config;
    config.self = (node_id){number};
    config.seed = world->seed * 1000 + number * 100 + node->lives++;
    bool founder = raft_members_has(&world->members, config.self);
    struct raft_start start = {.now = raft_world_clock(world, number)};
    if (founder) start.members = world->members;
    start.hard.recovering = node->disk.wiped;
    node->disk.hards_before = 0;
    for (size_t i = 0; i < node->disk.count; i++) {
        if (!node->disk.records[i].is_hard) continue;
        start.hard = node->disk.records[i].hard;
        node->disk.hards_before++;
    }
    if (node->disk.snapshot.pos.index > 0) {
        start.snapshot = node->disk.snapshot.pos;
        start.members = node->disk.snapshot.members;
    }
    node->arena = arena_new();
    node->out = calloc(1, sizeof *node->out);
    ASSERT(node->out != NULL);
    node->raft = raft_new(node->arena, &config, &start);
    node->applied = node->disk.snapshot.pos.index;
    restore(node);
    raft_world_tick(world, number);
    if (node->disk.snapshot.pos.index > 0) {
        struct raft_event event = {.kind = RAFT_EV_COMPACTED,
                                   .pos = node->disk.snapshot.pos,
                                   .bytes_count = SNAPSHOT_BYTES};
        raft_world_step(world, number, &event);
    }
}

void raft_world_crash(struct world *world, uint32_t number, size_t kept)
{
    struct world_node *node = &world->nodes[number];
    node_free(node);
    size_t lost = node->disk.count - node->disk.durable;
    node->disk.count = node->disk.durable += kept < lost ? kept : lost;
    node->flush_at_ns = INT64_MAX;
    node->reads_count = 0;
    node->applied = 0;
    buffer_clear(&node->incoming);
}

void raft_world_wipe(struct world *world, uint32_t number)
{
    struct world_disk *disk = &world->nodes[number].disk;
    free(disk->records);
    *disk = (struct world_disk){.wiped = true};
}

/* --- what an outbox asks for ----------------------------------------------------------------- */

static const char *kind_name(enum raft_msg_kind kind)
{
    switch (kind) {
    case RAFT_MSG_VOTE_ASK: return "vote?";
    case RAFT_MSG_VOTE_ANSWER: return "vote!";
    case RAFT_MSG_APPEND_ASK: return "append?";
    case RAFT_MSG_APPEND_ANSWER: return "append!";
    case RAFT_MSG_SNAPSHOT_ASK: return "snapshot?";
    case RAFT_MSG_SNAPSHOT_ANSWER: return "snapshot!";
    case RAFT_MSG_TIMEOUT_NOW: return "timeout-now";
    case RAFT_MSG_READ_ASK: return "read?";
    case RAFT_MSG_READ_ANSWER: return "read!";
    }
    UNREACHABLE("a message's kind");
}

static uint64_t entries_count(const struct raft_msg *msg)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < msg->append_ask.spans_count; i++) {
        count += msg->append_ask.spans[i].count;
    }
    return count;
}

static void say_append(struct world *world, const struct raft_msg *msg)
{
    uint64_t count = entries_count(msg), previous = msg->append_ask.previous.index;
    say(world, " after %" PRIu64 "/%" PRIu64, msg->append_ask.previous.term, previous);
    if (count > 0) say(world, " entries %" PRIu64 "..%" PRIu64, previous + 1, previous + count);
    say(world, " commit %" PRIu64, msg->append_ask.commit);
    if (msg->append_ask.welcomed > 0) say(world, " welcomed %" PRIu64, msg->append_ask.welcomed);
    if (msg->append_ask.hibernate) say(world, " hibernate");
}

static void say_answer(struct world *world, const struct raft_msg *msg)
{
    if (msg->append_answer.matched) {
        say(world, " matched %" PRIu64, msg->append_answer.index);
    } else {
        say(world, " refused, look at %" PRIu64 "/%" PRIu64, msg->append_answer.hint_term,
            msg->append_answer.index);
    }
    if (msg->append_answer.recovering) say(world, " recovering");
    if (msg->append_answer.no_room) say(world, " no-room");
}

static void say_msg(struct world *world, const struct raft_msg *msg)
{
    say(world, "  %u>%u %s term %" PRIu64, msg->from.n, msg->to.n, kind_name(msg->kind), msg->term);
    switch (msg->kind) {
    case RAFT_MSG_VOTE_ASK:
        say(world, "%s%s last %" PRIu64 "/%" PRIu64, msg->vote_ask.pre ? " pre" : "",
            msg->vote_ask.transfer ? " transfer" : "", msg->vote_ask.last.term,
            msg->vote_ask.last.index);
        break;
    case RAFT_MSG_VOTE_ANSWER:
        say(world, "%s %s", msg->vote_answer.pre ? " pre" : "",
            msg->vote_answer.granted ? "yes" : "no");
        break;
    case RAFT_MSG_APPEND_ASK: say_append(world, msg); break;
    case RAFT_MSG_APPEND_ANSWER: say_answer(world, msg); break;
    case RAFT_MSG_SNAPSHOT_ASK:
        say(world, " of %" PRIu64 " at %" PRIu64 " bytes %zu", msg->snapshot_ask.pos.index,
            msg->snapshot_ask.offset, msg->snapshot_ask.bytes.len);
        break;
    case RAFT_MSG_SNAPSHOT_ANSWER:
        say(world, " of %" PRIu64 " go on at %" PRIu64 "%s", msg->snapshot_answer.pos.index,
            msg->snapshot_answer.offset, msg->snapshot_answer.failed ? " failed" : "");
        break;
    case RAFT_MSG_READ_ANSWER: say(world, " index %" PRIu64, msg->read_answer.index); break;
    case RAFT_MSG_TIMEOUT_NOW:
    case RAFT_MSG_READ_ASK: break;
    }
    say(world, "\n");
}

static void post(struct world *world, struct raft_msg *msg)
{
    static const uint8_t part[SNAPSHOT_BYTES];
    struct buffer bytes = {0};
    raft_msg_write(msg, &bytes);
    if (msg->kind == RAFT_MSG_SNAPSHOT_ASK) {
        buffer_append(&bytes, slice_of(part, msg->snapshot_ask.bytes.len));
    }
    for (uint32_t i = 0; msg->kind == RAFT_MSG_APPEND_ASK && i < msg->append_ask.spans_count; i++) {
        buffer_append(&bytes, msg->append_ask.spans[i].bytes);
    }
    say_msg(world, msg);
    world->send(world, msg->from, msg->to, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void write_down(struct world *world, uint32_t number)
{
    struct world_node *node = &world->nodes[number];
    const struct raft_outbox *out = node->out;
    if (out->hard_changed) {
        disk_add(&node->disk, &(struct world_record){.is_hard = true, .hard = out->hard});
        say(world, "  %u hard term %" PRIu64 " vote %u%s\n", number, out->hard.term,
            out->hard.vote.n, out->hard.recovering ? " recovering" : "");
    }
    if (out->truncated) {
        say(world, "  %u truncates from %" PRIu64 "\n", number, out->truncated_from);
        ASSERT(out->append_count > 0);
        ASSERT(out->append[0].first == out->truncated_from);
    }
    for (uint32_t i = 0; i < out->append_count; i++) {
        struct raft_span span = out->append[i];
        say(world, "  %u appends %" PRIu64 "..%" PRIu64 "\n", number, span.first,
            span.first + span.count - 1);
        disk_append(world, node, span);
    }
}

static void apply_from_disk(struct world *world, struct world_node *node)
{
    uint64_t index = ++node->applied;
    for (size_t i = node->disk.count; i-- > 0;) {
        const struct world_record *record = &node->disk.records[i];
        if (record->is_hard || record->pos.index != index) continue;
        struct buffer payload = record_payload(record);
        judge_applied(world, index, record->pos.term, value_of(buffer_slice(&payload)));
        buffer_free(&payload);
        return;
    }
    UNREACHABLE("an entry that is committed, and on no disk");
}

static void apply(struct world *world, uint32_t number)
{
    struct world_node *node = &world->nodes[number];
    uint64_t commit = raft_commit(node->raft);
    while (node->applied < commit) {
        struct raft_span span;
        struct raft_entry entry;
        bool held = raft_entries(node->raft, node->applied + 1, commit, &span);
        if (!held) { /* a sole member has restored it, and need not keep it */
            apply_from_disk(world, node);
            continue;
        }
        while (raft_span_next(&span, &entry)) {
            uint64_t value = value_of(entry.payload);
            ASSERT(entry.pos.index == ++node->applied);
            judge_applied(world, entry.pos.index, entry.pos.term, value);
        }
    }
    struct raft_event event = {.kind = RAFT_EV_APPLIED, .index = node->applied};
    raft_world_step(world, number, &event);
}

static void snapshot_installed(struct world *world, uint32_t number, struct raft_pos pos)
{
    struct world_node *node = &world->nodes[number];
    ASSERT(node->incoming.len == SNAPSHOT_BYTES);
    ASSERT(pos.index > node->applied); /* never over a newer state */
    ASSERT(pos.index <= world->ledger_count);
    ASSERT(world->ledger[pos.index - 1].term == pos.term);
    struct world_snapshot found = {0};
    for (uint32_t i = 1; i <= world->nodes_count; i++) { /* whose it is */
        const struct world_snapshot *snapshot = &world->nodes[i].disk.snapshot;
        if (raft_pos_cmp(snapshot->pos, pos) == 0) found = *snapshot;
    }
    buffer_clear(&node->incoming);
    if (found.pos.index == 0) { /* compacted meanwhile, by all who had it */
        struct raft_event bad = {.kind = RAFT_EV_CHUNK_STORED, .ok = false};
        raft_world_step(world, number, &bad);
        return;
    }
    node->applied = pos.index;
    node->disk.snapshot = found;
    /* The log is behind it now: what it had is void, but for `hard`. */
    size_t kept = 0, kept_durable = 0;
    for (size_t i = 0; i < node->disk.count; i++) {
        if (!node->disk.records[i].is_hard) continue;
        node->disk.records[kept++] = node->disk.records[i];
        if (i < node->disk.durable) kept_durable = kept;
    }
    node->disk.count = kept;
    node->disk.durable = kept_durable;
    node->flush_at_ns = INT64_MAX;
    struct raft_event event = {.kind = RAFT_EV_INSTALLED, .pos = pos, .members = found.members};
    say(world, "  %u installs %" PRIu64 "\n", number, pos.index);
    raft_world_step(world, number, &event);
}

static void take_chunk(struct world *world, uint32_t number, const struct raft_chunk *chunk)
{
    struct world_node *node = &world->nodes[number];
    if (chunk->offset == 0) buffer_clear(&node->incoming);
    ASSERT(node->incoming.len == chunk->offset);
    buffer_append(&node->incoming, chunk->bytes);
    struct raft_event event = {
        .kind = RAFT_EV_CHUNK_STORED, .offset = node->incoming.len, .ok = true};
    struct raft_pos pos = chunk->pos;
    raft_world_step(world, number, &event);
    if (node->out->install) snapshot_installed(world, number, pos);
}

void raft_world_step(struct world *world, uint32_t number, struct raft_event *event)
{
    struct world_node *node = &world->nodes[number];
    enum raft_role role = raft_role(node->raft);
    uint64_t commit = raft_commit(node->raft);
    event->now = raft_world_clock(world, number);
    raft_step(node->raft, event, node->out);
    node->deadline = node->out->deadline;
    write_down(world, number);
    for (uint32_t i = 0; i < node->out->msgs_count; i++) post(world, &node->out->msgs[i]);
    if (raft_role(node->raft) != role) {
        say(world, "  %u is %s of term %" PRIu64 "\n", number, role_names[raft_role(node->raft)],
            raft_term(node->raft));
    }
    if (raft_commit(node->raft) != commit) {
        say(world, "  %u commits %" PRIu64 "\n", number, raft_commit(node->raft));
    }
    judge_reads(node);
    if (node->out->has_chunk) {
        struct raft_chunk chunk = node->out->chunk;
        take_chunk(world, number, &chunk);
    }
    if (node->applied < raft_commit(node->raft)) apply(world, number);
}

void raft_world_tick(struct world *world, uint32_t node)
{
    struct raft_event event = {.kind = RAFT_EV_TICK};
    raft_world_step(world, node, &event);
}

void raft_world_drop(struct world *world, size_t letter)
{
    ASSERT(letter < world->letters_count);
    buffer_free(&world->letters[letter].bytes);
    size_t behind = --world->letters_count - letter;
    memmove(&world->letters[letter], &world->letters[letter + 1], behind * sizeof *world->letters);
}

void raft_world_deliver(struct world *world, size_t at)
{
    struct world_letter letter = world->letters[at];
    world->letters[at].bytes = (struct buffer){0};
    raft_world_drop(world, at);
    struct world_node *node = &world->nodes[letter.to.n];
    bool arrives = node->raft != NULL && !world->cut[letter.from.n][letter.to.n];
    if (arrives) {
        struct raft_msg msg;
        bool good = raft_msg_read(buffer_slice(&letter.bytes), &msg);
        ASSERT(good);
        struct raft_event event = {.kind = RAFT_EV_MSG, .msg = &msg, .no_room = node->no_room};
        raft_world_step(world, letter.to.n, &event);
        bool entries = msg.kind == RAFT_MSG_APPEND_ASK && msg.append_ask.spans_count > 0;
        if (entries) raft_batch_unref(msg.append_ask.spans[0].batch);
    }
    buffer_free(&letter.bytes);
}

bool raft_world_propose(struct world *world, uint32_t number, uint32_t count, size_t bytes)
{
    struct world_node *node = &world->nodes[number];
    if (node->raft == NULL || !raft_may_propose(node->raft)) return false;
    struct raft_batch *batch = raft_batch_new(count * (bytes + RAFT_ENTRY_HEADER_BYTES));
    uint8_t payload[4096] = {0};
    ASSERT(bytes >= sizeof world->values && bytes <= sizeof payload);
    for (uint32_t i = 0; i < count; i++) {
        world->values++;
        memcpy(payload, &world->values, sizeof world->values);
        struct slice part = slice_of(payload, bytes);
        raft_batch_add(batch, RAFT_ENTRY_COMMANDS, &part, 1);
    }
    struct raft_event event = {.kind = RAFT_EV_PROPOSE, .batch = batch};
    raft_world_step(world, number, &event);
    raft_batch_unref(batch);
    return true;
}

void raft_world_compact(struct world *world, uint32_t number)
{
    struct world_node *node = &world->nodes[number];
    struct world_snapshot snapshot;
    if (node->raft == NULL || node->applied <= node->disk.snapshot.pos.index) return;
    uint64_t term = world->ledger[node->applied - 1].term;
    snapshot.pos = (struct raft_pos){term, node->applied};
    if (!raft_members_at(node->raft, node->applied, &snapshot.members)) return;
    if (disk_durable_index(&node->disk) < node->applied) return;
    node->disk.snapshot = snapshot;
    struct raft_event event = {
        .kind = RAFT_EV_COMPACTED, .pos = snapshot.pos, .bytes_count = SNAPSHOT_BYTES};
    raft_world_step(world, number, &event);
}

void raft_world_read(struct world *world, uint32_t number)
{
    struct world_node *node = &world->nodes[number];
    if (node->raft == NULL || node->reads_count == WORLD_READS_MAX) return;
    node->reads[node->reads_count++] =
        (struct world_read){raft_read_round(node->raft), world->acknowledged};
    struct raft_event event = {.kind = RAFT_EV_READ};
    raft_world_step(world, number, &event);
}

uint32_t raft_world_leader(const struct world *world)
{
    uint32_t leader = 0;
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        const struct raft *raft = world->nodes[i].raft;
        if (raft == NULL || raft_role(raft) != RAFT_LEADER) continue;
        bool later = leader == 0 || raft_term(raft) > raft_term(world->nodes[leader].raft);
        if (later) leader = i;
    }
    return leader;
}
