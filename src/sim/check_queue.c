/*
 * check_queue.c -- queues: see check.h.
 *
 * A value is in the queue at least from the return of its push to the invocation of its pop. That
 * it was popped late contradicts, first, that a value pushed after it was popped before it, and
 * second, that somebody in between found the queue empty. A value that nobody popped may have gone
 * to a pop whose outcome is unknown: each of those explains one, if it was invoked in time.
 */
#include "sim/check_impl.h"

#include <stdlib.h>

struct missing { /* a value that was there, and is not */
    int64_t known_ns;
    const struct history_op *push, *witness;
};

struct queue {
    struct check *check;
    struct sweep_moment *popped, *empty; /* after: when pushed or asked; value: when returned */
    size_t popped_count, empty_count;
    struct missing *missing;
    size_t missing_count;
};

static bool is_pop(const struct history_op *op)
{
    return op->kind == HISTORY_POP && op->outcome == HISTORY_OK;
}

/* Each popped value was pushed, and once; `marks` is then the number of its pop plus one. */
static bool match_pops(struct queue *queue)
{
    struct check *check = queue->check;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (!is_pop(op)) continue;
        uint32_t value = check_result(check, op);
        if (value == HISTORY_NIL) {
            queue->empty[queue->empty_count++] =
                (struct sweep_moment){op->invoked_ns, op->returned_ns, op};
            continue;
        }
        if (!check_seen(check, op, value)) return false;
        if (check->marks[value] != 0) {
            check_wrong(check, "duplicate: a value is popped twice",
                        check->ops[check->marks[value] - 1], op);
            return false;
        }
        check->marks[value] = i + 1;
        queue->popped[queue->popped_count++] =
            (struct sweep_moment){check->writers[value]->invoked_ns, op->returned_ns, op};
    }
    sweep_moments_prepare(queue->popped, queue->popped_count);
    sweep_moments_prepare(queue->empty, queue->empty_count);
    return true;
}

/* Who shows first that a value, whose push had returned by `time`, was there no more. */
static const struct sweep_moment *witness_of(const struct queue *queue, int64_t time)
{
    const struct sweep_moment *popped =
        sweep_moments_least(queue->popped, queue->popped_count, time);
    const struct sweep_moment *empty = sweep_moments_least(queue->empty, queue->empty_count, time);
    if (popped == NULL) return empty;
    if (empty == NULL) return popped;
    return empty->value < popped->value ? empty : popped;
}

static bool check_value(struct queue *queue, const struct history_op *push)
{
    struct check *check = queue->check;
    if (push->outcome == HISTORY_FAIL) return true;
    const struct sweep_moment *witness = witness_of(queue, push->returned_ns);
    if (witness == NULL) return true;
    uint64_t mark = check->marks[push->value];
    if (mark == 0) {
        if (push->outcome != HISTORY_OK) return true;
        queue->missing[queue->missing_count++] =
            (struct missing){witness->value, push, witness->op};
        return true;
    }
    const struct history_op *pop = check->ops[mark - 1];
    if (witness->value >= pop->invoked_ns) return true;
    bool empty = check_result(check, witness->op) == HISTORY_NIL;
    check_wrong(check,
                empty ? "stale: the queue was found empty while a value was in it"
                      : "reordered: a value pushed later was popped before",
                witness->op, pop);
    return false;
}

static int by_known(const void *a, const void *b)
{
    const struct missing *left = a, *right = b;
    return (left->known_ns > right->known_ns) - (left->known_ns < right->known_ns);
}

/* Pops of unknown outcome in the order of their invocation, which is that of check->ops, against
 * missing values in the order in which they were known to be gone. */
static void explain_missing(struct queue *queue)
{
    struct check *check = queue->check;
    qsort(queue->missing, queue->missing_count, sizeof queue->missing[0], by_known);
    size_t at = 0;
    for (size_t i = 0; i < queue->missing_count; i++, at++) {
        const struct missing *missing = &queue->missing[i];
        while (at < check->count &&
               !(check->ops[at]->kind == HISTORY_POP && check->ops[at]->outcome == HISTORY_UNKNOWN))
            at++;
        if (at < check->count && check->ops[at]->invoked_ns <= missing->known_ns) continue;
        check_wrong(check, "lost: an acknowledged value is gone, and no pop can have taken it",
                    missing->push, missing->witness);
        return;
    }
}

void check_queue(struct check *check)
{
    if (!check_note_writers(check, HISTORY_PUSH)) return;
    struct queue queue = {.check = check};
    queue.popped = ARENA_ARRAY(check->arena, struct sweep_moment, check->count + 1);
    queue.empty = ARENA_ARRAY(check->arena, struct sweep_moment, check->count + 1);
    queue.missing = ARENA_ARRAY(check->arena, struct missing, check->count + 1);
    if (!match_pops(&queue)) return;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (op->kind == HISTORY_PUSH && !check_value(&queue, op)) return;
    }
    explain_missing(&queue);
}
