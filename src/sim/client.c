/* client.c -- see client.h. */
#include "sim/client.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/integer.h"
#include "cli/client_answer.h"

enum { COMMAND_TEXT_MAX = 512 };

/* --- asking ---------------------------------------------------------------------------------- */

void client_say(struct client *client, const char *format, ...)
{
    char text[COMMAND_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ASSERT(len > 0 && (size_t)len < sizeof text);
    size_t words = 1;
    for (int i = 0; i < len; i++) words += text[i] == ' ';
    buffer_append_format(&client->out, "*%zu\r\n", words);
    for (const char *word = text; word != NULL;) {
        const char *end = strchr(word, ' ');
        size_t word_len = end == NULL ? strlen(word) : (size_t)(end - word);
        buffer_append_format(&client->out, "$%zu\r\n%.*s\r\n", word_len, (int)word_len, word);
        word = end == NULL ? NULL : end + 1;
    }
}

void client_say_filler(struct client *client, const char *key, uint64_t bytes)
{
    buffer_append_format(&client->out, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%llu\r\n", strlen(key),
                         key, (unsigned long long)bytes);
    memset(buffer_reserve(&client->out, bytes), 'f', bytes);
    client->out.len += bytes;
    buffer_append(&client->out, SLICE("\r\n"));
}

void client_expect(struct client *client, enum step_kind kind, size_t op, uint32_t replies)
{
    ASSERT(client->count < CLIENT_STEPS_MAX);
    client->steps[client->count++] = (struct step){kind, op, replies, false};
}

void client_forget(struct client *client)
{
    buffer_clear(&client->in);
    buffer_clear(&client->out);
    client->first = client->count = 0;
    client->watched.active = client->watched.sent = false;
    client->was_refused = false;
    client->connection = (sim_connection){0};
    client->generation++;
}

void client_free(struct client *client)
{
    buffer_free(&client->in);
    buffer_free(&client->out);
}

/* --- replies --------------------------------------------------------------------------------- */

struct settling { /* of one step by its last reply */
    struct client *client;
    struct history *history;
    const struct step *step;
    const struct answer *answer;
    int64_t now_ns;
};

/* Refusals that say that nothing has happened, and never will. */
static bool is_refusal(struct slice text)
{
    static const char *const codes[] = {"TRYAGAIN ", "DISKFULL ",  "OOM ",
                                        "LOADING ",  "EXECABORT ", "CLUSTERDOWN "};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (slice_starts_with(text, slice_text(codes[i]))) return true;
    }
    return false;
}

static bool is_unknown(struct slice text)
{
    return slice_starts_with(text, SLICE("UNKNOWN "));
}

static bool add_value(const struct settling *settling, const struct answer *value)
{
    if (value->kind != ANSWER_TEXT && value->kind != ANSWER_NULL) return false;
    struct slice text = value->kind == ANSWER_NULL ? slice_of(NULL, 0) : value->text;
    if (settling->step->op != STEP_NO_OP)
        history_add_result(settling->history, settling->step->op, text);
    return true;
}

static bool add_values(const struct settling *settling)
{
    if (settling->answer->kind != ANSWER_LIST) return false;
    for (uint32_t i = 0; i < settling->answer->count; i++) {
        if (!add_value(settling, &settling->answer->items[i])) return false;
    }
    return true;
}

static bool set_sum(const struct settling *settling)
{
    int64_t sum = 0;
    bool is_null = settling->answer->kind == ANSWER_NULL;
    if (!is_null && !integer_parse(settling->answer->text, &sum)) return false;
    history_set_result(settling->history, settling->step->op, sum);
    return true;
}

static bool take_popped(const struct settling *settling)
{
    const struct answer *answer = settling->answer;
    if (answer->kind != ANSWER_LIST) return add_value(settling, answer);
    return answer->count == 2 && add_value(settling, &answer->items[1]);
}

static bool keep_watched(const struct settling *settling)
{
    struct client *client = settling->client;
    const struct answer *answer = settling->answer;
    if (!add_value(settling, answer) || answer->text.len >= CLIENT_TEXT_MAX) return false;
    client->watched.active = true;
    client->watched.is_nil = answer->kind == ANSWER_NULL;
    memset(client->watched.value, 0, CLIENT_TEXT_MAX);
    if (answer->text.len > 0) memcpy(client->watched.value, answer->text.data, answer->text.len);
    return true;
}

/* A reply that is no error, to what it must be; false: it is something else. */
static bool take_result(const struct settling *settling, enum history_outcome *outcome)
{
    enum answer_kind kind = settling->answer->kind;
    bool is_null = kind == ANSWER_NULL;
    switch (settling->step->kind) {
    case STEP_DONE: return kind == ANSWER_TEXT || kind == ANSWER_INTEGER;
    case STEP_VALUE: return add_value(settling, settling->answer);
    case STEP_VALUES:
    case STEP_EXEC_VALUES: return add_values(settling);
    case STEP_SUM: return set_sum(settling);
    case STEP_SET_NX:
        history_set_result(settling->history, settling->step->op, !is_null);
        return kind == ANSWER_TEXT || is_null;
    case STEP_POP: return take_popped(settling);
    case STEP_WATCHED: return keep_watched(settling);
    case STEP_EXEC:
    case STEP_EXEC_DONE:
        if (is_null) *outcome = HISTORY_FAIL;
        if (settling->step->kind == STEP_EXEC)
            history_set_result(settling->history, settling->step->op, 1);
        return kind == ANSWER_LIST || is_null;
    }
    UNREACHABLE("a kind of step");
}

static bool settle(const struct settling *settling, char wrong[CLIENT_WRONG_MAX])
{
    const struct answer *answer = settling->answer;
    enum history_outcome outcome = HISTORY_OK;
    bool good = true;
    if (answer->kind == ANSWER_ERROR) {
        bool unknown = is_unknown(answer->text);
        outcome = unknown ? HISTORY_UNKNOWN : HISTORY_FAIL;
        settling->client->retires |= unknown;
        settling->client->was_refused = true;
        snprintf(settling->client->refusal, CLIENT_TEXT_MAX, "%.*s",
                 (int)u64_min(answer->text.len, CLIENT_TEXT_MAX - 1),
                 (const char *)answer->text.data);
        good = unknown || is_refusal(answer->text);
    } else {
        good = take_result(settling, &outcome);
    }
    if (!good)
        snprintf(wrong, CLIENT_WRONG_MAX, "this is no answer to step %d: \"%.*s\"",
                 (int)settling->step->kind, (int)u64_min(answer->text.len, 160),
                 (const char *)answer->text.data);
    if (good && settling->step->op != STEP_NO_OP)
        history_return(settling->history, settling->step->op, outcome, settling->now_ns);
    return good;
}

/* One reply: of MULTI and the like, which only must not fail for strange reasons, or the last. */
static bool take_answer(struct client *client, struct history *history, const struct answer *answer,
                        int64_t now_ns, char wrong[CLIENT_WRONG_MAX])
{
    if (!client_waits(client)) {
        snprintf(wrong, CLIENT_WRONG_MAX, "an answer that nobody asked for: \"%.*s\"",
                 (int)u64_min(answer->text.len, 160), (const char *)answer->text.data);
        return false;
    }
    struct step *step = &client->steps[client->first];
    if (--step->replies > 0) { /* of MULTI and the like; they wait for what was asked before them */
        bool unknown = answer->kind == ANSWER_ERROR && is_unknown(answer->text);
        step->refused |= answer->kind == ANSWER_ERROR;
        client->retires |= unknown;
        if (answer->kind != ANSWER_ERROR || unknown || is_refusal(answer->text)) return true;
        snprintf(wrong, CLIENT_WRONG_MAX, "within a step: \"%.*s\"",
                 (int)u64_min(answer->text.len, 160), (const char *)answer->text.data);
        return false;
    }
    client->first++;
    struct settling settling = {client, history, step, answer, now_ns};
    bool good = settle(&settling, wrong);
    if (step->refused) client->watched.active = false; /* WATCH itself was refused */
    if (client->first == client->count) client->first = client->count = 0;
    return good;
}

bool client_receive(struct client *client, struct history *history, struct slice bytes,
                    int64_t now_ns, char wrong[CLIENT_WRONG_MAX])
{
    buffer_append(&client->in, bytes);
    size_t at = 0, used;
    bool good = true;
    for (bool more = true; more && good && at < client->in.len;) {
        struct arena *arena = arena_new();
        struct answer answer;
        switch (
            client_answer_read(arena, slice_from(buffer_slice(&client->in), at), &answer, &used)) {
        case ANSWER_WHOLE:
            good = take_answer(client, history, &answer, now_ns, wrong);
            at += used;
            break;
        case ANSWER_PARTIAL: more = false; break;
        case ANSWER_BAD:
            good = false;
            snprintf(wrong, CLIENT_WRONG_MAX, "this is no RESP");
            break;
        }
        arena_free(arena);
    }
    buffer_consume(&client->in, at);
    return good;
}
