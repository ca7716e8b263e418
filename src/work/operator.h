/*
 * operator.h -- how a person names an operator: `name` or `name:argument`. Shared by map/ and
 * reduce/, whose .def tables give the rows; help and completion list the same rows.
 */
#pragma once

#include "base/fault.h"

struct operator_row {
    const char *name;
    const char *argument; /* its form, as in help: "K[,V]"; empty: it takes none */
    const char *help;     /* one line */
};

/* The row that `text` names, as its index, and the text behind the colon (empty where there is
 * none). ERR_USAGE: no such operator (suggests the nearest and lists all), an argument where none
 * is taken, or none where one is. `what` is "map" or "reduce". */
MUST_USE enum err operator_find(const struct operator_row *rows, size_t count, const char *what,
                                struct slice text, size_t *row, struct slice *argument,
                                struct fault *fault);

/* Does `text` name this operator? */
bool operator_is(struct slice text, const char *name);
