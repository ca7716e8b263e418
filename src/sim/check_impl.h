/* check_impl.h -- what the models share: the operations of one key, and how a wrong is told. */
#pragma once

#include "sim/check.h"

struct check { /* of one key */
    const struct history *history;
    const struct check_options *options;
    struct check_verdict *verdict;
    struct arena *arena;           /* until the key is judged */
    const struct history_op **ops; /* of the key, as they were invoked */
    size_t count;
    const struct history_op **writers; /* by value: who wrote it; NULL between keys */
    uint64_t *marks;                   /* by value: the model's own; 0 between keys */
    bool wrong;                        /* something was told already */
};

/* "lost: an append …", then the operations (NULL ends them early). */
void check_wrong(struct check *check, const char *text, const struct history_op *first,
                 const struct history_op *second);
void check_undecided(struct check *check, const char *text);

/* Note in `writers` who writes each value, for kinds whose values are unique; false: they are not,
 * which is told. Undone after the key. */
bool check_note_writers(struct check *check, enum history_kind kind);
/* May `op` have seen `value`? It was written (not failed), and not after it. If not, it is told. */
bool check_seen(struct check *check, const struct history_op *op, uint32_t value);
/* The first result; nil if there is none. */
uint32_t check_result(const struct check *check, const struct history_op *op);

void check_register(struct check *check);
void check_list(struct check *check);
void check_queue(struct check *check);
void check_counter(struct check *check);
void check_expiry(struct check *check);

/* --- sweeping: a known order against the times -------------------------------------------------
 */

struct sweep_item {
    int64_t invoked_ns, returned_ns;
    uint64_t rank; /* what has a lower one happened before */
    const struct history_op *op;
};
/* Two that contradict: `low` was invoked after `high` had returned. False: there are none; then
 * what one client, which may say much at a time, said in another order than it happened is told as
 * wrong. The items are in the order of the history; it leaves them in that of their invocation. */
bool sweep_find(struct check *check, struct sweep_item *items, size_t count,
                const struct sweep_item **low, const struct sweep_item **high);

/* Of moments (each with a time that must be passed, and one that counts): the least `value` of
 * those whose `after` is later than a time. */
struct sweep_moment {
    int64_t after, value;
    const struct history_op *op;
};
/* Sort and prepare; then ask. NULL: none is later. */
void sweep_moments_prepare(struct sweep_moment *moments, size_t count);
const struct sweep_moment *sweep_moments_least(const struct sweep_moment *moments, size_t count,
                                               int64_t time);
