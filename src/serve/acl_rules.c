/* acl_rules.c -- rules about a user: passwords, whether it is on, selectors in parentheses. */
#include <openssl/evp.h>

#include "cmd/call.h"
#include "serve/acl_impl.h"
#include "serve/config.h"

const char *acl_mistake_text(enum acl_mistake mistake)
{
    switch (mistake) {
    case ACL_FINE: break;
    case ACL_UNKNOWN_COMMAND: return "Unknown command or category name in ACL";
    case ACL_SYNTAX: return "Syntax error";
    case ACL_KEYS_ALL_ALREADY:
        return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
               "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case ACL_CHANNELS_ALL_ALREADY:
        return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
               "does not have any effect. Try 'resetchannels' to start with an empty list of "
               "channels";
    case ACL_NO_SUCH_PASSWORD:
        return "The password you are trying to remove from the user does not exist";
    case ACL_BAD_HASH:
        return "The password hash must be exactly 64 characters and contain only lowercase "
               "hexadecimal characters";
    case ACL_NESTED_FIRST_ARGUMENT: return "Allowing first-arg of a subcommand is not supported";
    }
    return "";
}

/* --- making and copying ---------------------------------------------------------------------- */

static struct acl_selector *selector_new(const struct acl *acl, struct acl_rules *rules)
{
    struct acl_selector **end = &rules->selectors;
    while (*end != NULL) end = &(*end)->next;
    *end = ARENA_NEW(rules->arena, struct acl_selector);
    (*end)->all_channels = config_choice(acl->config, SETTING_ACL_PUBSUB_DEFAULT) == 0;
    return *end;
}

struct acl_rules *acl_rules_new(const struct acl *acl)
{
    struct arena *arena = arena_new();
    struct acl_rules *rules = ARENA_NEW(arena, struct acl_rules);
    rules->arena = arena;
    (void)selector_new(acl, rules);
    return rules;
}

void acl_rules_free(struct acl_rules *rules)
{
    arena_free(rules->arena); /* it holds `rules` itself */
}

static struct acl_text *copy_texts(struct arena *arena, const struct acl_text *list)
{
    struct acl_text *first = NULL, **end = &first;
    for (; list != NULL; list = list->next) {
        *end = ARENA_NEW(arena, struct acl_text);
        **end = (struct acl_text){.text = arena_copy(arena, list->text), .use = list->use};
        end = &(*end)->next;
    }
    return first;
}

static struct acl_first_argument *copy_first_arguments(struct arena *arena,
                                                       const struct acl_first_argument *list)
{
    struct acl_first_argument *first = NULL, **end = &first;
    for (; list != NULL; list = list->next) {
        *end = ARENA_NEW(arena, struct acl_first_argument);
        **end = (struct acl_first_argument){NULL, list->command, arena_copy(arena, list->text)};
        end = &(*end)->next;
    }
    return first;
}

struct acl_rules *acl_rules_copy(const struct acl_rules *rules)
{
    struct arena *arena = arena_new();
    struct acl_rules *copy = ARENA_NEW(arena, struct acl_rules);
    *copy = (struct acl_rules){arena, rules->flags, copy_texts(arena, rules->hashes), NULL};
    struct acl_selector **end = &copy->selectors;
    for (const struct acl_selector *from = rules->selectors; from != NULL; from = from->next) {
        struct acl_selector *to = *end = ARENA_NEW(arena, struct acl_selector);
        *to = *from;
        to->next = NULL;
        to->keys = copy_texts(arena, from->keys);
        to->channels = copy_texts(arena, from->channels);
        to->rules = copy_texts(arena, from->rules);
        to->first_arguments = copy_first_arguments(arena, from->first_arguments);
        end = &to->next;
    }
    return copy;
}

/* --- passwords ------------------------------------------------------------------------------- */

void acl_hash(struct slice password, char hash[ACL_HASH_CHARS])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[ACL_HASH_CHARS / 2];
    int good = EVP_Digest(password.data, password.len, digest, NULL, EVP_sha256(), NULL);
    ASSERT(good == 1);
    for (size_t i = 0; i < sizeof digest; i++) {
        hash[2 * i] = digits[digest[i] >> 4];
        hash[2 * i + 1] = digits[digest[i] & 15];
    }
}

static bool is_hash(struct slice text)
{
    bool good = text.len == ACL_HASH_CHARS;
    for (size_t i = 0; good && i < text.len; i++) {
        uint8_t byte = text.data[i];
        good = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
    }
    return good;
}

static enum acl_mistake remove_hash(struct acl_rules *rules, struct slice hash)
{
    for (struct acl_text **at = &rules->hashes; *at != NULL; at = &(*at)->next) {
        if (!slice_eq((*at)->text, hash)) continue;
        *at = (*at)->next;
        return ACL_FINE;
    }
    return ACL_NO_SUCH_PASSWORD;
}

/* >password <password #hash !hash */
static enum acl_mistake password_rule(struct acl_rules *rules, struct slice rule)
{
    char hash[ACL_HASH_CHARS];
    struct slice given = slice_from(rule, 1);
    if (rule.data[0] == '>' || rule.data[0] == '<') {
        acl_hash(given, hash);
        given = slice_of(hash, sizeof hash);
    } else if (!is_hash(given)) {
        return ACL_BAD_HASH;
    }
    if (rule.data[0] == '<' || rule.data[0] == '!') return remove_hash(rules, given);
    acl_text_add(rules->arena, &rules->hashes, given, 0);
    rules->flags &= ~(uint32_t)ACL_NO_PASSWORD;
    return ACL_FINE;
}

/* --- words, and parentheses ------------------------------------------------------------------ */

static void reset(const struct acl *acl, struct acl_rules *rules)
{
    rules->flags = 0;
    rules->hashes = NULL;
    rules->selectors = NULL;
    (void)selector_new(acl, rules);
}

static bool word_rule(const struct acl *acl, struct acl_rules *rules, struct slice rule)
{
    if (word_is(rule, "ON")) {
        rules->flags |= ACL_ON;
    } else if (word_is(rule, "OFF")) {
        rules->flags &= ~(uint32_t)ACL_ON;
    } else if (word_is(rule, "NOPASS")) {
        rules->flags |= ACL_NO_PASSWORD;
        rules->hashes = NULL;
    } else if (word_is(rule, "RESETPASS")) {
        rules->flags &= ~(uint32_t)ACL_NO_PASSWORD;
        rules->hashes = NULL;
    } else if (word_is(rule, "SKIP-SANITIZE-PAYLOAD")) {
        rules->flags |= ACL_SKIP_SANITIZE;
    } else if (word_is(rule, "SANITIZE-PAYLOAD")) {
        rules->flags &= ~(uint32_t)ACL_SKIP_SANITIZE;
    } else if (word_is(rule, "CLEARSELECTORS")) {
        rules->selectors->next = NULL;
    } else if (word_is(rule, "RESET")) {
        reset(acl, rules);
    } else {
        return false;
    }
    return true;
}

/* "(+@read ~cache:*)": a selector of its own. */
static enum acl_mistake selector_rule(const struct acl *acl, struct acl_rules *rules,
                                      struct slice rule)
{
    struct slice *words;
    uint32_t count;
    struct acl_selector *selector = selector_new(acl, rules);
    struct slice inside = slice_of(rule.data + 1, rule.len - 2);
    if (!config_split(inside, rules->arena, &words, &count)) return ACL_SYNTAX;
    enum acl_mistake mistake = ACL_FINE;
    for (uint32_t i = 0; i < count && mistake == ACL_FINE; i++) {
        mistake = acl_selector_apply(acl, rules->arena, selector, words[i]);
    }
    return mistake;
}

enum acl_mistake acl_rules_apply(const struct acl *acl, struct acl_rules *rules, struct slice rule)
{
    if (rule.len == 0 || word_rule(acl, rules, rule)) return ACL_FINE;
    switch (rule.data[0]) {
    case '>':
    case '<':
    case '#':
    case '!': return password_rule(rules, rule);
    case '(':
        if (rule.len > 1 && rule.data[rule.len - 1] == ')') return selector_rule(acl, rules, rule);
        return ACL_SYNTAX;
    default: return acl_selector_apply(acl, rules->arena, rules->selectors, rule);
    }
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

uint32_t acl_words_split(struct slice line, struct arena *arena, struct slice **words)
{
    uint32_t count = 0;
    *words = ARENA_ARRAY(arena, struct slice, line.len / 2 + 1);
    for (size_t at = 0; at < line.len;) {
        size_t start = at;
        while (at < line.len && !is_blank(line.data[at])) at++;
        if (at > start) (*words)[count++] = slice_of(line.data + start, at - start);
        while (at < line.len && is_blank(line.data[at])) at++;
    }
    return count;
}

bool acl_words_merge(struct arena *arena, const struct slice *words, uint32_t count,
                     struct slice **merged, uint32_t *merged_count, uint32_t *unmatched)
{
    *merged = ARENA_ARRAY(arena, struct slice, count + 1);
    *merged_count = 0;
    struct buffer open = {0};
    bool is_open = false;
    for (uint32_t i = 0; i < count; i++) {
        bool closes = words[i].len > 0 && words[i].data[words[i].len - 1] == ')';
        bool opens = !is_open && words[i].len > 0 && words[i].data[0] == '(' && !closes;
        if (opens) *unmatched = i;
        if (is_open) buffer_append_byte(&open, ' ');
        is_open = is_open || opens;
        if (is_open) buffer_append(&open, words[i]);
        if (is_open && !closes) continue;
        struct slice word = is_open ? arena_copy(arena, buffer_slice(&open)) : words[i];
        (*merged)[(*merged_count)++] = word;
        buffer_clear(&open);
        is_open = false;
    }
    buffer_free(&open);
    return !is_open;
}
