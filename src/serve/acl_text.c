/* acl_text.c -- users as text: ACL LIST, ACL GETUSER, the aclfile and the configuration. */
#include "serve/acl_impl.h"
#include "serve/config.h"

static void append_blank(struct buffer *out, const struct buffer *start_of)
{
    if (start_of->len > 0) buffer_append_byte(out, ' ');
}

void acl_describe_commands(const struct acl_selector *selector, struct buffer *out)
{
    buffer_append(out, selector->future_commands ? SLICE("+@all") : SLICE("-@all"));
    for (const struct acl_text *at = selector->rules; at != NULL; at = at->next) {
        buffer_append_byte(out, ' ');
        buffer_append(out, at->text);
    }
}

static const char *use_prefix(uint32_t use)
{
    if (use == (ACL_KEY_READ | ACL_KEY_WRITE)) return "~";
    return use == ACL_KEY_READ ? "%R~" : "%W~";
}

void acl_describe_keys(const struct acl_selector *selector, struct buffer *out)
{
    if (selector->all_keys) buffer_append(out, SLICE("~*"));
    for (const struct acl_text *at = selector->keys; at != NULL; at = at->next) {
        append_blank(out, out);
        buffer_append(out, slice_text(use_prefix(at->use)));
        buffer_append(out, at->text);
    }
}

void acl_describe_channels(const struct acl_selector *selector, struct buffer *out)
{
    if (selector->all_channels) buffer_append(out, SLICE("&*"));
    for (const struct acl_text *at = selector->channels; at != NULL; at = at->next) {
        append_blank(out, out);
        buffer_append_byte(out, '&');
        buffer_append(out, at->text);
    }
}

static void describe_selector(const struct acl_selector *selector, struct buffer *out)
{
    struct buffer part = {0};
    acl_describe_keys(selector, &part);
    append_blank(&part, &part);
    buffer_append(out, buffer_slice(&part));
    buffer_clear(&part);
    acl_describe_channels(selector, &part);
    if (!selector->all_channels) {
        buffer_append(out, SLICE("resetchannels "));
    }
    append_blank(&part, &part);
    buffer_append(out, buffer_slice(&part));
    buffer_free(&part);
    acl_describe_commands(selector, out);
}

void acl_describe_user(const struct acl_user *user, struct buffer *out)
{
    const struct acl_rules *rules = user->rules;
    buffer_append(out, SLICE("user "));
    buffer_append(out, user->name);
    buffer_append(out, rules->flags & ACL_ON ? SLICE(" on ") : SLICE(" off "));
    if (rules->flags & ACL_NO_PASSWORD) buffer_append(out, SLICE("nopass "));
    buffer_append(out, rules->flags & ACL_SKIP_SANITIZE ? SLICE("skip-sanitize-payload ")
                                                        : SLICE("sanitize-payload "));
    for (const struct acl_text *at = rules->hashes; at != NULL; at = at->next) {
        buffer_append_byte(out, '#');
        buffer_append(out, at->text);
        buffer_append_byte(out, ' ');
    }
    for (const struct acl_selector *at = rules->selectors; at != NULL; at = at->next) {
        bool root = at == rules->selectors;
        if (!root) buffer_append(out, SLICE(" ("));
        describe_selector(at, out);
        if (!root) buffer_append_byte(out, ')');
    }
}

/* Is the default user as the settings make it, without a line of its own? */
static bool is_as_made(const struct acl *acl)
{
    struct acl *fresh = acl_new(acl->commands, acl->config);
    struct buffer made = {0}, now = {0};
    acl_describe_user(fresh->standard, &made);
    acl_describe_user(acl->standard, &now);
    bool same = slice_eq(buffer_slice(&made), buffer_slice(&now));
    buffer_free(&made);
    buffer_free(&now);
    acl_free(fresh);
    return same;
}

void acl_rewrite(const struct acl *acl, struct buffer *out)
{
    if (config_text(acl->config, SETTING_ACLFILE)[0] != '\0') return;
    if (acl->users.count == 1 && is_as_made(acl)) return;
    for (uint32_t i = 0; i < acl->users.count; i++) {
        acl_describe_user(acl->users.users[i], out);
        buffer_append_byte(out, '\n');
    }
}
