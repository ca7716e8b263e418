/* lost.h -- replies that may not leave, in what waits to be sent. */
#pragma once

#include "base/buffer.h"

struct lost_manner {
    bool subscriber; /* messages of channels are arrays among its replies, in RESP2 */
    bool monitor;    /* lines of MONITOR are simple strings among them */
};

/* Each reply of `waiting`, which we wrote, becomes `error`; what nobody asked for is kept. Returns
 * how many did. */
uint64_t lost_replace(struct buffer *out, struct slice waiting, const struct lost_manner *manner,
                      struct slice error);
