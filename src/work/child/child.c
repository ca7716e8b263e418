/* child.c -- the pump between a task and its process. See child.h. */
#include <stdlib.h>

#include "work/child/child.h"

enum {
    OUTPUT_READ_BYTES =
        512 * 1024, /* half of what a pipe holds: neither side waits for the other */
    ERRORS_READ_BYTES = 16 * 1024,
    COPY_BYTES = 256 * 1024,
    LABEL_BYTES_MAX = 512,      /* of a command in a message: its last words need the room */
    LAST_WORDS_READS_MAX = 128, /* of stderr after the exit: another may hold it and never stop */
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127,
};

struct child {
    struct process process;
    struct reporter *reporter;
    struct buffer label;
    const struct process_stop *stop;
    struct buffer copy; /* read from a file that cannot be spliced, and not yet written */
    bool splice_refused;
    bool ended; /* and judged well */
};

static struct buffer label_copy(struct slice label)
{
    struct buffer copy = {0};
    buffer_append(&copy, slice_of(label.data, u64_min(label.len, LABEL_BYTES_MAX)));
    if (label.len > LABEL_BYTES_MAX) buffer_append(&copy, SLICE("…"));
    return copy;
}

static const char *const *environment_texts(struct arena *arena, const struct env_pair *pairs,
                                            uint32_t count)
{
    const char **texts = ARENA_ARRAY(arena, const char *, (size_t)count + 1);
    for (uint32_t i = 0; i < count; i++) {
        texts[i] = arena_format(arena, "%.*s=%.*s", (int)pairs[i].name.len,
                                (const char *)pairs[i].name.data, (int)pairs[i].value.len,
                                (const char *)pairs[i].value.data);
    }
    return texts;
}

enum err child_start(const struct child_config *config, struct child **started, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct process_config process_config = {
        .argv = config->argv,
        .environment = environment_texts(arena, config->env, config->env_count),
        .stop = config->stop,
    };
    struct process process;
    enum err err = process_start(&process_config, &process, fault);
    arena_free(arena);
    if (err != ERR_OK) {
        return fault_prefix(fault, "command `%.*s`", (int)config->label.len,
                            (const char *)config->label.data);
    }
    struct child *child = calloc(1, sizeof *child);
    ASSERT(child != NULL);
    *child = (struct child){.process = process,
                            .reporter = reporter_new(),
                            .label = label_copy(config->label),
                            .stop = config->stop};
    *started = child;
    return ERR_OK;
}

void child_free(struct child *child)
{
    if (child == NULL) return;
    process_end(&child->process);
    reporter_free(child->reporter);
    buffer_free(&child->label);
    buffer_free(&child->copy);
    free(child);
}

static MUST_USE enum err read_output(struct child *child, struct buffer *output, size_t output_max,
                                     struct fault *fault)
{
    size_t room = u64_min(output_max - output->len, OUTPUT_READ_BYTES);
    size_t got;
    uint8_t *to = buffer_reserve(output, room);
    enum err err = process_read(&child->process, PROCESS_OUTPUT, to, room, &got, fault);
    output->len += got;
    return err;
}

static MUST_USE enum err read_errors(struct child *child, size_t *got, struct fault *fault)
{
    uint8_t bytes[ERRORS_READ_BYTES];
    enum err err = process_read(&child->process, PROCESS_ERRORS, bytes, sizeof bytes, got, fault);
    reporter_feed(child->reporter, slice_of(bytes, *got));
    return err;
}

/* Wait until something can move, and take in what the child has written. The caller writes. */
static MUST_USE enum err pump(struct child *child, struct process_events wanted,
                              struct buffer *output, size_t output_max,
                              struct process_events *ready, struct fault *fault)
{
    size_t got;
    enum err err = process_wait(&child->process, wanted, child->stop, ready, fault);
    if (err == ERR_OK && ready->output) err = read_output(child, output, output_max, fault);
    if (err == ERR_OK && ready->errors) err = read_errors(child, &got, fault);
    return err;
}

bool child_takes_input(const struct child *child)
{
    return child->process.input >= 0;
}

enum err child_exchange(struct child *child, struct slice *input, struct buffer *output,
                        size_t output_max, struct fault *fault)
{
    const struct process_events wanted = {.input = true, .output = true};
    struct process_events ready = {0};
    enum err err = ERR_OK;
    while (err == ERR_OK && input->len > 0 && output->len < output_max) {
        if (!child_takes_input(child)) {
            *input = slice_from(*input, input->len);
            break;
        }
        err = pump(child, wanted, output, output_max, &ready, fault);
        if (err == ERR_OK && ready.input) err = process_write(&child->process, input, fault);
    }
    return err;
}

static MUST_USE enum err copy_refill(struct child *child, struct file *file, uint64_t *offset,
                                     uint64_t *bytes, struct fault *fault)
{
    size_t got;
    size_t ask = u64_min(*bytes, COPY_BYTES);
    uint8_t *to = buffer_reserve(&child->copy, ask);
    enum err err = file_read_at(file, *offset, to, ask, &got, fault);
    if (err != ERR_OK) return err;
    if (got == 0) {
        return fault_set(fault, ERR_CORRUPT,
                         "%s ends at byte %llu, earlier than it did when the job began; it must "
                         "not be changed while it is read",
                         file->label, (unsigned long long)*offset);
    }
    child->copy.len = got;
    *offset += got;
    *bytes -= got;
    return ERR_OK;
}

/* Move some of the file into the pipe, which was ready for it. */
static MUST_USE enum err feed_file(struct child *child, struct file *file, uint64_t *offset,
                                   uint64_t *bytes, struct fault *fault)
{
    enum err err = ERR_OK;
    if (!child->splice_refused) {
        err = process_splice(&child->process, file, offset, bytes, &child->splice_refused, fault);
    }
    if (err != ERR_OK || !child->splice_refused) return err;
    if (child->copy.len == 0) err = copy_refill(child, file, offset, bytes, fault);
    if (err != ERR_OK) return err;
    struct slice rest = buffer_slice(&child->copy);
    err = process_write(&child->process, &rest, fault);
    buffer_consume(&child->copy, child->copy.len - rest.len);
    return err;
}

enum err child_exchange_file(struct child *child, struct file *file, uint64_t *offset,
                             uint64_t *bytes, struct buffer *output, size_t output_max,
                             struct fault *fault)
{
    const struct process_events wanted = {.input = true, .output = true};
    struct process_events ready = {0};
    enum err err = ERR_OK;
    while (err == ERR_OK && *bytes + child->copy.len > 0 && output->len < output_max) {
        if (!child_takes_input(child)) {
            *offset += *bytes;
            *bytes = 0;
            buffer_clear(&child->copy);
            break;
        }
        err = pump(child, wanted, output, output_max, &ready, fault);
        if (err == ERR_OK && ready.input) err = feed_file(child, file, offset, bytes, fault);
    }
    *offset -= child->copy.len; /* read, but not written: the next call reads it again */
    *bytes += child->copy.len;
    buffer_clear(&child->copy);
    return err;
}

/* What was said just before the exit is in the pipe still. */
static MUST_USE enum err drain_errors(struct child *child, struct fault *fault)
{
    enum err err = ERR_OK;
    size_t got = 1;
    for (int i = 0; i < LAST_WORDS_READS_MAX && err == ERR_OK && got > 0; i++) {
        if (child->process.errors < 0) break;
        err = read_errors(child, &got, fault);
    }
    reporter_end(child->reporter);
    return err;
}

static const char *status_meaning(int status)
{
    if (status == STATUS_NOT_FOUND) return " (a command was not found)";
    if (status == STATUS_NOT_EXECUTABLE) return " (a command could not be executed)";
    return "";
}

static struct slice trim_end(struct slice text)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

static MUST_USE enum err judge(struct child *child, struct process_exit ended, struct fault *fault)
{
    if (!ended.by_signal && ended.number == 0) return ERR_OK;
    struct buffer text = {0};
    buffer_append_format(&text, "command `");
    buffer_append(&text, buffer_slice(&child->label));
    if (ended.by_signal) {
        buffer_append_format(&text, "` was killed by signal %d (%s)", ended.number,
                             process_signal_text(ended.number));
    } else {
        buffer_append_format(&text, "` exited with status %d%s", ended.number,
                             status_meaning(ended.number));
    }
    struct slice words = trim_end(reporter_tail(child->reporter));
    if (words.len == 0) {
        buffer_append_format(&text, "; it said nothing on its standard error");
    } else {
        buffer_append_format(&text, "; its last words: ");
        buffer_append(&text, words);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0') text.data[i] = '?'; /* it would end the message */
    }
    (void)fault_set(fault, ERR_CHILD_FAILED, "%.*s", (int)text.len, (const char *)text.data);
    fault->retry = true;
    buffer_free(&text);
    return ERR_CHILD_FAILED;
}

static MUST_USE enum err conclude(struct child *child, struct fault *fault)
{
    struct process_exit ended;
    enum err err = process_exit_of(&child->process, &ended, fault);
    if (err == ERR_OK) err = drain_errors(child, fault);
    if (err == ERR_OK) err = judge(child, ended, fault);
    process_end(&child->process);
    child->ended = err == ERR_OK;
    return err;
}

enum err child_finish(struct child *child, struct buffer *output, size_t output_max, bool *done,
                      struct fault *fault)
{
    *done = child->ended;
    process_close_input(&child->process);
    struct process_events ready = {0};
    enum err err = ERR_OK;
    while (err == ERR_OK && !*done && output->len < output_max) {
        bool closed = child->process.output < 0;
        struct process_events wanted = {.output = !closed, .exit = closed};
        err = pump(child, wanted, output, output_max, &ready, fault);
        if (err != ERR_OK || !ready.exit) continue;
        err = conclude(child, fault);
        *done = err == ERR_OK;
    }
    return err;
}

const struct child_counter *child_counters(const struct child *child, uint32_t *count)
{
    return reporter_counters(child->reporter, count);
}

struct slice child_status(const struct child *child)
{
    return reporter_status(child->reporter);
}
