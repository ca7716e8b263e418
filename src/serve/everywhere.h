/*
 * everywhere.h -- commands that every lane of every node answers for itself (crossing.def,
 * EVERYWHERE): what they have in common behind their names.
 *
 *   … [COUNT n] [NODE n]    so many rows of all; of that node alone
 */
#pragma once

#include "base/base.h"
#include "serve/dispatch.h"

enum { EVERYWHERE_TOP_ROWS = 10 /* of a TOP, if nothing is said */ };

struct everywhere {
    uint32_t begin;    /* where in argv the options begin; argc: there are none */
    uint64_t rows_max; /* of all answers together; UINT64_MAX: nothing is said */
    node_id node;      /* NODE_NONE: all */
    bool is_bad;       /* a number is none */
};
void everywhere_read(const struct slice *argv, uint32_t argc, struct everywhere *options);
/* The options are all that is behind argv[from], and good, and this node is meant. False: the error
 * is replied. */
MUST_USE bool everywhere_check(struct session_call *call, uint32_t from,
                               struct everywhere *options);
