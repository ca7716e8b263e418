/* summary.c -- see summary.h. */
#include "cli/summary.h"
#include "base/json_text.h"
#include "base/size.h"
#include "cli/tame.h"

enum { COUNTERS_SHOWN_MAX = 50 };

static void begin(struct buffer *out, const char *label)
{
    buffer_append_format(out, "  %-9s ", label);
}

static void end(struct buffer *out)
{
    buffer_append_byte(out, '\n');
}

static void append_text(struct buffer *out, const char *text)
{
    buffer_append(out, slice_text(text));
}

/* "1,234 files", "1 file". */
static void append_counted(struct buffer *out, uint64_t count, const char *one, const char *many)
{
    count_append(out, count);
    buffer_append_format(out, " %s", count == 1 ? one : many);
}

static void show_read(const struct job_summary *summary, struct buffer *out)
{
    const struct job_progress *final = &summary->final;
    begin(out, "read");
    size_append(out, final->bytes_read);
    append_text(out, " of ");
    append_counted(out, summary->files, "file", "files");
    append_text(out, " in ");
    append_counted(out, summary->splits, "split", "splits");
    int64_t reading_ns = summary->map.ns;
    if (reading_ns > 0 && final->bytes_read != 0) {
        append_text(out, ", ");
        size_append(out, (uint64_t)((double) final->bytes_read * 1e9 / (double)reading_ns));
        append_text(out, "/s");
    }
    end(out);
    /* Bytes that went straight from a file to a command were never seen as records. */
    if (final->records_in == 0 && final->bytes_read != 0) return;
    begin(out, "records");
    count_append(out, final->records_in);
    end(out);
}

static void show_wrote(const struct job_summary *summary, struct buffer *out)
{
    const struct job_progress *final = &summary->final;
    if (final->keys_out != 0) {
        begin(out, "keys");
        count_append(out, final->keys_out);
        append_text(out, " distinct");
        end(out);
    }
    begin(out, "wrote");
    append_counted(out, final->records_out, "record", "records");
    append_text(out, ", ");
    size_append(out, final->bytes_out);
    end(out);
}

static void show_phases(const struct job_summary *summary, struct buffer *out)
{
    const struct {
        const char *name;
        duration time;
    } phases[] = {
        {"plan", summary->plan},     {"sample", summary->sample},   {"map", summary->map},
        {"reduce", summary->reduce}, {"publish", summary->publish},
    };
    begin(out, "phases");
    const char *between = "";
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        if (phases[i].time.ns == 0) continue; /* it was not part of this job */
        buffer_append_format(out, "%s%s ", between, phases[i].name);
        duration_append(out, phases[i].time);
        between = ", ";
    }
    end(out);
}

static void show_resources(const struct job_summary *summary, struct buffer *out)
{
    const struct job_progress *final = &summary->final;
    begin(out, "CPU");
    duration_append(out, summary->cpu);
    if (final->elapsed.ns > 0) {
        buffer_append_format(out, ", %.1f cores busy",
                             (double)summary->cpu.ns / (double) final->elapsed.ns);
    }
    append_text(out, ", ");
    append_counted(out, summary->workers, "worker", "workers");
    end(out);
    begin(out, "memory");
    size_append(out, summary->peak_rss_bytes);
    append_text(out, " at its peak");
    if (final->spills != 0) {
        append_text(out, ", ");
        append_counted(out, final->spills, "spill", "spills");
        append_text(out, " of ");
        size_append(out, final->spilled_bytes);
    }
    end(out);
    if (summary->slowest_label.len != 0) {
        begin(out, "slowest");
        duration_append(out, summary->slowest);
        append_text(out, ": ");
        tame_append(out, summary->slowest_label);
        end(out);
    }
}

static void show_trouble(const struct job_summary *summary, struct buffer *out)
{
    const struct job_progress *final = &summary->final;
    if (summary->files == 0) {
        begin(out, "note");
        append_text(out, "the inputs hold no file (hidden ones are passed over)");
        end(out);
    } else if (final->records_in != 0 && final->records_out == 0) {
        begin(out, "note");
        append_text(out, "records were read, but nothing came out: does --map fit them?");
        end(out);
    }
    if (final->attempts_failed != 0) {
        begin(out, "retried");
        append_counted(out, final->attempts_failed, "failed attempt", "failed attempts");
        end(out);
    }
    if (final->bad_records != 0) {
        begin(out, "bad");
        append_counted(out, final->bad_records, "record", "records");
        append_text(out, " passed over; the first: ");
        tame_append(out, summary->first_bad_record);
        end(out);
    }
}

static void show_counters(const struct job_summary *summary, struct buffer *out)
{
    uint32_t shown = (uint32_t)u64_min(summary->counters_count, COUNTERS_SHOWN_MAX);
    for (uint32_t i = 0; i < shown; i++) {
        const struct mr_counter *counter = &summary->counters[i];
        begin(out, i == 0 ? "counters" : "");
        tame_append(out, counter->group);
        append_text(out, " ");
        tame_append(out, counter->name);
        buffer_append_format(out, " %lld\n", (long long)counter->amount);
    }
    if (shown < summary->counters_count) {
        begin(out, "");
        append_text(out, "and ");
        count_append(out, summary->counters_count - shown);
        append_text(out, " more (--json shows all)");
        end(out);
    }
}

void summary_text(const struct job_summary *summary, struct buffer *out)
{
    append_text(out, "done in ");
    duration_append(out, summary->final.elapsed);
    end(out);
    show_read(summary, out);
    show_wrote(summary, out);
    show_phases(summary, out);
    show_resources(summary, out);
    show_trouble(summary, out);
    show_counters(summary, out);
    begin(out, "output");
    if (strcmp(summary->output, "-") == 0) {
        append_text(out, "standard output");
    } else {
        tame_append(out, slice_text(summary->output));
        append_text(out, ", ");
        append_counted(out, summary->parts, "part file", "part files");
    }
    end(out);
}

static void json_count(struct buffer *out, const char *name, uint64_t count)
{
    json_append_name(out, 1, name);
    buffer_append_format(out, "%llu", (unsigned long long)count);
}

static void json_text(struct buffer *out, const char *name, struct slice text)
{
    json_append_name(out, 1, name);
    json_append_string(out, text);
}

static void json_seconds(struct buffer *out, uint32_t level, const char *name, duration time)
{
    json_append_name(out, level, name);
    buffer_append_format(out, "%.6f", (double)time.ns / 1e9);
}

static void json_phases(const struct job_summary *summary, struct buffer *out)
{
    json_append_name(out, 1, "phase_seconds");
    append_text(out, "{");
    json_seconds(out, 2, "plan", summary->plan);
    json_seconds(out, 2, "sample", summary->sample);
    json_seconds(out, 2, "map", summary->map);
    json_seconds(out, 2, "reduce", summary->reduce);
    json_seconds(out, 2, "publish", summary->publish);
    append_text(out, "\n  }");
}

static void json_counters(const struct job_summary *summary, struct buffer *out)
{
    json_append_name(out, 1, "counters");
    append_text(out, "[");
    for (uint32_t i = 0; i < summary->counters_count; i++) {
        const struct mr_counter *counter = &summary->counters[i];
        append_text(out, i == 0 ? "\n    {\"group\": " : ",\n    {\"group\": ");
        json_append_string(out, counter->group);
        append_text(out, ", \"name\": ");
        json_append_string(out, counter->name);
        buffer_append_format(out, ", \"amount\": %lld}", (long long)counter->amount);
    }
    append_text(out, summary->counters_count == 0 ? "]" : "\n  ]");
}

void summary_json(const struct job_summary *summary, struct buffer *out)
{
    const struct job_progress *final = &summary->final;
    append_text(out, "{");
    json_text(out, "status", SLICE("done"));
    json_text(out, "output", slice_text(summary->output));
    json_count(out, "parts", summary->parts);
    json_count(out, "files", summary->files);
    json_count(out, "splits", summary->splits);
    json_count(out, "bytes_read", final->bytes_read);
    json_count(out, "records_in", final->records_in);
    json_count(out, "keys", final->keys_out);
    json_count(out, "records_out", final->records_out);
    json_count(out, "bytes_out", final->bytes_out);
    json_seconds(out, 1, "seconds", final->elapsed);
    json_phases(summary, out);
    json_seconds(out, 1, "cpu_seconds", summary->cpu);
    json_count(out, "workers", summary->workers);
    json_count(out, "peak_rss_bytes", summary->peak_rss_bytes);
    json_count(out, "spills", final->spills);
    json_count(out, "spilled_bytes", final->spilled_bytes);
    json_text(out, "slowest_task", summary->slowest_label);
    json_seconds(out, 1, "slowest_task_seconds", summary->slowest);
    json_count(out, "failed_attempts", final->attempts_failed);
    json_count(out, "bad_records", final->bad_records);
    json_text(out, "first_bad_record", summary->first_bad_record);
    json_counters(summary, out);
    append_text(out, "\n}\n");
}

static const char *error_name(enum err code)
{
    switch (code) {
#define ERROR(name, text)                                                                          \
    case ERR_##name:                                                                               \
        return #name;
#include "base/error.def"
#undef ERROR
    }
    return "UNKNOWN";
}

void summary_json_failed(const struct fault *fault, struct buffer *out)
{
    append_text(out, "{");
    json_text(out, "status", SLICE("failed"));
    json_text(out, "error", slice_text(error_name(fault->code)));
    json_text(out, "message", slice_text(fault->text));
    append_text(out, "\n}\n");
}
