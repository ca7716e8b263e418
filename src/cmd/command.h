/*
 * command.h -- the table of commands: what a client can say, a row each (commands.def).
 *
 * A COMMAND row has a handler over one store (call.h). A SESSION_COMMAND row is about the
 * client, the node or several keyspaces: its handler is found by its id in serve/. Subcommands are
 * rows of their own, below their container.
 */
#pragma once

#include "base/base.h"

/* clang-format off */
enum command_id {
#define COMMAND(id, ...)         COMMAND_##id,
#define SESSION_COMMAND(id, ...) COMMAND_##id,
#include "cmd/commands.def"
#undef SESSION_COMMAND
#undef COMMAND
    COMMAND_COUNT,
    COMMAND_NONE = COMMAND_COUNT
};
/* clang-format on */

enum command_flag {
    COMMAND_WRITE = 1 << 0,
    COMMAND_READONLY = 1 << 1,
    COMMAND_DENYOOM = 1 << 2, /* refused when memory is full */
    COMMAND_ADMIN = 1 << 3,
    COMMAND_PUBSUB = 1 << 4,
    COMMAND_NOSCRIPT = 1 << 5,
    COMMAND_BLOCKING = 1 << 6,
    COMMAND_LOADING = 1 << 7,
    COMMAND_STALE = 1 << 8,
    COMMAND_FAST = 1 << 9,
    COMMAND_NO_AUTH = 1 << 10,
    COMMAND_NO_MULTI = 1 << 11,
    COMMAND_MOVABLE_KEYS = 1 << 12,
    COMMAND_SKIP_MONITOR = 1 << 13,
    COMMAND_SKIP_SLOWLOG = 1 << 14,
    COMMAND_MAY_REPLICATE = 1 << 15,
    COMMAND_NO_ASYNC_LOADING = 1 << 16,
    COMMAND_ALLOW_BUSY = 1 << 17,
    COMMAND_NO_MANDATORY_KEYS = 1 << 18,
    COMMAND_CONTAINER = 1 << 19, /* has subcommands; alone it is an error */
    COMMAND_SPLITS = 1 << 20, /* over several lanes: each does its keys, the replies are combined */
    COMMAND_INTERNAL = 1 << 21, /* the node says it, and no client */
};

struct call;
typedef void (*command_handler)(struct call *call);

enum { COMMAND_KEY_SPECS_MAX = 3, COMMAND_KEYWORD_BYTES_MAX = 15 };

/* What a command may do with a key; ACLs and COMMAND INFO ask. */
enum key_use {
    KEY_RO = 1 << 0,
    KEY_RW = 1 << 1,
    KEY_OW = 1 << 2,
    KEY_RM = 1 << 3,
    KEY_ACCESS = 1 << 4,
    KEY_UPDATE = 1 << 5,
    KEY_INSERT = 1 << 6,
    KEY_DELETE = 1 << 7,
    KEY_NOT_KEY = 1 << 8,
    KEY_INCOMPLETE = 1 << 9,
    KEY_VARIABLE_FLAGS = 1 << 10,
};

/* Where keys are among the arguments. Written in commands.def as text, see there. */
struct key_spec {
    uint32_t use; /* bits of enum key_use */
    /* The keys begin behind this word, looked for from `start`; empty: at it. */
    char keyword[COMMAND_KEYWORD_BYTES_MAX + 1];
    int32_t start; /* negative: counted from the end */
    bool counted;  /* at the start is the number of keys, then the keys */
    int32_t last;  /* of a range: an argument's position; negative: from the end, -1 is the last */
    int32_t step;  /* of a range */
};

struct command {
    enum command_id id;
    const char *name;        /* lower case; a subcommand's is "client|id" */
    const char *word;        /* the last word of the name, lower case */
    enum command_id parent;  /* of a subcommand; else COMMAND_NONE */
    command_handler handler; /* NULL: a session command */
    int32_t arity;           /* with the name; negative: at least */
    uint32_t flags;
    uint64_t categories; /* bits of enum command_category (category.def) */
    struct key_spec key_specs[COMMAND_KEY_SPECS_MAX];
    uint32_t key_specs_count;
    uint32_t only_key; /* the argument that is its only key; 0: it may have several, or none */
    const char *since, *group, *complexity, *syntax, *summary;
};

enum command_category {
#define CATEGORY(id, name) CATEGORY_##id##_INDEX,
#include "cmd/category.def"
#undef CATEGORY
    CATEGORY_COUNT
};
enum command_category_bit {
#define CATEGORY(id, name) CATEGORY_##id = 1 << CATEGORY_##id##_INDEX,
#include "cmd/category.def"
#undef CATEGORY
};
const char *category_name(enum command_category category);

/* Made once, read by all lanes. */
struct command_table;
struct arena;
const struct command_table *command_table_new(struct arena *arena);

const struct command *command_get(const struct command_table *table, enum command_id id);
/* By name in any case; with a container, also by its first argument. NULL: there is none; where the
 * container exists but not the subcommand, `*container` is set (may be NULL). */
const struct command *command_find(const struct command_table *table, const struct slice *argv,
                                   uint32_t argc, const struct command **container);
/* "set", "client|id": NULL: unknown. */
const struct command *command_find_name(const struct command_table *table, struct slice name);

bool command_arity_fits(const struct command *command, uint32_t argc);

/* The positions of the keys among the arguments and what each is used for; at most `max` are
 * written. Returns how many there are; -1: the arguments are not a valid call (a numkeys that is no
 * number, or past the end). */
struct key_place {
    uint32_t index;
    uint32_t use;
};
int64_t command_keys(const struct command *command, const struct slice *argv, uint32_t argc,
                     struct key_place *keys, uint32_t max);
/* What a call does to a key of that use: of KEY_VARIABLE_FLAGS the other arguments decide. */
uint32_t command_key_use(const struct command *command, const struct slice *argv, uint32_t argc,
                         uint32_t use);
