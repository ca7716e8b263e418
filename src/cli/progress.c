/* progress.c -- see progress.h. */
#include <stdio.h>

#include "base/size.h"
#include "cli/progress.h"
#include "cli/tame.h"
#include "io/terminal.h"

enum { BAR_COLUMNS_MIN = 10, BAR_COLUMNS_MAX = 30, PARTS_MAX = 12 };
static const int64_t SECOND_NS = 1000 * 1000 * 1000;
static const int64_t LIVE_NS = 200 * 1000 * 1000;
#define PLAIN_NS (5 * SECOND_NS)
#define PACE_NS  (3 * SECOND_NS)

#define GREEN     "\x1b[32m"
#define NO_COLOR  "\x1b[0m"
#define WIPE_LINE "\r\x1b[K"

/* The parts of a line, the most important first, each in its place in `text`. */
struct parts {
    struct buffer text;
    size_t ends[PARTS_MAX];
    uint32_t count;
};

static void part_end(struct parts *parts)
{
    ASSERT(parts->count < PARTS_MAX);
    parts->ends[parts->count++] = parts->text.len;
}

static struct slice part_get(const struct parts *parts, uint32_t index)
{
    size_t start = index == 0 ? 0 : parts->ends[index - 1];
    return slice_from(slice_of(parts->text.data, parts->ends[index]), start);
}

static int percent(double done)
{
    return (int)(done * 100); /* 100 only when all is done */
}

static double phase_done(const struct job_progress *now)
{
    switch (now->phase) {
    case JOB_PLAN:
    case JOB_SAMPLE: return 0;
    case JOB_MAP: return now->map_done;
    case JOB_REDUCE: return now->reduce_done;
    case JOB_PUBLISH: return 1;
    }
    return 0;
}

static void add_phase(struct parts *parts, const struct job_progress *now)
{
    switch (now->phase) {
    case JOB_PLAN: buffer_append(&parts->text, SLICE("looking at the inputs")); break;
    case JOB_SAMPLE: buffer_append(&parts->text, SLICE("sampling the keys")); break;
    case JOB_MAP:
    case JOB_REDUCE:
        buffer_append_format(&parts->text, "map %d%%", percent(now->map_done));
        if (now->map_only) break;
        part_end(parts);
        buffer_append_format(&parts->text, "reduce %d%%", percent(now->reduce_done));
        break;
    case JOB_PUBLISH: buffer_append(&parts->text, SLICE("finishing the output")); break;
    }
    part_end(parts);
}

static void add_count(struct parts *parts, uint64_t count, const char *one, const char *many)
{
    if (count == 0) return;
    count_append_short(&parts->text, count);
    buffer_append_format(&parts->text, " %s", count == 1 ? one : many);
    part_end(parts);
}

/* What a command reports of itself. */
static void add_status(struct parts *parts, struct slice status)
{
    if (status.len == 0) return;
    tame_append(&parts->text, status);
    part_end(parts);
}

/* In whole seconds: it is a guess, and tenths would only flicker. */
static void add_left(struct parts *parts, duration left)
{
    enum { MINUTE_S = 60 };
    int64_t seconds = (left.ns + SECOND_NS - 1) / SECOND_NS;
    buffer_append(&parts->text, SLICE("ETA "));
    if (seconds < MINUTE_S) {
        buffer_append_format(&parts->text, "%lld s", (long long)seconds);
    } else {
        duration_append(&parts->text, (duration){seconds * SECOND_NS});
    }
    part_end(parts);
}

static void add_parts(struct parts *parts, const struct job_progress *now,
                      struct progress_pace pace)
{
    add_phase(parts, now);
    if (pace.bytes_second != 0 && now->phase == JOB_MAP) {
        size_append(&parts->text, pace.bytes_second);
        buffer_append(&parts->text, SLICE("/s"));
        part_end(parts);
    }
    if (pace.left.ns >= 0) {
        add_left(parts, pace.left);
    }
    add_count(parts, now->bad_records, "bad record", "bad records");
    add_count(parts, now->attempts_failed, "failed attempt", "failed attempts");
    add_count(parts, now->records_in, "record", "records");
    add_count(parts, now->spills, "spill", "spills");
    add_status(parts, now->status);
}

void progress_bar(struct buffer *out, double done, uint32_t columns, bool color)
{
    uint32_t full = (uint32_t)(done * columns);
    buffer_append_byte(out, '[');
    if (color) buffer_append(out, SLICE(GREEN));
    for (uint32_t i = 0; i < columns; i++) {
        uint8_t tip = i == full ? '>' : ' ';
        buffer_append_byte(out, i < full ? '=' : tip);
    }
    if (color) buffer_append(out, SLICE(NO_COLOR));
    buffer_append(out, SLICE("] "));
}

void progress_line(const struct job_progress *now, struct progress_pace pace, uint32_t columns,
                   bool color, struct buffer *out)
{
    static const struct slice gap = {(const uint8_t *)"  ", 2};
    struct parts parts = {0};
    add_parts(&parts, now, pace);
    uint32_t shown = 0;
    size_t used = 0;
    for (; shown < parts.count; shown++) {
        size_t more = part_get(&parts, shown).len + (shown == 0 ? 0 : gap.len);
        if (used + more > columns) break;
        used += more;
    }
    size_t bar = columns - used;
    enum { BRACKETS = 3 };
    if (bar >= BAR_COLUMNS_MIN + BRACKETS) {
        bar = u64_min(bar - BRACKETS, BAR_COLUMNS_MAX);
        progress_bar(out, phase_done(now), (uint32_t)bar, color);
    }
    for (uint32_t i = 0; i < shown; i++) {
        if (i != 0) buffer_append(out, gap);
        buffer_append(out, part_get(&parts, i));
    }
    buffer_free(&parts.text);
}

void progress_plain_line(const struct job_progress *now, struct progress_pace pace,
                         struct buffer *out)
{
    struct parts parts = {0};
    add_parts(&parts, now, pace);
    buffer_append(out, SLICE("tutti: "));
    for (uint32_t i = 0; i < parts.count; i++) {
        if (i != 0) buffer_append(out, SLICE(", "));
        buffer_append(out, part_get(&parts, i));
    }
    buffer_append_byte(out, '\n');
    buffer_free(&parts.text);
}

static void move_marks(struct progress *progress, const struct job_progress *now)
{
    if (now->elapsed.ns - progress->marks[1].at.ns < PACE_NS) return;
    progress->marks[0] = progress->marks[1];
    progress->marks[1] = (struct progress_mark){now->elapsed, now->bytes_read};
}

struct progress_pace progress_measure(struct progress *progress, const struct job_progress *now)
{
    if (now->phase != progress->phase) {
        progress->phase = now->phase;
        progress->phase_start = now->elapsed;
    }
    struct progress_pace pace = {.left = {-1}};
    double spent_ns = (double)(now->elapsed.ns - progress->marks[0].at.ns);
    double bytes = (double)(now->bytes_read - progress->marks[0].bytes);
    if (spent_ns > 0) pace.bytes_second = (uint64_t)(bytes * (double)SECOND_NS / spent_ns);
    double done = phase_done(now);
    double phase_ns = (double)(now->elapsed.ns - progress->phase_start.ns);
    bool told = done >= 0.01 && done < 1 && phase_ns >= (double)SECOND_NS;
    if (told) pace.left.ns = (int64_t)(phase_ns * (1 - done) / done);
    move_marks(progress, now);
    return pace;
}

bool progress_is_due(const struct progress *progress, duration now)
{
    int64_t since_ns = now.ns - progress->written.ns;
    switch (progress->style) {
    case PROGRESS_NONE: return false;
    case PROGRESS_LIVE: return since_ns >= LIVE_NS;
    case PROGRESS_PLAIN: return since_ns >= PLAIN_NS;
    }
    return false;
}

void progress_show(struct progress *progress, const struct job_progress *now)
{
    struct progress_pace pace = progress_measure(progress, now);
    if (!progress_is_due(progress, now->elapsed)) return;
    struct buffer line = {0};
    if (progress->style == PROGRESS_LIVE) {
        buffer_append(&line, SLICE(WIPE_LINE));
        /* In the last column a terminal may already wrap. */
        uint32_t columns = terminal_width(fileno(stderr)) - 1;
        progress_line(now, pace, columns, progress->color, &line);
    } else {
        progress_plain_line(now, pace, &line);
    }
    (void)fwrite(line.data, 1, line.len, stderr);
    progress->painted = progress->style == PROGRESS_LIVE;
    progress->written = now->elapsed;
    buffer_free(&line);
}

void progress_clear(struct progress *progress)
{
    if (progress->painted) (void)fputs(WIPE_LINE, stderr);
    progress->painted = false;
}
