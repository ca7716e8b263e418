/* reduce_child.c -- see reduce_child.h. */
#include <stdlib.h>

#include "work/child/frames.h"
#include "work/child/reduce_child.h"

enum { BATCH_BYTES = 256 * 1024 };

struct reduce_child {
    struct child_run run;
    struct buffer batch; /* pairs on their way in */
};

enum err reduce_child_start(const struct reduce_child_config *config, struct reduce_child **started,
                            struct fault *fault)
{
    ASSERT((config->writer == NULL) != (config->sink == NULL));
    struct child_run_config run = {
        .spec = config->spec,
        .command = config->command,
        .stage = STAGE_REDUCE,
        .task = config->task,
        .target = {.writer = config->writer, .sink = config->sink},
        .stop = config->stop,
        .host = config->host,
    };
    struct reduce_child *reduce = calloc(1, sizeof *reduce);
    ASSERT(reduce != NULL);
    enum err err = child_run_start(&run, &reduce->run, fault);
    if (err == ERR_OK) {
        *started = reduce;
    } else {
        reduce_child_free(reduce);
    }
    return err;
}

void reduce_child_free(struct reduce_child *reduce)
{
    if (reduce == NULL) return;
    child_run_free(&reduce->run);
    buffer_free(&reduce->batch);
    free(reduce);
}

static void append_line(struct buffer *batch, struct slice key, struct slice value)
{
    uint8_t *at = buffer_reserve(batch, key.len + value.len + 2);
    if (key.len > 0) memcpy(at, key.data, key.len);
    at += key.len;
    *at++ = '\t';
    if (value.len > 0) memcpy(at, value.data, value.len);
    at += value.len;
    *at++ = '\n';
    batch->len = (size_t)(at - batch->data);
}

static MUST_USE enum err flush(struct reduce_child *reduce, struct fault *fault)
{
    enum err err = child_run_feed(&reduce->run, buffer_slice(&reduce->batch), fault);
    buffer_clear(&reduce->batch);
    return err;
}

enum err reduce_child_put(struct reduce_child *reduce, struct slice key, struct slice value,
                          struct fault *fault)
{
    if (reduce->run.framing == FRAMING_LINES) {
        append_line(&reduce->batch, key, value);
    } else {
        frame_put_pair(&reduce->batch, key, value);
    }
    return reduce->batch.len < BATCH_BYTES ? ERR_OK : flush(reduce, fault);
}

enum err reduce_child_finish(struct reduce_child *reduce, struct fault *fault)
{
    enum err err = flush(reduce, fault);
    return err == ERR_OK ? child_run_finish(&reduce->run, fault) : err;
}

uint64_t reduce_child_records_out(const struct reduce_child *reduce)
{
    return reduce->run.output.records;
}

const struct child *reduce_child_child(const struct reduce_child *reduce)
{
    return reduce->run.child;
}
