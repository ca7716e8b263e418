/* session_mark_test.c -- which gate each part of the output has, as parts of it leave. */
#include "serve/crossing_impl.h"
#include "test/rows.h"

struct mark {
    struct gate gate;
    size_t start;
};

static void mark(struct session *session, size_t start, uint32_t shard, uint64_t index)
{
    session_mark(session, start, (struct gate){{shard}, index});
}

static void expect_marks(const struct session *session, const struct mark *want, size_t count)
{
    const struct mark *got = (const struct mark *)(void *)session->marks.data;
    cr_assert_eq(session->marks.len, count * sizeof *want);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(got[i].gate.index, want[i].gate.index, "index %zu", i);
        cr_expect(want[i].gate.index == 0 || shard_eq(got[i].gate.shard, want[i].gate.shard));
        cr_expect_eq(got[i].start, want[i].start, "start %zu", i);
    }
}

Test(session_mark, only_changes_are_kept)
{
    struct session session = {0};
    mark(&session, 0, 3, 0); /* waits for nothing, as what would be before it */
    mark(&session, 5, 3, 7);
    mark(&session, 10, 3, 7);
    mark(&session, 12, 4, 7); /* another shard's */
    mark(&session, 15, 4, 9);
    mark(&session, 20, 3, 0);
    mark(&session, 25, 4, 0);
    const struct mark all[] = {{{{3}, 7}, 5}, {{{4}, 7}, 12}, {{{4}, 9}, 15}, {{{3}, 0}, 20}};
    expect_marks(&session, all, COUNT_OF(all));
    session_marks_shift(&session, 5);
    const struct mark shifted[] = {{{{3}, 7}, 0}, {{{4}, 7}, 7}, {{{4}, 9}, 10}, {{{3}, 0}, 15}};
    expect_marks(&session, shifted, COUNT_OF(shifted));
    cr_expect_eq(session_last_gate(&session).index, 0);
    buffer_free(&session.marks);
}

Test(session_mark, what_is_behind_a_later_place_of_the_log_needs_no_mark)
{
    struct session session = {0};
    mark(&session, 0, GATE_LANE, 7);
    mark(&session, 5, GATE_LANE, 4);
    mark(&session, 8, GATE_LANE, 9);
    mark(&session, 9, 3, 0);
    mark(&session, 10, 3, 2);
    const struct mark all[] = {{{{GATE_LANE}, 7}, 0}, {{{GATE_LANE}, 9}, 8}, {{{3}, 2}, 10}};
    expect_marks(&session, all, COUNT_OF(all));
    buffer_free(&session.marks);
}

Test(session_mark, only_what_waits_for_the_lost_is_lost)
{
    struct session session = {.protocol = 2};
    buffer_append(&session.output, SLICE("+a\r\n+b\r\n+c\r\n+d\r\n"));
    mark(&session, 4, 3, 7);
    mark(&session, 8, 4, 7);
    mark(&session, 12, 3, 9);
    cr_expect_eq(session_lose(&session, (struct gate){{5}, 1}, SLICE("-no\r\n")), 0);
    cr_expect_eq(session_lose(&session, (struct gate){{3}, 8}, SLICE("-no\r\n")), 1);
    cr_expect(slice_eq(buffer_slice(&session.output), SLICE("+a\r\n+b\r\n+c\r\n-no\r\n")));
    cr_expect_eq(session_lose(&session, (struct gate){{3}, 7}, SLICE("-lost\r\n")), 1);
    cr_expect(slice_eq(buffer_slice(&session.output), SLICE("+a\r\n-lost\r\n+c\r\n-no\r\n")));
    buffer_free(&session.output);
    buffer_free(&session.marks);
}
