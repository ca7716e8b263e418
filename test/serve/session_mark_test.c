/* session_mark_test.c -- which gate each part of the output has, as parts of it leave. */
#include "serve/crossing_impl.h"
#include "test/rows.h"

struct mark {
    uint64_t gate;
    size_t start;
};

static void expect_marks(const struct session *session, const struct mark *want, size_t count)
{
    const struct mark *got = (const struct mark *)(void *)session->marks.data;
    cr_assert_eq(session->marks.len, count * sizeof *want);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(got[i].gate, want[i].gate, "gate %zu", i);
        cr_expect_eq(got[i].start, want[i].start, "start %zu", i);
    }
}

Test(session_mark, only_changes_are_kept)
{
    struct crossing crossing = {.config.replicated = true};
    struct server server = {.crossing = &crossing};
    struct session session = {0};
    session_mark(&server, &session, 0, 0); /* waits for nothing */
    session_mark(&server, &session, 5, 7);
    session_mark(&server, &session, 10, 7);
    session_mark(&server, &session, 15, 9);
    session_mark(&server, &session, 20, 0);
    const struct mark all[] = {{7, 5}, {9, 15}, {0, 20}};
    expect_marks(&session, all, COUNT_OF(all));
    session_marks_shift(&session, 12); /* the first has not left whole */
    const struct mark two[] = {{7, 0}, {9, 3}, {0, 8}};
    expect_marks(&session, two, COUNT_OF(two));
    session_marks_shift(&session, 4);
    const struct mark one[] = {{9, 0}, {0, 4}};
    expect_marks(&session, one, COUNT_OF(one));
    buffer_free(&session.marks);
}

Test(session_mark, a_node_that_is_alone_keeps_none)
{
    struct crossing lanes = {.config.replicated = false};
    struct server servers[] = {{.crossing = NULL}, {.crossing = &lanes}};
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        struct session session = {0};
        session_mark(&servers[i], &session, 0, 7);
        cr_expect_eq(session.marks.len, 0);
    }
}
