/* check.c -- see check.h: parts a history by keys, and hands each to its model. */
#include "sim/check_impl.h"

#include <stdlib.h>

/* --- telling --------------------------------------------------------------------------------- */

static void tell(struct check *check, const char *text)
{
    struct buffer *out = &check->verdict->text;
    struct slice key = history_key_text(check->history, check->ops[0]->key);
    buffer_append_format(out, "%.*s: %s\n", (int)key.len, (const char *)key.data, text);
}

void check_wrong(struct check *check, const char *text, const struct history_op *first,
                 const struct history_op *second)
{
    check->wrong = true;
    if (check->verdict->wrongs_count++ >= CHECK_WRONGS_MAX) return;
    tell(check, text);
    const struct history_op *named[] = {first, second};
    for (size_t i = 0; i < COUNT_OF(named) && named[i] != NULL; i++) {
        buffer_append(&check->verdict->text, SLICE("    "));
        history_format_op(check->history, named[i], &check->verdict->text);
        buffer_append_byte(&check->verdict->text, '\n');
    }
}

void check_undecided(struct check *check, const char *text)
{
    if (check->verdict->undecided_count++ < CHECK_WRONGS_MAX) tell(check, text);
}

/* --- values ---------------------------------------------------------------------------------- */

bool check_note_writers(struct check *check, enum history_kind kind)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (op->kind != kind) continue;
        if (check->writers[op->value] != NULL) {
            check_wrong(check, "this history is no test: a value is written twice",
                        check->writers[op->value], op);
            return false;
        }
        check->writers[op->value] = op;
    }
    return true;
}

bool check_seen(struct check *check, const struct history_op *op, uint32_t value)
{
    const struct history_op *writer = check->writers[value];
    if (writer == NULL) {
        check_wrong(check, "phantom: a value that nobody wrote is seen", op, NULL);
    } else if (writer->outcome == HISTORY_FAIL) {
        check_wrong(check, "aborted: what failed is seen", writer, op);
    } else if (writer->invoked_ns > op->returned_ns) {
        check_wrong(check, "phantom: a value is seen before it is written", op, writer);
    } else {
        return true;
    }
    return false;
}

uint32_t check_result(const struct check *check, const struct history_op *op)
{
    return op->results_count == 0 ? HISTORY_NIL : history_results(check->history, op)[0];
}

/* --- by keys --------------------------------------------------------------------------------- */

static int by_key_and_invoked(const void *a, const void *b)
{
    const struct history_op *left = *(const struct history_op *const *)a;
    const struct history_op *right = *(const struct history_op *const *)b;
    if (left->key != right->key) return left->key < right->key ? -1 : 1;
    if (left->invoked_ns != right->invoked_ns) return left->invoked_ns < right->invoked_ns ? -1 : 1;
    return (left > right) - (left < right);
}

static void check_key(struct check *check)
{
    enum history_model model = history_model_of(check->ops[0]->kind);
    for (size_t i = 1; i < check->count; i++) {
        if (history_model_of(check->ops[i]->kind) == model) continue;
        check_wrong(check, "this history is no test: operations of two models on one key",
                    check->ops[0], check->ops[i]);
        return;
    }
    switch (model) {
    case HISTORY_OF_REGISTER: check_register(check); break;
    case HISTORY_OF_LIST: check_list(check); break;
    case HISTORY_OF_QUEUE: check_queue(check); break;
    case HISTORY_OF_COUNTER: check_counter(check); break;
    case HISTORY_OF_EXPIRY: check_expiry(check); break;
    }
}

void check_history(const struct history *history, const struct check_options *options,
                   struct check_verdict *verdict)
{
    struct arena *arena = arena_new();
    size_t count = history_count(history);
    const struct history_op **ops = ARENA_ARRAY(arena, const struct history_op *, count + 1);
    const struct history_op **writers =
        ARENA_ARRAY(arena, const struct history_op *, history_values_count(history));
    uint64_t *marks = ARENA_ARRAY(arena, uint64_t, history_values_count(history));
    for (size_t i = 0; i < count; i++) ops[i] = history_op_at(history, i);
    qsort(ops, count, sizeof(void *), by_key_and_invoked);
    *verdict = (struct check_verdict){.ops_count = count};
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && ops[end]->key == ops[first]->key;) end++;
        struct check check = {history,     options, verdict, arena_new(), ops + first,
                              end - first, writers, marks,   false};
        check_key(&check);
        for (size_t i = first; i < end; i++) {
            writers[ops[i]->value] = NULL;
            marks[ops[i]->value] = 0;
        }
        arena_free(check.arena);
        verdict->keys_count++;
    }
    arena_free(arena);
}

void check_verdict_free(struct check_verdict *verdict)
{
    buffer_free(&verdict->text);
}
