/* progress_test.c -- the progress line as texts, and when it is due. */
#include "cli/progress.h"
#include "test/rows.h"

#define SECONDS(s) ((duration){(int64_t)((s)*1e9)})

static const struct job_progress early = {.phase = JOB_PLAN};
static const struct job_progress sampling = {.phase = JOB_SAMPLE};
static const struct job_progress mapping = {
    .phase = JOB_MAP, .map_done = 0.431, .records_in = 12345678, .spills = 1};
static const struct job_progress map_only = {
    .phase = JOB_MAP, .map_only = true, .map_done = 0.5, .records_in = 2};
static const struct job_progress trouble = {.phase = JOB_MAP,
                                            .map_done = 0.999,
                                            .records_in = 5,
                                            .bad_records = 2,
                                            .attempts_failed = 1,
                                            .status = {(const uint8_t *)"at\x1b[2J b", 8}};
static const struct job_progress reducing = {
    .phase = JOB_REDUCE, .map_done = 1, .reduce_done = 0.5};
static const struct job_progress publishing = {.phase = JOB_PUBLISH, .map_done = 1};

static const struct progress_pace unknown = {.left = {-1}};
static const struct progress_pace known = {.bytes_second = 302000000, .left = {8200000000}};

/* clang-format off */
static const struct line_row {
    const char *why;
    const struct job_progress *now;
    const struct progress_pace *pace;
    uint32_t columns;
    const char *want;
} line_rows[] = {
    {"before there is anything to count", &early, &unknown, 40,
     "[>               ] looking at the inputs"},
    {"a sample", &sampling, &unknown, 40, "[>                   ] sampling the keys"},
    {"all there is", &mapping, &known, 90,
     "[==========>              ] map 43%  reduce 0%  302 MB/s  ETA 9 s  12.3 M records  1 spill"},
    {"no reduce where there is none", &map_only, &unknown, 20, "map 50%  2 records"},
    {"no bar where there is no room", &mapping, &known, 71,
     "map 43%  reduce 0%  302 MB/s  ETA 9 s  12.3 M records  1 spill"},
    {"the least important goes first", &mapping, &known, 60,
     "map 43%  reduce 0%  302 MB/s  ETA 9 s  12.3 M records"},
    {"a narrow window", &mapping, &known, 20, "map 43%  reduce 0%"},
    {"a hopeless one", &mapping, &known, 5, ""},
    {"100% only when all is done, and a status that cannot command the terminal", &trouble,
     &unknown, 80,
     "map 99%  reduce 0%  2 bad records  1 failed attempt  5 records  at?[2J b"},
    {"reduce shows no reading speed", &reducing, &known, 60,
     "[==============>             ] map 100%  reduce 50%  ETA 9 s"},
    {"the end", &publishing, &unknown, 40, "[=================] finishing the output"},
};
/* clang-format on */

Test(progress, line)
{
    struct buffer out = {0};
    FOR_ROWS (row, line_rows) {
        buffer_clear(&out);
        progress_line(row->now, *row->pace, row->columns, false, &out);
        cr_expect(out.len <= row->columns, "%s: it is %zu wide", row->why, out.len);
        ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
    }
    buffer_free(&out);
}

Test(progress, colour_takes_no_columns)
{
    struct buffer out = {0};
    progress_line(&mapping, known, 90, true, &out);
    const char *want =
        "[\x1b[32m==========>              \x1b[0m] map 43%  reduce 0%  302 MB/s  ETA 9 s "
        " 12.3 M records  1 spill";
    cr_expect(slice_eq(buffer_slice(&out), slice_text(want)), "%.*s", (int)out.len, out.data);
    buffer_free(&out);
}

Test(progress, plain_line)
{
    struct buffer out = {0};
    progress_plain_line(&mapping, known, &out);
    const char *want = "tutti: map 43%, reduce 0%, 302 MB/s, ETA 9 s, 12.3 M records, 1 spill\n";
    cr_expect(slice_eq(buffer_slice(&out), slice_text(want)), "%.*s", (int)out.len, out.data);
    buffer_free(&out);
}

static const struct due_row {
    const char *why;
    enum progress_style style;
    double written, now;
    bool due;
} due_rows[] = {
    {"a short job paints nothing", PROGRESS_LIVE, 0, 0.19, false},
    {"then five times a second", PROGRESS_LIVE, 0, 0.2, true},
    {"not more often", PROGRESS_LIVE, 1.0, 1.1, false},
    {"plain lines begin after five seconds", PROGRESS_PLAIN, 0, 4.9, false},
    {"and come every five", PROGRESS_PLAIN, 5, 10, true},
    {"quiet is quiet", PROGRESS_NONE, 0, 100, false},
};

Test(progress, due)
{
    FOR_ROWS (row, due_rows) {
        struct progress progress = {.style = row->style, .written = SECONDS(row->written)};
        ROW_EQ(row, progress_is_due(&progress, SECONDS(row->now)), row->due);
    }
}

static struct progress_pace step(struct progress *progress, enum job_phase phase, double seconds,
                                 uint64_t bytes, double done)
{
    struct job_progress now = {.phase = phase, .bytes_read = bytes, .elapsed = SECONDS(seconds)};
    now.map_done = phase == JOB_MAP ? done : 1;
    now.reduce_done = phase == JOB_REDUCE ? done : 0;
    return progress_measure(progress, &now);
}

Test(progress, pace)
{
    struct progress progress = {.style = PROGRESS_LIVE};
    struct progress_pace pace = step(&progress, JOB_MAP, 0, 0, 0);
    cr_expect(pace.bytes_second == 0 && pace.left.ns < 0, "nothing is known at the start");
    pace = step(&progress, JOB_MAP, 0.5, 50, 0.05);
    cr_expect(pace.bytes_second == 100 && pace.left.ns < 0, "half a second tells no end");
    pace = step(&progress, JOB_MAP, 2, 200, 0.2);
    cr_expect(pace.left.ns == SECONDS(8).ns, "a fifth took 2 s, the rest takes 8: %lld",
              (long long)pace.left.ns);
    (void)step(&progress, JOB_MAP, 4, 400, 0.4);
    (void)step(&progress, JOB_MAP, 8, 800, 0.8);
    pace = step(&progress, JOB_MAP, 9, 1800, 0.9);
    cr_expect(pace.bytes_second == 280, "the speed is of late, not of all: %llu",
              (unsigned long long)pace.bytes_second);
    pace = step(&progress, JOB_REDUCE, 10, 1800, 0.5);
    cr_expect(pace.left.ns < 0, "a new phase starts to count anew");
    pace = step(&progress, JOB_REDUCE, 12, 1800, 0.5);
    cr_expect(pace.left.ns == SECONDS(2).ns, "half of reduce took 2 s");
}
