/*
 * syntax.h -- the syntax column of commands.def as a tree of arguments, as COMMAND DOCS shows it.
 *
 *   word             a value; a capital one is meant literally
 *   [ … ]            optional
 *   < … | … >        one of these
 *   word [word ...]  one or more
 */
#pragma once

#include "base/arena.h"

enum syntax_kind { SYNTAX_VALUE, SYNTAX_TOKEN, SYNTAX_ONE_OF, SYNTAX_BLOCK };

struct syntax {
    enum syntax_kind kind;
    bool optional, multiple;
    struct slice name;    /* of a value */
    struct slice token;   /* the literal word: alone, or before the values; empty: none */
    struct syntax *items; /* of ONE_OF and BLOCK */
    uint32_t count;
};

/* The arguments in their order; in `arena`. */
struct syntax syntax_parse(struct arena *arena, const char *text);
