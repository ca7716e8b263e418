/*
 * raft_msg_fuzz.c -- any bytes as a message between members: refused, or what is read is written
 * to the same bytes again. What is read is also given to a member, who must bear it.
 */
#include "core/raft/raft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct raft_msg *msg, struct slice bytes)
{
    struct buffer again = {0};
    raft_msg_write(msg, &again);
    if (msg->kind == RAFT_MSG_SNAPSHOT_ASK) buffer_append(&again, msg->snapshot_ask.bytes);
    if (msg->kind == RAFT_MSG_APPEND_ASK && msg->append_ask.spans_count > 0) {
        buffer_append(&again, msg->append_ask.spans[0].bytes);
    }
    ASSERT(again.len == bytes.len);
    again.data[1] = bytes.data[1]; /* flags that a kind does not have are not kept */
    ASSERT(slice_eq(buffer_slice(&again), bytes));
    buffer_free(&again);
}

static void bear(const struct raft_msg *msg)
{
    struct arena *arena = arena_new();
    struct raft_config config = {.self = {1},
                                 .election_min = {100},
                                 .election_max = {200},
                                 .heartbeat = {30},
                                 .window_bytes = 4096,
                                 .window_entries = 64,
                                 .append_bytes = 1024,
                                 .chunk_bytes = 300,
                                 .tail_bytes = 1 << 20};
    struct raft_start start = {
        .members = {.count = 3,
                    .members = {{{1}, RAFT_VOTER}, {{2}, RAFT_VOTER}, {{3}, RAFT_VOTER}}}};
    struct raft *raft = raft_new(arena, &config, &start);
    struct raft_outbox *out = arena_alloc(arena, sizeof *out);
    struct raft_event event = {.kind = RAFT_EV_MSG, .msg = msg, .now = {150}};
    raft_step(raft, &event, out);
    event = (struct raft_event){.kind = RAFT_EV_DURABLE, .now = {160}};
    event.durable_hard = out->hard_count;
    event.durable_index = raft_last(raft).index;
    raft_step(raft, &event, out);
    raft_check(raft);
    raft_free(raft);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct raft_msg msg;
    if (!raft_msg_read(bytes, &msg)) return 0;
    check_same(&msg, bytes);
    bear(&msg);
    if (msg.kind == RAFT_MSG_APPEND_ASK && msg.append_ask.spans_count > 0) {
        raft_batch_unref(msg.append_ask.spans[0].batch);
    }
    return 0;
}
