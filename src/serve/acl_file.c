/* acl_file.c -- users out of the configuration and the aclfile, and back. */
#include <errno.h>
#include <stdio.h>

#include "io/whole_file.h"
#include "serve/acl_impl.h"
#include "serve/config.h"

enum { ACL_FILE_BYTES_MAX = 64 << 20 };

static bool take_line(struct slice *rest, struct slice *line)
{
    if (rest->len == 0) return false;
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    *line = slice_of(rest->data, len);
    *rest = slice_from(*rest, end == NULL ? len : len + 1);
    return true;
}

/* --- the lines of the configuration ---------------------------------------------------------- */

static enum err apply_words(const struct acl *acl, struct acl_user *user, struct arena *arena,
                            const struct slice *words, uint32_t count, struct fault *fault)
{
    struct slice *rules;
    uint32_t rules_count, unmatched;
    if (!acl_words_merge(arena, words, count, &rules, &rules_count, &unmatched)) {
        return fault_set(fault, ERR_USAGE, "unmatched parenthesis in selector definition");
    }
    struct acl_rules *changed = acl_rules_new(acl);
    for (uint32_t i = 0; i < rules_count; i++) {
        enum acl_mistake mistake = acl_rules_apply(acl, changed, rules[i]);
        if (mistake == ACL_FINE) continue;
        acl_rules_free(changed);
        return fault_set(fault, ERR_USAGE, "rule %u of it: %s", i + 1, acl_mistake_text(mistake));
    }
    acl_user_install(user, changed);
    return ERR_OK;
}

struct loading {
    struct acl *acl;
    struct arena *arena;
    bool default_seen;
};

static enum err load_line(struct loading *loading, struct slice line, struct fault *fault)
{
    struct acl *acl = loading->acl;
    struct slice *words;
    uint32_t count;
    if (!config_split(line, loading->arena, &words, &count) || count < 2) {
        return fault_set(fault, ERR_USAGE, "a user line of the configuration is wrong: %.*s",
                         (int)line.len, (const char *)line.data);
    }
    struct acl_user *user = acl_user_of(&acl->users, words[1]);
    bool is_default = user == acl->standard;
    if (!acl_name_is_valid(words[1])) {
        return fault_set(fault, ERR_USAGE, "the name of an ACL user must not have blanks in it");
    }
    if (user != NULL && (!is_default || loading->default_seen)) {
        return fault_set(fault, ERR_USAGE,
                         "Duplicate user '%.*s': a user can only be defined once in config files",
                         (int)words[1].len, (const char *)words[1].data);
    }
    loading->default_seen |= is_default;
    if (user == NULL) user = acl_user_add(acl, &acl->users, words[1]);
    enum err err = apply_words(acl, user, loading->arena, words + 2, count - 2, fault);
    if (err == ERR_OK) return ERR_OK;
    return fault_prefix(fault, "ACL user '%.*s'", (int)words[1].len, (const char *)words[1].data);
}

static enum err load_lines(struct acl *acl, struct fault *fault)
{
    struct loading loading = {.acl = acl, .arena = arena_new()};
    struct slice rest = buffer_slice(&acl->config->users), line;
    enum err err = ERR_OK;
    while (err == ERR_OK && take_line(&rest, &line)) err = load_line(&loading, line, fault);
    arena_free(loading.arena);
    return err;
}

/* --- the aclfile ----------------------------------------------------------------------------- */

struct reading {
    const struct acl *acl;
    struct acl_users *users;
    struct arena *arena;
    const char *path;
    uint32_t line_number;
    struct buffer *wrong;
};

/* Unknown commands are all told, and of other mistakes the first. */
static void read_rules(struct reading *reading, struct acl_user *user, const struct slice *rules,
                       uint32_t count)
{
    struct acl_rules *changed = acl_rules_new(reading->acl);
    bool told = false;
    for (uint32_t i = 0; i < count; i++) {
        enum acl_mistake mistake = acl_rules_apply(reading->acl, changed, rules[i]);
        if (mistake == ACL_UNKNOWN_COMMAND) {
            buffer_append_format(reading->wrong, "%s:%u: Error in applying operation '%.*s': %s. ",
                                 reading->path, reading->line_number, (int)rules[i].len,
                                 (const char *)rules[i].data, acl_mistake_text(mistake));
        } else if (mistake != ACL_FINE && !told) {
            buffer_append_format(reading->wrong, "%s:%u: %s. ", reading->path, reading->line_number,
                                 acl_mistake_text(mistake));
            told = true;
        }
    }
    acl_user_install(user, changed);
}

static void read_line(struct reading *reading, struct slice line)
{
    struct slice *words, *rules;
    uint32_t rules_count, unmatched, count = acl_words_split(line, reading->arena, &words);
    struct buffer *wrong = reading->wrong;
    if (count == 0) return;
    if (!slice_eq(words[0], SLICE("user")) || count < 2) {
        buffer_append_format(wrong,
                             "%s:%u should start with user keyword followed by the username. ",
                             reading->path, reading->line_number);
        return;
    }
    if (acl_user_of(reading->users, words[1]) != NULL) {
        buffer_append_format(wrong, "WARNING: Duplicate user '%.*s' found on line %u. ",
                             (int)words[1].len, (const char *)words[1].data, reading->line_number);
        return;
    }
    struct acl_user *user = acl_user_add(reading->acl, reading->users, words[1]);
    if (!acl_words_merge(reading->arena, words + 2, count - 2, &rules, &rules_count, &unmatched)) {
        buffer_append_format(wrong, "%s:%u: Unmatched parenthesis in selector definition. ",
                             reading->path, reading->line_number);
        return;
    }
    read_rules(reading, user, rules, rules_count);
}

bool acl_file_read(const struct acl *acl, struct acl_users *users, struct buffer *wrong)
{
    const char *path = config_text(acl->config, SETTING_ACLFILE);
    struct buffer text = {0};
    struct fault fault;
    if (whole_file_read(path, ACL_FILE_BYTES_MAX, &text, &fault) != ERR_OK) {
        buffer_append_format(wrong, "Error loading ACLs, opening file '%s': %s", path, fault.text);
        buffer_free(&text);
        return false;
    }
    struct reading reading = {
        .acl = acl, .users = users, .arena = arena_new(), .path = path, .wrong = wrong};
    struct slice rest = buffer_slice(&text), line;
    while (take_line(&rest, &line)) {
        reading.line_number++;
        read_line(&reading, line);
    }
    arena_free(reading.arena);
    buffer_free(&text);
    if (wrong->len == 0) return true;
    buffer_append(wrong, SLICE("WARNING: ACL errors detected, no change to the previously active "
                               "ACL rules was performed"));
    return false;
}

/* The default user stays at its address, and is as at the start where the file does not say
 * otherwise; everybody else comes anew. */
void acl_users_replace(struct acl *acl, struct acl_users *users)
{
    while (acl->users.count > 1) {
        struct acl_user *first = acl->users.users[0];
        acl_user_remove(acl, first == acl->standard ? acl->users.users[1] : first);
    }
    acl_standard_reset(acl);
    for (uint32_t i = 0; i < users->count; i++) {
        struct acl_user *user = users->users[i];
        if (slice_eq(user->name, acl->standard->name)) {
            acl_user_install(acl->standard, acl_rules_copy(user->rules));
            acl_user_free(user);
        } else {
            acl_users_insert(&acl->users, user);
        }
    }
    users->count = 0;
}

enum err acl_load(struct acl *acl, struct fault *fault)
{
    if (config_text(acl->config, SETTING_ACLFILE)[0] == '\0') return load_lines(acl, fault);
    if (acl->config->users.len > 0) {
        return fault_set(fault, ERR_USAGE,
                         "there are user lines in the configuration, and an aclfile too: keep all "
                         "users in one of them");
    }
    struct acl_users users = {0};
    struct buffer wrong = {0};
    enum err err = ERR_OK;
    if (acl_file_read(acl, &users, &wrong)) {
        acl_users_replace(acl, &users);
    } else {
        err = fault_set(fault, ERR_USAGE, "%.*s", (int)wrong.len, (const char *)wrong.data);
    }
    acl_users_free(&users);
    buffer_free(&wrong);
    return err;
}

enum err acl_file_write(const struct acl *acl, struct fault *fault)
{
    struct buffer text = {0};
    for (uint32_t i = 0; i < acl->users.count; i++) {
        acl_describe_user(acl->users.users[i], &text);
        buffer_append_byte(&text, '\n');
    }
    const char *path = config_text(acl->config, SETTING_ACLFILE);
    enum err err = whole_file_replace(path, buffer_slice(&text), fault);
    buffer_free(&text);
    return err;
}
