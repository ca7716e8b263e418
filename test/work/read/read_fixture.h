/*
 * read_fixture.h -- files to read, and a plain reader to compare with.
 */
#pragma once

#include "base/arena.h"
#include "work/read/plan.h"
#include "work/read/reader.h"
#include "work/read/source.h"

/* A folder of its own for each test, empty. fixture_remove at the end. */
const char *fixture_folder(struct arena *arena);
char *fixture_file(struct arena *arena, const char *folder, const char *name, struct slice bytes);

struct job_spec fixture_spec(enum record_format format); /* generous limits, no header */

/* Append `bytes`, compressed as one stream. */
void fixture_compress(enum source_kind kind, struct slice bytes, struct buffer *out);

/* The records of `bytes`, each as put_sized, found one byte at a time. Records longer than
 * `record_bytes_max` are left out and counted in `*bad`, as is an incomplete last one. */
void fixture_naive_records(const struct job_spec *spec, struct slice bytes, struct buffer *records,
                           uint64_t *bad);

struct reading {
    struct buffer records; /* of all splits, in order, each as put_sized */
    struct buffer header;  /* of the last block that had one */
    struct plan plan;
    struct bad_records bad;
    struct fault fault;
    uint64_t bytes_read;
    size_t block_bytes_max;
    enum err err;
};

/* Plan `path`, send each split through its encoding, read it with `memory_bytes`. */
struct reading fixture_read(struct arena *arena, const struct job_spec *spec, const char *path,
                            size_t memory_bytes, uint64_t bad_allowed);
void fixture_reading_free(struct reading *reading);

/* Chance from a seed: xorshift. */
uint64_t fixture_random(uint64_t *seed, uint64_t below);

/* `len` bytes drawn from `alphabet`. */
void fixture_random_bytes(uint64_t *seed, const char *alphabet, size_t alphabet_len, size_t len,
                          struct buffer *out);
