/*
 * check_expiry.c -- keys with a time to live: see check.h.
 *
 * The key is put once. Who finds nothing came before it was put, or after it went; it may go no
 * earlier than its time to live after the put was invoked, and no later than that after it
 * returned, give or take the clocks. What has gone stays gone.
 */
#include "sim/check_impl.h"

#define NS_PER_MS INT64_C(1000000)

struct expiry {
    struct check *check;
    const struct history_op *put;   /* NULL: none */
    const struct history_op *there; /* who first returned having seen it, or having put it */
    const struct history_op *gone;  /* who first returned having seen it gone */
    int64_t earliest_ns, latest_ns; /* when it may go */
};

static bool is_get(const struct history_op *op)
{
    return op->kind == HISTORY_GET && op->outcome == HISTORY_OK;
}

static void keep_first(const struct history_op **first, const struct history_op *op)
{
    if (*first == NULL || op->returned_ns < (*first)->returned_ns) *first = op;
}

static bool check_present(struct expiry *expiry, const struct history_op *op)
{
    struct check *check = expiry->check;
    if (!check_seen(check, op, check_result(check, op))) return false;
    keep_first(&expiry->there, op);
    if (op->invoked_ns <= expiry->latest_ns) return true;
    check_wrong(check, "outlived: a key is there after its time", expiry->put, op);
    return false;
}

/* Nothing is there, though somebody had seen it before. */
static bool check_gone(struct expiry *expiry, const struct history_op *op)
{
    struct check *check = expiry->check;
    if (op->invoked_ns <= expiry->there->returned_ns) return true;
    keep_first(&expiry->gone, op);
    if (op->returned_ns >= expiry->earliest_ns) return true;
    check_wrong(check, "lost: a key has gone before its time", expiry->there, op);
    return false;
}

static void note_put(struct expiry *expiry)
{
    struct check *check = expiry->check;
    expiry->latest_ns = INT64_MAX;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (op->kind == HISTORY_PUT) expiry->put = op;
    }
    if (expiry->put == NULL) return;
    int64_t ttl_ns = expiry->put->number * NS_PER_MS;
    int64_t slack_ns = check->options->clock_slack_ns;
    expiry->earliest_ns = expiry->put->invoked_ns + ttl_ns - slack_ns;
    if (expiry->put->outcome != HISTORY_OK) return;
    expiry->there = expiry->put;
    expiry->latest_ns = expiry->put->returned_ns + ttl_ns + slack_ns;
}

static bool is_one_put(struct check *check)
{
    const struct history_op *first = NULL;
    for (size_t i = 0; i < check->count; i++) {
        if (check->ops[i]->kind != HISTORY_PUT) continue;
        if (first != NULL) {
            check_wrong(check, "this history is no test: a key is put twice", first, check->ops[i]);
            return false;
        }
        first = check->ops[i];
    }
    return check_note_writers(check, HISTORY_PUT);
}

void check_expiry(struct check *check)
{
    if (!is_one_put(check)) return;
    struct expiry expiry = {.check = check};
    note_put(&expiry);
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        bool present = is_get(op) && check_result(check, op) != HISTORY_NIL;
        if (present && !check_present(&expiry, op)) return;
    }
    if (expiry.there == NULL) return;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        bool nothing = is_get(op) && check_result(check, op) == HISTORY_NIL;
        if (nothing && !check_gone(&expiry, op)) return;
    }
    for (size_t i = 0; i < check->count && expiry.gone != NULL; i++) {
        const struct history_op *op = check->ops[i];
        bool present = is_get(op) && check_result(check, op) != HISTORY_NIL;
        if (!present || op->invoked_ns <= expiry.gone->returned_ns) continue;
        check_wrong(check, "came back: a key is there after it had gone", expiry.gone, op);
        return;
    }
}
