/* latency.c -- the samples of each event, a ring of them. See latency.h. */
#include "serve/latency.h"
#include "serve/config.h"
#include "serve/measure.h"
#include "serve/reply_lines.h"

enum { SAMPLES_MAX = 160, EVENTS_MAX = 16, GRAPH_ROWS = 8, GRAPH_COLUMNS_MAX = 80 };

struct sample {
    int64_t unix_seconds, milliseconds;
};

struct event {
    const char *name;
    struct sample samples[SAMPLES_MAX];
    uint64_t count; /* ever; the newest is at (count - 1) % SAMPLES_MAX */
    int64_t milliseconds_max;
};

struct latency {
    struct event events[EVENTS_MAX];
    uint32_t count;
};

struct latency *latency_new(struct arena *arena)
{
    return ARENA_NEW(arena, struct latency);
}

static struct event *find_event(struct latency *latency, struct slice name)
{
    for (uint32_t i = 0; i < latency->count; i++) {
        if (slice_eq(name, slice_text(latency->events[i].name))) return &latency->events[i];
    }
    return NULL;
}

static uint64_t kept(const struct event *event)
{
    return u64_min(event->count, SAMPLES_MAX);
}

/* 0 is the oldest that is kept. */
static const struct sample *sample_at(const struct event *event, uint64_t index)
{
    return &event->samples[(event->count - kept(event) + index) % SAMPLES_MAX];
}

void latency_note(struct server *server, const char *name, duration took)
{
    int64_t least = config_integer(server->config, SETTING_LATENCY_MONITOR_THRESHOLD);
    int64_t milliseconds = took.ns / 1000000;
    if (least == 0 || milliseconds < least) return;
    struct latency *latency = server->latency;
    struct event *event = find_event(latency, slice_text(name));
    if (event == NULL) {
        if (latency->count == EVENTS_MAX) return;
        event = &latency->events[latency->count++];
        *event = (struct event){.name = name};
    }
    if (milliseconds > event->milliseconds_max) event->milliseconds_max = milliseconds;
    int64_t seconds = io_unix_ms(server->io) / 1000;
    struct sample *last = &event->samples[(event->count + SAMPLES_MAX - 1) % SAMPLES_MAX];
    /* One a second: the greatest. */
    if (event->count != 0 && last->unix_seconds == seconds) {
        if (milliseconds > last->milliseconds) last->milliseconds = milliseconds;
        return;
    }
    event->samples[event->count++ % SAMPLES_MAX] = (struct sample){seconds, milliseconds};
}

/* --- what it shows --------------------------------------------------------------------------- */

static void latest(struct session_call *call)
{
    enum { FIELDS = 4 };
    const struct latency *latency = call->server->latency;
    reply_array(&call->reply, latency->count);
    for (uint32_t i = 0; i < latency->count; i++) {
        const struct event *event = &latency->events[i];
        const struct sample *sample = sample_at(event, kept(event) - 1);
        reply_array(&call->reply, FIELDS);
        reply_bulk_text(&call->reply, event->name);
        reply_integer(&call->reply, sample->unix_seconds);
        reply_integer(&call->reply, sample->milliseconds);
        reply_integer(&call->reply, event->milliseconds_max);
    }
}

static void history(struct session_call *call)
{
    const struct event *event = find_event(call->server->latency, call->argv[2]);
    uint64_t count = event == NULL ? 0 : kept(event);
    reply_array(&call->reply, count);
    for (uint64_t i = 0; i < count; i++) {
        const struct sample *sample = sample_at(event, i);
        reply_array(&call->reply, 2);
        reply_integer(&call->reply, sample->unix_seconds);
        reply_integer(&call->reply, sample->milliseconds);
    }
}

static bool is_asked(const struct session_call *call, const char *name)
{
    enum { FIRST = 2 };
    if (call->argc == FIRST) return true;
    for (uint32_t i = FIRST; i < call->argc; i++) {
        if (slice_eq(call->argv[i], slice_text(name))) return true;
    }
    return false;
}

static void reset(struct session_call *call)
{
    struct latency *latency = call->server->latency;
    uint32_t gone = 0;
    for (uint32_t i = 0; i < latency->count;) {
        if (is_asked(call, latency->events[i].name)) {
            latency->events[i] = latency->events[--latency->count];
            gone++;
        } else {
            i++;
        }
    }
    reply_integer(&call->reply, gone);
}

static void graph(struct session_call *call)
{
    const struct event *event = find_event(call->server->latency, call->argv[2]);
    if (event == NULL) {
        reply_error(&call->reply, "ERR No samples available for event '%.*s'",
                    (int)u64_min(call->argv[2].len, 64), (const char *)call->argv[2].data);
        return;
    }
    struct buffer out = {0};
    uint64_t all = kept(event), count = u64_min(all, GRAPH_COLUMNS_MAX);
    int64_t low = INT64_MAX, high = 0;
    for (uint64_t i = all - count; i < all; i++) {
        int64_t milliseconds = sample_at(event, i)->milliseconds;
        if (milliseconds < low) low = milliseconds;
        if (milliseconds > high) high = milliseconds;
    }
    buffer_append_format(&out, "%s: lowest %lld ms, highest %lld ms, highest ever %lld ms\n\n",
                         event->name, (long long)low, (long long)high,
                         (long long)event->milliseconds_max);
    for (int64_t row = GRAPH_ROWS; row > 0; row--) {
        for (uint64_t i = all - count; i < all; i++) {
            bool filled = sample_at(event, i)->milliseconds * GRAPH_ROWS >= high * row;
            buffer_append_byte(&out, filled || row == 1 ? '#' : ' ');
        }
        buffer_append_byte(&out, '\n');
    }
    buffer_append(&out, SLICE("\nOldest on the left; one sample a second at most.\n"));
    reply_verbatim(&call->reply, "txt", buffer_slice(&out));
    buffer_free(&out);
}

static void doctor(struct session_call *call)
{
    const struct server *server = call->server;
    const struct latency *latency = server->latency;
    struct buffer out = {0};
    if (config_integer(server->config, SETTING_LATENCY_MONITOR_THRESHOLD) == 0) {
        buffer_append(&out, SLICE("Nothing is watched: latency-monitor-threshold is 0. CONFIG SET "
                                  "latency-monitor-threshold 100 keeps what takes 100 ms or "
                                  "more.\n"));
    } else if (latency->count == 0) {
        buffer_append(&out, SLICE("No spikes so far.\n"));
    }
    for (uint32_t i = 0; i < latency->count; i++) {
        const struct event *event = &latency->events[i];
        uint64_t count = kept(event);
        ASSERT(count > 0); /* an event is there because something took long */
        int64_t sum = 0;
        for (uint64_t at = 0; at < count; at++) sum += sample_at(event, at)->milliseconds;
        buffer_append_format(&out, "%s: %llu spikes, %lld ms on average, %lld ms at most.\n",
                             event->name, (unsigned long long)event->count,
                             (long long)sum / (long long)count, (long long)event->milliseconds_max);
    }
    if (latency->count != 0) {
        buffer_append(&out, SLICE("SLOWLOG GET names the commands; a long one holds up all others "
                                  "of its lane. Prefer SCAN to KEYS, UNLINK to DEL, and ranges "
                                  "with a LIMIT.\n"));
    }
    reply_verbatim(&call->reply, "txt", buffer_slice(&out));
    buffer_free(&out);
}

/* --- histograms ------------------------------------------------------------------------------ */

enum { POWER_FIRST = 10, POWER_LAST = 30 }; /* from a microsecond to a second, in nanoseconds */

/* A name of a container is about its subcommands too. */
static bool is_named(const struct server *server, const struct session_call *call,
                     const struct command *command)
{
    enum { FIRST = 2 };
    if (call->argc == FIRST) return true;
    for (uint32_t i = FIRST; i < call->argc; i++) {
        const struct command *named = command_find_name(server->commands, call->argv[i]);
        if (named == NULL) continue;
        if (named == command || command->parent == named->id) return true;
    }
    return false;
}

static void reply_histogram(struct reply *reply, const struct measures *measures,
                            enum command_id id)
{
    uint64_t calls = measures_calls(measures, id), before = 0, shown = 0;
    for (unsigned power = POWER_FIRST; power <= POWER_LAST; power++) {
        uint64_t count = measures_up_to(measures, id, power);
        shown += count != before;
        before = count;
    }
    reply_map(reply, 2);
    reply_bulk_text(reply, "calls");
    reply_integer(reply, (int64_t)calls);
    reply_bulk_text(reply, "histogram_usec");
    reply_map(reply, shown);
    before = 0;
    for (unsigned power = POWER_FIRST; power <= POWER_LAST; power++) {
        uint64_t count = measures_up_to(measures, id, power);
        if (count == before) continue;
        before = count;
        /* The upper end of a step of two significant digits, as Redis shows it. */
        int64_t ns = (INT64_C(1) << power) + (INT64_C(1) << (power - 7)) - 1;
        reply_integer(reply, ns / 1000);
        reply_integer(reply, (int64_t)count);
    }
}

static void histogram(struct session_call *call)
{
    const struct server *server = call->server;
    uint64_t count = 0;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        bool called = measures_calls(server->measures, id) != 0;
        if (called) count += is_named(server, call, command_get(server->commands, id));
    }
    reply_map(&call->reply, count);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(server->commands, id);
        if (measures_calls(server->measures, id) == 0 || !is_named(server, call, command)) continue;
        reply_bulk_text(&call->reply, command->name);
        reply_histogram(&call->reply, server->measures, id);
    }
}

static void help(struct session_call *call)
{
    static const char *const lines[] = {
        "LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DOCTOR",
        "    Say in words what took long.",
        "GRAPH <event>",
        "    Draw the samples of <event>.",
        "HISTORY <event>",
        "    Return the samples of <event>: time and milliseconds.",
        "LATEST",
        "    Return the latest sample of every event.",
        "RESET [<event> ...]",
        "    Forget the samples of some events (default: all).",
        "HISTOGRAM [<command> ...]",
        "    Return how many calls of some commands (default: all) took how many microseconds.",
        "HELP",
        "    Prints this help.",
    };
    REPLY_LINES(&call->reply, lines);
}

void latency_command(struct session_call *call)
{
    static const struct {
        enum command_id id;
        session_handler run;
    } subcommands[] = {
        {COMMAND_LATENCY_LATEST, latest}, {COMMAND_LATENCY_HISTORY, history},
        {COMMAND_LATENCY_RESET, reset},   {COMMAND_LATENCY_GRAPH, graph},
        {COMMAND_LATENCY_DOCTOR, doctor}, {COMMAND_LATENCY_HISTOGRAM, histogram},
        {COMMAND_LATENCY_HELP, help},
    };
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        if (subcommands[i].id == call->command->id) subcommands[i].run(call);
    }
}
