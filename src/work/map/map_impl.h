/*
 * map_impl.h -- what an operator of map.def is made of.
 *
 * Most operators are a pure function from a record to its pairs (`extract`), and one loop in map.c
 * drives them over a block. `words` works on the block itself (`block`).
 */
#pragma once

#include "work/map/columns.h"
#include "work/map/json.h"
#include "work/map/map.h"
#include "work/map/pair.h"
#include "work/map/regex.h"

struct map_operator;

/* One call of map_block. */
struct map_run {
    const struct block *block;
    struct collector *out;
    struct bad_records *bad;
    uint64_t *records;
    struct fault *fault;
};

struct map_type {
    /* Fill `map` from what is behind the colon. NULL: nothing to fill. */
    enum err (*parse)(struct map_operator *map, struct arena *arena, const struct job_spec *spec,
                      struct slice argument, struct fault *fault);
    /* Before the records of a block: column names. NULL: nothing to do. */
    enum err (*prepare)(struct map_operator *map, const struct block *block, struct fault *fault);
    /* The pairs of a record, one a call: again while pair->more. NULL: `block` does it all. */
    enum map_verdict (*extract)(struct map_operator *map, struct slice record,
                                struct map_pair *pair);
    enum err (*block)(struct map_operator *map, const struct map_run *run);
    /* NULL: no pair has a value. */
    bool (*gives_values)(const struct map_operator *map);
    void (*free)(struct map_operator *map); /* NULL: nothing to free */
};

struct map_operator {
    const struct map_type *type;
    struct record_rule rule;
    union {
        struct columns columns;
        struct json_query json;
        struct regex regex;
    };
};

#define MAP_NATIVE(name, argument, help) extern const struct map_type map_##name##_type;
#define MAP_CHILD(name, argument, help)
#include "work/map/map.def"
#undef MAP_NATIVE
#undef MAP_CHILD

/* Note a bad record at `at`. */
MUST_USE enum err map_bad(const struct map_run *run, const uint8_t *at, const char *why);

/* The one way of a pair into the collector. A value that the reduce operator cannot read makes the
 * record at `at` a bad one. */
static inline MUST_USE enum err map_emit(const struct map_run *run, const uint8_t *at,
                                         struct slice key, struct slice value)
{
    enum err err = collector_emit(run->out, key, value, run->fault);
    if (LIKELY(err == ERR_OK)) return ERR_OK;
    return err == ERR_BAD_RECORD ? map_bad(run, at, run->fault->text) : err;
}

/* The same for many keys without values, which lie in the block. */
static inline MUST_USE enum err map_emit_keys(const struct map_run *run, const struct slice *keys,
                                              size_t count)
{
    if (LIKELY(collector_counts(run->out))) {
        return collector_count_keys(run->out, keys, count, run->fault);
    }
    for (size_t i = 0; i < count; i++) {
        enum err err = map_emit(run, keys[i].data, keys[i], (struct slice){0});
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}
