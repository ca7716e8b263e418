/*
 * plain_runner.c -- runs the tests where Criterion's own runner cannot: under the thread sanitizer,
 * whose memory layout has no place for it. A test is a child process; what it writes is shown.
 *
 * The functions below are those that Criterion's macros call; defined here, they come before the
 * library's. Arguments: the beginning of SUITE/NAME of the tests to run; none: all.
 */
#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
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

static enum verdict run_apart(const struct criterion_test *test)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    ASSERT(pid >= 0);
    if (pid == 0) exit(run_here(test)); /* by exit: the sanitizer adds what it found */
    int status = 0;
    ASSERT(waitpid(pid, &status, 0) == pid);
    if (test->data->signal != 0) {
        bool as_wanted = WIFSIGNALED(status) && WTERMSIG(status) == test->data->signal;
        return as_wanted ? VERDICT_PASSED : VERDICT_FAILED;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code) return VERDICT_PASSED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == VERDICT_SKIPPED) return VERDICT_SKIPPED;
    return VERDICT_FAILED;
}

static bool is_wanted(const struct criterion_test *test, int count, char **beginnings)
{
    struct slice name = slice_text(test->data->identifier_);
    for (int i = 0; i < count; i++) {
        if (slice_starts_with(name, slice_text(beginnings[i]))) return !test->data->disabled;
    }
    return count == 0 && !test->data->disabled;
}

int main(int argc, char **argv)
{
    uint32_t passed = 0, failures = 0, skipped = 0;
    for (struct criterion_test **test = __start_cr_tst; test < __stop_cr_tst; test++) {
        if (!is_wanted(*test, argc - 1, argv + 1)) continue;
        enum verdict verdict = run_apart(*test);
        passed += verdict == VERDICT_PASSED;
        skipped += verdict == VERDICT_SKIPPED;
        if (verdict != VERDICT_FAILED) continue;
        failures++;
        printf("not ok %s\n", (*test)->data->identifier_);
    }
    printf("%u passed, %u failed, %u skipped\n", passed, failures, skipped);
    return failures == 0 && passed != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
