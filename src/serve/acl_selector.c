/* acl_selector.c -- rules about commands, keys and channels. */
#include "cmd/call.h"
#include "serve/acl_impl.h"

/* --- lists ----------------------------------------------------------------------------------- */

struct acl_text *acl_text_find(struct acl_text *list, struct slice text)
{
    while (list != NULL && !slice_eq(list->text, text)) list = list->next;
    return list;
}

void acl_text_add(struct arena *arena, struct acl_text **list, struct slice text, uint32_t use)
{
    struct acl_text *same = acl_text_find(*list, text);
    if (same != NULL) {
        same->use |= use;
        return;
    }
    while (*list != NULL) list = &(*list)->next;
    *list = ARENA_NEW(arena, struct acl_text);
    **list = (struct acl_text){.text = arena_copy(arena, text), .use = use};
}

/* --- commands -------------------------------------------------------------------------------- */

static bool is_letter_upper(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static struct slice lower(struct arena *arena, struct slice text)
{
    uint8_t *copy = arena_alloc(arena, text.len);
    for (size_t i = 0; i < text.len; i++) {
        copy[i] =
            (uint8_t)(is_letter_upper(text.data[i]) ? text.data[i] + 'a' - 'A' : text.data[i]);
    }
    return slice_of(copy, text.len);
}

/* Is `rule` ("+config|get") about `name` ("config"), or about something below it? */
static bool rule_is_about(struct slice rule, struct slice name)
{
    struct slice about = slice_from(rule, 1);
    if (!slice_starts_with(about, name)) return false;
    return about.len == name.len || about.data[name.len] == '|';
}

/* The later rule outweighs those about the same: they are forgotten. */
static void rules_add(struct arena *arena, struct acl_selector *selector, struct slice rule)
{
    rule = lower(arena, rule);
    for (struct acl_text **at = &selector->rules; *at != NULL;) {
        if (rule_is_about((*at)->text, slice_from(rule, 1))) {
            *at = (*at)->next;
        } else {
            at = &(*at)->next;
        }
    }
    acl_text_add(arena, &selector->rules, rule, 0);
}

static void set_bit(struct acl_selector *selector, enum command_id id, bool allow)
{
    uint64_t bit = UINT64_C(1) << (id % 64);
    uint64_t *word = &selector->commands[id / 64];
    *word = allow ? *word | bit : *word & ~bit;
    if (!allow) selector->all_commands = false;
}

static void forget_first_arguments(struct acl_selector *selector, enum command_id id)
{
    for (struct acl_first_argument **at = &selector->first_arguments; *at != NULL;) {
        if ((*at)->command == id) {
            *at = (*at)->next;
        } else {
            at = &(*at)->next;
        }
    }
}

/* A command, and all that is below it. */
static void allow_command(const struct acl *acl, struct acl_selector *selector,
                          const struct command *command, bool allow)
{
    set_bit(selector, command->id, allow);
    forget_first_arguments(selector, command->id);
    for (uint32_t id = command->id + 1; id < COMMAND_COUNT; id++) {
        const struct command *below = command_get(acl->commands, (enum command_id)id);
        if (below->parent != command->id) break;
        set_bit(selector, below->id, allow);
    }
}

static void allow_all(struct acl_selector *selector, bool allow)
{
    memset(selector->commands, allow ? 0xff : 0, sizeof selector->commands);
    selector->all_commands = selector->future_commands = allow;
    selector->rules = NULL;
    selector->first_arguments = NULL;
}

static bool same_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    bool same = text.len == len;
    for (size_t i = 0; same && i < len; i++) {
        uint8_t byte = text.data[i];
        same = (is_letter_upper(byte) ? byte + 'a' - 'A' : byte) == word[i];
    }
    return same;
}

bool acl_category_find(struct slice name, uint32_t *category)
{
    for (*category = 0; *category < CATEGORY_COUNT; (*category)++) {
        if (same_word(name, category_name((enum command_category) * category))) return true;
    }
    return false;
}

static enum acl_mistake category_rule(const struct acl *acl, struct arena *arena,
                                      struct acl_selector *selector, struct slice rule)
{
    uint32_t category;
    if (!acl_category_find(slice_from(rule, 2), &category)) return ACL_UNKNOWN_COMMAND;
    bool allow = rule.data[0] == '+';
    for (uint32_t id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get(acl->commands, (enum command_id)id);
        bool among = command->categories & UINT64_C(1) << category;
        if (among) allow_command(acl, selector, command, allow);
    }
    rules_add(arena, selector, rule);
    return ACL_FINE;
}

static void add_first_argument(struct arena *arena, struct acl_selector *selector,
                               enum command_id command, struct slice text)
{
    struct acl_first_argument *added = ARENA_NEW(arena, struct acl_first_argument);
    *added = (struct acl_first_argument){selector->first_arguments, command, lower(arena, text)};
    selector->first_arguments = added;
}

/* +select|0 */
static enum acl_mistake first_argument_rule(const struct acl *acl, struct arena *arena,
                                            struct acl_selector *selector, struct slice rule)
{
    size_t bar = rule.len;
    while (rule.data[bar - 1] != '|') bar--;
    struct slice name = slice_of(rule.data + 1, bar - 2), argument = slice_from(rule, bar);
    const struct command *command = command_find_name(acl->commands, name);
    if (command == NULL) return ACL_UNKNOWN_COMMAND;
    if (command->parent != COMMAND_NONE) return ACL_NESTED_FIRST_ARGUMENT;
    if (argument.len == 0) return ACL_SYNTAX;
    if (command->flags & COMMAND_CONTAINER) return ACL_UNKNOWN_COMMAND;
    add_first_argument(arena, selector, command->id, argument);
    rules_add(arena, selector, rule);
    return ACL_FINE;
}

static enum acl_mistake command_rule(const struct acl *acl, struct arena *arena,
                                     struct acl_selector *selector, struct slice rule)
{
    bool allow = rule.data[0] == '+';
    struct slice name = slice_from(rule, 1);
    const struct command *command = command_find_name(acl->commands, name);
    if (command != NULL) {
        allow_command(acl, selector, command, allow);
        rules_add(arena, selector, rule);
        return ACL_FINE;
    }
    bool has_bar = name.len > 0 && memchr(name.data, '|', name.len) != NULL;
    if (!allow || !has_bar) return ACL_UNKNOWN_COMMAND;
    return first_argument_rule(acl, arena, selector, rule);
}

/* --- keys and channels ----------------------------------------------------------------------- */

static bool has_blanks(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == 0 || byte == ' ' || (byte >= '\t' && byte <= '\r')) return true;
    }
    return false;
}

/* %R~ %W~ %RW~: what stands before the ~, and how long it is; 0: it is wrong. */
static size_t key_uses(struct slice rule, uint32_t *use)
{
    *use = 0;
    for (size_t i = 1; i < rule.len; i++) {
        uint32_t named = 0;
        if (rule.data[i] == '~') return i + 1;
        if (rule.data[i] == 'R' || rule.data[i] == 'r') named = ACL_KEY_READ;
        if (rule.data[i] == 'W' || rule.data[i] == 'w') named = ACL_KEY_WRITE;
        if (named == 0 || (*use & named)) return 0;
        *use |= named;
    }
    return 0;
}

static enum acl_mistake key_rule(struct arena *arena, struct acl_selector *selector,
                                 struct slice rule)
{
    if (selector->all_keys) return ACL_KEYS_ALL_ALREADY;
    uint32_t use = ACL_KEY_READ | ACL_KEY_WRITE;
    size_t start = rule.data[0] == '%' ? key_uses(rule, &use) : 1;
    if (start == 0 || use == 0 || has_blanks(slice_from(rule, start))) return ACL_SYNTAX;
    acl_text_add(arena, &selector->keys, slice_from(rule, start), use);
    return ACL_FINE;
}

static enum acl_mistake channel_rule(struct arena *arena, struct acl_selector *selector,
                                     struct slice rule)
{
    if (selector->all_channels) return ACL_CHANNELS_ALL_ALREADY;
    struct slice pattern = slice_from(rule, 1);
    if (has_blanks(pattern)) return ACL_SYNTAX;
    acl_text_add(arena, &selector->channels, pattern, 0);
    return ACL_FINE;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* Rules that are a word. False: it is none of them. */
static bool word_rule(struct acl_selector *selector, struct slice rule)
{
    if (word_is(rule, "ALLKEYS") || word_is(rule, "~*")) {
        selector->all_keys = true;
        selector->keys = NULL;
    } else if (word_is(rule, "RESETKEYS")) {
        selector->all_keys = false;
        selector->keys = NULL;
    } else if (word_is(rule, "ALLCHANNELS") || word_is(rule, "&*")) {
        selector->all_channels = true;
        selector->channels = NULL;
    } else if (word_is(rule, "RESETCHANNELS")) {
        selector->all_channels = false;
        selector->channels = NULL;
    } else if (word_is(rule, "ALLCOMMANDS") || word_is(rule, "+@ALL")) {
        allow_all(selector, true);
    } else if (word_is(rule, "NOCOMMANDS") || word_is(rule, "-@ALL")) {
        allow_all(selector, false);
    } else {
        return false;
    }
    return true;
}

enum acl_mistake acl_selector_apply(const struct acl *acl, struct arena *arena,
                                    struct acl_selector *selector, struct slice rule)
{
    if (word_rule(selector, rule)) return ACL_FINE;
    if (rule.len == 0) return ACL_SYNTAX;
    switch (rule.data[0]) {
    case '~':
    case '%': return key_rule(arena, selector, rule);
    case '&': return channel_rule(arena, selector, rule);
    case '+':
    case '-':
        return rule.len > 1 && rule.data[1] == '@' ? category_rule(acl, arena, selector, rule)
                                                   : command_rule(acl, arena, selector, rule);
    default: return ACL_SYNTAX;
    }
}
