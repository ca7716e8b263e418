/* raft_fixture.c -- see raft_fixture.h. */
#include "test/core/raft/raft_fixture.h"

#include <stdlib.h>

#include "core/raft/raft_batch_impl.h"

struct raft_fixture *raft_fixture_new(struct raft_hard hard, const uint64_t *terms)
{
    struct raft_fixture *fixture = calloc(1, sizeof *fixture);
    ASSERT(fixture != NULL);
    struct raft_config config = {.self = {1},
                                 .election_min = {100},
                                 .election_max = {200},
                                 .heartbeat = {30},
                                 .lease = true,
                                 .drift_percent = 10,
                                 .window_bytes = 4096,
                                 .window_entries = 64,
                                 .append_bytes = 1024,
                                 .chunk_bytes = 300,
                                 .tail_bytes = 1 << 20};
    struct raft_start start = {
        .hard = hard,
        .members = {.count = 3,
                    .members = {{{1}, RAFT_VOTER}, {{2}, RAFT_VOTER}, {{3}, RAFT_VOTER}}}};
    fixture->arena = arena_new();
    fixture->raft = raft_new(fixture->arena, &config, &start);
    for (uint64_t index = 1; terms != NULL && terms[index - 1] != 0; index++) {
        struct raft_batch *batch = raft_batch_new(64);
        struct raft_pos pos = {terms[index - 1], index};
        raft_batch_add_at(batch, pos, RAFT_ENTRY_EMPTY, (struct slice){0});
        raft_restore(fixture->raft, batch);
        raft_batch_unref(batch);
    }
    return fixture;
}

void raft_fixture_free(struct raft_fixture *fixture)
{
    raft_free(fixture->raft);
    arena_free(fixture->arena);
    free(fixture);
}

void raft_fixture_step(struct raft_fixture *fixture, struct raft_event event)
{
    if (event.now.ns == 0) event.now.ns = FIXTURE_NOW;
    raft_step(fixture->raft, &event, &fixture->out);
    raft_check(fixture->raft);
    fixture->hard_count = fixture->out.hard_count;
    fixture->hard_changed |= fixture->out.hard_changed;
    fixture->answers += fixture->out.msgs_count;
    if (fixture->out.msgs_count > 0) {
        fixture->answer = fixture->out.msgs[fixture->out.msgs_count - 1];
    }
}

void raft_fixture_ask(struct raft_fixture *fixture, struct raft_msg *msg, bool durable)
{
    fixture->answers = 0;
    fixture->hard_changed = false;
    fixture->answer = (struct raft_msg){0};
    raft_fixture_step(fixture, (struct raft_event){.kind = RAFT_EV_MSG, .msg = msg});
    bool entries = msg->kind == RAFT_MSG_APPEND_ASK && msg->append_ask.spans_count > 0;
    if (entries) raft_batch_unref(msg->append_ask.spans[0].batch);
    if (!durable) return;
    raft_fixture_step(fixture,
                      (struct raft_event){.kind = RAFT_EV_DURABLE,
                                          .durable_hard = fixture->hard_count,
                                          .durable_index = raft_last(fixture->raft).index});
}

struct raft_msg raft_fixture_append(uint32_t from, uint64_t term, struct raft_pos previous,
                                    uint64_t entry_term, uint32_t count)
{
    struct raft_msg msg = {.kind = RAFT_MSG_APPEND_ASK, .from = {from}, .to = {1}, .term = term};
    msg.append_ask.previous = previous;
    if (count == 0) return msg;
    struct raft_batch *batch = raft_batch_new(64);
    for (uint32_t i = 1; i <= count; i++) {
        struct raft_pos pos = {entry_term, previous.index + i};
        raft_batch_add_at(batch, pos, RAFT_ENTRY_EMPTY, (struct slice){0});
    }
    msg.append_ask.spans[0] = raft_batch_span(batch, 0, count);
    msg.append_ask.spans_count = 1;
    return msg;
}
