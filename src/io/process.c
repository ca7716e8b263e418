/* process.c -- vfork, exec, pipes, poll. See process.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/process.h"

enum {
    /* Asked for: the more a pipe holds, the rarer one side waits to be woken by the other. */
    PIPE_BYTES = 1 << 20,
    STANDARD_STREAMS = 3,
    EXIT_NOT_STARTED = 127,
};

struct process_stop {
    int fd;    /* of an event: readable once raised */
    int guard; /* the pipe of one; -1: none */
    atomic_bool raised;
};

struct pipe_ends {
    int read, write;
};

/* Everything the new process needs, made before it exists: it shares our memory until it execs. */
struct launch {
    const char *const *argv;
    char **environment;
    int input, output, errors;
    int guard;
    int report; /* closed by exec; gets the errno when exec fails */
    pid_t parent;
};

static void fd_close(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

static void pipe_close(struct pipe_ends *ends)
{
    fd_close(&ends->read);
    fd_close(&ends->write);
}

/* Away from 0, 1 and 2, which are free where we were started without them: dup2 in the child would
 * otherwise overwrite one end with another. */
static int fd_raise(int fd)
{
    if (fd < 0 || fd >= STANDARD_STREAMS) return fd;
    int raised = fcntl(fd, F_DUPFD_CLOEXEC, STANDARD_STREAMS);
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return raised;
}

static MUST_USE enum err pipe_new(struct pipe_ends *ends, struct fault *fault)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return fault_set_errno(fault, errno, "cannot make a pipe");
    ends->read = fd_raise(fds[0]);
    ends->write = fd_raise(fds[1]);
    if (ends->read >= 0 && ends->write >= 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot make a pipe");
}

static void restore_signals(void)
{
    struct sigaction action;
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) != 0) continue;
        bool keep = action.sa_handler == SIG_DFL;
        bool ours = number == SIGPIPE || number == SIGXFSZ;
        if (action.sa_handler == SIG_IGN && !ours) keep = true; /* nohup's wish */
        if (keep) continue;
        action = (struct sigaction){.sa_handler = SIG_DFL};
        (void)sigaction(number, &action, NULL);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs between vfork and exec: system calls only, and nothing of ours is written to. */
NORETURN static void launch_in_child(const struct launch *launch)
{
    (void)setpgid(0, 0);
    guard_say(launch->guard, GUARD_WATCH, getpid());
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch->parent) _exit(EXIT_NOT_STARTED); /* it died before the line above */
    bool joined = dup2(launch->input, STDIN_FILENO) >= 0 &&
                  dup2(launch->output, STDOUT_FILENO) >= 0 &&
                  dup2(launch->errors, STDERR_FILENO) >= 0;
    if (joined) {
        restore_signals();
        (void)execvpe(launch->argv[0], (char *const *)launch->argv, launch->environment);
    }
    int reason = errno;
    (void)!write(launch->report, &reason, sizeof reason);
    _exit(EXIT_NOT_STARTED);
}

/* vfork: a process that holds gigabytes must not copy its page tables for every command. What the
 * child does before it execs is system calls on memory that was made ready before. */
static __attribute__((noinline)) pid_t launch_process(const struct launch *launch)
{
    pid_t pid = vfork();                   /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
    if (pid == 0) launch_in_child(launch); /* NOLINT(clang-analyzer-unix.Vfork) */
    return pid;
}

static bool same_name(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");
    return strncmp(a, b, len) == 0 && b[len] == '=';
}

static bool is_replaced(const char *ours, const char *const *added)
{
    for (; added != NULL && *added != NULL; added++) {
        if (same_name(*added, ours)) return true;
    }
    return false;
}

/* The caller frees it; the strings are borrowed. */
static char **environment_of(const char *const *added)
{
    size_t count = 0;
    for (char **at = environ; at != NULL && *at != NULL; at++) count++;
    for (const char *const *at = added; at != NULL && *at != NULL; at++) count++;
    char **merged = calloc(count + 1, sizeof *merged);
    ASSERT(merged != NULL);
    size_t used = 0;
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        if (!is_replaced(*at, added)) merged[used++] = *at;
    }
    for (const char *const *at = added; at != NULL && *at != NULL; at++) {
        merged[used++] = (char *)(uintptr_t)*at;
    }
    return merged;
}

/* 0, or the errno of the exec that failed; then the process is reaped. */
static int exec_result(const struct launch *launch, int report, pid_t pid)
{
    int reason = 0;
    ssize_t got;
    do got = read(report, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof reason) return 0;
    guard_say(launch->guard, GUARD_FORGET, pid); /* before its number can become another's */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return reason;
}

/* The errno of what failed, or 0. Signals wait meanwhile: a handler of ours must not run in the
 * child, which has our memory. */
static int launch_checked(const struct launch *launch, struct pipe_ends *report, pid_t *pid)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    *pid = launch_process(launch);
    int reason = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    fd_close(&report->write);
    return *pid < 0 ? reason : exec_result(launch, report->read, *pid);
}

enum { PIPE_INPUT, PIPE_OUTPUT, PIPE_ERRORS, PIPE_REPORT, PIPES };

static MUST_USE enum err pipes_new(struct pipe_ends *pipes, struct fault *fault)
{
    for (int i = 0; i < PIPES; i++) pipes[i] = (struct pipe_ends){-1, -1};
    for (int i = 0; i < PIPES; i++) {
        enum err err = pipe_new(&pipes[i], fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

/* Our end of a stream leaves the pipe, so that closing the pipes leaves it open. */
static int take_end(int *end)
{
    int fd = *end;
    *end = -1;
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

static MUST_USE enum err launch_with_pipes(const struct process_config *config,
                                           struct pipe_ends *pipes, struct process *process,
                                           struct fault *fault)
{
    struct launch launch = {
        .argv = config->argv,
        .environment = environment_of(config->environment),
        .input = pipes[PIPE_INPUT].read,
        .output = pipes[PIPE_OUTPUT].write,
        .errors = pipes[PIPE_ERRORS].write,
        .guard = process->guard,
        .report = pipes[PIPE_REPORT].write,
        .parent = getpid(),
    };
    pid_t pid = 0;
    int reason = launch_checked(&launch, &pipes[PIPE_REPORT], &pid);
    free(launch.environment);
    if (reason != 0) return fault_set_errno(fault, reason, "cannot start %s", config->argv[0]);
    process->pid = pid;
    process->input = take_end(&pipes[PIPE_INPUT].write);
    process->output = take_end(&pipes[PIPE_OUTPUT].read);
    process->errors = take_end(&pipes[PIPE_ERRORS].read);
    (void)fcntl(process->input, F_SETPIPE_SZ, PIPE_BYTES);
    (void)fcntl(process->output, F_SETPIPE_SZ, PIPE_BYTES);
    process->watch = pidfd_open(pid, 0);
    if (process->watch >= 0) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot watch %s", config->argv[0]);
}

enum err process_start(const struct process_config *config, struct process *process,
                       struct fault *fault)
{
    *process = (struct process){.watch = -1, .input = -1, .output = -1, .errors = -1, .guard = -1};
    if (config->stop != NULL) process->guard = config->stop->guard;
    struct pipe_ends pipes[PIPES];
    enum err err = pipes_new(pipes, fault);
    if (err == ERR_OK) {
        (void)signal(SIGPIPE, SIG_IGN);
        err = launch_with_pipes(config, pipes, process, fault);
    }
    for (int i = 0; i < PIPES; i++) pipe_close(&pipes[i]);
    if (err != ERR_OK) process_end(process);
    return err;
}

/* Is the failure of a write one that only means "not now", or "nobody reads"? */
static MUST_USE enum err input_failed(struct process *process, int reason, struct fault *fault)
{
    if (reason == EAGAIN || reason == EINTR) return ERR_OK;
    if (reason == EPIPE) {
        fd_close(&process->input);
        return ERR_OK;
    }
    return fault_set_errno(fault, reason, "cannot write to process %d", process->pid);
}

enum err process_write(struct process *process, struct slice *input, struct fault *fault)
{
    ssize_t written = write(process->input, input->data, input->len);
    if (written < 0) return input_failed(process, errno, fault);
    *input = slice_from(*input, (size_t)written);
    return ERR_OK;
}

enum err process_splice(struct process *process, struct file *file, uint64_t *offset,
                        uint64_t *bytes, bool *refused, struct fault *fault)
{
    *refused = false;
    off64_t at = (off64_t)*offset;
    size_t ask = u64_min(*bytes, PIPE_BYTES);
    ssize_t moved = splice(file->fd, &at, process->input, NULL, ask, SPLICE_F_NONBLOCK);
    if (moved < 0 && (errno == EINVAL || errno == ENOSYS)) {
        *refused = true;
        return ERR_OK;
    }
    if (moved < 0 && errno == EIO) {
        return fault_set_errno(fault, EIO, "cannot read %s at byte %llu", file->label,
                               (unsigned long long)*offset);
    }
    if (moved < 0) return input_failed(process, errno, fault);
    if (moved == 0) {
        return fault_set(fault, ERR_CORRUPT,
                         "%s ends at byte %llu, earlier than it did when the job began; it must "
                         "not be changed while it is read",
                         file->label, (unsigned long long)*offset);
    }
    *offset += (uint64_t)moved;
    *bytes -= (uint64_t)moved;
    return ERR_OK;
}

enum err process_read(struct process *process, enum process_stream stream, void *to, size_t size,
                      size_t *got, struct fault *fault)
{
    ASSERT(size > 0);
    int *fd = stream == PROCESS_OUTPUT ? &process->output : &process->errors;
    ssize_t count = read(*fd, to, size);
    *got = count > 0 ? (size_t)count : 0;
    if (count == 0) fd_close(fd);
    if (count >= 0 || errno == EAGAIN || errno == EINTR) return ERR_OK;
    return fault_set_errno(fault, errno, "cannot read from process %d", process->pid);
}

void process_close_input(struct process *process)
{
    fd_close(&process->input);
}

enum err process_wait(struct process *process, struct process_events wanted,
                      const struct process_stop *stop, struct process_events *ready,
                      struct fault *fault)
{
    /* A negative descriptor is passed over by poll. */
    enum { INPUT, OUTPUT, ERRORS, EXIT, STOP, WATCHED };
    struct pollfd watched[WATCHED] = {
        [INPUT] = {.fd = wanted.input ? process->input : -1, .events = POLLOUT},
        [OUTPUT] = {.fd = wanted.output ? process->output : -1, .events = POLLIN},
        [ERRORS] = {.fd = process->errors, .events = POLLIN},
        [EXIT] = {.fd = wanted.exit ? process->watch : -1, .events = POLLIN},
        [STOP] = {.fd = stop != NULL ? stop->fd : -1, .events = POLLIN},
    };
    int count = poll(watched, WATCHED, -1);
    if (count < 0 && errno != EINTR) {
        return fault_set_errno(fault, errno, "cannot wait for process %d", process->pid);
    }
    bool is[WATCHED];
    for (int i = 0; i < WATCHED; i++) is[i] = count > 0 && watched[i].revents != 0;
    if (is[STOP]) return fault_set(fault, ERR_CANCELLED, "the job was stopped");
    *ready = (struct process_events){is[INPUT], is[OUTPUT], is[ERRORS], is[EXIT]};
    return ERR_OK;
}

enum err process_exit_of(struct process *process, struct process_exit *ended, struct fault *fault)
{
    /* Not reaped here: while the pid is taken, the group can be killed without hitting another. */
    siginfo_t info = {0};
    int result;
    do result = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT);
    while (result != 0 && errno == EINTR);
    if (result != 0) {
        return fault_set_errno(fault, errno, "cannot learn how process %d ended", process->pid);
    }
    *ended = (struct process_exit){info.si_code != CLD_EXITED, info.si_status};
    return ERR_OK;
}

void process_end(struct process *process)
{
    if (process->pid > 0) {
        (void)kill(-process->pid, SIGKILL);
        guard_say(process->guard, GUARD_FORGET, process->pid);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) continue;
        process->pid = 0;
    }
    fd_close(&process->watch);
    fd_close(&process->input);
    fd_close(&process->output);
    fd_close(&process->errors);
}

const char *process_signal_text(int number)
{
    const char *text = sigdescr_np(number);
    return text != NULL ? text : "unknown";
}

void process_fill_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        /* The lowest that is free: it gets the number, as those below are taken. */
        (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

enum err process_claim_output(struct file *output, struct fault *fault)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STANDARD_STREAMS);
    if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return fault_set_errno(fault, errno, "cannot take over standard output");
    }
    *output = (struct file){fd, "standard output"};
    return ERR_OK;
}

enum err process_stop_new(struct process_stop **stop, struct fault *fault)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) return fault_set_errno(fault, errno, "cannot make an event descriptor");
    *stop = calloc(1, sizeof **stop);
    ASSERT(*stop != NULL);
    **stop = (struct process_stop){.fd = fd, .guard = -1};
    return ERR_OK;
}

void process_stop_set_guard(struct process_stop *stop, const struct guard *guard)
{
    stop->guard = guard_pipe(guard);
}

void process_stop_raise(struct process_stop *stop)
{
    int saved = errno; /* may run in a signal handler */
    uint64_t one = 1;
    atomic_store(&stop->raised, true);
    (void)!write(stop->fd, &one, sizeof one);
    errno = saved;
}

bool process_stop_is_raised(const struct process_stop *stop)
{
    return stop != NULL && atomic_load(&stop->raised);
}

void process_stop_free(struct process_stop *stop)
{
    if (stop == NULL) return;
    fd_close(&stop->fd);
    free(stop);
}

enum err process_stop_wait(const struct process_stop *stop, const struct file *file,
                           struct fault *fault)
{
    struct pollfd polls[] = {{file->fd, POLLIN, 0}, {stop == NULL ? -1 : stop->fd, POLLIN, 0}};
    int ready;
    do ready = poll(polls, COUNT_OF(polls), -1);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return fault_set_errno(fault, errno, "cannot wait for %s", file->label);
    if (polls[1].revents == 0) return ERR_OK;
    return fault_set(fault, ERR_CANCELLED, "stopped");
}

void process_machine_name(char name[MACHINE_NAME_BYTES_MAX + 1])
{
    memset(name, 0, MACHINE_NAME_BYTES_MAX + 1);
    if (gethostname(name, MACHINE_NAME_BYTES_MAX + 1) != 0) name[0] = '\0';
    name[MACHINE_NAME_BYTES_MAX] = '\0';
}

uint32_t process_own_id(void)
{
    return (uint32_t)getpid();
}
