/*
 * history.h -- what clients did and saw: the record that checkers judge (check.h).
 *
 * An operation has a client, a key, a kind (history.def), arguments, results, the time when it was
 * invoked and the time when it returned, all on one monotonic clock in nanoseconds, and an outcome:
 *
 *   ok       it happened, between the two times
 *   fail     it certainly did not happen, and never will
 *   unknown  nobody knows: it may happen at any time from its invocation on, or never. Its client
 *            is retired: what comes after has another client number
 *
 * As text, a line an operation, words parted by one blank, in any order of lines:
 *
 *   INVOKED RETURNED OUTCOME CLIENT KIND KEY [ARGUMENT …] [-> RESULT …]
 *
 *   1200 3400 ok 7 write user:1 v17            3500 4100 ok 8 read user:1 -> v17
 *   3600 - unknown 7 cas user:1 v17 v18        4200 4300 ok 8 cas user:1 v17 v19 -> 0
 *   5000 5100 ok 9 append l v1 -> 1            5200 5300 ok 9 list l 0 -> v1
 *   6000 6100 ok 9 push q v2                   6200 6300 ok 9 pop q -> v2
 *   7000 7100 ok 9 add c 1 -> 1                7200 7300 ok 9 count c -> 1
 *   8000 8100 ok 9 put e v3 500                8200 8300 ok 9 get e -> v3
 *
 * RETURNED is `-` for an operation that never returned; it is ignored for unknown outcomes. Only ok
 * operations have results. In keys and values, blanks, `%`, and bytes outside of 33 … 126 are
 * written as %XX (as urllib.parse.quote does); nil is `-`, the value "-" is %2D, and an empty value
 * is `""`. Empty lines and lines that start with `#` are passed over.
 *
 * Keys and values are known by numbers, given in the order of their appearance; 0 is nil.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"

enum history_model {
    HISTORY_OF_REGISTER,
    HISTORY_OF_LIST,
    HISTORY_OF_QUEUE,
    HISTORY_OF_COUNTER,
    HISTORY_OF_EXPIRY
};

enum history_kind {
#define KIND(name, word, model, arguments, results) HISTORY_##name,
#include "sim/history.def"
#undef KIND
};

enum history_outcome { HISTORY_OK, HISTORY_FAIL, HISTORY_UNKNOWN };

#define HISTORY_OPEN_NS INT64_MAX /* it has not returned */
enum { HISTORY_NIL = 0 };         /* the number of the value that is not there */

struct history_op {
    int64_t invoked_ns, returned_ns; /* HISTORY_OPEN_NS unless the outcome is ok or fail */
    uint32_t client, key;
    enum history_kind kind;
    enum history_outcome outcome;
    uint32_t value, expected; /* arguments */
    int64_t number;
    int64_t result; /* where the results are a number */
    uint32_t results_at, results_count;
};

struct history; /* opaque */

struct history *history_new(void);
void history_free(struct history *history); /* NULL is allowed */

struct history_call {
    uint32_t client;
    enum history_kind kind;
    struct slice key;
    struct slice value, expected; /* data NULL: nil */
    int64_t number;
};
/* Returns the operation's number. Its outcome is unknown until history_return. */
size_t history_invoke(struct history *history, const struct history_call *call, int64_t now_ns);
/* Results, before history_return. Those of one operation are added without another's between. */
void history_add_result(struct history *history, size_t op, struct slice value);
void history_set_result(struct history *history, size_t op, int64_t number);
void history_return(struct history *history, size_t op, enum history_outcome outcome,
                    int64_t now_ns);

size_t history_count(const struct history *history);
const struct history_op *history_op_at(const struct history *history, size_t op);
const uint32_t *history_results(const struct history *history, const struct history_op *op);
uint32_t history_keys_count(const struct history *history);   /* keys are 0 … count - 1 */
uint32_t history_values_count(const struct history *history); /* with nil */
struct slice history_key_text(const struct history *history, uint32_t key);
struct slice history_value_text(const struct history *history, uint32_t value);

enum history_model history_model_of(enum history_kind kind);

/* Append the text of all operations, or of one (without a line end). */
void history_format(const struct history *history, struct buffer *out);
void history_format_op(const struct history *history, const struct history_op *op,
                       struct buffer *out);
/* Add the operations of a text. ERR_BAD_RECORD: the fault says which line, and why. */
MUST_USE enum err history_parse(struct history *history, struct slice text, struct fault *fault);
