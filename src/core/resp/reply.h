/*
 * reply.h -- writing replies in RESP2 or RESP3.
 *
 * Replies are appended to a buffer. Types that RESP2 does not have become what Redis sends to a
 * RESP2 client: a map is an array of twice the length, a double a bulk string, a null a null bulk.
 */
#pragma once

#include "base/buffer.h"

struct reply {
    struct buffer *out;
    uint8_t protocol; /* 2 or 3 */
};

void reply_ok(struct reply *reply);
void reply_simple(struct reply *reply, const char *text);
/* `text` with its code: "ERR syntax error". Line ends in it become blanks. */
void reply_error(struct reply *reply, const char *format, ...) PRINTF(2, 3);
void reply_integer(struct reply *reply, int64_t value);
void reply_bulk(struct reply *reply, struct slice bytes);
void reply_bulk_text(struct reply *reply, const char *text);
void reply_bulk_format(struct reply *reply, const char *format, ...) PRINTF(2, 3);
void reply_bulk_integer(struct reply *reply, int64_t value);
void reply_null(struct reply *reply);                 /* $-1 or _ */
void reply_null_array(struct reply *reply);           /* *-1 or _ */
void reply_double(struct reply *reply, double value); /* 17 digits, shortest; inf, -inf, nan */
void reply_bool(struct reply *reply, bool value);     /* :1 or #t */
void reply_big_number(struct reply *reply, struct slice digits);
void reply_verbatim(struct reply *reply, const char format[3], struct slice text);

void reply_array(struct reply *reply, uint64_t count);
void reply_map(struct reply *reply, uint64_t pairs_count);
void reply_set(struct reply *reply, uint64_t count);
void reply_attribute(struct reply *reply, uint64_t pairs_count); /* RESP3 only */
void reply_push(struct reply *reply, uint64_t count);

/* A length that is known only afterwards: open, write the elements, close with their count. */
size_t reply_open(const struct reply *reply);
void reply_close_array(struct reply *reply, size_t opened, uint64_t count);
void reply_close_map(struct reply *reply, size_t opened, uint64_t pairs_count);
void reply_close_set(struct reply *reply, size_t opened, uint64_t count);

/* Drop what was written since `opened`: an error takes its place. */
void reply_rewind(struct reply *reply, size_t opened);

/* The shortest text that reads back as `value`, as Redis 7.2 prints scores: "3", "0.1", "1e+100",
 * "inf"; whole numbers up to 2^62 in full. Returns its length. */
enum { DOUBLE_TEXT_MAX = 40 };
size_t double_format(double value, char text[DOUBLE_TEXT_MAX]);
/* As INCRBYFLOAT prints: %.17Lf without trailing zeros. */
enum { LONG_DOUBLE_TEXT_MAX = 5 * 1024 };
size_t long_double_format(long double value, char text[LONG_DOUBLE_TEXT_MAX]);
