/* child_output.c -- see child_output.h. */
#include <stdio.h>

#include "base/bytes.h"
#include "work/child/child_output.h"

enum { HELD_STEP_BYTES = 512 * 1024, REASON_BYTES = 512 };

size_t child_output_room(const struct child_output *output)
{
    return output->held.len + HELD_STEP_BYTES;
}

void child_output_free(struct child_output *output)
{
    buffer_free(&output->held);
}

/* The operator could not read the value: a bad record, at a place in the command's output. */
static MUST_USE enum err tolerate(struct child_output *output, struct slice key,
                                  struct fault *fault)
{
    struct block block = {
        .bytes = buffer_slice(&output->held), .path = output->label, .offset = output->offset};
    char why[REASON_BYTES];
    (void)snprintf(why, sizeof why, "%.*s", REASON_BYTES - 1, fault->text);
    return bad_record(output->target.bad, &block, key.data, fault, "%s", why);
}

static MUST_USE enum err pass_pair(struct child_output *output, struct slice key,
                                   struct slice value, struct fault *fault)
{
    struct child_target *target = &output->target;
    output->records++;
    if (target->collector != NULL) {
        enum err err = collector_emit(target->collector, key, value, fault);
        return err == ERR_BAD_RECORD ? tolerate(output, key, fault) : err;
    }
    if (target->sink != NULL) return sink_put(target->sink, key, value, fault);
    return writer_put_line(target->writer, key, value, fault);
}

static MUST_USE enum err pass_pairs(struct child_output *output, bool ended, struct fault *fault)
{
    struct slice rest = buffer_slice(&output->held);
    struct slice key, value;
    bool got = rest.len > 0;
    while (got) {
        enum err err = pair_next(&output->decoder, &rest, ended, &key, &value, &got, fault);
        if (err != ERR_OK) {
            return fault_prefix(fault, "command `%.*s`", (int)output->label.len,
                                (const char *)output->label.data);
        }
        if (got) err = pass_pair(output, key, value, fault);
        if (err != ERR_OK) return err;
    }
    size_t passed = output->held.len - rest.len;
    output->offset += passed;
    buffer_consume(&output->held, passed);
    return ERR_OK;
}

static MUST_USE enum err pass_bulk(struct child_output *output, bool ended, struct fault *fault)
{
    struct slice bytes = buffer_slice(&output->held);
    enum err err = ERR_OK;
    if (bytes.len > 0) {
        output->records += bytes_count(bytes, '\n');
        output->open_line = bytes.data[bytes.len - 1] != '\n';
        err = writer_put(output->target.writer, bytes, fault);
    }
    if (ended && output->open_line) {
        output->records++;
        output->open_line = false;
    }
    output->offset += bytes.len;
    buffer_clear(&output->held);
    return err;
}

enum err child_output_pass(struct child_output *output, bool ended, struct fault *fault)
{
    bool bulk = output->target.writer != NULL && output->decoder.framing == FRAMING_LINES;
    return bulk ? pass_bulk(output, ended, fault) : pass_pairs(output, ended, fault);
}
