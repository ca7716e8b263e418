/* call_fixture.c -- see call_fixture.h. */
#include "test/cmd/call_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "test/rows.h"

enum { WORDS_MAX = 256, LINE_BYTES_MAX = 64 * 1024 };

struct call_fixture {
    struct arena *arena;
    const struct command_table *commands;
    struct store *store;
    struct call_settings settings;
    struct call_observer observer;
    struct buffer out, shown, events, logged, instead;
    uint8_t protocol;
    struct slice words[WORDS_MAX];
    uint32_t words_count;
    uint8_t bytes[LINE_BYTES_MAX]; /* of the words */
};

static void on_modified(void *context, uint32_t database, struct slice key)
{
    (void)context, (void)database, (void)key;
}

static void on_notified(void *context, enum notify_class class, const char *event,
                        uint32_t database, struct slice key)
{
    struct call_fixture *fixture = context;
    (void)class;
    if (fixture->events.len != 0) buffer_append_byte(&fixture->events, ' ');
    buffer_append_format(&fixture->events, "%s:%.*s", event, (int)key.len, (const char *)key.data);
    if (database != 0) buffer_append_format(&fixture->events, "@%u", database);
}

static const struct store_limits redis_limits = {
    .hash_max_listpack_entries = 128,
    .hash_max_listpack_value = 64,
    .set_max_intset_entries = 512,
    .set_max_listpack_entries = 128,
    .set_max_listpack_value = 64,
    .zset_max_listpack_entries = 128,
    .zset_max_listpack_value = 64,
    .list_max_listpack_size = -2,
    .list_packed_threshold = 1 << 30,
};

struct call_fixture *call_fixture_new(void)
{
    struct arena *arena = arena_new();
    struct call_fixture *fixture = ARENA_NEW(arena, struct call_fixture);
    struct store_config config = {.seed = 1, .limits = redis_limits};
    fixture->arena = arena;
    fixture->commands = command_table_new(arena);
    fixture->store = store_new(&config);
    fixture->settings = (struct call_settings){512ULL * 1024 * 1024, false};
    fixture->observer = (struct call_observer){fixture, on_modified, on_notified, NULL, true, ~0U};
    fixture->protocol = 2;
    store_set_time(fixture->store, CALL_FIXTURE_NOW_MS);
    return fixture;
}

void call_fixture_free(struct call_fixture *fixture)
{
    store_free(fixture->store);
    buffer_free(&fixture->out);
    buffer_free(&fixture->shown);
    buffer_free(&fixture->events);
    buffer_free(&fixture->logged);
    buffer_free(&fixture->instead);
    arena_free(fixture->arena);
}

void call_fixture_set_time(struct call_fixture *fixture, int64_t now_ms)
{
    store_set_time(fixture->store, now_ms);
}

void call_fixture_set_protocol(struct call_fixture *fixture, uint8_t protocol)
{
    fixture->protocol = protocol;
}

struct store *call_fixture_store(struct call_fixture *fixture)
{
    return fixture->store;
}

struct call_settings *call_fixture_settings(struct call_fixture *fixture)
{
    return &fixture->settings;
}

/* --- a line to words -------------------------------------------------------------------------- */

static uint8_t unescape(const char **at)
{
    char code = *(*at)++;
    char hex[3] = {0};
    switch (code) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'x':
        hex[0] = *(*at)++;
        hex[1] = *(*at)++;
        return (uint8_t)strtoul(hex, NULL, 16);
    default: return (uint8_t)code;
    }
}

static struct slice take_word(const char **at, uint8_t *to)
{
    uint8_t *end = to;
    bool quoted = **at == '"';
    *at += quoted;
    while (**at != '\0' && **at != (quoted ? '"' : ' ')) {
        char byte = *(*at)++;
        *end++ = quoted && byte == '\\' ? unescape(at) : (uint8_t)byte;
    }
    *at += quoted;
    return slice_of(to, (size_t)(end - to));
}

/* The words up to a lone "|", which is passed. */
static void take_words(struct call_fixture *fixture, const char **at)
{
    uint8_t *to = fixture->bytes;
    fixture->words_count = 0;
    for (;;) {
        while (**at == ' ') (*at)++;
        if (**at == '\0') return;
        bool bar = (*at)[0] == '|' && ((*at)[1] == ' ' || (*at)[1] == '\0');
        if (bar) {
            (*at)++;
            return;
        }
        ASSERT(fixture->words_count < WORDS_MAX);
        struct slice word = take_word(at, to);
        fixture->words[fixture->words_count++] = word;
        to += word.len;
        ASSERT(to < fixture->bytes + LINE_BYTES_MAX);
    }
}

/* --- running ---------------------------------------------------------------------------------- */

static void show(struct buffer *to, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == '\r' && i + 1 < bytes.len && bytes.data[i + 1] == '\n') {
            if (i + 2 < bytes.len) buffer_append_byte(to, ' ');
            i++;
        } else if (byte >= ' ' && byte < 0x7f) {
            buffer_append_byte(to, byte);
        } else {
            buffer_append_format(to, "\\x%02x", byte);
        }
    }
}

static void show_command(struct buffer *to, uint32_t argc, const struct slice *argv)
{
    for (uint32_t i = 0; i < argc; i++) {
        if (i != 0) buffer_append_byte(to, ' ');
        show(to, argv[i]);
    }
}

static void show_logged(struct call_fixture *fixture, const struct call *call)
{
    if (call->changes == 0 && call->instead_count == 0) return;
    if (call->instead_count == 0) {
        show_command(&fixture->logged, call->argc, call->argv);
        return;
    }
    struct cursor cursor = cursor_of(buffer_slice(call->instead));
    for (uint32_t i = 0; i < call->instead_count; i++) {
        struct slice argv[WORDS_MAX];
        uint32_t argc = (uint32_t)cursor_varint(&cursor);
        ASSERT(argc <= WORDS_MAX);
        for (uint32_t a = 0; a < argc; a++) argv[a] = cursor_sized(&cursor);
        if (i != 0) buffer_append(&fixture->logged, SLICE(" | "));
        show_command(&fixture->logged, argc, argv);
    }
    ASSERT(!cursor.bad && cursor_left(&cursor) == 0);
}

static void run_words(struct call_fixture *fixture)
{
    buffer_clear(&fixture->out);
    buffer_clear(&fixture->events);
    buffer_clear(&fixture->logged);
    buffer_clear(&fixture->instead);
    const struct command *container = NULL,
                         *command = command_find(fixture->commands, fixture->words,
                                                 fixture->words_count, &container);
    struct call call = {
        .command = command,
        .argv = fixture->words,
        .argc = fixture->words_count,
        .store = fixture->store,
        .settings = &fixture->settings,
        .observer = &fixture->observer,
        .reply = {&fixture->out, fixture->protocol},
        .may_block = true,
        .instead = &fixture->instead,
    };
    if (command != NULL && !command_arity_fits(command, call.argc)) {
        reply_error(&call.reply, "ERR wrong number of arguments for '%s' command", command->name);
    } else if (command == NULL || command->handler == NULL) {
        buffer_append(&fixture->out, SLICE("(no handler)"));
    } else {
        command->handler(&call);
    }
    if (call.block.wanted) buffer_append(&fixture->out, SLICE("(blocks)"));
    show_logged(fixture, &call);
    store_check(fixture->store);
}

const char *call_fixture_run(struct call_fixture *fixture, const char *lines)
{
    for (const char *at = lines; *at != '\0';) {
        take_words(fixture, &at);
        if (fixture->words_count != 0) run_words(fixture);
    }
    buffer_clear(&fixture->shown);
    show(&fixture->shown, buffer_slice(&fixture->out));
    buffer_append_byte(&fixture->shown, '\0');
    return (const char *)fixture->shown.data;
}

static const char *text_of(struct buffer *buffer)
{
    buffer_reserve(buffer, 1)[0] = '\0';
    return (const char *)buffer->data;
}

const char *call_fixture_events(struct call_fixture *fixture)
{
    return text_of(&fixture->events);
}

const char *call_fixture_logged(struct call_fixture *fixture)
{
    return text_of(&fixture->logged);
}

void call_fixture_rows(const struct call_row *rows, size_t count)
{
    for (const struct call_row *row = rows; row < rows + count; row++) {
        struct call_fixture *fixture = call_fixture_new();
        (void)call_fixture_run(fixture, row->setup);
        const char *reply = call_fixture_run(fixture, row->command);
        ROW_BYTES_EQ(row, slice_text(reply), row->reply);
        call_fixture_free(fixture);
    }
}

void call_fixture_effect_rows(const struct call_effect_row *rows, size_t count)
{
    for (const struct call_effect_row *row = rows; row < rows + count; row++) {
        struct call_fixture *fixture = call_fixture_new();
        (void)call_fixture_run(fixture, row->setup);
        (void)call_fixture_run(fixture, row->command);
        ROW_BYTES_EQ(row, slice_text(call_fixture_events(fixture)), row->events);
        ROW_BYTES_EQ(row, slice_text(call_fixture_logged(fixture)), row->logged);
        call_fixture_free(fixture);
    }
}
