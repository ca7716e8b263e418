/* acl_check.c -- whether a call is allowed, and what is said when it is not. */
#include <stdlib.h>
#include <strings.h>

#include "base/glob.h"
#include "cmd/call.h"
#include "serve/acl_impl.h"

enum { FEW_KEYS = 64 };

struct asked { /* one call; its keys are looked for once, for all selectors */
    const struct acl *acl;
    const struct command *command;
    const struct slice *argv;
    uint32_t argc;
    bool keys_known;
    int64_t keys_count;
    struct key_place few[FEW_KEYS];
    struct key_place *keys;
};

/* --- commands -------------------------------------------------------------------------------- */

static bool command_allowed(const struct acl_selector *selector, const struct asked *asked)
{
    const struct command *command = asked->command;
    if (selector->all_commands || (command->flags & COMMAND_NO_AUTH)) return true;
    if (selector->commands[command->id / 64] >> (command->id % 64) & 1) return true;
    if (asked->argc < 2) return false;
    struct slice first = asked->argv[1];
    const struct acl_first_argument *at = selector->first_arguments;
    for (; at != NULL; at = at->next) {
        if (at->command == command->id && at->text.len == first.len &&
            strncasecmp((const char *)at->text.data, (const char *)first.data, first.len) == 0) {
            return true;
        }
    }
    return false;
}

/* --- keys ------------------------------------------------------------------------------------ */

static uint32_t needed_use(uint32_t use)
{
    uint32_t needed = use & KEY_ACCESS ? ACL_KEY_READ : 0;
    if (use & (KEY_INSERT | KEY_DELETE | KEY_UPDATE)) needed |= ACL_KEY_WRITE;
    return needed;
}

static void find_keys(struct asked *asked)
{
    if (asked->keys_known) return;
    asked->keys_known = true;
    asked->keys = asked->few;
    asked->keys_count =
        command_keys(asked->command, asked->argv, asked->argc, asked->few, FEW_KEYS);
    if (asked->keys_count <= FEW_KEYS) return;
    uint32_t count = (uint32_t)asked->keys_count;
    asked->keys = calloc(count, sizeof *asked->keys);
    ASSERT(asked->keys != NULL);
    asked->keys_count = command_keys(asked->command, asked->argv, asked->argc, asked->keys, count);
}

static bool key_allowed(const struct acl_selector *selector, struct slice key, uint32_t needed)
{
    for (const struct acl_text *at = selector->keys; at != NULL; at = at->next) {
        if ((at->use & needed) == needed && glob_match(at->text, key)) return true;
    }
    return false;
}

static bool keys_allowed(const struct acl_selector *selector, struct asked *asked,
                         uint32_t *position)
{
    if (selector->all_keys || asked->command->key_specs_count == 0) return true;
    find_keys(asked);
    for (int64_t i = 0; i < asked->keys_count; i++) {
        struct key_place place = asked->keys[i];
        if (place.use & KEY_NOT_KEY) continue;
        uint32_t needed =
            needed_use(command_key_use(asked->command, asked->argv, asked->argc, place.use));
        if (key_allowed(selector, asked->argv[place.index], needed)) continue;
        *position = place.index;
        return false;
    }
    return true;
}

/* --- channels -------------------------------------------------------------------------------- */

/* A pattern to listen to is allowed where the same pattern was given; it is not looked into. */
static bool channel_allowed(const struct acl_selector *selector, struct slice channel,
                            bool is_pattern)
{
    if (selector->all_channels) return true;
    for (const struct acl_text *at = selector->channels; at != NULL; at = at->next) {
        if (is_pattern ? slice_eq(at->text, channel) : glob_match(at->text, channel)) return true;
    }
    return false;
}

bool acl_may_listen(const struct acl_rules *rules, struct slice channel, bool is_pattern)
{
    for (const struct acl_selector *at = rules->selectors; at != NULL; at = at->next) {
        if (channel_allowed(at, channel, is_pattern)) return true;
    }
    return false;
}

static bool channels_allowed(const struct acl_selector *selector, const struct asked *asked,
                             uint32_t *position)
{
    enum acl_channel_use use = asked->acl->channels[asked->command->id];
    if (use == ACL_NO_CHANNEL || selector->all_channels) return true;
    uint32_t end = use == ACL_ONE_CHANNEL && asked->argc > 2 ? 2 : asked->argc;
    for (uint32_t i = 1; i < end; i++) {
        if (channel_allowed(selector, asked->argv[i], use == ACL_CHANNEL_PATTERNS)) continue;
        *position = i;
        return false;
    }
    return true;
}

/* --- all of it ------------------------------------------------------------------------------- */

static enum acl_verdict selector_check(const struct acl_selector *selector, struct asked *asked,
                                       uint32_t *position)
{
    *position = 0;
    if (!command_allowed(selector, asked)) return ACL_DENIED_COMMAND;
    if (!keys_allowed(selector, asked, position)) return ACL_DENIED_KEY;
    if (!channels_allowed(selector, asked, position)) return ACL_DENIED_CHANNEL;
    return ACL_ALLOWED;
}

/* Told is what the selector that came furthest was missing. */
static enum acl_verdict check(const struct acl_user *user, struct asked *asked, uint32_t *position)
{
    enum acl_verdict worst = ACL_DENIED_COMMAND;
    for (const struct acl_selector *at = user->rules->selectors; at != NULL; at = at->next) {
        uint32_t here;
        enum acl_verdict verdict = selector_check(at, asked, &here);
        if (verdict == ACL_ALLOWED) return ACL_ALLOWED;
        if (verdict > worst || (verdict == worst && here > *position)) {
            worst = verdict;
            *position = here;
        }
    }
    return worst;
}

enum acl_verdict acl_check(const struct acl_user *user, const struct command *command,
                           const struct slice *argv, uint32_t argc, uint32_t *position)
{
    *position = 0;
    if (LIKELY(user->may_all)) return ACL_ALLOWED;
    struct asked asked = {.acl = user->acl, .command = command, .argv = argv, .argc = argc};
    enum acl_verdict verdict = check(user, &asked, position);
    if (asked.keys_known && asked.keys != asked.few) free(asked.keys);
    return verdict;
}

bool acl_may_read_all(const struct acl_user *user, const struct command *command,
                      const struct slice *argv, uint32_t argc)
{
    if (LIKELY(user->may_all)) return true;
    const struct acl_selector *at = user->rules->selectors;
    for (bool may = false; at != NULL; at = at->next) {
        const struct acl_text *all = acl_text_find(at->keys, SLICE("*"));
        if (!at->all_keys && (all == NULL || !(all->use & ACL_KEY_READ))) continue;
        struct asked asked = {.acl = user->acl, .command = command, .argv = argv, .argc = argc};
        uint32_t position;
        may = selector_check(at, &asked, &position) == ACL_ALLOWED;
        if (asked.keys_known && asked.keys != asked.few) free(asked.keys);
        if (may) return true;
    }
    return false;
}

/* --- what is said ---------------------------------------------------------------------------- */

static void append_object(struct buffer *out, const char *kind, const struct slice *object,
                          const struct acl_user *user)
{
    if (object == NULL) {
        buffer_append_format(out, "No permissions to access a %s", kind);
        return;
    }
    buffer_append_format(out, "User %.*s has no permissions to access the '", (int)user->name.len,
                         (const char *)user->name.data);
    buffer_append(out, *object);
    buffer_append_format(out, "' %s", kind);
}

void acl_denial_text(const struct acl_user *user, const struct command *command,
                     enum acl_verdict verdict, const struct slice *object, struct buffer *out)
{
    switch (verdict) {
    case ACL_DENIED_COMMAND:
        buffer_append_format(out, "User %.*s has no permissions to run the '%s' command",
                             (int)user->name.len, (const char *)user->name.data, command->name);
        break;
    case ACL_DENIED_KEY: append_object(out, "key", object, user); break;
    case ACL_DENIED_CHANNEL: append_object(out, "channel", object, user); break;
    case ACL_DENIED_AUTH:
    case ACL_ALLOWED: break;
    }
}

void acl_deny(struct reply *reply, const struct acl_user *user, const struct command *command,
              enum acl_verdict verdict)
{
    struct buffer text = {0};
    acl_denial_text(user, command, verdict, NULL, &text);
    reply_error(reply, "NOPERM %.*s", (int)text.len, (const char *)text.data);
    buffer_free(&text);
}

const char *acl_verdict_text(enum acl_verdict verdict)
{
    switch (verdict) {
    case ACL_DENIED_COMMAND: return "no permission to execute the command or subcommand";
    case ACL_DENIED_KEY: return "no permission to touch the specified keys";
    case ACL_DENIED_CHANNEL:
        return "no permission to access one of the channels used as arguments to the command";
    case ACL_DENIED_AUTH:
    case ACL_ALLOWED: break;
    }
    return "no permission";
}
