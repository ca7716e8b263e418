/*
 * config.h -- the settings of a node, from config.def: kept, checked, read and written as text.
 *
 * A value is given as text, whoever gives it (a file, an option, the environment, CONFIG SET), and
 * checked by its row. Sizes are read as Redis does: "1k" is 1000, "1kb" 1024 bytes. Readers ask by
 * id. What is made of several words is kept parsed in `lists`.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"

enum setting_id {
#define SETTING_BOOL(id, ...)    SETTING_##id,
#define SETTING_INTEGER(id, ...) SETTING_##id,
#define SETTING_SIZE(id, ...)    SETTING_##id,
#define SETTING_OCTAL(id, ...)   SETTING_##id,
#define SETTING_CHOICE(id, ...)  SETTING_##id,
#define SETTING_TEXT(id, ...)    SETTING_##id,
#define SETTING_LIST(id, ...)    SETTING_##id,
#include "serve/config.def"
#undef SETTING_BOOL
#undef SETTING_INTEGER
#undef SETTING_SIZE
#undef SETTING_OCTAL
#undef SETTING_CHOICE
#undef SETTING_TEXT
#undef SETTING_LIST
    SETTINGS_COUNT
};

enum setting_type {
    SETTING_TYPE_BOOL,
    SETTING_TYPE_INTEGER,
    SETTING_TYPE_SIZE,
    SETTING_TYPE_OCTAL,
    SETTING_TYPE_CHOICE,
    SETTING_TYPE_TEXT,
    SETTING_TYPE_LIST
};

enum setting_flag {
    SETTING_IMMUTABLE = 1 << 0, /* only at start */
    SETTING_FIXED = 1 << 1,     /* understood, and not to be changed */
    SETTING_SECRET = 1 << 2,    /* never in a log */
    SETTING_HIDDEN = 1 << 3     /* not shown by patterns */
};

enum setting_section {
    SETTINGS_NODE,
    SETTINGS_SAFETY,
    SETTINGS_CLIENTS,
    SETTINGS_MEMORY,
    SETTINGS_FORMS,
    SETTINGS_DISK,
    SETTINGS_REPLICATION,
    SETTINGS_EVENTS,
    SETTINGS_ACCEPTED, /* Redis's, without a meaning here */
    SETTINGS_SECTIONS_COUNT
};
extern const char *const setting_section_titles[SETTINGS_SECTIONS_COUNT];

struct setting {
    const char *name, *alias, *standard;
    enum setting_type type;
    int64_t low, high;
    const char *choices;
    uint32_t flags; /* bits of enum setting_flag */
    enum setting_section section;
    const char *option, *word;
    int64_t simulate_low, simulate_high;
    const char *help;
};
extern const struct setting setting_rows[SETTINGS_COUNT];

/* By name or alias, in any case. */
bool setting_find(struct slice name, enum setting_id *id);

enum { CONFIG_SAVES_MAX = 16, CONFIG_PERCENTILES_MAX = 16 };

struct config_save {
    int64_t seconds, changes;
};

enum config_client_class {
    CLIENT_CLASS_NORMAL,
    CLIENT_CLASS_REPLICA,
    CLIENT_CLASS_PUBSUB,
    CLIENT_CLASSES_COUNT
};

struct config_output_limit { /* 0: none */
    int64_t hard_bytes, soft_bytes, soft_seconds;
};

struct config_lists {
    struct config_save saves[CONFIG_SAVES_MAX];
    uint32_t saves_count;
    struct config_output_limit output_limits[CLIENT_CLASSES_COUNT];
    uint32_t notify; /* bits of enum notify_class (call.h) */
    double percentiles[CONFIG_PERCENTILES_MAX];
    uint32_t percentiles_count;
};

struct config { /* fields are config's; read with the functions below */
    int64_t numbers[SETTINGS_COUNT];
    char *texts[SETTINGS_COUNT]; /* owned; of the type TEXT */
    struct config_lists lists;
    bool given[SETTINGS_COUNT]; /* by anybody: not the standard any more */
    struct buffer users;        /* the `user` lines of the file, for the ACL, each with its \n */
};

void config_init(struct config *config); /* everything at its standard */
void config_free(struct config *config);
void config_copy(struct config *to, const struct config *from); /* `to` is initialised */

static inline int64_t config_integer(const struct config *config, enum setting_id id)
{
    return config->numbers[id];
}

static inline bool config_bool(const struct config *config, enum setting_id id)
{
    return config->numbers[id] != 0;
}

/* The place of the choice among the row's choices. */
static inline uint32_t config_choice(const struct config *config, enum setting_id id)
{
    return (uint32_t)config->numbers[id];
}

static inline const char *config_text(const struct config *config, enum setting_id id)
{
    return config->texts[id];
}

/* As CONFIG GET shows it. */
void config_format(const struct config *config, enum setting_id id, struct buffer *out);

/* NULL: it is set. Else why not, as CONFIG SET says it; may be kept in `arena`. */
const char *config_set(struct config *config, enum setting_id id, struct slice value,
                       struct arena *arena);

/* A file's text, Redis's syntax. ERR_USAGE with the line's number. `name` is for messages. */
MUST_USE enum err config_read(struct config *config, struct slice text, const char *name,
                              struct fault *fault);
/* The file's text with the values that count now: comments, order and what is not ours stay; what
 * is not at its standard and has no line yet is appended. */
void config_rewrite(const struct config *config, struct slice text, struct buffer *out);

/* TUTTI_PORT and the like; `variable` gives a variable's value or NULL. */
typedef const char *(*config_variable)(const char *name);
MUST_USE enum err config_read_environment(struct config *config, config_variable variable,
                                          struct fault *fault);
void setting_variable(const struct setting *setting, struct buffer *out);

/* Words of a line as Redis parts them: blanks, "…" with escapes, '…'. In `arena`. False: quotes
 * that do not match. */
MUST_USE bool config_split(struct slice line, struct arena *arena, struct slice **words,
                           uint32_t *count);

bool config_size_parse(struct slice text, int64_t *bytes); /* "100mb" */

/* docs/configuration.md */
void config_document(struct buffer *out);
