/*
 * plain_runner.c -- runs the tests where Criterion's own runner cannot, or only slowly: under the
 * thread sanitizer, whose memory layout has no place for it, and under the address sanitizer, where
 * each of its processes takes long to begin. Here a test is a fork, and several run side by side.
 *
 * The functions below are those that Criterion's macros call; defined here, they come before the
 * library's. Arguments: those of Criterion's options that are in use (options_read), then the
 * beginnings of SUITE/NAME of the tests to run; none: all. What a test that failed wrote is shown.
 */
#include <criterion/criterion.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

enum verdict { VERDICT_PASSED, VERDICT_FAILED = 101, VERDICT_SKIPPED = 102 };

/* The linker gathers all tests in this section, and names its ends. */
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];

static bool failed; /* of the child process, which runs one test */
static jmp_buf aborted;

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (stats->passed) return;
    failed = true;
    printf("  %s:%u: %s\n", stats->file, stats->line, stats->message);
}

void criterion_continue_test(void)
{
}

void cri_asserts_passed_incr(void)
{
}

void criterion_abort_test(void)
{
    longjmp(aborted, 1);
}

void criterion_skip_test(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)fflush(stdout);
    _exit(VERDICT_SKIPPED);
}

void cr_log(enum criterion_severity severity, const char *msg, ...)
{
    va_list args;
    (void)severity;
    va_start(args, msg);
    (void)vprintf(msg, args);
    va_end(args);
    (void)putchar('\n');
}

void criterion_internal_test_setup(void)
{
}

void criterion_internal_test_main(void (*test)(void))
{
    if (setjmp(aborted) == 0) test();
}

void criterion_internal_test_teardown(void)
{
}

static int run_here(const struct criterion_test *test)
{
    if (test->data->init != NULL) test->data->init();
    test->test();
    if (test->data->fini != NULL) test->data->fini();
    return failed ? VERDICT_FAILED : VERDICT_PASSED;
}

enum { JOBS_MAX = 64 };

struct options {
    FILE *tap; /* or NULL */
    uint32_t timeout_s, jobs;
    char **beginnings;
    int beginnings_count;
};

struct run {   /* of one test, in a process of its own */
    pid_t pid; /* 0: none */
    const struct criterion_test *test;
    FILE *output;
    double began_s;
};

struct counts {
    uint32_t passed, failed, skipped;
};

static double now_s(void)
{
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct run run_begin(const struct criterion_test *test, uint32_t timeout_s)
{
    struct run run = {.test = test, .output = tmpfile(), .began_s = now_s()};
    ASSERT(run.output != NULL);
    (void)fflush(NULL);
    run.pid = fork();
    ASSERT(run.pid >= 0);
    if (run.pid != 0) return run;
    (void)alarm(timeout_s);
    (void)dup2(fileno(run.output), STDOUT_FILENO);
    (void)dup2(fileno(run.output), STDERR_FILENO);
    exit(run_here(test)); /* by exit: the sanitizer adds what it found */
}

static enum verdict verdict_of(const struct criterion_test *test, int status)
{
    if (test->data->signal != 0) {
        bool as_wanted = WIFSIGNALED(status) && WTERMSIG(status) == test->data->signal;
        return as_wanted ? VERDICT_PASSED : VERDICT_FAILED;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code) return VERDICT_PASSED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == VERDICT_SKIPPED) return VERDICT_SKIPPED;
    return VERDICT_FAILED;
}

static void show_output(FILE *output, FILE *to)
{
    char line[4096];
    rewind(output);
    while (fgets(line, sizeof line, output) != NULL) {
        (void)fprintf(to, "  %s%s", line, strchr(line, '\n') == NULL ? "\n" : "");
    }
}

/* One test as Criterion's TAP tells it: SUITE::NAME, and what was written of a failed one. */
static void tell_tap(FILE *tap, const struct run *run, enum verdict verdict)
{
    const struct criterion_test *test = run->test;
    (void)fprintf(tap, "%s - %s::%s", verdict == VERDICT_FAILED ? "not ok" : "ok", test->category,
                  test->name);
    if (verdict == VERDICT_SKIPPED) {
        char why[256] = "";
        rewind(run->output);
        if (fgets(why, sizeof why, run->output) != NULL) why[strcspn(why, "\n")] = '\0';
        (void)fprintf(tap, " # SKIP %s\n", why);
        return;
    }
    (void)fprintf(tap, "  (%.2fs)\n", now_s() - run->began_s);
    if (verdict == VERDICT_FAILED) show_output(run->output, tap);
}

static void run_end(struct run *run, int status, FILE *tap, struct counts *counts)
{
    enum verdict verdict = verdict_of(run->test, status);
    counts->passed += verdict == VERDICT_PASSED;
    counts->skipped += verdict == VERDICT_SKIPPED;
    counts->failed += verdict == VERDICT_FAILED;
    if (WIFSIGNALED(status) && verdict == VERDICT_FAILED) {
        (void)fseek(run->output, 0, SEEK_END);
        (void)fprintf(run->output, "%s\n",
                      WTERMSIG(status) == SIGALRM ? "still at it when its time was over"
                                                  : strsignal(WTERMSIG(status)));
    }
    if (verdict == VERDICT_FAILED) {
        show_output(run->output, stdout);
        printf("not ok %s\n", run->test->data->identifier_);
    }
    if (tap != NULL) tell_tap(tap, run, verdict);
    (void)fclose(run->output);
    run->pid = 0;
}

/* Waits until one of `runs` has ended, and tells of it. */
static struct run *wait_one(struct run runs[JOBS_MAX], FILE *tap, struct counts *counts)
{
    int status = 0;
    pid_t pid = wait(&status);
    ASSERT(pid > 0);
    for (struct run *run = runs; run < runs + JOBS_MAX; run++) {
        if (run->pid != pid) continue;
        run_end(run, status, tap, counts);
        return run;
    }
    return NULL; /* a test's child, left behind and given to us */
}

static bool is_wanted(const struct criterion_test *test, const struct options *options)
{
    struct slice name = slice_text(test->data->identifier_);
    for (int i = 0; i < options->beginnings_count; i++) {
        if (slice_starts_with(name, slice_text(options->beginnings[i]))) {
            return !test->data->disabled;
        }
    }
    return options->beginnings_count == 0 && !test->data->disabled;
}

/* Tells the TAP's plan; ends when all that are wanted have. */
static struct counts run_all(const struct options *options)
{
    struct run runs[JOBS_MAX] = {{0}};
    struct counts counts = {0};
    uint32_t begun = 0;
    for (struct criterion_test **test = __start_cr_tst; test < __stop_cr_tst; test++) {
        if (!is_wanted(*test, options)) continue;
        struct run *idle = begun < options->jobs ? &runs[begun] : NULL;
        while (idle == NULL) idle = wait_one(runs, options->tap, &counts);
        *idle = run_begin(*test, options->timeout_s);
        begun++;
    }
    while (counts.passed + counts.failed + counts.skipped < begun) {
        (void)wait_one(runs, options->tap, &counts);
    }
    if (options->tap != NULL) (void)fprintf(options->tap, "1..%u\n", begun);
    return counts;
}

/* --tap=FILE, --jobs N, --timeout SECONDS as Criterion has them; --quiet, which this always is. */
static struct options options_read(int argc, char **argv)
{
    struct options options = {.timeout_s = 120, .jobs = 1};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strncmp(argv[i], "--tap=", 6) == 0) {
            options.tap = fopen(argv[i] + 6, "w");
            ASSERT(options.tap != NULL);
        } else if (strcmp(argv[i], "--jobs") == 0 && i + 1 < argc) {
            options.jobs = (uint32_t)strtoul(argv[++i], NULL, 10);
            ASSERT(options.jobs >= 1 && options.jobs <= JOBS_MAX);
        } else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc) {
            options.timeout_s = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--quiet") != 0) {
            (void)fprintf(stderr, "%s: not an option here\n", argv[i]);
            exit(EXIT_FAILURE);
        }
    }
    options.beginnings = argv + i;
    options.beginnings_count = argc - i;
    return options;
}

int main(int argc, char **argv)
{
    struct options options = options_read(argc, argv);
    struct counts counts = run_all(&options);
    if (options.tap != NULL) ASSERT(fclose(options.tap) == 0);
    printf("%u passed, %u failed, %u skipped\n", counts.passed, counts.failed, counts.skipped);
    return counts.failed == 0 && counts.passed != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
