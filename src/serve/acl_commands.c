/* acl_commands.c -- see acl_commands.h: what only looks. */
#include "serve/acl_commands.h"

#include "cmd/call.h"
#include "io/io.h"
#include "io/random.h"
#include "serve/acl_impl.h"
#include "serve/reply_lines.h"

enum {
    SHOWN_MAX = 128,
    LOG_SHOWN = 10,
    PASSWORD_BITS = 256,
    PASSWORD_BITS_MAX = 4096,
    BITS_PER_DIGIT = 4
};

/* --- categories ------------------------------------------------------------------------------ */

static void reply_categories(struct reply *reply)
{
    reply_array(reply, CATEGORY_COUNT);
    for (uint32_t i = 0; i < CATEGORY_COUNT; i++) {
        reply_bulk_text(reply, category_name((enum command_category)i));
    }
}

static void reply_category(const struct command_table *commands, uint32_t category,
                           struct reply *reply)
{
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (uint32_t id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(commands, (enum command_id)id);
        bool among = command->categories & UINT64_C(1) << category;
        if (among) reply_bulk_text(reply, command->name);
        count += among;
    }
    reply_close_array(reply, opened, count);
}

void acl_cat_command(struct session_call *call)
{
    if (call->argc > 3) {
        reply_unknown_subcommand(call, "ACL");
        return;
    }
    if (call->argc == 2) {
        reply_categories(&call->reply);
        return;
    }
    uint32_t category;
    if (acl_category_find(call->argv[2], &category)) {
        reply_category(call->server->commands, category, &call->reply);
        return;
    }
    reply_error(&call->reply, "ERR Unknown category '%.*s'",
                (int)u64_min(call->argv[2].len, SHOWN_MAX), (const char *)call->argv[2].data);
}

/* --- users ----------------------------------------------------------------------------------- */

void acl_whoami_command(struct session_call *call)
{
    reply_bulk(&call->reply, acl_user_name(call->session->user));
}

void acl_users_command(struct session_call *call)
{
    const struct acl_users *users = &call->server->acl->users;
    reply_array(&call->reply, users->count);
    for (uint32_t i = 0; i < users->count; i++) reply_bulk(&call->reply, users->users[i]->name);
}

void acl_list_command(struct session_call *call)
{
    const struct acl_users *users = &call->server->acl->users;
    struct buffer line = {0};
    reply_array(&call->reply, users->count);
    for (uint32_t i = 0; i < users->count; i++) {
        buffer_clear(&line);
        acl_describe_user(users->users[i], &line);
        reply_bulk(&call->reply, buffer_slice(&line));
    }
    buffer_free(&line);
}

typedef void (*describe)(const struct acl_selector *selector, struct buffer *out);

static void reply_described(struct reply *reply, const char *name, describe how,
                            const struct acl_selector *selector)
{
    struct buffer text = {0};
    how(selector, &text);
    reply_bulk_text(reply, name);
    reply_bulk(reply, buffer_slice(&text));
    buffer_free(&text);
}

enum { SELECTOR_FIELDS = 3 };

static void reply_selector(struct reply *reply, const struct acl_selector *selector)
{
    reply_described(reply, "commands", acl_describe_commands, selector);
    reply_described(reply, "keys", acl_describe_keys, selector);
    reply_described(reply, "channels", acl_describe_channels, selector);
}

static void reply_flags(struct reply *reply, uint32_t flags)
{
    bool no_password = flags & ACL_NO_PASSWORD;
    reply_bulk_text(reply, "flags");
    reply_set(reply, no_password ? 3 : 2);
    reply_bulk_text(reply, flags & ACL_ON ? "on" : "off");
    if (no_password) reply_bulk_text(reply, "nopass");
    reply_bulk_text(reply,
                    flags & ACL_SKIP_SANITIZE ? "skip-sanitize-payload" : "sanitize-payload");
}

static void reply_passwords(struct reply *reply, const struct acl_text *hashes)
{
    reply_bulk_text(reply, "passwords");
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (; hashes != NULL; hashes = hashes->next, count++) reply_bulk(reply, hashes->text);
    reply_close_array(reply, opened, count);
}

void acl_getuser_command(struct session_call *call)
{
    struct reply *reply = &call->reply;
    const struct acl_user *user = acl_find(call->server->acl, call->argv[2]);
    if (user == NULL) {
        reply_null(reply);
        return;
    }
    const struct acl_selector *root = user->rules->selectors;
    reply_map(reply, SELECTOR_FIELDS + 3);
    reply_flags(reply, user->rules->flags);
    reply_passwords(reply, user->rules->hashes);
    reply_selector(reply, root);
    reply_bulk_text(reply, "selectors");
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (const struct acl_selector *at = root->next; at != NULL; at = at->next, count++) {
        reply_map(reply, SELECTOR_FIELDS);
        reply_selector(reply, at);
    }
    reply_close_array(reply, opened, count);
}

/* --- DRYRUN, GENPASS, LOG -------------------------------------------------------------------- */

static void dry_run(struct session_call *call, const struct acl_user *user,
                    const struct command *command)
{
    const struct slice *argv = call->argv + 3;
    uint32_t argc = call->argc - 3, position;
    enum acl_verdict verdict = acl_check(user, command, argv, argc, &position);
    if (verdict == ACL_ALLOWED) {
        reply_ok(&call->reply);
        return;
    }
    struct buffer text = {0};
    acl_denial_text(user, command, verdict, &argv[position], &text);
    reply_bulk(&call->reply, buffer_slice(&text));
    buffer_free(&text);
}

void acl_dryrun_command(struct session_call *call)
{
    struct reply *reply = &call->reply;
    struct slice name = call->argv[2], word = call->argv[3];
    const struct acl_user *user = acl_find(call->server->acl, name);
    const struct command *command =
        command_find(call->server->commands, call->argv + 3, call->argc - 3, NULL);
    if (user == NULL) {
        reply_error(reply, "ERR User '%.*s' not found", (int)u64_min(name.len, SHOWN_MAX),
                    (const char *)name.data);
    } else if (command == NULL) {
        reply_error(reply, "ERR Command '%.*s' not found", (int)u64_min(word.len, SHOWN_MAX),
                    (const char *)word.data);
    } else if (!command_arity_fits(command, call->argc - 3)) {
        reply_error(reply, "ERR wrong number of arguments for '%s' command", command->name);
    } else {
        dry_run(call, user, command);
    }
}

void acl_genpass_command(struct session_call *call)
{
    static const char digits[] = "0123456789abcdef";
    char password[PASSWORD_BITS_MAX / BITS_PER_DIGIT];
    int64_t bits = PASSWORD_BITS;
    if (call->argc > 3) {
        reply_unknown_subcommand(call, "ACL");
        return;
    }
    if (call->argc == 3 && !session_integer(call, 2, &bits)) return;
    if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
        reply_error(&call->reply,
                    "ERR ACL GENPASS argument must be the number of bits for the output password, "
                    "a positive number up to %d",
                    PASSWORD_BITS_MAX);
        return;
    }
    size_t count = (size_t)(bits + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT;
    random_fill(password, count);
    for (size_t i = 0; i < count; i++) password[i] = digits[password[i] & 15];
    reply_bulk(&call->reply, slice_of(password, count));
}

void acl_log_command(struct session_call *call)
{
    int64_t count = LOG_SHOWN;
    struct acl *acl = call->server->acl;
    if (call->argc > 3) {
        reply_unknown_subcommand(call, "ACL");
        return;
    }
    if (call->argc == 3 && word_is(call->argv[2], "RESET")) {
        acl_log_clear(acl);
        reply_ok(&call->reply);
        return;
    }
    if (call->argc == 3 && !session_integer(call, 2, &count)) return;
    acl_log_reply(acl, count < 0 ? 0 : (uint64_t)count, io_unix_ms(call->server->io), &call->reply);
}
