/*
 * request.h -- bytes from a client to requests: arrays of bulk strings, or inline commands.
 *
 * Parsing is in place: the arguments of a request are slices of the bytes it was parsed from, and
 * stay good as long as those do. A request that is not whole yet keeps what was learned of it, so
 * that a large one is not read twice.
 *
 * Requests gather: the arguments of each stand behind those of the one before, until
 * request_restart. So that several can be parsed before the first is run.
 */
#pragma once

#include "base/buffer.h"

struct request_limits {
    uint64_t arguments_max;  /* INT32_MAX in Redis */
    uint64_t bulk_bytes_max; /* proto-max-bulk-len */
    uint64_t line_bytes_max; /* of an inline command and of a header: 65,536 */
    bool stranger;           /* has not authenticated: much less is taken */
};

enum {
    REQUEST_LINE_BYTES_MAX = 64 * 1024,
    REQUEST_STRANGER_ARGUMENTS_MAX = 10,
    REQUEST_STRANGER_BULK_BYTES_MAX = 16 * 1024,
    REQUEST_ERROR_MAX = 64, /* bytes of an error's text */
};

struct request_reader {      /* zeroed is ready */
    struct buffer arguments; /* of struct slice */
    struct buffer unquoted;  /* bytes of the last inline command */
    const uint8_t *base;     /* where the bytes of the unfinished request were */
    size_t parsed_bytes;     /* how far into them it has got */
    uint64_t bulk_bytes;     /* of the bulk whose header is read */
    uint32_t first, count;   /* arguments before this request; with those it has so far */
    uint32_t arguments_left; /* that are still to come */
    bool inside, inside_bulk;
    bool inline_text; /* the last one was inline: its arguments are in `unquoted` */
};

enum request_status {
    REQUEST_WHOLE,   /* `*used` bytes are consumed; without arguments: an empty one */
    REQUEST_PARTIAL, /* more bytes are needed; see request_wanted */
    REQUEST_BAD      /* the protocol is broken: reply `error`, then close */
};

/* Parse the request at the start of `bytes`. When called again for the same request, `bytes` must
 * start with the same bytes, wherever they are in memory now. */
enum request_status request_read(struct request_reader *reader, struct slice bytes,
                                 const struct request_limits *limits, size_t *used,
                                 char error[REQUEST_ERROR_MAX]);

/* Of the whole request that was read last. Good until the next request_read, which may move them;
 * `first` then still tells them apart. */
static inline const struct slice *request_arguments(const struct request_reader *reader)
{
    if (reader->count == 0) return NULL;
    return (const struct slice *)(const void *)reader->arguments.data + reader->first;
}
static inline uint32_t request_count(const struct request_reader *reader)
{
    return reader->count - reader->first;
}

/* Forget all whole requests; what is known of an unfinished one stays. Keeps the memory. */
void request_restart(struct request_reader *reader);
/* Forget the unfinished one too: it will be read from its start again. */
void request_abandon(struct request_reader *reader);
/* How many bytes in all the unfinished request needs at least, as far as is known: to make room at
 * once. */
size_t request_wanted(const struct request_reader *reader);
void request_reader_free(struct request_reader *reader);
