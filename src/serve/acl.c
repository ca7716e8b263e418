/* acl.c -- see acl.h. The users, and who one is. */
#include "serve/acl.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "serve/acl_impl.h"
#include "serve/config.h"

/* --- users ----------------------------------------------------------------------------------- */

/* Where a user of this name is, or would be. */
static uint32_t place_of(const struct acl_users *users, struct slice name)
{
    uint32_t low = 0, high = users->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slice_cmp(users->users[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct acl_user *acl_user_of(const struct acl_users *users, struct slice name)
{
    uint32_t place = place_of(users, name);
    bool there = place < users->count && slice_eq(users->users[place]->name, name);
    return there ? users->users[place] : NULL;
}

static void insert(struct acl_users *users, uint32_t place, struct acl_user *user)
{
    if (users->count == users->capacity) {
        users->capacity = users->capacity == 0 ? 8 : users->capacity * 2;
        users->users = realloc(users->users, users->capacity * sizeof(struct acl_user *));
        ASSERT(users->users != NULL);
    }
    struct acl_user **at = &users->users[place];
    memmove(at + 1, at, (users->count - place) * sizeof(struct acl_user *));
    *at = user;
    users->count++;
}

void acl_users_insert(struct acl_users *users, struct acl_user *user)
{
    insert(users, place_of(users, user->name), user);
}

struct acl_user *acl_user_add(const struct acl *acl, struct acl_users *users, struct slice name)
{
    struct acl_user *user = calloc(1, sizeof *user);
    uint8_t *copy = malloc(name.len + 1);
    ASSERT(user != NULL);
    ASSERT(copy != NULL);
    if (name.len > 0) memcpy(copy, name.data, name.len);
    *user = (struct acl_user){.acl = acl, .name = slice_of(copy, name.len)};
    user->rules = acl_rules_new(acl);
    acl_users_insert(users, user);
    return user;
}

void acl_user_install(struct acl_user *user, struct acl_rules *rules)
{
    acl_rules_free(user->rules);
    user->rules = rules;
    const struct acl_selector *root = rules->selectors;
    user->may_all = root->all_commands && root->all_keys && root->all_channels;
}

void acl_user_free(struct acl_user *user)
{
    acl_rules_free(user->rules);
    free((void *)(uintptr_t)user->name.data);
    free(user);
}

void acl_users_free(struct acl_users *users)
{
    for (uint32_t i = 0; i < users->count; i++) acl_user_free(users->users[i]);
    free(users->users);
    *users = (struct acl_users){0};
}

void acl_user_remove(struct acl *acl, struct acl_user *user)
{
    struct acl_users *users = &acl->users;
    uint32_t place = place_of(users, user->name);
    ASSERT(place < users->count && users->users[place] == user);
    struct acl_user **at = &users->users[place];
    memmove(at, at + 1, (users->count - place - 1) * sizeof(struct acl_user *));
    users->count--;
    insert(&acl->removed, acl->removed.count, user);
}

bool acl_name_is_valid(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.data[i];
        if (byte == 0 || byte == ' ' || (byte >= '\t' && byte <= '\r')) return false;
    }
    return true;
}

/* --- making and freeing ---------------------------------------------------------------------- */

static void know_channels(struct acl *acl)
{
    static const struct {
        const char *name;
        enum acl_channel_use use;
    } rows[] = {{"publish", ACL_ONE_CHANNEL},
                {"spublish", ACL_ONE_CHANNEL},
                {"subscribe", ACL_CHANNELS},
                {"ssubscribe", ACL_CHANNELS},
                {"psubscribe", ACL_CHANNEL_PATTERNS}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct command *command = command_find_name(acl->commands, slice_text(rows[i].name));
        if (command != NULL) acl->channels[command->id] = rows[i].use;
    }
}

static void change(const struct acl *acl, struct acl_user *user, const struct slice *rules,
                   uint32_t count)
{
    struct acl_rules *changed = acl_rules_copy(user->rules);
    for (uint32_t i = 0; i < count; i++) {
        enum acl_mistake mistake = acl_rules_apply(acl, changed, rules[i]);
        ASSERT(mistake == ACL_FINE);
    }
    acl_user_install(user, changed);
}

void acl_standard_reset(struct acl *acl)
{
    const struct slice rules[] = {SLICE("reset"), SLICE("+@all"), SLICE("~*"), SLICE("&*"),
                                  SLICE("on")};
    change(acl, acl->standard, rules, COUNT_OF(rules));
    acl_set_default_password(acl, slice_text(config_text(acl->config, SETTING_REQUIREPASS)));
}

struct acl *acl_new(const struct command_table *commands, const struct config *config)
{
    struct acl *acl = calloc(1, sizeof *acl);
    ASSERT(acl != NULL);
    acl->commands = commands;
    acl->config = config;
    know_channels(acl);
    acl->standard = acl_user_add(acl, &acl->users, SLICE("default"));
    acl_standard_reset(acl);
    return acl;
}

void acl_free(struct acl *acl)
{
    if (acl == NULL) return;
    acl_log_clear(acl);
    acl_users_free(&acl->users);
    acl_users_free(&acl->removed);
    free(acl->log);
    free(acl);
}

void acl_set_default_password(struct acl *acl, struct slice password)
{
    struct buffer rule = {0};
    buffer_append_byte(&rule, '>');
    buffer_append(&rule, password);
    const struct slice rules[] = {SLICE("resetpass"),
                                  password.len == 0 ? SLICE("nopass") : buffer_slice(&rule)};
    change(acl, acl->standard, rules, COUNT_OF(rules));
    buffer_free(&rule);
}

/* --- who it is ------------------------------------------------------------------------------- */

const struct acl_user *acl_default_user(const struct acl *acl)
{
    return acl->standard;
}

const struct acl_user *acl_find(const struct acl *acl, struct slice name)
{
    return acl_user_of(&acl->users, name);
}

struct slice acl_user_name(const struct acl_user *user)
{
    return user->name;
}

bool acl_user_needs_password(const struct acl_user *user)
{
    const uint32_t open = ACL_ON | ACL_NO_PASSWORD;
    return (user->rules->flags & open) != open;
}

bool acl_user_takes_any_password(const struct acl_user *user)
{
    return user->rules->flags & ACL_NO_PASSWORD;
}

static bool password_fits(const struct acl_rules *rules, struct slice password)
{
    char hash[ACL_HASH_CHARS];
    acl_hash(password, hash);
    bool fits = false;
    for (const struct acl_text *at = rules->hashes; at != NULL; at = at->next) {
        fits |= CRYPTO_memcmp(at->text.data, hash, sizeof hash) == 0;
    }
    return fits;
}

const struct acl_user *acl_authenticate(const struct acl *acl, struct slice name,
                                        struct slice password)
{
    const struct acl_user *user = acl_find(acl, name);
    const struct acl_rules *rules = user == NULL ? acl->standard->rules : user->rules;
    bool fits = password_fits(rules, password); /* asked also where it does not count */
    fits |= (rules->flags & ACL_NO_PASSWORD) != 0;
    return user != NULL && fits && (rules->flags & ACL_ON) ? user : NULL;
}
