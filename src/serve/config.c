/* config.c -- the table, and what is kept. See config.h. */
#include <stdlib.h>

#include "serve/config_impl.h"

const struct setting setting_rows[SETTINGS_COUNT] = {
#define SETTING_BOOL(id, name, alias, standard, flags, section, option, help)                      \
    {name,                                                                                         \
     alias,                                                                                        \
     standard,                                                                                     \
     SETTING_TYPE_BOOL,                                                                            \
     0,                                                                                            \
     1,                                                                                            \
     "no yes",                                                                                     \
     (flags),                                                                                      \
     SETTINGS_##section,                                                                           \
     option,                                                                                       \
     "WHEN",                                                                                       \
     0,                                                                                            \
     1,                                                                                            \
     help},
#define NUMBER(type, name, alias, standard, low, high, flags, section, option, word, simulate_low, \
               simulate_high, help)                                                                \
    {name,   alias, standard,     type,          (low), (high), "", (flags), SETTINGS_##section,   \
     option, word,  simulate_low, simulate_high, help},
#define SETTING_INTEGER(id, ...) NUMBER(SETTING_TYPE_INTEGER, __VA_ARGS__)
#define SETTING_SIZE(id, ...)    NUMBER(SETTING_TYPE_SIZE, __VA_ARGS__)
#define SETTING_OCTAL(id, ...)   NUMBER(SETTING_TYPE_OCTAL, __VA_ARGS__)
#define SETTING_CHOICE(id, name, alias, standard, choices, flags, section, option, word, help)     \
    {name,                                                                                         \
     alias,                                                                                        \
     standard,                                                                                     \
     SETTING_TYPE_CHOICE,                                                                          \
     0,                                                                                            \
     0,                                                                                            \
     choices,                                                                                      \
     (flags),                                                                                      \
     SETTINGS_##section,                                                                           \
     option,                                                                                       \
     word,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     help},
#define WORDS(type, name, alias, standard, flags, section, option, word, help)                     \
    {name, alias, standard, type, 0, 0, "", (flags), SETTINGS_##section, option, word, 0, 0, help},
#define SETTING_TEXT(id, ...) WORDS(SETTING_TYPE_TEXT, __VA_ARGS__)
#define SETTING_LIST(id, ...) WORDS(SETTING_TYPE_LIST, __VA_ARGS__)
#include "serve/config.def"
};

const char *const setting_section_titles[SETTINGS_SECTIONS_COUNT] = {
    [SETTINGS_NODE] = "The node",
    [SETTINGS_SAFETY] = "Who may do what",
    [SETTINGS_CLIENTS] = "Clients",
    [SETTINGS_MEMORY] = "Memory",
    [SETTINGS_FORMS] = "Compact forms of collections",
    [SETTINGS_DISK] = "The disk",
    [SETTINGS_REPLICATION] = "Several nodes",
    [SETTINGS_EVENTS] = "What is told",
    [SETTINGS_ACCEPTED] = "Redis's, understood but without a meaning here",
};

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool config_same_word(struct slice a, struct slice b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) return false;
    }
    return true;
}

bool setting_find(struct slice name, enum setting_id *id)
{
    for (enum setting_id at = 0; at < SETTINGS_COUNT; at++) {
        const struct setting *setting = &setting_rows[at];
        bool alias =
            setting->alias[0] != '\0' && config_same_word(name, slice_text(setting->alias));
        if (!alias && !config_same_word(name, slice_text(setting->name))) continue;
        *id = at;
        return true;
    }
    return false;
}

static void set_text(struct config *config, enum setting_id id, struct slice value)
{
    char *text = malloc(value.len + 1);
    ASSERT(text != NULL);
    if (value.len != 0) memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    free(config->texts[id]);
    config->texts[id] = text;
}

static const char *refuse_fixed(enum setting_id id, struct arena *arena)
{
    const char *standard = setting_rows[id].standard;
    if (*standard == '\0') return "that is not here yet";
    return arena_format(arena, "it is always '%s' here", standard);
}

const char *config_set(struct config *config, enum setting_id id, struct slice value,
                       struct arena *arena)
{
    const struct setting *setting = &setting_rows[id];
    const char *why = NULL;
    int64_t number = config->numbers[id];
    bool fixed = (setting->flags & SETTING_FIXED) != 0 && config->given[id];
    switch (setting->type) {
    case SETTING_TYPE_BOOL:
    case SETTING_TYPE_INTEGER:
    case SETTING_TYPE_SIZE:
    case SETTING_TYPE_OCTAL:
    case SETTING_TYPE_CHOICE: why = setting_parse(setting, value, &number, arena); break;
    case SETTING_TYPE_LIST: why = config_list_set(&config->lists, id, value, arena); break;
    case SETTING_TYPE_TEXT:
        if (value.len != 0 && memchr(value.data, '\0', value.len) != NULL) {
            return "argument must not hold a zero byte";
        }
        if (fixed && !slice_eq(value, slice_text(setting->standard)))
            return refuse_fixed(id, arena);
        set_text(config, id, value);
        break;
    }
    if (why != NULL) return why;
    if (fixed && number != config->numbers[id]) return refuse_fixed(id, arena);
    config->numbers[id] = number;
    config->given[id] = true;
    return NULL;
}

void config_init(struct config *config)
{
    struct arena *arena = arena_new();
    *config = (struct config){0};
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        const char *why = config_set(config, id, slice_text(setting_rows[id].standard), arena);
        ASSERT(why == NULL); /* a row's standard is within its own limits */
        config->given[id] = (setting_rows[id].flags & SETTING_FIXED) != 0;
    }
    arena_free(arena);
}

void config_free(struct config *config)
{
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) free(config->texts[id]);
    buffer_free(&config->users);
    *config = (struct config){0};
}

void config_copy(struct config *to, const struct config *from)
{
    *to = *from;
    to->users = (struct buffer){0};
    buffer_append(&to->users, buffer_slice(&from->users));
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        to->texts[id] = NULL;
        if (from->texts[id] != NULL) set_text(to, id, slice_text(from->texts[id]));
    }
}

void config_format(const struct config *config, enum setting_id id, struct buffer *out)
{
    switch (setting_rows[id].type) {
    case SETTING_TYPE_BOOL:
    case SETTING_TYPE_INTEGER:
    case SETTING_TYPE_SIZE:
    case SETTING_TYPE_OCTAL:
    case SETTING_TYPE_CHOICE: setting_format(&setting_rows[id], config->numbers[id], out); break;
    case SETTING_TYPE_LIST: config_list_format(&config->lists, id, out); break;
    case SETTING_TYPE_TEXT: buffer_append(out, slice_text(config->texts[id])); break;
    }
}

void setting_variable(const struct setting *setting, struct buffer *out)
{
    const char *name = setting->option[0] == '\0' ? setting->name : setting->option;
    buffer_append(out, SLICE("TUTTI_"));
    for (; *name != '\0'; name++) {
        bool letter = *name >= 'a' && *name <= 'z';
        buffer_append_byte(out, (uint8_t)(*name == '-' ? '_'
                                          : letter     ? *name - ('a' - 'A')
                                                       : *name));
    }
}

enum err config_read_environment(struct config *config, config_variable variable,
                                 struct fault *fault)
{
    struct arena *arena = arena_new();
    struct buffer name = {0};
    enum err err = ERR_OK;
    for (enum setting_id id = 0; id < SETTINGS_COUNT && err == ERR_OK; id++) {
        buffer_clear(&name);
        setting_variable(&setting_rows[id], &name);
        buffer_append_byte(&name, '\0');
        const char *value = variable((const char *)name.data);
        if (value == NULL) continue;
        const char *why = config_set(config, id, slice_text(value), arena);
        if (why == NULL) continue;
        bool secret = (setting_rows[id].flags & SETTING_SECRET) != 0;
        err = fault_set(fault, ERR_USAGE, "%s=%s in the environment: %s", (const char *)name.data,
                        secret ? "(hidden)" : value, why);
    }
    buffer_free(&name);
    arena_free(arena);
    return err;
}
