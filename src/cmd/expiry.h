/* expiry.h -- points in time as commands give them, and what happens to a key whose time is over.
 */
#pragma once

#include "cmd/call.h"

struct expiry_form {
    bool seconds;  /* else milliseconds */
    bool relative; /* to now; else Unix time */
};

/* The argument of SET EX and its like: must be above zero. False: the error is replied. */
MUST_USE bool expiry_positive(struct call *call, uint32_t index, struct expiry_form form,
                              int64_t *expiry_ms);
/* The argument of EXPIRE and its like: may be in the past. False: the error is replied. */
MUST_USE bool expiry_any(struct call *call, uint32_t index, struct expiry_form form,
                         int64_t *expiry_ms);

/* The key was given a time that is past: it goes at once, as by DEL, and so it is logged. */
void expiry_delete(struct call *call, struct slice key);
