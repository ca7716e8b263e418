/*
 * request.h -- bytes from a client to requests: arrays of bulk strings, or inline commands.
 *
 * Parsing is in place: the arguments of a request are slices of the bytes it was parsed from, and
 * stay good as long as those do. A request that is not whole yet keeps what was learned of it, so
 * that a large one is not read twice.
 */
#pragma once

#include "base/buffer.h"

struct request_limits {
    uint64_t arguments_max;    /* 1,048,576 (Redis); 10 before authentication */
    uint64_t bulk_bytes_max;   /* proto-max-bulk-len; 16,384 before authentication */
    uint64_t inline_bytes_max; /* 65,536 */
};

struct request_reader {                       /* zeroed is ready */
    uint64_t arguments_left, bulk_bytes_left; /* of a request that is not whole */
    size_t parsed_bytes;                      /* how far into the bytes it has got */
    struct slice *arguments;                  /* owned; from malloc */
    uint32_t *offsets;                        /* owned: where they are, while bytes may move */
    uint32_t arguments_count, arguments_capacity;
    bool inside, inline_text;
    struct buffer unquoted; /* of an inline command with quotes */
};

enum request_status {
    REQUEST_WHOLE,   /* `arguments` are ready, `*used` bytes are consumed; count 0: an empty one */
    REQUEST_PARTIAL, /* more bytes are needed; see request_wanted */
    REQUEST_BAD      /* the protocol is broken: reply `error`, then close */
};

/* Parse the request at the start of `bytes`. When called again for the same request, `bytes` must
 * start with the same bytes, wherever they are in memory now. */
enum request_status request_read(struct request_reader *reader, struct slice bytes,
                                 const struct request_limits *limits, size_t *used,
                                 const char **error);
/* How many bytes in all the request needs at least, as far as is known: to make room at once. */
size_t request_wanted(const struct request_reader *reader);
void request_reader_free(struct request_reader *reader);
