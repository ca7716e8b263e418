/*
 * raft_batch.c -- see raft_batch.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   I1  the bytes are whole entries, and `offsets` has where each begins.
 *   I2  what others may hold is never changed, and never moves.
 */
#include "base/cursor.h"
#include "core/raft/raft_batch_impl.h"
#include "core/raft/raft_members.h"

struct raft_batch {
    struct buffer self; /* the memory of this struct */
    struct buffer bytes, offsets;
    uint32_t references, count;
    bool stamped;
};

struct raft_batch *raft_batch_new(size_t capacity_bytes)
{
    struct buffer self = {0};
    struct raft_batch *batch = (struct raft_batch *)(void *)buffer_reserve(&self, sizeof *batch);
    *batch = (struct raft_batch){.self = self, .references = 1};
    buffer_reserve(&batch->bytes, capacity_bytes);
    return batch;
}

struct raft_batch *raft_batch_ref(struct raft_batch *batch)
{
    ASSERT(batch->references < UINT32_MAX);
    batch->references++;
    return batch;
}

void raft_batch_unref(struct raft_batch *batch)
{
    if (batch == NULL) return;
    ASSERT(batch->references > 0);
    if (--batch->references > 0) return;
    buffer_free(&batch->bytes);
    buffer_free(&batch->offsets);
    struct buffer self = batch->self;
    buffer_free(&self);
}

static uint32_t offset_at(const struct raft_batch *batch, uint32_t ordinal)
{
    if (ordinal == batch->count) return (uint32_t)batch->bytes.len;
    ASSERT(ordinal < batch->count);
    uint32_t offset;
    memcpy(&offset, batch->offsets.data + ordinal * sizeof offset, sizeof offset);
    return offset;
}

static void entry_begin(struct raft_batch *batch, size_t payload_len) /* [I1] */
{
    ASSERT(batch->bytes.len + RAFT_ENTRY_HEADER_BYTES + payload_len <= UINT32_MAX);
    uint32_t offset = (uint32_t)batch->bytes.len;
    buffer_append(&batch->offsets, slice_of(&offset, sizeof offset));
    batch->count++;
}

static void entry_write(struct raft_batch *batch, struct raft_pos pos, enum raft_entry_kind kind,
                        const struct slice *parts, uint32_t parts_count)
{
    size_t len = 0;
    for (uint32_t i = 0; i < parts_count; i++) len += parts[i].len;
    entry_begin(batch, len);
    uint8_t *at = buffer_reserve(&batch->bytes, RAFT_ENTRY_HEADER_BYTES + len);
    at = u32_write(at, (uint32_t)len);
    at = u32_write(at, (uint32_t)kind);
    at = u64_write(at, pos.term);
    at = u64_write(at, pos.index);
    for (uint32_t i = 0; i < parts_count; i++) {
        if (parts[i].len > 0) memcpy(at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    batch->bytes.len += RAFT_ENTRY_HEADER_BYTES + len;
}

void raft_batch_add(struct raft_batch *batch, enum raft_entry_kind kind, const struct slice *parts,
                    uint32_t parts_count)
{
    ASSERT(batch->references == 1); /* [I2] */
    ASSERT(!batch->stamped);
    entry_write(batch, (struct raft_pos){0, 0}, kind, parts, parts_count);
}

void raft_batch_add_at(struct raft_batch *batch, struct raft_pos pos, enum raft_entry_kind kind,
                       struct slice payload)
{
    ASSERT(batch->references == 1); /* [I2] */
    ASSERT(batch->stamped || batch->count == 0);
    if (batch->count > 0) {
        ASSERT(raft_batch_entry(batch, batch->count - 1).pos.index + 1 == pos.index);
    }
    batch->stamped = true;
    entry_write(batch, pos, kind, &payload, 1);
}

uint32_t raft_batch_count(const struct raft_batch *batch)
{
    return batch->count;
}

size_t raft_batch_bytes(const struct raft_batch *batch)
{
    return batch->bytes.len;
}

void raft_batch_stamp(struct raft_batch *batch, struct raft_pos first)
{
    ASSERT(!batch->stamped); /* [I2] */
    batch->stamped = true;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint8_t *at = batch->bytes.data + offset_at(batch, i) + 2 * sizeof(uint32_t);
        u64_write(u64_write(at, first.term), first.index + i);
    }
}

struct raft_entry raft_batch_entry(const struct raft_batch *batch, uint32_t ordinal)
{
    uint32_t offset = offset_at(batch, ordinal), end = offset_at(batch, ordinal + 1);
    struct raft_span span = {.bytes = slice_of(batch->bytes.data + offset, end - offset),
                             .count = 1};
    struct raft_entry entry;
    bool found = raft_span_next(&span, &entry);
    ASSERT(found);
    return entry;
}

struct raft_span raft_batch_span(struct raft_batch *batch, uint32_t ordinal, uint32_t count)
{
    uint32_t offset = offset_at(batch, ordinal), end = offset_at(batch, ordinal + count);
    return (struct raft_span){batch, slice_of(batch->bytes.data + offset, end - offset),
                              raft_batch_entry(batch, ordinal).pos.index, count};
}

static bool entry_take(struct cursor *cursor, struct raft_entry *entry)
{
    uint32_t len = cursor_u32(cursor);
    uint32_t kind = cursor_u32(cursor);
    entry->kind = (enum raft_entry_kind)kind;
    entry->pos.term = cursor_u64(cursor);
    entry->pos.index = cursor_u64(cursor);
    entry->payload = cursor_bytes(cursor, len);
    return !cursor->bad && kind >= RAFT_ENTRY_COMMANDS && kind <= RAFT_ENTRY_MEMBERS;
}

bool raft_span_next(struct raft_span *span, struct raft_entry *entry)
{
    if (span->count == 0) return false;
    struct cursor cursor = cursor_of(span->bytes);
    bool good = entry_take(&cursor, entry);
    ASSERT(good); /* [I1] */
    span->bytes = slice_of(cursor.at, cursor_left(&cursor));
    span->first++;
    span->count--;
    return true;
}

static bool follows(const struct raft_batch *batch, const struct raft_entry *entry)
{
    if (entry->kind == RAFT_ENTRY_MEMBERS) {
        struct raft_members members;
        if (!raft_members_read(entry->payload, &members)) return false;
    }
    if (batch->count == 0) return true;
    struct raft_pos before = raft_batch_entry(batch, batch->count - 1).pos;
    return entry->pos.index == before.index + 1 && entry->pos.term >= before.term;
}

struct raft_batch *raft_batch_read(struct slice bytes)
{
    if (bytes.len > UINT32_MAX) return NULL;
    struct raft_batch *batch = raft_batch_new(bytes.len);
    batch->stamped = true;
    struct cursor cursor = cursor_of(bytes);
    while (cursor_left(&cursor) > 0) {
        struct raft_entry entry;
        const uint8_t *from = cursor.at;
        if (!entry_take(&cursor, &entry) || !follows(batch, &entry)) {
            raft_batch_unref(batch);
            return NULL;
        }
        entry_begin(batch, entry.payload.len);
        buffer_append(&batch->bytes, slice_of(from, (size_t)(cursor.at - from)));
    }
    return batch;
}
