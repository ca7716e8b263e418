/* mapreduce.c -- see mapreduce.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/help.h"
#include "cli/mapreduce.h"
#include "cli/mapreduce_options.h"
#include "cli/progress.h"
#include "cli/summary.h"
#include "io/signals.h"
#include "io/terminal.h"
#include "work/job/job.h"

static const duration TURN_MAX = {200 * 1000 * 1000};
static const duration STOP_QUIET_MAX = {500 * 1000 * 1000};

static bool is_stream(const struct mapreduce_options *options)
{
    return strcmp(options->output, "-") == 0;
}

/* A line that is painted over, where a terminal knows how and no output runs through it. */
static struct progress choose_progress(const struct mapreduce_options *options)
{
    struct progress progress = {.style = PROGRESS_PLAIN};
    const char *terminal = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    bool crossed = is_stream(options) && terminal_is(fileno(stdout));
    if (terminal_is(fileno(stderr)) && !dumb) progress.style = PROGRESS_LIVE;
    if (options->quiet || crossed) progress.style = PROGRESS_NONE;
    progress.color = no_color == NULL || *no_color == '\0';
    return progress;
}

/* Once, where workers need their time to stop: a person must not wonder whether it was heard. */
static void tell_stopping(struct progress *progress)
{
    if (progress->style == PROGRESS_NONE) return;
    progress_clear(progress);
    (void)fputs("tutti: stopping; once more (Ctrl-C) stops at once\n", stderr);
    progress->style = PROGRESS_NONE;
}

/* Drive the job to its end. `*stopped_by`: the signal that ended it; 0: none came. False: a second
 * one came before it was over. */
static bool drive(struct job *job, struct signals *signals, struct progress *progress,
                  int *stopped_by)
{
    bool over = false;
    duration stopped_at = {0};
    *stopped_by = 0;
    while (!over) { /* the job bounds itself: it ends, or a signal ends it */
        over = job_turn(job, TURN_MAX);
        int signal_number = signals_take(signals);
        if (signal_number != 0 && *stopped_by != 0) break;
        struct job_progress now;
        job_progress_read(job, &now);
        if (signal_number != 0) {
            *stopped_by = signal_number;
            stopped_at = now.elapsed;
            job_cancel(job);
        }
        if (over) continue;
        progress_show(progress, &now);
        bool late = now.elapsed.ns - stopped_at.ns > STOP_QUIET_MAX.ns;
        if (*stopped_by != 0 && late) tell_stopping(progress);
    }
    progress_clear(progress);
    return over;
}

/* JSON goes where the output does not. False: it could not be written. */
static bool write_text(FILE *to, const struct buffer *text)
{
    size_t written = text->len == 0 ? 0 : fwrite(text->data, 1, text->len, to);
    return written == text->len && fflush(to) == 0;
}

static enum exit_status report_failure(const struct mapreduce_options *options,
                                       const struct fault *fault, int stopped_by)
{
    if (fault->code == ERR_CLOSED && is_stream(options) && stopped_by == 0) return EXIT_CLOSED;
    if (stopped_by != 0) {
        const char *left = is_stream(options) ? "the output is not whole" : "no output was made";
        const char *by = stopped_by == SIGINT ? " (Ctrl-C)" : "";
        (void)fprintf(stderr, "tutti: stopped by SIG%s%s; %s\n", sigabbrev_np(stopped_by), by,
                      left);
    } else {
        (void)fprintf(stderr, "tutti: %s\n", fault->text);
    }
    if (options->json) {
        struct buffer text = {0};
        summary_json_failed(fault, &text);
        (void)write_text(is_stream(options) ? stderr : stdout, &text);
        buffer_free(&text);
    }
    switch (stopped_by) {
    case SIGHUP: return EXIT_HANGUP;
    case SIGINT: return EXIT_INTERRUPTED;
    case SIGTERM: return EXIT_TERMINATED;
    default: break;
    }
    if (fault->code == ERR_USAGE) return EXIT_USAGE;
    return fault->code == ERR_EXISTS ? EXIT_EXISTS : EXIT_FAILED;
}

static enum exit_status report_success(const struct mapreduce_options *options,
                                       const struct job_summary *summary)
{
    struct buffer text = {0};
    bool written = true;
    if (options->json) {
        summary_json(summary, &text);
        written = write_text(is_stream(options) ? stderr : stdout, &text);
    } else if (!options->quiet) {
        summary_text(summary, &text);
        (void)write_text(stderr, &text);
    }
    buffer_free(&text);
    if (written) return EXIT_DONE;
    (void)fputs("tutti: the job is done, but its summary could not be written\n", stderr);
    return EXIT_FAILED;
}

/* At once, whatever the workers are in the middle of: the job's guard tidies up. */
NORETURN static void leave(const struct mapreduce_options *options, int stopped_by)
{
    struct fault fault;
    (void)fault_set(&fault, ERR_CANCELLED, "stopped");
    enum exit_status status = report_failure(options, &fault, stopped_by);
    (void)fflush(NULL);
    _exit((int)status);
}

static enum exit_status run(struct arena *arena, const struct mapreduce_options *options,
                            struct signals *signals)
{
    struct job_options job_options = {
        .spec = &options->spec,
        .inputs = options->inputs,
        .inputs_count = options->inputs_count,
        .output = options->output,
        .tmp = options->tmp,
        .workers = options->workers,
        .memory_bytes = options->memory_bytes,
        .force = options->force,
        .stops = signals,
    };
    struct job *job = NULL;
    struct job_summary summary;
    struct fault fault = {0};
    if (job_start(arena, &job_options, &job, &fault) != ERR_OK) {
        return report_failure(options, &fault, signals_take(signals));
    }
    struct progress progress = choose_progress(options);
    int stopped_by;
    if (!drive(job, signals, &progress, &stopped_by)) leave(options, stopped_by);
    enum exit_status status = job_result(job, &summary, &fault) == ERR_OK
                                  ? report_success(options, &summary)
                                  : report_failure(options, &fault, stopped_by);
    job_free(job);
    return status;
}

static enum exit_status show_help(void)
{
    struct buffer text = {0};
    help_mapreduce(&text);
    bool written = write_text(stdout, &text);
    buffer_free(&text);
    return written ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_status run_words(struct arena *arena, int argc, char **argv)
{
    struct mapreduce_options options;
    struct signals signals;
    struct fault fault = {0};
    if (mapreduce_options_parse(arena, argc, argv, &options, &fault) != ERR_OK) {
        (void)fprintf(stderr, "tutti: %s\n\n'tutti help mapreduce' lists all options.\n",
                      fault.text);
        return EXIT_USAGE;
    }
    if (options.help) return show_help();
    if (!options.quiet && options.warnings.len != 0) {
        (void)fwrite(options.warnings.data, 1, options.warnings.len, stderr);
    }
    if (signals_open(&signals, &fault) != ERR_OK) return report_failure(&options, &fault, 0);
    enum exit_status status = run(arena, &options, &signals);
    signals_close(&signals);
    return status;
}

int mapreduce_main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    enum exit_status status = run_words(arena, argc, argv);
    arena_free(arena);
    return (int)status;
}
