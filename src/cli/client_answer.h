/* client_answer.h -- a reply in RESP2 or RESP3, out of the bytes that have come. */
#pragma once

#include "cli/client.h"

enum answer_status { ANSWER_WHOLE, ANSWER_PARTIAL, ANSWER_BAD };

/* Texts and items live in `arena`. `*used`: the bytes of a whole one. */
enum answer_status client_answer_read(struct arena *arena, struct slice bytes,
                                      struct answer *answer, size_t *used);
