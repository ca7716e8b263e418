/* clock.c -- see clock.h. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "io/clock.h"

enum { NS_PER_US = 1000 };
static const int64_t ns_per_s = 1000000000;

static int64_t clock_read(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    ASSERT(failed == 0);
    return now.tv_sec * ns_per_s + now.tv_nsec;
}

instant clock_now(void)
{
    /* It goes on while the machine sleeps: whoever was promised something until then is told. */
    return (instant){clock_read(CLOCK_BOOTTIME)};
}

int64_t clock_unix_us(void)
{
    return clock_read(CLOCK_REALTIME) / NS_PER_US;
}

void clock_cpu_parts(duration *user, duration *system)
{
    struct rusage usage;
    *user = *system = (duration){0};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return;
    user->ns = usage.ru_utime.tv_sec * ns_per_s + usage.ru_utime.tv_usec * NS_PER_US;
    system->ns = usage.ru_stime.tv_sec * ns_per_s + usage.ru_stime.tv_usec * NS_PER_US;
}

void clock_sleep(duration time)
{
    if (time.ns <= 0) return;
    struct timespec left = {time.ns / ns_per_s, time.ns % ns_per_s};
    while (nanosleep(&left, &left) != 0) { /* ends: a signal leaves less to sleep */
    }
}

struct clock_text clock_text(int64_t unix_us)
{
    enum { US_PER_S = 1000000, US_PER_MS = 1000 };
    struct clock_text text = {0};
    struct tm parts;
    time_t seconds = unix_us / US_PER_S;
    if (gmtime_r(&seconds, &parts) == NULL) parts = (struct tm){0};
    size_t len = strftime(text.text, sizeof text.text, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text.text + len, sizeof text.text - len, ".%03uZ",
                   (unsigned)(unix_us % US_PER_S / US_PER_MS));
    return text;
}

static int64_t usage_ns(int who)
{
    struct rusage usage;
    if (getrusage(who, &usage) != 0) return 0;
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * ns_per_s +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

duration clock_cpu_process(void)
{
    return (duration){usage_ns(RUSAGE_SELF) + usage_ns(RUSAGE_CHILDREN)};
}

struct clock_stamp clock_stamp(void)
{
    struct clock_stamp stamp = {0};
    struct tm parts;
    time_t now = time(NULL);
    if (gmtime_r(&now, &parts) == NULL) parts = (struct tm){0};
    size_t len = strftime(stamp.text, sizeof stamp.text, "%Y%m%d%H%M%S", &parts);
    (void)snprintf(stamp.text + len, sizeof stamp.text - len, "_%u", (unsigned)getpid());
    return stamp;
}
