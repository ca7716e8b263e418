/* acl_commands_test.c -- ACL's subcommands, users from files, and the log of what was denied. */
#include "serve/acl_commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/file.h"
#include "test/rows.h"
#include "test/serve/acl_fixture.h"
#include "test/work/read/read_fixture.h"

static const struct reply_row {
    const char *why, *line, *reply;
} rows[] = {
    {"who one is", "ACL WHOAMI", "$7 default"},
    {"all names", "ACL USERS", "*2 $7 default $1 u"},
    {"all users", "ACL LIST",
     "*2 $51 user default on nopass sanitize-payload ~* &* +@all "
     "$67 user u on sanitize-payload %R~a resetchannels -@all +get +client|id"},
    {"one user", "ACL GETUSER u",
     "*12 $5 flags *2 $2 on $16 sanitize-payload $9 passwords *0 $8 commands $21 -@all +get "
     "+client|id $4 keys $4 %R~a $8 channels $0  $9 selectors *0"},
    {"nobody", "ACL GETUSER nobody", "$-1"},
    {"an unknown category", "ACL CAT NOTHING", "-ERR Unknown category 'NOTHING'"},
    {"too many words", "ACL CAT a b",
     "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP."},
    {"a dry run", "ACL DRYRUN u GET a", "+OK"},
    {"of what is denied", "ACL DRYRUN u set a b",
     "$50 User u has no permissions to run the 'set' command"},
    {"of a subcommand", "ACL DRYRUN u client list",
     "$58 User u has no permissions to run the 'client|list' command"},
    {"of a key", "ACL DRYRUN u GET secret",
     "$52 User u has no permissions to access the 'secret' key"},
    {"by nobody", "ACL DRYRUN nobody GET a", "-ERR User 'nobody' not found"},
    {"of nothing", "ACL DRYRUN u nothing", "-ERR Command 'nothing' not found"},
    {"of too few words", "ACL DRYRUN u SET a", "-ERR wrong number of arguments for 'set' command"},
    {"too many bits", "ACL GENPASS 5000",
     "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
     "number up to 4096"},
    {"no bits", "ACL GENPASS x", "-ERR value is not an integer or out of range"},
    {"the default user stays", "ACL DELUSER u default",
     "-ERR The 'default' user cannot be removed"},
    {"an empty log", "ACL LOG", "*0"},
};

Test(acl_commands, rows)
{
    struct acl_fixture *fixture = acl_fixture();
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u on %R~a +get +client|id");
    FOR_ROWS (row, rows) {
        const char *reply = acl_fixture_run(fixture, &fixture->client, row->line);
        cr_expect_str_eq(reply, row->reply, "%s: %s", row->why, reply);
    }
    acl_fixture_free(fixture);
}

Test(acl_commands, categories_and_passwords)
{
    struct acl_fixture *fixture = acl_fixture();
    const char *reply = acl_fixture_run(fixture, &fixture->client, "ACL CAT");
    cr_expect_not_null(strstr(reply, "$9 sortedset"), "%s", reply);
    reply = acl_fixture_run(fixture, &fixture->client, "ACL CAT Transaction");
    cr_expect_not_null(strstr(reply, "$5 multi"), "%s", reply);
    cr_expect_null(strstr(reply, "$3 get"), "%s", reply);
    reply = acl_fixture_run(fixture, &fixture->client, "ACL GENPASS 5");
    cr_expect_eq(strlen(reply), strlen("$2 ff"));
    reply = acl_fixture_run(fixture, &fixture->client, "ACL GENPASS");
    cr_expect_eq(strlen(reply), strlen("$64 ") + 64);
    acl_fixture_free(fixture);
}

Test(acl_commands, removing_a_user_closes_who_uses_it)
{
    struct acl_fixture *fixture = acl_fixture();
    struct session *client = &fixture->client, *other = &fixture->other;
    struct acl *acl = fixture->server.acl;
    (void)acl_fixture_run(fixture, client, "ACL SETUSER u on nopass");
    (void)acl_fixture_run(fixture, client, "ACL SETUSER v on nopass");
    client->user = other->user = acl_find(acl, SLICE("u"));
    cr_expect_str_eq(acl_fixture_run(fixture, client, "ACL DELUSER nobody v"), ":1");
    cr_expect_eq((client->flags | other->flags) & (SESSION_CLOSING | SESSION_CLOSE_AFTER_REPLY), 0);
    cr_expect_str_eq(acl_fixture_run(fixture, client, "ACL DELUSER u"), ":1");
    cr_expect(client->flags & SESSION_CLOSE_AFTER_REPLY, "it gets its answer");
    cr_expect(other->flags & SESSION_CLOSING);
    cr_expect_null(acl_find(acl, SLICE("u")));
    cr_expect(slice_eq(acl_user_name(other->user), SLICE("u")), "who holds it can still ask");
    cr_expect_eq(acl->removed.count, 1, "v is forgotten, u is held");
    session_leave(fixture->server.sessions, SESSIONS_CLOSE, other);
    client->user = other->user = acl_default_user(acl);
    cr_expect_str_eq(acl_fixture_run(fixture, client, "ACL DELUSER u"), ":0");
    cr_expect_eq(acl->removed.count, 0);
    acl_fixture_free(fixture);
}

Test(acl_commands, files_that_are_not_there)
{
    struct acl_fixture *fixture = acl_fixture();
    const char *reply = acl_fixture_run(fixture, &fixture->client, "ACL LOAD");
    const char *want = "-ERR This Redis instance is not configured to use an ACL file.";
    cr_expect(strstr(reply, want) == reply, "%s", reply);
    reply = acl_fixture_run(fixture, &fixture->client, "ACL SAVE");
    cr_expect(strstr(reply, want) == reply, "%s", reply);
    acl_fixture_free(fixture);
}

static struct acl_fixture *with_file(struct arena *arena, const char *text, const char **path)
{
    *path = fixture_file(arena, fixture_folder(arena), "users.acl", slice_text(text));
    return acl_fixture_with(arena_format(arena, "aclfile %s\n", *path));
}

Test(acl_commands, a_file_is_loaded_and_saved)
{
    struct arena *arena = arena_new();
    const char *path;
    struct fault fault;
    struct acl_fixture *fixture =
        with_file(arena, "\nuser alice on nopass ~* +@all\r\n  user bob on (+get %R~r*)\n", &path);
    struct acl *acl = fixture->server.acl;
    struct session *client = &fixture->client;
    cr_assert_eq(acl_load(acl, &fault), ERR_OK, "%s", fault.text);
    const struct acl_user *standard = acl_default_user(acl);
    cr_expect_eq(acl->users.count, 3);
    cr_expect_str_eq(acl_fixture_describe(fixture, "bob"),
                     "user bob on sanitize-payload resetchannels -@all (%R~r* resetchannels -@all "
                     "+get)");
    (void)acl_fixture_run(fixture, client, "ACL SETUSER eve on >eve +get");
    (void)acl_fixture_run(fixture, client, "ACL SETUSER default -debug");
    cr_expect_str_eq(acl_fixture_run(fixture, client, "ACL SAVE"), "+OK");
    (void)acl_fixture_run(fixture, client, "ACL SETUSER eve -get");
    (void)acl_fixture_run(fixture, client, "ACL SETUSER carl");
    fixture->other.user = acl_find(acl, SLICE("alice"));
    cr_expect_str_eq(acl_fixture_run(fixture, client, "ACL LOAD"), "+OK");
    cr_expect(fixture->other.flags & SESSION_CLOSING, "alice comes anew");
    cr_expect_eq(client->flags & SESSION_CLOSE_AFTER_REPLY, 0, "the default user stays");
    cr_expect_eq(acl_default_user(acl), standard);
    cr_expect_null(acl_find(acl, SLICE("carl")));
    cr_expect_not_null(strstr(acl_fixture_describe(fixture, "eve"), "-@all +get"));
    cr_expect_not_null(strstr(acl_fixture_describe(fixture, "default"), "+@all -debug"));
    session_leave(fixture->server.sessions, SESSIONS_CLOSE, &fixture->other);
    acl_fixture_free(fixture);
    arena_free(arena);
}

static const struct wrong_row {
    const char *why, *text, *told;
} wrong_rows[] = {
    {"a user twice", "user a on\nuser a off\n", "Duplicate user 'a' found on line 2. "},
    {"not a user", "\nusr a\n", ":2 should start with user keyword followed by the username. "},
    {"no name", "user\n", ":1 should start with user keyword"},
    {"a mistake", "user a blah bloh\n",
     ":1: Syntax error. WARNING: ACL errors detected, no change"},
    {"an unknown command", "user a +blah ~* +@x\n",
     ":1: Error in applying operation '+blah': Unknown command or category name in ACL. "},
    {"a parenthesis", "user a (+get\n", ":1: Unmatched parenthesis in selector definition. "},
};

Test(acl_commands, a_wrong_file_changes_nothing)
{
    FOR_ROWS (row, wrong_rows) {
        struct arena *arena = arena_new();
        const char *path;
        struct fault fault;
        struct acl_fixture *fixture = with_file(arena, row->text, &path);
        (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER carl");
        const char *reply = acl_fixture_run(fixture, &fixture->client, "ACL LOAD");
        cr_expect_not_null(strstr(reply, row->told), "%s: %s", row->why, reply);
        cr_expect_not_null(acl_find(fixture->server.acl, SLICE("carl")), "%s", row->why);
        cr_expect_eq(acl_load(fixture->server.acl, &fault), ERR_USAGE);
        acl_fixture_free(fixture);
        arena_free(arena);
    }
}

static const struct config_row {
    const char *why, *config, *told; /* NULL: it is good */
} config_rows[] = {
    {"users", "user a on +get\nuser default on >x ~* +@all\n", NULL},
    {"a user twice", "user a\nuser a\n", "Duplicate user 'a'"},
    {"the default user twice", "user default on\nuser default on\n", "Duplicate user 'default'"},
    {"a mistake", "user a blah\n", "ACL user 'a': rule 1 of it: Syntax error"},
    {"a parenthesis", "user a (+get\n", "ACL user 'a': unmatched parenthesis"},
    {"a file as well", "user a\naclfile /nowhere\n", "keep all users in one of them"},
    {"a file that is not there", "aclfile /nowhere/users.acl\n", "/nowhere/users.acl"},
};

Test(acl_commands, users_of_the_configuration)
{
    FOR_ROWS (row, config_rows) {
        struct fault fault;
        struct acl_fixture *fixture = acl_fixture_with(row->config);
        enum err err = acl_load(fixture->server.acl, &fault);
        ROW_EQ(row, err, row->told == NULL ? ERR_OK : ERR_USAGE);
        if (row->told != NULL) {
            cr_expect_not_null(strstr(fault.text, row->told), "%s: %s", row->why, fault.text);
        } else {
            cr_expect(acl_user_needs_password(acl_default_user(fixture->server.acl)));
        }
        acl_fixture_free(fixture);
    }
}

Test(acl_commands, the_configuration_is_written_again)
{
    struct acl_fixture *fixture = acl_fixture_with("requirepass a\n");
    struct buffer out = {0};
    acl_rewrite(fixture->server.acl, &out);
    cr_expect_eq(out.len, 0, "nobody but the default user");
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u on +get");
    acl_rewrite(fixture->server.acl, &out);
    cr_expect(slice_ends_with(buffer_slice(&out),
                              SLICE("user u on sanitize-payload resetchannels -@all +get\n")));
    cr_expect(
        slice_starts_with(buffer_slice(&out), SLICE("user default on sanitize-payload #ca9")));
    buffer_free(&out);
    acl_fixture_free(fixture);
}

static void deny(struct acl_fixture *fixture, const char *key, int64_t unix_ms)
{
    const struct acl_denial denial = {.verdict = ACL_DENIED_KEY,
                                      .context = "toplevel",
                                      .object = slice_text(key),
                                      .username = SLICE("u"),
                                      .client_info = SLICE("id=3"),
                                      .unix_ms = unix_ms};
    acl_log_add(fixture->server.acl, &denial);
}

static const char *shown(struct acl_fixture *fixture, uint64_t count, int64_t unix_ms)
{
    struct buffer out = {0};
    struct reply reply = {&out, 2};
    acl_log_reply(fixture->server.acl, count, unix_ms, &reply);
    char *text = arena_text(fixture->arena, buffer_slice(&out));
    buffer_free(&out);
    for (char *at = text; *at != '\0'; at++) *at = *at == '\r' || *at == '\n' ? ' ' : *at;
    return text;
}

Test(acl_commands, the_log_counts_the_same_and_forgets_the_oldest)
{
    struct acl_fixture *fixture = acl_fixture_with("acllog-max-len 3\n");
    const struct acl *acl = fixture->server.acl;
    deny(fixture, "a", 1000);
    deny(fixture, "b", 2000);
    deny(fixture, "a", 3500);
    cr_expect_eq(acl->log_count, 2);
    const char *text = shown(fixture, 1, 5000);
    cr_expect_str_eq(text,
                     "*1  *20  $5  count  :2  $6  reason  $3  key  $7  context  $8  toplevel  $6  "
                     "object  $1  a  $8  username  $1  u  $11  age-seconds  $3  1.5  $11  "
                     "client-info  $4  id=3  $8  entry-id  :0  $17  timestamp-created  :1000  $22  "
                     "timestamp-last-updated  :3500  ");
    deny(fixture, "a", 3500 + 60001);
    cr_expect_eq(acl->log_count, 3, "too late to be the same");
    deny(fixture, "c", 70000);
    cr_expect_eq(acl->log_count, 3, "the oldest is forgotten");
    cr_expect_null(strstr(shown(fixture, 10, 70000), "$1  b"));
    cr_expect_str_eq(acl_fixture_run(fixture, &fixture->client, "ACL LOG RESET"), "+OK");
    cr_expect_str_eq(acl_fixture_run(fixture, &fixture->client, "ACL LOG 5"), "*0");
    acl_fixture_free(fixture);
}
