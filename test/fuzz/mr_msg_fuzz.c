/*
 * mr_msg_fuzz.c -- any bytes into the decoders of messages and specs: refused, or what they decode
 * to encodes to something that decodes again. The first byte chooses the decoder.
 */
#include "core/mapreduce/job_spec.h"
#include "core/mapreduce/mr_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_msg(struct slice bytes, struct arena *arena, struct buffer *again)
{
    struct mr_msg msg;
    struct fault fault;
    if (mr_msg_decode(bytes, arena, &msg, &fault) != ERR_OK) return;
    mr_msg_encode(&msg, again);
    ASSERT(mr_msg_decode(buffer_slice(again), arena, &msg, &fault) == ERR_OK);
}

static void fuzz_spec(struct slice bytes, struct arena *arena, struct buffer *again)
{
    struct job_spec spec;
    struct fault fault;
    if (job_spec_decode(bytes, arena, &spec, &fault) != ERR_OK) return;
    job_spec_encode(&spec, again);
    ASSERT(job_spec_decode(buffer_slice(again), arena, &spec, &fault) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct slice bytes = slice_of(data + 1, size - 1);
    struct arena *arena = arena_new();
    struct buffer again = {0};
    if ((data[0] & 1) == 0) {
        fuzz_msg(bytes, arena, &again);
    } else {
        fuzz_spec(bytes, arena, &again);
    }
    buffer_free(&again);
    arena_free(arena);
    return 0;
}
