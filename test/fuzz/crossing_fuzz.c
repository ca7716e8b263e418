/*
 * crossing_fuzz.c -- what another node may send: streams of asks and of answers. Whatever is read
 * whole is written again as the same.
 */
#include "core/resp/reply_length.h"
#include "serve/crossing_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Numbers may have been written longer than need be: what is written again is not longer. */
static void asks(struct slice rest)
{
    struct ask ask, again;
    for (size_t before = rest.len; ask_read(&rest, &ask) == CROSSING_WHOLE; before = rest.len) {
        struct buffer copy = {0};
        ask_copy(&copy, &ask);
        ASSERT(copy.len <= before - rest.len);
        struct slice bytes = buffer_slice(&copy);
        ASSERT(ask_read(&bytes, &again) == CROSSING_WHOLE);
        ASSERT(bytes.len == 0);
        ASSERT(again.slot == ask.slot);
        ASSERT(slice_eq(again.arguments, ask.arguments));
        buffer_free(&copy);
    }
}

static void answers(struct slice rest)
{
    struct answer_told answer;
    while (answer_read(&rest, &answer) == CROSSING_WHOLE) {
        ASSERT(reply_length(answer.reply) <= answer.reply.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asks(slice_of(data, size));
    answers(slice_of(data, size));
    return 0;
}
