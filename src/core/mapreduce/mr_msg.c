/*
 * mr_msg.c -- the bytes of a message: its kind, its task and attempt, then what the kind carries.
 * Numbers are varints. See mr_msg.h.
 */
#include "core/mapreduce/mr_msg.h"
#include "core/mapreduce/wire.h"

enum { SEGMENT_BYTES_MIN = 6, COUNTER_BYTES_MIN = 3, TEXT_BYTES_MIN = 1 };

/* A counter may fall as well as rise: small numbers of either sign are short. */
static uint64_t zigzag_of(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t zigzag_back(uint64_t value)
{
    return (int64_t)(value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0));
}

static void put_counts(struct buffer *out, const struct mr_counts *counts)
{
    put_varint(out, counts->bytes_read);
    put_varint(out, counts->records_in);
    put_varint(out, counts->records_out);
    put_varint(out, counts->keys_out);
    put_varint(out, counts->spills);
    put_varint(out, counts->bad_records);
}

static struct mr_counts read_counts(struct cursor *cursor)
{
    struct mr_counts counts = {0};
    counts.bytes_read = cursor_varint(cursor);
    counts.records_in = cursor_varint(cursor);
    counts.records_out = cursor_varint(cursor);
    counts.keys_out = cursor_varint(cursor);
    counts.spills = cursor_varint(cursor);
    counts.bad_records = cursor_varint(cursor);
    return counts;
}

static void put_segments(struct buffer *out, const struct mr_segment *segments, uint32_t count)
{
    ASSERT(count <= MR_SEGMENTS_MAX);
    put_varint(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_segment *segment = &segments[i];
        put_varint(out, segment->worker.n);
        put_varint(out, segment->partition);
        put_varint(out, segment->run.n);
        put_varint(out, segment->offset);
        put_varint(out, segment->bytes);
        put_varint(out, segment->records);
    }
}

static struct mr_segment *read_segments(struct cursor *cursor, struct arena *arena, uint32_t *count)
{
    *count = wire_count(cursor, MR_SEGMENTS_MAX, SEGMENT_BYTES_MIN);
    struct mr_segment *segments = ARENA_ARRAY(arena, struct mr_segment, *count);
    for (uint32_t i = 0; i < *count; i++) {
        struct mr_segment *segment = &segments[i];
        segment->worker.n = wire_u32(cursor);
        segment->partition = wire_u32(cursor);
        segment->run.n = cursor_varint(cursor);
        segment->offset = cursor_varint(cursor);
        segment->bytes = cursor_varint(cursor);
        segment->records = cursor_varint(cursor);
    }
    return segments;
}

static void put_keys(struct buffer *out, const struct slice *keys, uint32_t count, uint32_t max)
{
    count = (uint32_t)u64_min(count, max);
    put_varint(out, count);
    for (uint32_t i = 0; i < count; i++) wire_put_text(out, keys[i], MR_SAMPLE_KEY_BYTES_MAX);
}

static struct slice *read_keys(struct cursor *cursor, struct arena *arena, uint32_t *count,
                               uint32_t max)
{
    *count = wire_count(cursor, max, TEXT_BYTES_MIN);
    struct slice *keys = ARENA_ARRAY(arena, struct slice, *count);
    for (uint32_t i = 0; i < *count; i++) keys[i] = wire_text(cursor, MR_SAMPLE_KEY_BYTES_MAX);
    return keys;
}

static void put_report(struct buffer *out, const struct mr_report *report)
{
    put_counts(out, &report->counts);
    wire_put_text(out, report->first_bad, MR_TEXT_BYTES_MAX);
    uint32_t count = (uint32_t)u64_min(report->counters_count, MR_COUNTERS_MAX);
    put_varint(out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_text(out, report->counters[i].group, MR_NAME_BYTES_MAX);
        wire_put_text(out, report->counters[i].name, MR_NAME_BYTES_MAX);
        put_varint(out, zigzag_of(report->counters[i].amount));
    }
    put_varint(out, report->counters_dropped + (report->counters_count - count));
}

static struct mr_report read_report(struct cursor *cursor, struct arena *arena)
{
    struct mr_report report = {.counts = read_counts(cursor)};
    report.first_bad = wire_text(cursor, MR_TEXT_BYTES_MAX);
    report.counters_count = wire_count(cursor, MR_COUNTERS_MAX, COUNTER_BYTES_MIN);
    report.counters = ARENA_ARRAY(arena, struct mr_counter, report.counters_count);
    for (uint32_t i = 0; i < report.counters_count; i++) {
        report.counters[i].group = wire_text(cursor, MR_NAME_BYTES_MAX);
        report.counters[i].name = wire_text(cursor, MR_NAME_BYTES_MAX);
        report.counters[i].amount = zigzag_back(cursor_varint(cursor));
    }
    report.counters_dropped = cursor_varint(cursor);
    return report;
}

static void put_run(struct buffer *out, const struct mr_run_task *run)
{
    ASSERT(run->split.len <= MR_SPLIT_BYTES_MAX);
    ASSERT(run->splitters_count < MR_PARTITIONS_MAX);
    put_u8(out, (uint8_t)run->kind);
    put_varint(out, run->part);
    put_varint(out, run->partitions);
    put_varint(out, run->bad_records_allowed);
    put_sized(out, run->split);
    put_keys(out, run->splitters, run->splitters_count, MR_PARTITIONS_MAX - 1);
    put_segments(out, run->segments, run->segments_count);
}

static struct mr_run_task read_run(struct cursor *cursor, struct arena *arena)
{
    struct mr_run_task run = {.kind = (enum mr_kind)wire_number(cursor, MR_REDUCE)};
    run.part = wire_u32(cursor);
    run.partitions = (uint32_t)wire_number(cursor, MR_PARTITIONS_MAX);
    run.bad_records_allowed = cursor_varint(cursor);
    run.split = wire_text(cursor, MR_SPLIT_BYTES_MAX);
    run.splitters = read_keys(cursor, arena, &run.splitters_count, MR_PARTITIONS_MAX - 1);
    run.segments = read_segments(cursor, arena, &run.segments_count);
    return run;
}

static void put_done(struct buffer *out, const struct mr_task_done *done)
{
    put_report(out, &done->report);
    put_segments(out, done->segments, done->segments_count);
    put_keys(out, done->samples, done->samples_count, MR_SAMPLE_KEYS_MAX);
    put_varint(out, done->output_bytes);
    put_varint(out, done->output_records);
}

static struct mr_task_done read_done(struct cursor *cursor, struct arena *arena)
{
    struct mr_task_done done = {.report = read_report(cursor, arena)};
    done.segments = read_segments(cursor, arena, &done.segments_count);
    done.samples = read_keys(cursor, arena, &done.samples_count, MR_SAMPLE_KEYS_MAX);
    done.output_bytes = cursor_varint(cursor);
    done.output_records = cursor_varint(cursor);
    return done;
}

static void put_failed(struct buffer *out, const struct mr_task_failed *failed)
{
    put_u8(out, failed->retry);
    put_varint(out, failed->code);
    wire_put_text(out, failed->text, MR_TEXT_BYTES_MAX);
}

static struct mr_task_failed read_failed(struct cursor *cursor)
{
    struct mr_task_failed failed = {.retry = wire_bool(cursor)};
    failed.code = wire_err(cursor);
    if (failed.code == ERR_OK) cursor->bad = true;
    failed.text = wire_text(cursor, MR_TEXT_BYTES_MAX);
    return failed;
}

void mr_msg_encode(const struct mr_msg *msg, struct buffer *out)
{
    put_u8(out, (uint8_t)msg->kind);
    put_varint(out, msg->task.n);
    put_varint(out, msg->attempt.n);
    switch (msg->kind) {
    case MR_RUN_TASK: put_run(out, &msg->run); break;
    case MR_TASK_DONE: put_done(out, &msg->done); break;
    case MR_TASK_FAILED: put_failed(out, &msg->failed); break;
    case MR_TASK_PROGRESS:
        put_counts(out, &msg->progress.counts);
        wire_put_text(out, msg->progress.status, MR_STATUS_BYTES_MAX);
        break;
    case MR_STOP_TASK:
    case MR_DROP_RUNS:
    case MR_JOB_OVER: break;
    }
}

enum err mr_msg_decode(struct slice bytes, struct arena *arena, struct mr_msg *msg,
                       struct fault *fault)
{
    struct cursor cursor = cursor_of(bytes);
    *msg = (struct mr_msg){.kind = (enum mr_msg_kind)wire_number(&cursor, MR_TASK_PROGRESS)};
    msg->task.n = wire_u32(&cursor);
    msg->attempt.n = wire_u32(&cursor);
    switch (msg->kind) {
    case MR_RUN_TASK: msg->run = read_run(&cursor, arena); break;
    case MR_TASK_DONE: msg->done = read_done(&cursor, arena); break;
    case MR_TASK_FAILED: msg->failed = read_failed(&cursor); break;
    case MR_TASK_PROGRESS:
        msg->progress.counts = read_counts(&cursor);
        msg->progress.status = wire_text(&cursor, MR_STATUS_BYTES_MAX);
        break;
    case MR_STOP_TASK:
    case MR_DROP_RUNS:
    case MR_JOB_OVER: break;
    }
    return wire_end(&cursor, bytes, "a message of a MapReduce job", fault);
}
