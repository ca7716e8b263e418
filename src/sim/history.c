/* history.c -- see history.h. */
#include "sim/history.h"

#include "sim/names.h"

struct history {
    struct arena *arena;
    struct buffer ops;     /* of struct history_op */
    struct buffer results; /* of uint32_t */
    struct names *keys, *values;
};

struct history *history_new(void)
{
    struct arena *arena = arena_new();
    struct history *history = ARENA_NEW(arena, struct history);
    history->arena = arena;
    history->keys = names_new(arena);
    history->values = names_new(arena);
    return history;
}

void history_free(struct history *history)
{
    if (history == NULL) return;
    names_free(history->keys);
    names_free(history->values);
    buffer_free(&history->ops);
    buffer_free(&history->results);
    arena_free(history->arena);
}

static uint32_t value_of(struct history *history, struct slice text)
{
    return text.data == NULL ? HISTORY_NIL : names_of(history->values, text) + 1;
}

static struct history_op *op_at(const struct history *history, size_t op)
{
    ASSERT(op < history_count(history));
    return (struct history_op *)(void *)history->ops.data + op;
}

size_t history_invoke(struct history *history, const struct history_call *call, int64_t now_ns)
{
    struct history_op op = {
        .invoked_ns = now_ns,
        .returned_ns = HISTORY_OPEN_NS,
        .client = call->client,
        .key = names_of(history->keys, call->key),
        .kind = call->kind,
        .outcome = HISTORY_UNKNOWN,
        .value = value_of(history, call->value),
        .expected = value_of(history, call->expected),
        .number = call->number,
        .result = -1,
    };
    buffer_append(&history->ops, slice_of(&op, sizeof op));
    return history_count(history) - 1;
}

void history_add_result(struct history *history, size_t op, struct slice value)
{
    struct history_op *of = op_at(history, op);
    uint32_t number = value_of(history, value);
    uint32_t end = (uint32_t)(history->results.len / sizeof(uint32_t));
    if (of->results_count == 0) of->results_at = end;
    ASSERT(of->results_at + of->results_count == end);
    buffer_append(&history->results, slice_of(&number, sizeof number));
    of->results_count++;
}

void history_set_result(struct history *history, size_t op, int64_t number)
{
    op_at(history, op)->result = number;
}

void history_return(struct history *history, size_t op, enum history_outcome outcome,
                    int64_t now_ns)
{
    struct history_op *of = op_at(history, op);
    of->outcome = outcome;
    of->returned_ns = outcome == HISTORY_UNKNOWN ? HISTORY_OPEN_NS : now_ns;
}

size_t history_count(const struct history *history)
{
    return history->ops.len / sizeof(struct history_op);
}

const struct history_op *history_op_at(const struct history *history, size_t op)
{
    return op_at(history, op);
}

const uint32_t *history_results(const struct history *history, const struct history_op *op)
{
    return (const uint32_t *)(const void *)history->results.data + op->results_at;
}

uint32_t history_keys_count(const struct history *history)
{
    return names_count(history->keys);
}

uint32_t history_values_count(const struct history *history)
{
    return names_count(history->values) + 1;
}

struct slice history_key_text(const struct history *history, uint32_t key)
{
    return names_text(history->keys, key);
}

struct slice history_value_text(const struct history *history, uint32_t value)
{
    if (value == HISTORY_NIL) return slice_of(NULL, 0);
    return names_text(history->values, value - 1);
}

enum history_model history_model_of(enum history_kind kind)
{
    switch (kind) {
#define KIND(name, word, model, arguments, results)                                                \
    case HISTORY_##name:                                                                           \
        return HISTORY_OF_##model;
#include "sim/history.def"
#undef KIND
    }
    UNREACHABLE("a kind of operation");
}
