/* mr_fixture.c -- see mr_fixture.h. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/core/mapreduce/mr_fixture.h"

enum { LINE_MAX = 1024, WORDS_MAX = 16, ITEMS_MAX = 16 };

struct mr_fixture mr_fixture_new(const char *labels, struct mr_config config)
{
    struct mr_split splits[MR_FIXTURE_SPLITS_MAX];
    config.splits_count = (uint32_t)strlen(labels);
    for (uint32_t i = 0; i < config.splits_count; i++) {
        struct slice label = slice_of(labels + i, 1);
        bool is_stream = labels[i] >= 'A' && labels[i] <= 'Z';
        splits[i] = (struct mr_split){label, label, is_stream ? 0 : 100};
    }
    config.splits = splits;
    if (config.attempts_max == 0) config.attempts_max = 3;
    struct mr_fixture fixture = {.arena = arena_new()};
    fixture.master = mr_master_new(fixture.arena, &config);
    fixture.phase = config.sample_tasks_max > 0 ? MR_SAMPLE : MR_MAP;
    return fixture;
}

void mr_fixture_free(struct mr_fixture *fixture)
{
    arena_free(fixture->arena);
    buffer_free(&fixture->text);
}

struct mr_msg mr_fixture_pass(const struct mr_msg *msg, struct buffer *bytes, struct arena *arena)
{
    struct fault fault = {0};
    struct mr_msg passed;
    buffer_clear(bytes);
    mr_msg_encode(msg, bytes);
    enum err err = mr_msg_decode(buffer_slice(bytes), arena, &passed, &fault);
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    return passed;
}

static const char *kind_text(enum mr_kind kind)
{
    switch (kind) {
    case MR_SAMPLE: return "sample";
    case MR_MAP: return "map";
    case MR_REDUCE: return "reduce";
    }
    return "?";
}

static void tell_run(struct buffer *text, const struct mr_msg *msg)
{
    const struct mr_run_task *run = &msg->run;
    buffer_append_format(text, "run %s %u.%u of ", kind_text(run->kind), msg->task.n,
                         msg->attempt.n);
    if (run->kind == MR_REDUCE) {
        buffer_append_format(text, "%u:", run->part);
        for (uint32_t i = 0; i < run->segments_count; i++) {
            buffer_append_format(text, " %u/%llu", run->segments[i].worker.n,
                                 (unsigned long long)run->segments[i].bytes);
        }
    } else {
        buffer_append(text, run->split);
    }
    for (uint32_t i = 0; i < run->splitters_count; i++) {
        buffer_append_format(text, " |%.*s", (int)run->splitters[i].len,
                             (const char *)run->splitters[i].data);
    }
    if (run->bad_records_allowed > 0) {
        buffer_append_format(text, " bad %llu", (unsigned long long)run->bad_records_allowed);
    }
}

static void tell_msg(struct buffer *text, worker_id to, const struct mr_msg *msg)
{
    buffer_append_format(text, "%u <- ", to.n);
    switch (msg->kind) {
    case MR_RUN_TASK: tell_run(text, msg); break;
    case MR_STOP_TASK: buffer_append_format(text, "stop %u.%u", msg->task.n, msg->attempt.n); break;
    case MR_DROP_RUNS: buffer_append_format(text, "drop %u.%u", msg->task.n, msg->attempt.n); break;
    case MR_JOB_OVER: buffer_append_format(text, "over"); break;
    case MR_TASK_DONE:
    case MR_TASK_FAILED:
    case MR_TASK_PROGRESS: cr_assert(false, "the master speaks as a worker");
    }
    buffer_append_byte(text, '\n');
}

static void tell_state(struct mr_fixture *fixture, const struct mr_outbox *out)
{
    if (out->phase != fixture->phase) {
        buffer_append_format(&fixture->text, "== %s\n", kind_text(out->phase));
    }
    fixture->phase = out->phase;
    if (out->state == fixture->state) return;
    fixture->state = out->state;
    const char *fault = mr_master_fault(fixture->master)->text;
    switch (out->state) {
    case MR_RUNNING: cr_assert(false, "the end was taken back");
    case MR_DONE: buffer_append_format(&fixture->text, "== done\n"); break;
    case MR_FAILED: buffer_append_format(&fixture->text, "== failed: %s\n", fault); break;
    case MR_CANCELLED: buffer_append_format(&fixture->text, "== cancelled\n"); break;
    }
}

static void step(struct mr_fixture *fixture, struct mr_event event)
{
    enum { POLLS_MAX = 1000 };
    struct mr_outbox out;
    struct arena *arena = arena_new();
    struct buffer bytes = {0};
    fixture->now.ns += 1000000000;
    event.now = fixture->now;
    for (uint32_t polls = 0; polls < POLLS_MAX; polls++) {
        mr_master_step(fixture->master, &event, &out);
        mr_master_check(fixture->master);
        for (uint32_t i = 0; i < out.count; i++) {
            struct mr_msg msg = mr_fixture_pass(&out.msgs[i].msg, &bytes, arena);
            tell_msg(&fixture->text, out.msgs[i].to, &msg);
        }
        tell_state(fixture, &out);
        if (!out.more) break;
        event = (struct mr_event){.kind = MR_EV_POLL, .now = fixture->now};
    }
    buffer_free(&bytes);
    arena_free(arena);
}

/* What follows "done TASK.ATTEMPT". */
struct done_items {
    struct mr_segment segments[ITEMS_MAX];
    struct mr_counter counters[ITEMS_MAX];
    struct slice samples[ITEMS_MAX];
};

static void read_done(char **words, uint32_t count, struct done_items *items,
                      struct mr_task_done *done)
{
    done->segments = items->segments;
    done->samples = items->samples;
    done->report.counters = items->counters;
    for (uint32_t i = 0; i + 1 < count; i += 2) {
        const char *value = words[i + 1];
        const char *colon = strchr(value, ':');
        if (strcmp(words[i], "seg") == 0) {
            struct mr_segment *segment = &items->segments[done->segments_count++];
            segment->partition = (uint32_t)atoi(value);
            segment->bytes = (uint64_t)atoll(colon + 1);
            segment->run.n = done->segments_count;
        } else if (strcmp(words[i], "bad") == 0) {
            done->report.counts.bad_records = (uint64_t)atoll(value);
            done->report.first_bad = SLICE("x.csv, byte 7: no closing quote");
        } else if (strcmp(words[i], "key") == 0) {
            items->samples[done->samples_count++] = slice_text(value);
        } else if (strcmp(words[i], "count") == 0) {
            struct mr_counter *counter = &items->counters[done->report.counters_count++];
            counter->group = SLICE("group");
            counter->name = slice_of(value, (size_t)(colon - value));
            counter->amount = atoll(colon + 1);
        } else {
            cr_assert(false, "the test says \"%s\"", words[i]);
        }
    }
    done->report.counts.bytes_read = 100;
    done->report.counts.records_in = 10;
    done->output_bytes = 5;
    done->output_records = 1;
}

static void on_worker_line(struct mr_fixture *fixture, char **words, uint32_t count,
                           const char *text)
{
    cr_assert(count >= 3, "a worker says too little: %s", words[0]);
    struct mr_msg msg = {0};
    struct done_items items = {0};
    cr_assert_eq(sscanf(words[2], "%u.%u", &msg.task.n, &msg.attempt.n), 2);
    if (strcmp(words[1], "done") == 0) {
        msg.kind = MR_TASK_DONE;
        read_done(words + 3, count - 3, &items, &msg.done);
    } else if (strcmp(words[1], "progress") == 0) {
        msg.kind = MR_TASK_PROGRESS;
        msg.progress.counts.bytes_read = (uint64_t)atoll(words[3]);
        msg.progress.status = SLICE("at work");
    } else {
        msg.kind = MR_TASK_FAILED;
        bool retry = strcmp(words[1], "failed") == 0;
        msg.failed = (struct mr_task_failed){retry, ERR_CHILD_FAILED, slice_text(text)};
    }
    struct buffer bytes = {0};
    struct arena *arena = arena_new();
    struct mr_msg passed = mr_fixture_pass(&msg, &bytes, arena);
    worker_id from = {(uint32_t)atoi(words[0])};
    step(fixture, (struct mr_event){.kind = MR_EV_MSG, .worker = from, .msg = &passed});
    buffer_free(&bytes);
    arena_free(arena);
}

void mr_fixture_line(struct mr_fixture *fixture, const char *line)
{
    char copy[LINE_MAX], *words[WORDS_MAX], *save = NULL;
    const char *text = "";
    uint32_t count = 0;
    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &save); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &save)) {
        if (count == 3) text = line + (word - copy);
        words[count++] = word;
    }
    buffer_append_format(&fixture->text, "> %s\n", line);
    cr_assert(count > 0, "an empty event");
    struct mr_event event = {.kind = MR_EV_POLL};
    if (count > 1) event.worker.n = (uint32_t)atoi(words[1]);
    if (strcmp(words[0], "join") == 0) {
        event.kind = MR_EV_WORKER_JOINED;
        event.slots = (uint32_t)atoi(words[2]);
    } else if (strcmp(words[0], "gone") == 0) {
        event.kind = MR_EV_WORKER_GONE;
    } else if (strcmp(words[0], "cancel") == 0) {
        event.kind = MR_EV_CANCEL;
    } else if (strcmp(words[0], "poll") != 0) {
        on_worker_line(fixture, words, count, text);
        return;
    }
    step(fixture, event);
}

void mr_fixture_play(struct mr_fixture *fixture, const char *why, const char *want)
{
    for (const char *at = want; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        if (strncmp(at, "> ", 2) == 0) {
            char line[LINE_MAX];
            (void)snprintf(line, sizeof line, "%.*s", (int)len - 2, at + 2);
            mr_fixture_line(fixture, line);
        }
        at += len + (at[len] == '\n');
    }
    buffer_append_byte(&fixture->text, '\0');
    cr_expect_str_eq((const char *)fixture->text.data, want, "%s; the transcript is:\n%s", why,
                     (const char *)fixture->text.data);
    fixture->text.len--;
}
