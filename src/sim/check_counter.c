/*
 * check_counter.c -- counters: see check.h.
 *
 * An add of n that returned r took the sum from r - n to r: two such steps may not overlap, and
 * what lies between them was added by those of unknown outcome. A read of r stands behind the step
 * that ends there. So sums are an order, and the times have to fit it.
 */
#include "sim/check_impl.h"

#include <stdlib.h>

struct invoked { /* adds that may have happened, by time, with the sum of those so far */
    int64_t invoked_ns, sum;
};

struct counter {
    struct check *check;
    const struct history_op **adds; /* with a known sum, in its order */
    size_t adds_count;
    struct invoked *invoked;
    size_t invoked_count;
    int64_t unknown_sum;
};

static int by_result(const void *a, const void *b)
{
    const struct history_op *left = *(const struct history_op *const *)a;
    const struct history_op *right = *(const struct history_op *const *)b;
    return (left->result > right->result) - (left->result < right->result);
}

static bool collect(struct counter *counter)
{
    struct check *check = counter->check;
    int64_t sum = 0;
    for (size_t i = 0; i < check->count; i++) { /* in the order of invocation */
        const struct history_op *op = check->ops[i];
        if (op->kind != HISTORY_ADD || op->outcome == HISTORY_FAIL) continue;
        if (op->number < 1 || __builtin_add_overflow(sum, op->number, &sum)) {
            check_wrong(check, "this history is no test: it adds less than 1, or too much", op,
                        NULL);
            return false;
        }
        counter->invoked[counter->invoked_count++] = (struct invoked){op->invoked_ns, sum};
        if (op->outcome == HISTORY_OK) {
            counter->adds[counter->adds_count++] = op;
        } else {
            counter->unknown_sum += op->number;
        }
    }
    qsort(counter->adds, counter->adds_count, sizeof(void *), by_result);
    return true;
}

/* No step overlaps another, and what is between them can be explained. */
static bool check_steps(struct counter *counter)
{
    struct check *check = counter->check;
    int64_t gaps = 0, reached = 0;
    for (size_t i = 0; i < counter->adds_count; i++) {
        const struct history_op *op = counter->adds[i];
        if (op->result - op->number < reached) {
            check_wrong(check, "lost update: two additions began from one sum", op,
                        i == 0 ? NULL : counter->adds[i - 1]);
            return false;
        }
        gaps += op->result - op->number - reached;
        reached = op->result;
        if (gaps <= counter->unknown_sum) continue;
        check_wrong(check, "phantom: more was added than all additions together", op, NULL);
        return false;
    }
    return true;
}

/* The sum of all additions that may have happened before `time`. */
static int64_t possible_until(const struct counter *counter, int64_t time)
{
    size_t low = 0, high = counter->invoked_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counter->invoked[middle].invoked_ns > time) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low == 0 ? 0 : counter->invoked[low - 1].sum;
}

/* A read between the two ends of one addition saw half of it. */
static bool is_torn(const struct counter *counter, int64_t sum)
{
    size_t low = 0, high = counter->adds_count; /* the first that ends behind `sum` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counter->adds[middle]->result > sum) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (low == counter->adds_count) return false;
    const struct history_op *add = counter->adds[low];
    return add->result - add->number < sum;
}

static bool check_read(struct counter *counter, const struct history_op *op)
{
    struct check *check = counter->check;
    if (op->result > possible_until(counter, op->returned_ns)) {
        check_wrong(check, "phantom: a sum of more than was added by then", op, NULL);
    } else if (op->result < 0 || is_torn(counter, op->result)) {
        check_wrong(check, "phantom: a sum that never was", op, NULL);
    } else {
        return true;
    }
    return false;
}

static void sweep(struct counter *counter)
{
    struct check *check = counter->check;
    struct sweep_item *items = ARENA_ARRAY(check->arena, struct sweep_item, check->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (op->outcome != HISTORY_OK) continue;
        if (!check_read(counter, op)) return;
        struct sweep_item item = {op->invoked_ns, op->returned_ns, (uint64_t)op->result * 2, op};
        if (op->kind == HISTORY_ADD) item.rank--;
        if (op->kind == HISTORY_STALE_COUNT) item.invoked_ns = INT64_MIN; /* may be old */
        items[count++] = item;
    }
    const struct sweep_item *low, *high;
    if (!sweep_find(check, items, count, &low, &high)) return;
    bool update = low->op->kind == HISTORY_ADD;
    check_wrong(check,
                update ? "reordered: an addition began from a sum that was already past"
                       : "stale: a sum of less than was known before it was asked for",
                high->op, low->op);
}

void check_counter(struct check *check)
{
    struct counter counter = {.check = check};
    counter.adds = ARENA_ARRAY(check->arena, const struct history_op *, check->count + 1);
    counter.invoked = ARENA_ARRAY(check->arena, struct invoked, check->count + 1);
    if (!collect(&counter) || !check_steps(&counter)) return;
    sweep(&counter);
}
