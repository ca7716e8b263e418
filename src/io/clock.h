/* clock.h -- the time, for those outside core/ who may read it. */
#pragma once

#include "base/base.h"

instant clock_now(void);          /* monotonic */
int64_t clock_unix_us(void);      /* the wall clock */
duration clock_cpu_process(void); /* user and system time of this process and its dead children */

/* The same of this process alone, parted. */
void clock_cpu_parts(duration *user, duration *system);
void clock_sleep(duration time); /* this thread; for DEBUG SLEEP */

/* "2024-01-31T12:34:56.789Z" */
struct clock_text {
    char text[32];
};
struct clock_text clock_text(int64_t unix_us);

/* Now and this process, in a form that names things: "20240131123456_4711". */
struct clock_stamp {
    char text[32];
};
struct clock_stamp clock_stamp(void);
