/* acl_fixture.c -- see acl_fixture.h. */
#include "test/serve/acl_fixture.h"

#include "test/io/io_fixture.h"
#include "test/rows.h"

static void enter(struct acl_fixture *fixture, struct session *session)
{
    *session = (struct session){.protocol = 2, .authenticated = true};
    session->user = acl_default_user(fixture->server.acl);
    session_enter(fixture->server.sessions, SESSIONS_ALL, session);
}

struct acl_fixture *acl_fixture_with(const char *config)
{
    struct fault fault;
    struct arena *arena = arena_new();
    struct acl_fixture *fixture = ARENA_NEW(arena, struct acl_fixture);
    fixture->arena = arena;
    config_init(&fixture->config);
    enum err err = config_read(&fixture->config, slice_text(config), "test.conf", &fault);
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    struct server *server = &fixture->server;
    server->arena = arena;
    server->config = &fixture->config;
    server->commands = command_table_new(arena);
    server->io = io_fixture(IO_DISK_THREADS);
    server->acl = acl_new(server->commands, server->config);
    server->sessions = sessions_new();
    enter(fixture, &fixture->client);
    enter(fixture, &fixture->other);
    return fixture;
}

struct acl_fixture *acl_fixture(void)
{
    return acl_fixture_with("");
}

void acl_fixture_free(struct acl_fixture *fixture)
{
    buffer_free(&fixture->reply);
    acl_free(fixture->server.acl);
    session_leave(fixture->server.sessions, SESSIONS_ALL, &fixture->client);
    session_leave(fixture->server.sessions, SESSIONS_ALL, &fixture->other);
    sessions_free(&fixture->server);
    io_free(fixture->server.io);
    config_free(&fixture->config);
    arena_free(fixture->arena);
}

static uint32_t split(struct acl_fixture *fixture, const char *line, struct slice **words)
{
    uint32_t count;
    cr_assert(config_split(slice_text(line), fixture->arena, words, &count), "%s", line);
    return count;
}

const char *acl_fixture_run(struct acl_fixture *fixture, struct session *session, const char *line)
{
    struct slice *argv;
    uint32_t argc = split(fixture, line, &argv);
    struct buffer *reply = &fixture->reply;
    buffer_clear(reply);
    const struct command *command = command_find(fixture->server.commands, argv, argc, NULL);
    cr_assert_not_null(command, "%s", line);
    cr_assert(command_arity_fits(command, argc), "%s", line);
    struct session_call call = {.server = &fixture->server,
                                .session = session,
                                .command = command,
                                .argv = argv,
                                .argc = argc,
                                .reply = {reply, session->protocol}};
    session_handler_of(command->id)(&call);
    size_t len = 0;
    for (size_t i = 0; i < reply->len; i++) {
        if (reply->data[i] == '\r') continue;
        reply->data[len++] = reply->data[i] == '\n' ? ' ' : reply->data[i];
    }
    cr_assert(len > 0, "%s is answered", line);
    reply->len = len - 1;
    buffer_append_byte(reply, '\0');
    return (const char *)reply->data;
}

const char *acl_fixture_describe(struct acl_fixture *fixture, const char *name)
{
    const struct acl_user *user = acl_find(fixture->server.acl, slice_text(name));
    if (user == NULL) return NULL;
    struct buffer text = {0};
    acl_describe_user(user, &text);
    const char *copy = arena_text(fixture->arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

enum acl_verdict acl_fixture_check(struct acl_fixture *fixture, const char *name, const char *line,
                                   uint32_t *position)
{
    struct slice *argv;
    uint32_t argc = split(fixture, line, &argv);
    const struct acl_user *user = acl_find(fixture->server.acl, slice_text(name));
    const struct command *command = command_find(fixture->server.commands, argv, argc, NULL);
    cr_assert_not_null(user, "%s", name);
    cr_assert_not_null(command, "%s", line);
    return acl_check(user, command, argv, argc, position);
}
