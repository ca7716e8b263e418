/*
 * mr_msg_test.c -- messages and specs as bytes. Random ones come back as they were; every prefix
 * of their bytes, and every byte more, is refused; bytes with one bit turned never hurt.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/mapreduce/job_spec.h"
#include "core/mapreduce/mr_msg.h"
#include "test/core/mapreduce/random_fixture.h"
#include "test/rows.h"

enum { ROUNDS = 2000, ITEMS_MAX = 5, TEXT_MAX = 12 };

/* Numbers of every length in bytes. */
static uint64_t random_number(struct random *random)
{
    return random_next(random) >> random_below(random, 64);
}

static uint32_t random_id(struct random *random)
{
    return (uint32_t)random_next(random) >> random_below(random, 32);
}

static struct slice random_text(struct random *random, struct arena *arena)
{
    uint8_t bytes[TEXT_MAX];
    size_t len = random_below(random, TEXT_MAX);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)random_next(random);
    return arena_copy(arena, slice_of(bytes, len));
}

static struct mr_counts random_counts(struct random *random)
{
    struct mr_counts counts = {random_number(random), random_number(random), random_number(random),
                               random_number(random), random_number(random), random_number(random)};
    return counts;
}

static struct slice *random_texts(struct random *random, struct arena *arena, uint32_t *count)
{
    *count = random_below(random, ITEMS_MAX);
    struct slice *texts = ARENA_ARRAY(arena, struct slice, *count);
    for (uint32_t i = 0; i < *count; i++) texts[i] = random_text(random, arena);
    return texts;
}

static struct mr_segment *random_segments(struct random *random, struct arena *arena,
                                          uint32_t *count)
{
    *count = random_below(random, ITEMS_MAX);
    struct mr_segment *segments = ARENA_ARRAY(arena, struct mr_segment, *count);
    for (uint32_t i = 0; i < *count; i++) {
        segments[i].worker.n = random_id(random);
        segments[i].partition = random_id(random);
        segments[i].run.n = random_number(random);
        segments[i].offset = random_number(random);
        segments[i].bytes = random_number(random);
        segments[i].records = random_number(random);
    }
    return segments;
}

static struct mr_run_task random_run(struct random *random, struct arena *arena)
{
    struct mr_run_task run = {.kind = (enum mr_kind)random_below(random, MR_KINDS)};
    run.part = random_id(random);
    run.partitions = random_below(random, MR_PARTITIONS_MAX + 1);
    run.bad_records_allowed = random_number(random);
    run.split = random_text(random, arena);
    run.splitters = random_texts(random, arena, &run.splitters_count);
    run.segments = random_segments(random, arena, &run.segments_count);
    return run;
}

static struct mr_task_done random_done(struct random *random, struct arena *arena)
{
    struct mr_task_done done = {.report = {.counts = random_counts(random)}};
    struct mr_report *report = &done.report;
    report->first_bad = random_text(random, arena);
    report->counters_count = random_below(random, ITEMS_MAX);
    report->counters = ARENA_ARRAY(arena, struct mr_counter, report->counters_count);
    for (uint32_t i = 0; i < report->counters_count; i++) {
        report->counters[i].group = random_text(random, arena);
        report->counters[i].name = random_text(random, arena);
        int64_t amount = (int64_t)random_number(random);
        report->counters[i].amount = random_chance(random, 50) ? amount : ~amount;
    }
    report->counters_dropped = random_number(random);
    done.segments = random_segments(random, arena, &done.segments_count);
    done.samples = random_texts(random, arena, &done.samples_count);
    done.output_bytes = random_number(random);
    done.output_records = random_number(random);
    return done;
}

static struct mr_msg random_msg(struct random *random, struct arena *arena)
{
    struct mr_msg msg = {.kind = (enum mr_msg_kind)random_below(random, MR_TASK_PROGRESS + 1)};
    msg.task.n = random_id(random);
    msg.attempt.n = random_id(random);
    switch (msg.kind) {
    case MR_RUN_TASK: msg.run = random_run(random, arena); break;
    case MR_TASK_DONE: msg.done = random_done(random, arena); break;
    case MR_TASK_FAILED:
        msg.failed.retry = random_chance(random, 50);
        msg.failed.code = (enum err)(1 + random_below(random, ERR_CLOSED));
        msg.failed.text = random_text(random, arena);
        break;
    case MR_TASK_PROGRESS:
        msg.progress.counts = random_counts(random);
        msg.progress.status = random_text(random, arena);
        break;
    case MR_STOP_TASK:
    case MR_DROP_RUNS:
    case MR_JOB_OVER: break;
    }
    return msg;
}

static bool texts_eq(const struct slice *a, const struct slice *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!slice_eq(a[i], b[i])) return false;
    }
    return true;
}

static bool bytes_eq(const void *a, const void *b, size_t len)
{
    return slice_eq(slice_of(a, len), slice_of(b, len));
}

static void expect_run_eq(const struct mr_run_task *a, const struct mr_run_task *b)
{
    cr_expect_eq(a->kind, b->kind);
    cr_expect_eq(a->part, b->part);
    cr_expect_eq(a->partitions, b->partitions);
    cr_expect_eq(a->bad_records_allowed, b->bad_records_allowed);
    cr_expect(slice_eq(a->split, b->split));
    cr_assert_eq(a->splitters_count, b->splitters_count);
    cr_expect(texts_eq(a->splitters, b->splitters, a->splitters_count));
    cr_assert_eq(a->segments_count, b->segments_count);
    cr_expect(bytes_eq(a->segments, b->segments, sizeof *a->segments * a->segments_count));
}

static void expect_report_eq(const struct mr_report *a, const struct mr_report *b)
{
    cr_expect(bytes_eq(&a->counts, &b->counts, sizeof a->counts));
    cr_expect(slice_eq(a->first_bad, b->first_bad));
    cr_expect_eq(a->counters_dropped, b->counters_dropped);
    cr_assert_eq(a->counters_count, b->counters_count);
    for (uint32_t i = 0; i < a->counters_count; i++) {
        cr_expect(slice_eq(a->counters[i].group, b->counters[i].group));
        cr_expect(slice_eq(a->counters[i].name, b->counters[i].name));
        cr_expect_eq(a->counters[i].amount, b->counters[i].amount);
    }
}

static void expect_done_eq(const struct mr_task_done *a, const struct mr_task_done *b)
{
    expect_report_eq(&a->report, &b->report);
    cr_assert_eq(a->segments_count, b->segments_count);
    cr_expect(bytes_eq(a->segments, b->segments, sizeof *a->segments * a->segments_count));
    cr_assert_eq(a->samples_count, b->samples_count);
    cr_expect(texts_eq(a->samples, b->samples, a->samples_count));
    cr_expect_eq(a->output_bytes, b->output_bytes);
    cr_expect_eq(a->output_records, b->output_records);
}

static void expect_msg_eq(const struct mr_msg *a, const struct mr_msg *b)
{
    cr_assert_eq(a->kind, b->kind);
    cr_expect_eq(a->task.n, b->task.n);
    cr_expect_eq(a->attempt.n, b->attempt.n);
    switch (a->kind) {
    case MR_RUN_TASK: expect_run_eq(&a->run, &b->run); break;
    case MR_TASK_DONE: expect_done_eq(&a->done, &b->done); break;
    case MR_TASK_FAILED:
        cr_expect_eq(a->failed.retry, b->failed.retry);
        cr_expect_eq(a->failed.code, b->failed.code);
        cr_expect(slice_eq(a->failed.text, b->failed.text));
        break;
    case MR_TASK_PROGRESS:
        cr_expect(bytes_eq(&a->progress.counts, &b->progress.counts, sizeof a->progress.counts));
        cr_expect(slice_eq(a->progress.status, b->progress.status));
        break;
    case MR_STOP_TASK:
    case MR_DROP_RUNS:
    case MR_JOB_OVER: break;
    }
}

/* Every shorter input, in memory of exactly its size so that a sanitizer sees a read past it; one
 * byte more; and single bits turned, which may make another message but must not hurt. */
static void expect_refusals(struct slice bytes, struct random *random, struct arena *arena)
{
    struct mr_msg msg;
    struct fault fault;
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = malloc(len + 1); /* and one, since 0 bytes may be no memory at all */
        cr_assert(exact != NULL);
        memcpy(exact + 1, bytes.data, len);
        struct slice cut = slice_of(exact + 1, len);
        cr_expect_eq(mr_msg_decode(cut, arena, &msg, &fault), ERR_CORRUPT, "cut at %zu", len);
        free(exact);
    }
    struct buffer longer = {0};
    buffer_append(&longer, bytes);
    buffer_append_byte(&longer, 0);
    cr_expect_eq(mr_msg_decode(buffer_slice(&longer), arena, &msg, &fault), ERR_CORRUPT);
    longer.len--;
    longer.data[random_below(random, (uint32_t)longer.len)] ^=
        (uint8_t)(1 << random_below(random, 8));
    enum err err = mr_msg_decode(buffer_slice(&longer), arena, &msg, &fault);
    cr_expect(err == ERR_OK || err == ERR_CORRUPT);
    buffer_free(&longer);
}

Test(mr_msg, random_messages_come_back_and_their_parts_are_refused)
{
    struct random random = random_of(1);
    struct buffer bytes = {0};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_new();
        struct mr_msg msg = random_msg(&random, arena), back;
        struct fault fault = {0};
        buffer_clear(&bytes);
        mr_msg_encode(&msg, &bytes);
        enum err err = mr_msg_decode(buffer_slice(&bytes), arena, &back, &fault);
        cr_assert_eq(err, ERR_OK, "round %u: %s", round, fault.text);
        expect_msg_eq(&msg, &back);
        expect_refusals(buffer_slice(&bytes), &random, arena);
        arena_free(arena);
    }
    buffer_free(&bytes);
}

/* clang-format off */
static const struct refusal {
    const char *why;
    struct slice bytes;
} refusals[] = {
    {"nothing at all",                     SLICE("")},
    {"a kind that does not exist",         SLICE("\x07\x01\x01")},
    {"a task beyond 32 bits",              SLICE("\x03\x80\x80\x80\x80\x10\x01")},
    {"a kind of task that does not exist", SLICE("\x00\x01\x01\x03\x00\x01\x00\x00\x00\x00")},
    {"more partitions than there can be",
     SLICE("\x00\x01\x01\x01\x00\x81\x80\x04\x00\x00\x00\x00")},
    {"a count that the bytes cannot hold",
     SLICE("\x00\x01\x01\x01\x00\x01\x00\x00\x00\xff\xff\x03")},
    {"a failure without a reason",         SLICE("\x05\x01\x01\x01\x00\x00")},
    {"an error that does not exist",       SLICE("\x05\x01\x01\x01\x7f\x00")},
    {"a yes that is neither yes nor no",   SLICE("\x05\x01\x01\x02\x01\x00")},
    {"a text longer than what is left",    SLICE("\x05\x01\x01\x01\x01\x05" "abc")},
};
/* clang-format on */

Test(mr_msg, refusals)
{
    FOR_ROWS (row, refusals) {
        struct arena *arena = arena_new();
        struct mr_msg msg;
        struct fault fault = {0};
        ROW_EQ(row, mr_msg_decode(row->bytes, arena, &msg, &fault), ERR_CORRUPT);
        cr_expect(fault.text[0] != '\0', "%s: no text", row->why);
        arena_free(arena);
    }
}

Test(mr_msg, what_is_too_long_is_cut_where_that_is_harmless)
{
    static uint8_t text[MR_TEXT_BYTES_MAX + 100];
    static struct mr_counter counters[MR_COUNTERS_MAX + 3];
    struct mr_msg msg = {.kind = MR_TASK_DONE};
    msg.done.report.first_bad = slice_of(text, sizeof text);
    msg.done.report.counters = counters;
    msg.done.report.counters_count = COUNT_OF(counters);
    msg.done.report.counters_dropped = 4;
    struct slice key = slice_of(text, MR_SAMPLE_KEY_BYTES_MAX + 1);
    msg.done.samples = &key;
    msg.done.samples_count = 1;

    struct buffer bytes = {0};
    struct arena *arena = arena_new();
    struct fault fault = {0};
    struct mr_msg back;
    mr_msg_encode(&msg, &bytes);
    cr_assert_eq(mr_msg_decode(buffer_slice(&bytes), arena, &back, &fault), ERR_OK);
    cr_expect_eq(back.done.report.first_bad.len, MR_TEXT_BYTES_MAX);
    cr_expect_eq(back.done.report.counters_count, MR_COUNTERS_MAX);
    cr_expect_eq(back.done.report.counters_dropped, 7, "the three that were cut are counted");
    cr_expect_eq(back.done.samples[0].len, MR_SAMPLE_KEY_BYTES_MAX);
    buffer_free(&bytes);
    arena_free(arena);
}

static struct job_spec random_spec(struct random *random, struct arena *arena)
{
    struct job_spec spec = {.map = random_text(random, arena)};
    spec.reduce = random_text(random, arena);
    spec.combine = random_text(random, arena);
    spec.format = (enum record_format)random_below(random, FORMAT_FIXED + 1);
    spec.fixed_bytes = random_id(random);
    spec.header = (enum header_mode)random_below(random, HEADER_NO + 1);
    spec.order = (enum job_order)random_below(random, ORDER_VALUE_DESCENDING + 1);
    spec.total_order = random_chance(random, 50);
    spec.reducers = random_id(random);
    spec.compress = (enum compression)random_below(random, COMPRESSION_ZST + 1);
    spec.fsync = random_chance(random, 50);
    spec.attempts_max = random_id(random);
    spec.bad_records_max = random_number(random);
    spec.record_bytes_max = random_number(random);
    spec.split_bytes = random_number(random);
    spec.pack = random_chance(random, 50);
    spec.env_count = random_below(random, ITEMS_MAX);
    spec.env = ARENA_ARRAY(arena, struct env_pair, spec.env_count);
    for (uint32_t i = 0; i < spec.env_count; i++) {
        spec.env[i].name = random_text(random, arena);
        spec.env[i].value = random_text(random, arena);
    }
    return spec;
}

static void expect_spec_eq(const struct job_spec *a, const struct job_spec *b)
{
    cr_expect(slice_eq(a->map, b->map) && slice_eq(a->reduce, b->reduce));
    cr_expect(slice_eq(a->combine, b->combine));
    cr_expect_eq(a->format, b->format);
    cr_expect_eq(a->fixed_bytes, b->fixed_bytes);
    cr_expect_eq(a->header, b->header);
    cr_expect_eq(a->order, b->order);
    cr_expect_eq(a->total_order, b->total_order);
    cr_expect_eq(a->reducers, b->reducers);
    cr_expect_eq(a->compress, b->compress);
    cr_expect_eq(a->fsync, b->fsync);
    cr_expect_eq(a->attempts_max, b->attempts_max);
    cr_expect_eq(a->bad_records_max, b->bad_records_max);
    cr_expect_eq(a->record_bytes_max, b->record_bytes_max);
    cr_expect_eq(a->split_bytes, b->split_bytes);
    cr_expect_eq(a->pack, b->pack);
    cr_assert_eq(a->env_count, b->env_count);
    for (uint32_t i = 0; i < a->env_count; i++) {
        cr_expect(slice_eq(a->env[i].name, b->env[i].name));
        cr_expect(slice_eq(a->env[i].value, b->env[i].value));
    }
}

Test(job_spec, random_specs_come_back_and_their_parts_are_refused)
{
    struct random random = random_of(2);
    struct buffer bytes = {0};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_new();
        struct job_spec spec = random_spec(&random, arena), back;
        struct fault fault = {0};
        buffer_clear(&bytes);
        job_spec_encode(&spec, &bytes);
        cr_assert_eq(job_spec_decode(buffer_slice(&bytes), arena, &back, &fault), ERR_OK);
        expect_spec_eq(&spec, &back);
        for (size_t len = 0; len < bytes.len; len++) {
            enum err err = job_spec_decode(slice_of(bytes.data, len), arena, &back, &fault);
            cr_expect_eq(err, ERR_CORRUPT, "cut at %zu", len);
        }
        arena_free(arena);
    }
    buffer_free(&bytes);
}
