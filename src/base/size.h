/*
 * size.h -- sizes, counts and times as people write and read them.
 *
 * Read: "64MiB", "1G", "512k", "1.5 GB", "100". As in dd: k, M, G, T and KiB, MiB, GiB, TiB are
 * powers of 1024; kB, MB, GB, TB powers of 1000. Case does not matter. Shown: powers of 1000.
 */
#pragma once

#include "base/buffer.h"

/* False: not a size, negative, or over 2^63-1 bytes; `*bytes` is then left as it was. */
MUST_USE bool size_parse(struct slice text, uint64_t *bytes);

/* Digits only, up to 2^64-1. False: anything else. */
MUST_USE bool count_parse(struct slice text, uint64_t *count);

void size_append(struct buffer *out, uint64_t bytes);        /* "1.2 GB", "999 bytes" */
void count_append(struct buffer *out, uint64_t count);       /* "1,234,567" */
void count_append_short(struct buffer *out, uint64_t count); /* "1.2 M", "999" */
void duration_append(struct buffer *out, duration time);     /* "15 ms", "3.4 s", "2 min 05 s" */
