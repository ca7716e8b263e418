/*
 * regex.h -- the matches of a Perl regex in a record, by PCRE2 with its JIT.
 *
 * Every match that does not overlap the one before gives a pair: group 1 as key, group 2 as value
 * (empty where there is none). A regex without groups gives the whole match, where that is not
 * empty; a match in which group 1 took no part gives nothing. Bytes are bytes: a regex that starts
 * with (*UTF) makes them characters, and then a record that is not UTF-8 is bad.
 */
#pragma once

#include "base/fault.h"
#include "work/map/pair.h"

struct regex {
    struct pcre2_real_code_8 *code;
    struct pcre2_real_match_data_8 *match;
    struct pcre2_real_match_context_8 *context;
    struct pcre2_real_jit_stack_8 *stack;
    char why[128]; /* of the last bad record */
};

/* ERR_USAGE: not a regex; the text shows where. Free with regex_free, also after an error. */
MUST_USE enum err regex_compile(struct slice pattern, struct regex *regex, struct fault *fault);
void regex_free(struct regex *regex);

/* The next pair, from pair->next on; sets pair->more where another call may find one. */
enum map_verdict regex_extract(struct regex *regex, struct slice record, struct map_pair *pair);
