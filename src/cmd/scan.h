/* scan.h -- the arguments that SCAN, HSCAN, SSCAN and ZSCAN have in common. */
#pragma once

#include "cmd/call.h"

enum { SCAN_COUNT_DEFAULT = 10 };

struct scan_request {
    uint64_t cursor;
    int64_t count;        /* about how many elements to visit; 1 or more */
    bool has_pattern;     /* false: all match */
    struct slice pattern; /* of glob.h */
    bool has_type;        /* of SCAN alone */
    struct slice type;
};

/* A cursor as clients write it; false: it is none. */
MUST_USE bool scan_cursor_parse(struct slice text, uint64_t *cursor);
/* From the cursor at `index` on; TYPE is known only `with_type`. False: the error is replied. */
MUST_USE bool scan_read(struct call *call, uint32_t index, bool with_type,
                        struct scan_request *request);
/* The same in two steps, between which SSCAN and the like look whether there is anything. */
MUST_USE bool scan_read_cursor(struct call *call, uint32_t index, struct scan_request *request);
MUST_USE bool scan_read_options(struct call *call, uint32_t index, bool with_type,
                                struct scan_request *request);
bool scan_wants(const struct scan_request *request, struct slice element);
/* The head of the reply, an array of the cursor and the elements, which follow. */
void scan_reply_cursor(struct call *call, uint64_t cursor);
