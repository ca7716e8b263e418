/* policy.c -- see policy.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/policy.h"
#include "cli/tame.h"

enum { WORDS_MAX = 32, PORT_DEFAULT = 6379, PORT_MAX = 65535 };

struct question {
    const char *host, *port, *user, *password;
    struct slice words[WORDS_MAX];
    uint32_t count;
    bool help;
};

/* The place of an option's value; NULL: there is no such option. */
static const char **option_place(struct question *question, const char *name, size_t len)
{
    const struct {
        const char *name;
        const char **place;
    } options[] = {
        {"--host", &question->host},
        {"--port", &question->port},
        {"--user", &question->user},
        {"--password", &question->password},
    };
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0) {
            return options[i].place;
        }
    }
    return NULL;
}

static bool is_help(const char *typed)
{
    return strcmp(typed, "--help") == 0 || strcmp(typed, "-h") == 0 || strcmp(typed, "help") == 0;
}

static enum err parse(int argc, char **argv, struct question *question, struct fault *fault)
{
    question->words[question->count++] = SLICE("POLICY");
    for (int at = 0; at < argc; at++) {
        const char *typed = argv[at];
        size_t len = strcspn(typed, "=");
        const char **place = option_place(question, typed, len);
        if (is_help(typed)) {
            question->help = true;
        } else if (place != NULL && typed[len] == '=') {
            *place = typed + len + 1;
        } else if (place != NULL) {
            if (at + 1 == argc) return fault_set(fault, ERR_USAGE, "%s needs a value", typed);
            *place = argv[++at];
        } else if (typed[0] == '-' && typed[1] == '-') {
            return fault_set(fault, ERR_USAGE,
                             "there is no option %s; 'tutti help policy' lists them", typed);
        } else if (question->count == WORDS_MAX) {
            return fault_set(fault, ERR_USAGE, "there are more than %d words", WORDS_MAX);
        } else {
            question->words[question->count++] = slice_text(typed);
        }
    }
    question->help = question->help || question->count == 1;
    return ERR_OK;
}

static enum err find_address(const struct question *question, struct io_address *address,
                             struct fault *fault)
{
    const char *host = question->host == NULL ? "127.0.0.1" : question->host;
    const char *text = question->port == NULL ? getenv("TUTTI_PORT") : question->port;
    uint64_t port = PORT_DEFAULT;
    *address = (struct io_address){0};
    if (strlen(host) >= sizeof address->text) {
        return fault_set(fault, ERR_USAGE, "--host is longer than %zu bytes",
                         sizeof address->text - 1);
    }
    memcpy(address->text, host, strlen(host));
    bool good =
        text == NULL || (count_parse(slice_text(text), &port) && port > 0 && port <= PORT_MAX);
    if (!good) {
        return fault_set(fault, ERR_USAGE, "the port is '%s': it must be from 1 to %d", text,
                         PORT_MAX);
    }
    address->port = host[0] == '/' ? 0 : (uint16_t)port;
    return ERR_OK;
}

/* --- what it answered ------------------------------------------------------------------------ */

static void append_value(struct buffer *out, const struct answer *answer)
{
    if (answer->kind == ANSWER_NULL) {
        buffer_append(out, SLICE("none"));
    } else if (answer->text.len == 0) {
        buffer_append(out, SLICE("\"\"")); /* the root's prefix */
    } else {
        tame_append(out, answer->text);
    }
}

static void append_padded(struct buffer *out, const struct answer *answer, size_t columns)
{
    size_t began = out->len;
    append_value(out, answer);
    for (size_t len = out->len - began; len < columns; len++) buffer_append_byte(out, ' ');
}

/* Lines of at most COLUMNS, broken at spaces; all but the first are indented. */
static void append_wrapped(struct buffer *out, struct slice text, size_t indent)
{
    enum { COLUMNS = 80 };
    for (size_t column = indent; text.len > 0;) {
        const uint8_t *space = memchr(text.data, ' ', text.len);
        size_t len = space == NULL ? text.len : (size_t)(space - text.data);
        if (column != indent && column + 1 + len > COLUMNS) {
            buffer_append_format(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column != indent) {
            buffer_append_byte(out, ' ');
            column++;
        }
        buffer_append(out, slice_of(text.data, len));
        column += len;
        text = slice_from(text, space == NULL ? len : len + 1);
    }
}

/* One policy: a name and its value a line. */
static void append_pairs(struct buffer *out, const struct answer *answer)
{
    enum { NAME_COLUMNS = 6 };
    for (uint32_t i = 0; i + 1 < answer->count; i += 2) {
        struct buffer value = {0};
        append_padded(out, &answer->items[i], NAME_COLUMNS);
        buffer_append(out, SLICE("  "));
        append_value(&value, &answer->items[i + 1]);
        append_wrapped(out, buffer_slice(&value), NAME_COLUMNS + 2);
        buffer_append_byte(out, '\n');
        buffer_free(&value);
    }
}

/* The widest of what is in that place of each policy. */
static size_t columns_of(const struct answer *policies, uint32_t place)
{
    size_t widest = 0;
    for (uint32_t i = 0; i < policies->count; i++) {
        struct buffer text = {0};
        if (place < policies->items[i].count) append_value(&text, &policies->items[i].items[place]);
        widest = widest > text.len ? widest : text.len;
        buffer_free(&text);
    }
    return widest;
}

/* A table: the names of the first policy are those of all. */
static void append_table(struct buffer *out, const struct answer *policies)
{
    const struct answer *first = &policies->items[0];
    for (uint32_t row = 0; row <= policies->count; row++) {
        const struct answer *policy = row == 0 ? first : &policies->items[row - 1];
        for (uint32_t i = 0; i + 1 < first->count && i + 1 < policy->count; i += 2) {
            size_t columns = columns_of(policies, i + 1);
            size_t name_columns = columns_of(policies, i);
            if (columns < name_columns) columns = name_columns;
            bool last = i + 3 >= first->count;
            append_padded(out, &policy->items[row == 0 ? i : i + 1], last ? 0 : columns);
            if (!last) buffer_append(out, SLICE("  "));
        }
        buffer_append_byte(out, '\n');
    }
}

static void append_answer(struct buffer *out, const struct answer *answer)
{
    if (answer->kind != ANSWER_LIST) {
        append_value(out, answer);
        buffer_append_byte(out, '\n');
        return;
    }
    if (answer->count == 0 || answer->items[0].kind != ANSWER_LIST) {
        append_pairs(out, answer);
        return;
    }
    append_table(out, answer);
}

/* `what` succeeded, or its error is the fault. */
static enum err ask(struct client *client, struct arena *arena, const struct slice *words,
                    uint32_t count, struct answer *answer, struct fault *fault)
{
    enum err err = client_ask(client, arena, words, count, answer, fault);
    if (err != ERR_OK || answer->kind != ANSWER_ERROR) return err;
    struct buffer text = {0};
    tame_append(&text, answer->text);
    err = fault_set(fault, ERR_CANCELLED, "the node says: %.*s", (int)text.len,
                    (const char *)text.data);
    buffer_free(&text);
    return err;
}

static enum err log_in(struct client *client, struct arena *arena, const struct question *question,
                       struct fault *fault)
{
    const char *password = question->password;
    if (password == NULL) password = getenv("TUTTI_PASSWORD");
    if (password == NULL) return ERR_OK;
    const char *user = question->user == NULL ? "default" : question->user;
    const struct slice words[] = {SLICE("AUTH"), slice_text(user), slice_text(password)};
    struct answer answer;
    return ask(client, arena, words, COUNT_OF(words), &answer, fault);
}

static enum err converse(struct arena *arena, const struct question *question, struct buffer *out,
                         struct fault *fault)
{
    struct io_address address;
    struct client *client = NULL;
    struct answer answer;
    enum err err = find_address(question, &address, fault);
    if (err == ERR_OK) err = client_open(&address, CLIENT_PATIENCE, &client, fault);
    if (err == ERR_OK) err = log_in(client, arena, question, fault);
    if (err == ERR_OK) err = ask(client, arena, question->words, question->count, &answer, fault);
    if (err == ERR_OK) append_answer(out, &answer);
    client_close(client);
    return err;
}

int policy_main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct question question = {0};
    struct buffer out = {0};
    struct fault fault = {0};
    enum err err = parse(argc, argv, &question, &fault);
    if (err == ERR_OK && question.help) {
        help_policy(&out);
    } else if (err == ERR_OK) {
        err = converse(arena, &question, &out, &fault);
    }
    int status = EXIT_DONE;
    if (err != ERR_OK) {
        (void)fprintf(stderr, "tutti: %s\n", fault.text);
        status = err == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
    } else if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
        status = EXIT_FAILED;
    }
    buffer_free(&out);
    arena_free(arena);
    return status;
}
