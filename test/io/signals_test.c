/* signals_test.c -- a signal that comes is found once; a closed pipe does not end the process.
 * Each test is a process of its own. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "io/signals.h"
#include "test/rows.h"

static const struct signal_row {
    const char *why;
    int number;
} rows[] = {
    {"Ctrl-C", SIGINT},
    {"an ending system", SIGTERM},
    {"a closed terminal", SIGHUP},
};

Test(signals, are_taken_once)
{
    struct fault fault;
    struct signals signals;
    cr_assert(signal(SIGHUP, SIG_DFL) != SIG_ERR); /* the tests may run under nohup */
    cr_assert(signals_open(&signals, &fault) == ERR_OK);
    cr_expect(signals_take(&signals) == 0, "none has come yet");
    FOR_ROWS (row, rows) {
        cr_assert(raise(row->number) == 0);
        ROW_EQ(row, signals_take(&signals), row->number);
        ROW_EQ(row, signals_take(&signals), 0);
    }
    signals_close(&signals);
}

Test(signals, nohup_is_honoured)
{
    struct fault fault;
    struct signals signals;
    cr_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    cr_assert(signals_open(&signals, &fault) == ERR_OK);
    cr_assert(raise(SIGHUP) == 0);
    cr_expect(signals_take(&signals) == 0, "a SIGHUP that is ignored stops nothing");
    signals_close(&signals);
}

Test(signals, a_closed_pipe_is_an_error)
{
    struct fault fault;
    struct signals signals;
    int ends[2];
    cr_assert(signals_open(&signals, &fault) == ERR_OK);
    cr_assert(pipe(ends) == 0);
    cr_assert(close(ends[0]) == 0);
    cr_expect(write(ends[1], "x", 1) == -1 && errno == EPIPE, "the write fails, we live");
    signals_close(&signals);
}
