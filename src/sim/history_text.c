/* history_text.c -- histories as lines of text: see history.h. */
#include "base/integer.h"
#include "sim/history.h"

enum arguments_form {
    ARGUMENTS_NONE,
    ARGUMENTS_VALUE,
    ARGUMENTS_EXPECTED_VALUE,
    ARGUMENTS_NUMBER,
    ARGUMENTS_VALUE_NUMBER
};
enum results_form { RESULTS_NONE, RESULTS_VALUES, RESULTS_NUMBER };

static const struct kind_row {
    const char *word;
    enum arguments_form arguments;
    enum results_form results;
} kinds[] = {
#define KIND(name, word, model, arguments, results)                                                \
    {word, ARGUMENTS_##arguments, RESULTS_##results},
#include "sim/history.def"
#undef KIND
};

static const char *const outcomes[] = {"ok", "fail", "unknown"};

/* --- out ------------------------------------------------------------------------------------- */

static void put_text(struct buffer *out, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text.len == 0) buffer_append(out, SLICE("\"\""));
    bool dash = slice_eq(text, SLICE("-"));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte > ' ' && byte < 127 && byte != '%' && byte != '"' && !dash) {
            buffer_append_byte(out, byte);
            continue;
        }
        buffer_append_byte(out, '%');
        buffer_append_byte(out, (uint8_t)digits[byte >> 4]);
        buffer_append_byte(out, (uint8_t)digits[byte & 15]);
    }
}

static void put_value(const struct history *history, uint32_t value, struct buffer *out)
{
    buffer_append_byte(out, ' ');
    if (value == HISTORY_NIL) {
        buffer_append_byte(out, '-');
    } else {
        put_text(out, history_value_text(history, value));
    }
}

static void put_arguments(const struct history *history, const struct history_op *op,
                          struct buffer *out)
{
    switch (kinds[op->kind].arguments) {
    case ARGUMENTS_NONE: break;
    case ARGUMENTS_VALUE: put_value(history, op->value, out); break;
    case ARGUMENTS_EXPECTED_VALUE:
        put_value(history, op->expected, out);
        put_value(history, op->value, out);
        break;
    case ARGUMENTS_NUMBER: buffer_append_format(out, " %lld", (long long)op->number); break;
    case ARGUMENTS_VALUE_NUMBER:
        put_value(history, op->value, out);
        buffer_append_format(out, " %lld", (long long)op->number);
        break;
    }
}

static void put_results(const struct history *history, const struct history_op *op,
                        struct buffer *out)
{
    const uint32_t *results = history_results(history, op);
    switch (kinds[op->kind].results) {
    case RESULTS_NONE: break;
    case RESULTS_VALUES:
        buffer_append(out, SLICE(" ->"));
        for (uint32_t i = 0; i < op->results_count; i++) put_value(history, results[i], out);
        break;
    case RESULTS_NUMBER: buffer_append_format(out, " -> %lld", (long long)op->result); break;
    }
}

void history_format_op(const struct history *history, const struct history_op *op,
                       struct buffer *out)
{
    buffer_append_format(out, "%lld ", (long long)op->invoked_ns);
    if (op->returned_ns == HISTORY_OPEN_NS) {
        buffer_append(out, SLICE("- "));
    } else {
        buffer_append_format(out, "%lld ", (long long)op->returned_ns);
    }
    buffer_append_format(out, "%s %u %s ", outcomes[op->outcome], op->client, kinds[op->kind].word);
    put_text(out, history_key_text(history, op->key));
    put_arguments(history, op, out);
    if (op->outcome == HISTORY_OK) put_results(history, op, out);
}

void history_format(const struct history *history, struct buffer *out)
{
    for (size_t i = 0; i < history_count(history); i++) {
        history_format_op(history, history_op_at(history, i), out);
        buffer_append_byte(out, '\n');
    }
}

/* --- in -------------------------------------------------------------------------------------- */

struct line {
    struct slice left;
    struct arena *arena; /* of decoded words */
    const char *wrong;   /* the first thing that was */
};

static void be_wrong(struct line *line, const char *why)
{
    if (line->wrong == NULL) line->wrong = why;
}

/* The next word as it stands; empty at the end of the line. */
static struct slice take_raw(struct line *line)
{
    const uint8_t *blank =
        line->left.len == 0 ? NULL : memchr(line->left.data, ' ', line->left.len);
    size_t len = blank == NULL ? line->left.len : (size_t)(blank - line->left.data);
    struct slice word = slice_of(line->left.data, len);
    line->left = slice_from(line->left, blank == NULL ? len : len + 1);
    if (word.len == 0) be_wrong(line, "a word is missing, or there are two blanks");
    return word;
}

static int64_t take_number(struct line *line)
{
    int64_t number = 0;
    if (!integer_parse(take_raw(line), &number)) be_wrong(line, "this is not a whole number");
    return number;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    return -1;
}

/* A word without its %XX; what is nil has no data. */
static struct slice take_value(struct line *line)
{
    struct slice raw = take_raw(line);
    if (slice_eq(raw, SLICE("-"))) return slice_of(NULL, 0);
    if (slice_eq(raw, SLICE("\"\""))) return slice_of("", 0);
    uint8_t *text = ARENA_ARRAY(line->arena, uint8_t, raw.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] != '%') {
            text[len++] = raw.data[i];
            continue;
        }
        int high = i + 2 < raw.len ? hex_digit(raw.data[i + 1]) : -1;
        int low = i + 2 < raw.len ? hex_digit(raw.data[i + 2]) : -1;
        if (high < 0 || low < 0) {
            be_wrong(line, "a % without two hexadecimal digits behind it");
            break;
        }
        text[len++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return slice_of(text, len);
}

static enum history_outcome take_outcome(struct line *line)
{
    struct slice word = take_raw(line);
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        if (slice_eq(word, slice_text(outcomes[i]))) return (enum history_outcome)i;
    }
    be_wrong(line, "the outcome is not ok, fail or unknown");
    return HISTORY_UNKNOWN;
}

static enum history_kind take_kind(struct line *line)
{
    struct slice word = take_raw(line);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (slice_eq(word, slice_text(kinds[i].word))) return (enum history_kind)i;
    }
    be_wrong(line, "no such kind of operation");
    return HISTORY_READ;
}

static void take_arguments(struct line *line, struct history_call *call)
{
    switch (kinds[call->kind].arguments) {
    case ARGUMENTS_NONE: break;
    case ARGUMENTS_VALUE: call->value = take_value(line); break;
    case ARGUMENTS_EXPECTED_VALUE:
        call->expected = take_value(line);
        call->value = take_value(line);
        break;
    case ARGUMENTS_NUMBER: call->number = take_number(line); break;
    case ARGUMENTS_VALUE_NUMBER:
        call->value = take_value(line);
        call->number = take_number(line);
        break;
    }
}

static void take_results(struct line *line, struct history *history, size_t op,
                         enum results_form form)
{
    if (form == RESULTS_NONE) return;
    if (!slice_eq(take_raw(line), SLICE("->"))) {
        be_wrong(line, "`->` and the result are missing");
    } else if (form == RESULTS_NUMBER) {
        history_set_result(history, op, take_number(line));
    } else {
        while (line->left.len > 0) history_add_result(history, op, take_value(line));
    }
}

static void parse_line(struct line *line, struct history *history)
{
    int64_t invoked_ns = take_number(line);
    struct slice returned = take_raw(line);
    int64_t returned_ns = HISTORY_OPEN_NS;
    bool open = slice_eq(returned, SLICE("-"));
    if (!open && !integer_parse(returned, &returned_ns))
        be_wrong(line, "when it returned is neither a whole number nor -");
    enum history_outcome outcome = take_outcome(line);
    if (open && outcome == HISTORY_OK) be_wrong(line, "it is ok, but never returned");
    if (returned_ns < invoked_ns) be_wrong(line, "it returned before it was invoked");
    int64_t client = take_number(line);
    if (client < 0 || client > UINT32_MAX) be_wrong(line, "the client is not a small number");
    struct history_call call = {.client = (uint32_t)client, .kind = take_kind(line)};
    call.key = take_value(line);
    take_arguments(line, &call);
    if (line->wrong != NULL) return;
    size_t op = history_invoke(history, &call, invoked_ns);
    if (outcome == HISTORY_OK) take_results(line, history, op, kinds[call.kind].results);
    if (line->left.len > 0) be_wrong(line, "there are more words than this kind has");
    history_return(history, op, outcome, returned_ns);
}

enum err history_parse(struct history *history, struct slice text, struct fault *fault)
{
    struct arena *arena = arena_new();
    const char *wrong = NULL;
    uint64_t number = 0;
    while (text.len > 0 && wrong == NULL) {
        number++;
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        struct line line = {slice_of(text.data, len), arena, NULL};
        text = slice_from(text, end == NULL ? len : len + 1);
        if (len == 0 || line.left.data[0] == '#') continue;
        parse_line(&line, history);
        wrong = line.wrong;
    }
    arena_free(arena);
    if (wrong == NULL) return ERR_OK;
    return fault_set(fault, ERR_BAD_RECORD, "line %llu: %s", (unsigned long long)number, wrong);
}
