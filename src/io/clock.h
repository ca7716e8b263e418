/* clock.h -- the time, for those outside core/ who may read it. */
#pragma once

#include "base/base.h"

instant clock_now(void);          /* monotonic */
duration clock_cpu_process(void); /* user and system time of this process and its dead children */
duration clock_cpu_thread(void);
