/*
 * told.c -- see told.h.
 *
 * [I1] Stamps rise, and no two changes have one: a count above all that were seen, then the node.
 * [I2] What was told is never told on: no change goes round for ever.
 * [I3] A row's stamp is that of the change that was done here. What this version does not
 * understand is told by those that do; told by this one, its stamp would keep theirs away.
 */
#include "serve/told.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/integer.h"
#include "serve/acl_impl.h"
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/guest_impl.h"

enum {
    ROWS_MAX = 4096, /* what is beyond is told once, and not again */
    NODE_BITS = 16,
    STAMP_DIGITS = 24,
    HEAD_WORDS = 3, /* CONFIG TOLD stamp */
    SAY_WORDS_MAX = 7
};

struct row {
    enum told_kind kind;
    struct slice name; /* owned */
    uint64_t stamp;
};

struct told {
    struct row *rows; /* owned */
    uint32_t count, capacity;
    uint64_t last; /* the highest count seen */
};

struct told *told_new(void)
{
    struct told *told = calloc(1, sizeof *told);
    ASSERT(told != NULL);
    return told;
}

void told_free(struct told *told)
{
    if (told == NULL) return;
    for (uint32_t i = 0; i < told->count; i++) free((void *)(uintptr_t)told->rows[i].name.data);
    free(told->rows);
    free(told);
}

/* --- rows ------------------------------------------------------------------------------------ */

static struct row *row_of(const struct told *told, enum told_kind kind, struct slice name)
{
    for (uint32_t i = 0; i < told->count; i++) {
        struct row *row = &told->rows[i];
        if (row->kind == kind && slice_eq(row->name, name)) return row;
    }
    return NULL;
}

static struct slice copied(struct slice name)
{
    uint8_t *bytes = malloc(name.len + 1);
    ASSERT(bytes != NULL);
    memcpy(bytes, name.data, name.len);
    return slice_of(bytes, name.len);
}

/* NULL: there is no room. */
static struct row *row_put(struct told *told, enum told_kind kind, struct slice name)
{
    struct row *row = row_of(told, kind, name);
    if (row != NULL) return row;
    if (told->count == ROWS_MAX) return NULL;
    if (told->count == told->capacity) {
        told->capacity = told->capacity * 2 + 8;
        told->rows = reallocarray(told->rows, told->capacity, sizeof *told->rows);
        ASSERT(told->rows != NULL);
    }
    row = &told->rows[told->count++];
    *row = (struct row){.kind = kind, .name = copied(name)};
    return row;
}

/* One that was put in just now. */
static void row_take_back(struct told *told)
{
    ASSERT(told->count > 0);
    free((void *)(uintptr_t)told->rows[--told->count].name.data);
}

static void note_stamp(struct told *told, uint64_t stamp)
{
    told->last = u64_max(told->last, stamp >> NODE_BITS);
}

/* --- saying ---------------------------------------------------------------------------------- */

struct saying { /* CONFIG TOLD … */
    struct arena *arena;
    struct slice *argv;
    uint32_t argc;
};

static void say_word(struct saying *saying, struct slice word)
{
    saying->argv[saying->argc++] = word;
}

static void say_setting(const struct server *server, const struct row *row, struct saying *saying)
{
    enum setting_id id;
    struct buffer value = {0};
    bool known = setting_find(row->name, &id);
    ASSERT(known); /* it was set */
    config_format(server->config, id, &value);
    say_word(saying, SLICE("CONFIG"));
    say_word(saying, SLICE("SET"));
    say_word(saying, row->name);
    say_word(saying, arena_copy(saying->arena, buffer_slice(&value)));
    buffer_free(&value);
}

/* As it is now: "user NAME rule …", with hashes of passwords. */
static void say_user(const struct server *server, const struct row *row, struct saying *saying)
{
    const struct acl_user *user = acl_user_of(&server->acl->users, row->name);
    struct buffer text = {0};
    struct slice *words;
    say_word(saying, SLICE("ACL"));
    say_word(saying, user == NULL ? SLICE("DELUSER") : SLICE("SETUSER"));
    say_word(saying, row->name);
    if (user == NULL) return;
    say_word(saying, SLICE("reset"));
    acl_describe_user(user, &text);
    struct slice rules = slice_from(buffer_slice(&text), strlen("user ") + row->name.len);
    uint32_t count = acl_words_split(arena_copy(saying->arena, rules), saying->arena, &words);
    struct slice *argv = ARENA_ARRAY(saying->arena, struct slice, saying->argc + count);
    memcpy(argv, saying->argv, saying->argc * sizeof *argv);
    saying->argv = argv;
    for (uint32_t i = 0; i < count; i++) say_word(saying, words[i]);
    buffer_free(&text);
}

static void say(const struct server *server, const struct row *row, struct saying *saying)
{
    saying->arena = arena_new();
    saying->argv = ARENA_ARRAY(saying->arena, struct slice, HEAD_WORDS + SAY_WORDS_MAX);
    saying->argc = 0;
    char *stamp = ARENA_ARRAY(saying->arena, char, STAMP_DIGITS);
    (void)snprintf(stamp, STAMP_DIGITS, "%llu", (unsigned long long)row->stamp);
    say_word(saying, SLICE("CONFIG"));
    say_word(saying, SLICE("TOLD"));
    say_word(saying, slice_text(stamp));
    switch (row->kind) {
    case TOLD_SETTING: say_setting(server, row, saying); break;
    case TOLD_USER: say_user(server, row, saying); break;
    }
}

/* By another node; perhaps by way of another lane of this one, which passes it on so. */
static bool was_told(const struct server *server, const struct session *session)
{
    const struct session_guest *guest = session->guest;
    if (guest == NULL) return false;
    return guest->slot == CROSSING_SLOT_LANE || guest_is_remote(server, session);
}

/* One lane of a node speaks for it: the first. Who was told by another node does not. [I2] */
void told_note(struct session_call *call, enum told_kind kind, struct slice name)
{
    struct server *server = call->server;
    struct told *told = server->told;
    if (told == NULL || was_told(server, call->session)) return;
    if (lane_number(server->lane) != 0) return;
    struct row *row = row_put(told, kind, name);
    if (row == NULL) return;
    uint64_t node = lane_self(server->lane).n & ((1U << NODE_BITS) - 1);
    row->stamp = ++told->last << NODE_BITS | node; /* [I1] */
    struct saying saying;
    say(server, row, &saying);
    crossing_tell_all(server, saying.argv, saying.argc);
    crossing_tell_newer(server, NODE_NONE, saying.argv, saying.argc);
    arena_free(saying.arena);
}

void told_catch_up(struct server *server, node_id node)
{
    const struct told *told = server->told;
    for (uint32_t i = 0; i < told->count; i++) {
        struct saying saying;
        say(server, &told->rows[i], &saying);
        crossing_tell_newer(server, node, saying.argv, saying.argc);
        arena_free(saying.arena);
    }
}

/* --- taking ---------------------------------------------------------------------------------- */

/* What the words behind the stamp are about. False: about nothing that is ever told. */
static bool read_subject(const struct session_call *call, enum command_id id, enum told_kind *kind,
                         struct slice *name)
{
    const uint32_t named = HEAD_WORDS + 2;
    enum setting_id setting;
    if (call->argc <= named) return false;
    *name = call->argv[named];
    *kind = id == COMMAND_CONFIG_SET ? TOLD_SETTING : TOLD_USER;
    if (id == COMMAND_CONFIG_SET) {
        if (call->argc != named + 2 || !setting_find(*name, &setting)) return false;
        *name = slice_text(setting_rows[setting].name);
        return true;
    }
    return id == COMMAND_ACL_SETUSER || (id == COMMAND_ACL_DELUSER && call->argc == named + 1);
}

/* As if it had been said by itself; what is replied nobody sees. False: it is an error. */
static bool run(struct session_call *call, const struct command *command)
{
    struct buffer said = {0};
    struct session_call inner = *call;
    inner.command = command;
    inner.argv = call->argv + HEAD_WORDS;
    inner.argc = call->argc - HEAD_WORDS;
    inner.reply = (struct reply){&said, call->reply.protocol};
    session_handler_of(command->id)(&inner);
    bool done = said.len > 0 && said.data[0] != '-';
    buffer_free(&said);
    return done;
}

void told_command(struct session_call *call)
{
    struct told *told = call->server->told;
    const struct session_guest *guest = call->session->guest;
    const struct command *command = NULL, *container;
    enum told_kind kind;
    struct slice name;
    int64_t stamp;
    if (guest == NULL || guest->slot != CROSSING_SLOT_LANE) {
        reply_error(&call->reply, "ERR CONFIG TOLD is said between nodes only");
        return;
    }
    if (call->argc > HEAD_WORDS) {
        command = command_find(call->server->commands, call->argv + HEAD_WORDS,
                               call->argc - HEAD_WORDS, &container);
    }
    bool good = command != NULL && integer_parse(call->argv[2], &stamp) && stamp > 0 &&
                read_subject(call, command->id, &kind, &name);
    if (!good) {
        reply_error(&call->reply, "ERR that is nothing to be told");
        return;
    }
    note_stamp(told, (uint64_t)stamp);
    struct row *row = row_put(told, kind, name);
    bool later = row != NULL && (uint64_t)stamp > row->stamp;
    if (later && run(call, command)) {
        row->stamp = (uint64_t)stamp;
    } else if (later && row->stamp == 0) {
        row_take_back(told); /* [I3] */
    }
    reply_ok(&call->reply);
}
