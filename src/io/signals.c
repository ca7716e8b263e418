/* signals.c -- a signalfd. See signals.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/signals.h"

/* The kernel queues a blocked signal even when it is ignored, so that what nohup asked for has to
 * be looked up. SIGINT is taken in any case: shells ignore it for what runs in the background, and
 * whoever sends it from there means it. */
static bool is_ignored(int signal_number)
{
    struct sigaction action;
    if (sigaction(signal_number, NULL, &action) != 0) return false;
    return action.sa_handler == SIG_IGN;
}

enum err signals_open(struct signals *signals, struct fault *fault)
{
    sigset_t stops;
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGINT);
    (void)sigaddset(&stops, SIGTERM);
    if (!is_ignored(SIGHUP)) (void)sigaddset(&stops, SIGHUP);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0 ||
        sigprocmask(SIG_BLOCK, &stops, NULL) != 0) {
        return fault_set_errno(fault, errno, "signals cannot be held back");
    }
    signals->fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0) return fault_set_errno(fault, errno, "signals cannot be watched");
    return ERR_OK;
}

int signals_take(struct signals *signals)
{
    struct signalfd_siginfo info;
    ssize_t got = read(signals->fd, &info, sizeof info);
    return got == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

enum err signals_check(const struct signals *signals, struct fault *fault)
{
    if (signals == NULL) return ERR_OK;
    struct pollfd waiting = {signals->fd, POLLIN, 0};
    if (poll(&waiting, 1, 0) <= 0) return ERR_OK;
    return fault_set(fault, ERR_CANCELLED, "stopped");
}

void signals_close(struct signals *signals)
{
    (void)close(signals->fd);
    signals->fd = -1;
}
