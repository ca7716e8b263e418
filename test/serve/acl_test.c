/* acl_test.c -- rules as text in, users as text out; what they may do; who is let in. */
#include <stdio.h>
#include <stdlib.h>

#include "serve/acl.h"
#include "test/rows.h"
#include "test/serve/acl_fixture.h"

#define SYNTAX "Syntax error"
#define KEYS_ALL                                                                                   \
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have " \
    "any effect. Try 'resetkeys' to start with an empty list of patterns"
#define UNKNOWN   "Unknown command or category name in ACL"
#define HASH_OF_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define OFF       "user u off sanitize-payload "

/* clang-format off */
static const struct rule_row {
    const char *why, *rules, *want; /* what ACL LIST shows, or the mistake */
} rule_rows[] = {
    {"a new user may do nothing", "", OFF "resetchannels -@all"},
    {"words are read in any case", "ON NoPass AllKeys ALLCHANNELS AllCommands",
     "user u on nopass sanitize-payload ~* &* +@all"},
    {"a password is kept as its hash", "on >passwd4",
     "user u on sanitize-payload #34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6 "
     "resetchannels -@all"},
    {"the same password twice is one", ">a #" HASH_OF_A, OFF "#" HASH_OF_A " resetchannels -@all"},
    {"passwords are taken away", ">a >b <b !" HASH_OF_A,
     OFF "resetchannels -@all"},
    {"a password that is not there", "<a",
     "The password you are trying to remove from the user does not exist"},
    {"a hash of the wrong length", "#abc",
     "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
     "characters"},
    {"nopass forgets passwords, a password forgets nopass", "nopass >a resetpass nopass",
     "user u off nopass sanitize-payload resetchannels -@all"},
    {"payloads", "skip-sanitize-payload", "user u off skip-sanitize-payload resetchannels -@all"},
    {"key patterns and their uses", "%R~a %W~b %RW~c ~d %r~e %wr~f",
     OFF "%R~a %W~b ~c ~d %R~e ~f resetchannels -@all"},
    {"uses of one pattern add up", "%R~a %W~a", OFF "~a resetchannels -@all"},
    {"a pattern beside all keys", "~* ~a", KEYS_ALL},
    {"resetkeys", "~* resetkeys ~a", OFF "~a resetchannels -@all"},
    {"no use is named", "%~a", SYNTAX},
    {"a use is named twice", "%RR~a", SYNTAX},
    {"an unknown use", "%X~a", SYNTAX},
    {"a use without a pattern", "%R", SYNTAX},
    {"channels", "&a &b &a", OFF "resetchannels &a &b -@all"},
    {"a channel beside all channels", "&* &a",
     "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "
     "have any effect. Try 'resetchannels' to start with an empty list of channels"},
    {"commands keep their order", "+get +SET -get", OFF "resetchannels -@all +set -get"},
    {"the later rule about the same stays", "+@read -@write +@READ",
     OFF "resetchannels -@all -@write +@read"},
    {"a container takes its subcommands along", "+client|id +client|setname +client",
     OFF "resetchannels -@all +client"},
    {"a subcommand stays beside its container", "+@all -client +client|id",
     OFF "resetchannels +@all -client +client|id"},
    {"+@all forgets what was before", "+get +@all", OFF "resetchannels +@all"},
    {"-@all too", "+@all -get nocommands", OFF "resetchannels -@all"},
    {"a first argument", "+select|0", OFF "resetchannels -@all +select|0"},
    {"a first argument of a subcommand", "+config|get|appendonly",
     "Allowing first-arg of a subcommand is not supported"},
    {"two first arguments", "+get|a|b", UNKNOWN},
    {"an empty first argument", "+get|", SYNTAX},
    {"a first argument is not taken away", "-select|0", UNKNOWN},
    {"an unknown subcommand", "+config|asdf", UNKNOWN},
    {"an unknown command", "+nothing", UNKNOWN},
    {"an unknown category", "+@nothing", UNKNOWN},
    {"no command at all", "+", UNKNOWN},
    {"an unknown word", "blah", SYNTAX},
    {"selectors", "+get (+set ~a) ( %R~b +mget )",
     OFF "resetchannels -@all +get (~a resetchannels -@all +set) (%R~b resetchannels -@all +mget)"},
    {"an empty selector", "()", OFF "resetchannels -@all (resetchannels -@all)"},
    {"a mistake in a selector", "(blah)", SYNTAX},
    {"a blank before the parenthesis", "' () '", SYNTAX},
    {"a closing parenthesis", ")", SYNTAX},
    {"clearselectors", "(+get) clearselectors", OFF "resetchannels -@all"},
    {"reset takes all back", "on >a ~* &* +@all (+get) skip-sanitize-payload reset",
     OFF "resetchannels -@all"},
};
/* clang-format on */

Test(acl, rules)
{
    FOR_ROWS (row, rule_rows) {
        struct acl_fixture *fixture = acl_fixture();
        char line[1024];
        (void)snprintf(line, sizeof line, "ACL SETUSER u %s", row->rules);
        const char *reply = acl_fixture_run(fixture, &fixture->client, line);
        const char *is = acl_fixture_describe(fixture, "u");
        if (strcmp(reply, "+OK") == 0) {
            cr_expect_str_eq(is, row->want, "%s: \"%s\"", row->why, is);
        } else {
            cr_expect_not_null(strstr(reply, row->want), "%s: %s", row->why, reply);
            cr_expect(strstr(reply, "-ERR Error in ACL SETUSER modifier '") == reply, "%s: %s",
                      row->why, reply);
            cr_expect_null(is, "%s: nothing is made", row->why);
        }
        acl_fixture_free(fixture);
    }
}

Test(acl, what_is_described_can_be_read_again)
{
    FOR_ROWS (row, rule_rows) {
        if (strncmp(row->want, "user ", 5) != 0) continue;
        char config[1024];
        struct fault fault;
        (void)snprintf(config, sizeof config, "%s\n", row->want);
        struct acl_fixture *fixture = acl_fixture_with(config);
        cr_expect_eq(acl_load(fixture->server.acl, &fault), ERR_OK, "%s: %s", row->why, fault.text);
        cr_expect_str_eq(acl_fixture_describe(fixture, "u"), row->want, "%s", row->why);
        acl_fixture_free(fixture);
    }
}

Test(acl, one_mistake_undoes_all)
{
    struct acl_fixture *fixture = acl_fixture();
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u on +get");
    const char *reply = acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u off +set blah");
    cr_expect_str_eq(reply, "-ERR Error in ACL SETUSER modifier 'blah': Syntax error");
    cr_expect_str_eq(acl_fixture_describe(fixture, "u"),
                     "user u on sanitize-payload resetchannels -@all +get");
    reply = acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u (+get ~a");
    cr_expect_str_eq(reply, "-ERR Unmatched parenthesis in acl selector starting at '(+get'.");
    reply = acl_fixture_run(fixture, &fixture->client, "ACL SETUSER 'a b'");
    cr_expect_str_eq(reply, "-ERR Usernames can't contain spaces or null characters");
    acl_fixture_free(fixture);
}

static const struct check_row {
    const char *why, *rules, *line;
    enum acl_verdict verdict;
    uint32_t position;
} check_rows[] = {
    {"nothing is allowed at first", "", "GET a", ACL_DENIED_COMMAND, 0},
    {"everything", "+@all ~* &*", "GET a", ACL_ALLOWED, 0},
    {"logging in always is", "", "AUTH a", ACL_ALLOWED, 0},
    {"a command without its keys", "+get", "GET a", ACL_DENIED_KEY, 1},
    {"a command with them", "+get ~a*", "GET abc", ACL_ALLOWED, 0},
    {"another command", "+get ~*", "SET a b", ACL_DENIED_COMMAND, 0},
    {"a category", "+@read ~*", "GET a", ACL_ALLOWED, 0},
    {"all but a category", "+@all -@string ~*", "SET a b", ACL_DENIED_COMMAND, 0},
    {"the first key that is wrong", "+mset ~a", "MSET a 1 b 2 c 3", ACL_DENIED_KEY, 3},
    {"a subcommand", "+client|id", "CLIENT ID", ACL_ALLOWED, 0},
    {"and not the next", "+client|id", "CLIENT LIST", ACL_DENIED_COMMAND, 0},
    {"all but a subcommand", "+@all -client|kill ~*", "CLIENT KILL a", ACL_DENIED_COMMAND, 0},
    {"a first argument", "+select|0", "SELECT 0", ACL_ALLOWED, 0},
    {"and not another", "+select|0", "SELECT 1", ACL_DENIED_COMMAND, 0},
    {"taken back with its command", "+select|0 -select", "SELECT 0", ACL_DENIED_COMMAND, 0},
    {"reading where reading is allowed", "+@all %R~a", "GET a", ACL_ALLOWED, 0},
    {"writing there", "+@all %R~a", "SET a b", ACL_DENIED_KEY, 1},
    {"writing where writing is allowed", "+@all %W~a", "SET a b", ACL_ALLOWED, 0},
    {"a SET that answers the old value reads", "+@all %W~a", "SET a b GET", ACL_DENIED_KEY, 1},
    {"a value that says GET does not", "+@all %W~a", "SET a get", ACL_ALLOWED, 0},
    {"bits are read", "+@all %R~a", "BITFIELD a GET u4 0", ACL_ALLOWED, 0},
    {"and written", "+@all %R~a", "BITFIELD a GET u4 0 SET u4 0 1", ACL_DENIED_KEY, 1},
    {"what only asks needs any use", "+@all %W~a", "STRLEN a", ACL_ALLOWED, 0},
    {"but some", "+@all %W~a", "STRLEN b", ACL_DENIED_KEY, 1},
    {"from one, into another", "+@all %R~a %W~b", "COPY a b", ACL_ALLOWED, 0},
    {"the other way", "+@all %R~a %W~b", "COPY b a", ACL_DENIED_KEY, 1},
    {"a selector allows", "+ping (+get ~a)", "GET a", ACL_ALLOWED, 0},
    {"selectors do not add up", "(+@all %R~a) (+@all %W~b)", "COPY a b", ACL_DENIED_KEY, 2},
    {"told is who came furthest", "+mget ~a (+mget ~a ~b)", "MGET a b c", ACL_DENIED_KEY, 3},
    {"a channel", "+@all &a*", "PUBLISH abc message", ACL_ALLOWED, 0},
    {"another channel", "+@all &a*", "PUBLISH b message", ACL_DENIED_CHANNEL, 1},
    {"one of many channels", "+@all &a*", "SUBSCRIBE a1 a2 b", ACL_DENIED_CHANNEL, 3},
    {"a pattern as it was given", "+@all &a*", "PSUBSCRIBE a*", ACL_ALLOWED, 0},
    {"a pattern that it would match", "+@all &a*", "PSUBSCRIBE ab", ACL_DENIED_CHANNEL, 1},
    {"leaving is free", "+@all", "UNSUBSCRIBE a", ACL_ALLOWED, 0},
    {"a shard's channel is no key", "+@all &a", "SSUBSCRIBE a", ACL_ALLOWED, 0},
    {"keys that cannot be found are no matter here", "+@all", "SINTERCARD x a", ACL_ALLOWED, 0},
};

Test(acl, checks)
{
    FOR_ROWS (row, check_rows) {
        struct acl_fixture *fixture = acl_fixture();
        char line[1024];
        uint32_t position = 99;
        (void)snprintf(line, sizeof line, "ACL SETUSER u %s", row->rules);
        cr_assert_str_eq(acl_fixture_run(fixture, &fixture->client, line), "+OK", "%s", row->why);
        ROW_EQ(row, acl_fixture_check(fixture, "u", row->line, &position), row->verdict);
        ROW_EQ(row, position, row->position);
        acl_fixture_free(fixture);
    }
}

Test(acl, many_keys_are_all_looked_at)
{
    enum { KEYS = 500 };
    struct acl_fixture *fixture = acl_fixture();
    struct buffer line = {0};
    uint32_t position;
    buffer_append(&line, SLICE("DEL"));
    for (uint32_t i = 0; i < KEYS; i++) buffer_append(&line, SLICE(" a"));
    buffer_append(&line, SLICE(" b"));
    buffer_append_byte(&line, '\0');
    const char *text = (const char *)line.data;
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u +del ~a");
    cr_expect_eq(acl_fixture_check(fixture, "u", text, &position), ACL_DENIED_KEY);
    cr_expect_eq(position, KEYS + 1);
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u ~b");
    cr_expect_eq(acl_fixture_check(fixture, "u", text, &position), ACL_ALLOWED);
    buffer_free(&line);
    acl_fixture_free(fixture);
}

static const struct sort_row {
    const char *why, *rules, *line, *denied; /* "": it is not */
} sort_rows[] = {
    {"who may do all", "+@all ~* &*", "SORT l BY v*", ""},
    {"who may read all", "(+sort ~l %R~*)", "SORT l BY v* GET w*", ""},
    {"who may only write all", "(+sort ~l %W~*)", "SORT l BY v*", "BY"},
    {"who may read some", "(+sort ~l ~v*)", "SORT l LIMIT 0 1 GET v*", "GET"},
    {"of the read-only one", "+sort_ro ~l", "SORT_RO l by v*", "BY"},
    {"who may read all, but by a selector that does not sort", "+sort ~l (+get ~*)", "SORT l BY v*",
     "BY"},
    {"no order reads nothing", "+sort ~l", "SORT l BY nosort LIMIT 0 1", ""},
    {"a key that is called GET", "+sort ~l ~get", "SORT l STORE GET", ""},
    {"another command", "+set ~l", "SET l BY v*", ""},
};

Test(acl, sorting_by_other_keys_asks_for_all)
{
    FOR_ROWS (row, sort_rows) {
        struct acl_fixture *fixture = acl_fixture();
        char line[256];
        (void)snprintf(line, sizeof line, "ACL SETUSER u %s", row->rules);
        cr_assert_str_eq(acl_fixture_run(fixture, &fixture->client, line), "+OK");
        struct slice *argv;
        uint32_t argc;
        cr_assert(config_split(slice_text(row->line), fixture->arena, &argv, &argc));
        const struct acl *acl = fixture->server.acl;
        const struct command *command = command_find_name(acl->commands, argv[0]);
        struct buffer out = {0};
        struct reply reply = {&out, 2};
        bool allowed = acl_allows_sort(&reply, acl_find(acl, SLICE("u")), command, argv, argc);
        ROW_EQ(row, allowed, row->denied[0] == '\0');
        (void)snprintf(line, sizeof line,
                       "-ERR %s option of SORT denied due to insufficient ACL permissions.\r\n",
                       row->denied);
        if (!allowed) ROW_BYTES_EQ(row, buffer_slice(&out), line);
        buffer_free(&out);
        acl_fixture_free(fixture);
    }
}

static const struct login_row {
    const char *why, *rules, *password;
    bool in;
} login_rows[] = {
    {"the password", "on >a", "a", true},
    {"either password", "on >a >b", "b", true},
    {"another", "on >a", "b", false},
    {"nobody, while off", "off >a", "a", false},
    {"no password is not any password", "on", "", false},
    {"any, with nopass", "on nopass", "whatever", true},
    {"bytes of all kinds", "on \">\\x00\\xff\"", "\\x00\\xff", true},
};

Test(acl, logging_in)
{
    FOR_ROWS (row, login_rows) {
        struct acl_fixture *fixture = acl_fixture();
        char line[256];
        (void)snprintf(line, sizeof line, "ACL SETUSER u %s", row->rules);
        cr_assert_str_eq(acl_fixture_run(fixture, &fixture->client, line), "+OK");
        struct slice *words;
        uint32_t count;
        (void)snprintf(line, sizeof line, "\"%s\"", row->password);
        cr_assert(config_split(slice_text(line), fixture->arena, &words, &count) && count == 1);
        const struct acl *acl = fixture->server.acl;
        const struct acl_user *user = acl_authenticate(acl, SLICE("u"), words[0]);
        ROW_EQ(row, user != NULL, row->in);
        cr_expect(!row->in || user == acl_find(acl, SLICE("u")));
        cr_expect_null(acl_authenticate(acl, SLICE("nobody"), words[0]));
        acl_fixture_free(fixture);
    }
}

Test(acl, the_default_user_needs_a_password_when_one_is_set)
{
    struct acl_fixture *fixture = acl_fixture();
    struct acl *acl = fixture->server.acl;
    const struct acl_user *user = acl_default_user(acl);
    cr_expect_str_eq(acl_fixture_describe(fixture, "default"),
                     "user default on nopass sanitize-payload ~* &* +@all");
    cr_expect(!acl_user_needs_password(user) && acl_user_takes_any_password(user));
    acl_set_default_password(acl, SLICE("secret"));
    cr_expect(acl_user_needs_password(user) && !acl_user_takes_any_password(user));
    cr_expect_eq(acl_authenticate(acl, SLICE("default"), SLICE("secret")), user);
    acl_set_default_password(acl, SLICE(""));
    cr_expect(!acl_user_needs_password(user));
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER default off");
    cr_expect(acl_user_needs_password(user), "nobody is the default user while it is off");
    acl_fixture_free(fixture);

    fixture = acl_fixture_with("requirepass secret\nacl-pubsub-default allchannels\n");
    cr_expect(acl_user_needs_password(acl_default_user(fixture->server.acl)));
    (void)acl_fixture_run(fixture, &fixture->client, "ACL SETUSER u (+get)");
    cr_expect_str_eq(acl_fixture_describe(fixture, "u"), OFF "&* -@all (&* -@all +get)");
    acl_fixture_free(fixture);
}
