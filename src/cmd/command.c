/* command.c -- see command.h. The rows become an array and an index by name, once. */
#include "cmd/command.h"

#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "cmd/handlers.h"
#include "cmd/key_spec.h"

enum { INDEX_SLOTS = 1024, NAME_BYTES_MAX = 64 };

struct row {
    const char *name;
    command_handler handler;
    int32_t arity;
    uint32_t flags, categories;
    const char *keys, *since, *group, *complexity, *syntax, *summary;
};

/* clang-format off */
static const struct row rows[COMMAND_COUNT] = {
#define COMMAND(id, name, handler, arity, flags, categories, keys, ...) \
    [COMMAND_##id] = {name, handler, arity, flags, categories, keys, __VA_ARGS__},
#define SESSION_COMMAND(id, name, arity, flags, categories, keys, ...) \
    [COMMAND_##id] = {name, NULL, arity, flags, categories, keys, __VA_ARGS__},
#include "cmd/commands.def"
#undef SESSION_COMMAND
#undef COMMAND
};

static const char *const category_names[CATEGORY_COUNT] = {
#define CATEGORY(id, name) [CATEGORY_##id##_INDEX] = name,
#include "cmd/category.def"
#undef CATEGORY
};
/* clang-format on */

struct command_table {
    struct command commands[COMMAND_COUNT];
    uint16_t index[INDEX_SLOTS]; /* an id + 1; 0: empty. Subcommands are not in it */
};

const char *category_name(enum command_category category)
{
    ASSERT(category < CATEGORY_COUNT);
    return category_names[category];
}

/* Letters of both cases meet; names that differ in more than case seldom do. */
static uint32_t name_slot(struct slice name)
{
    uint64_t head = 0;
    memcpy(&head, name.data, name.len < 8 ? name.len : 8);
    uint64_t last = name.data[name.len - 1] | 0x20;
    head |= UINT64_C(0x2020202020202020);
    uint64_t mixed = (head ^ (last << 3) ^ name.len) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 54);
}

static bool name_is(struct slice text, const char *name)
{
    size_t len = strlen(name);
    return text.len == len && strncasecmp((const char *)text.data, name, len) == 0;
}

/* The categories that follow from the flags. */
static uint64_t implied_categories(uint32_t flags)
{
    uint64_t found = 0;
    if (flags & COMMAND_WRITE) found |= CATEGORY_WRITE;
    if (flags & COMMAND_READONLY) found |= CATEGORY_READ;
    if (flags & COMMAND_ADMIN) found |= CATEGORY_ADMIN | CATEGORY_DANGEROUS;
    if (flags & COMMAND_PUBSUB) found |= CATEGORY_PUBSUB;
    if (flags & COMMAND_BLOCKING) found |= CATEGORY_BLOCKING;
    found |= flags & COMMAND_FAST ? CATEGORY_FAST : CATEGORY_SLOW;
    return found;
}

/* SORT's patterns lead it to others. */
static uint32_t only_key_of(const struct command *command)
{
    const struct key_spec *spec = &command->key_specs[0];
    bool sorts = command->id == COMMAND_SORT || command->id == COMMAND_SORT_RO;
    bool one = command->key_specs_count == 1 && spec->start == spec->last && spec->start > 0 &&
               spec->start < abs(command->arity) && !(command->flags & COMMAND_MOVABLE_KEYS);
    return one && !sorts ? (uint32_t)spec->start : 0;
}

static void command_fill(struct command *command, enum command_id id)
{
    const struct row *row = &rows[id];
    const char *bar = strchr(row->name, '|');
    *command = (struct command){
        .id = id,
        .name = row->name,
        .word = bar == NULL ? row->name : bar + 1,
        .parent = COMMAND_NONE,
        .handler = row->handler,
        .arity = row->arity,
        .flags = row->flags,
        .categories = row->categories | implied_categories(row->flags),
        .since = row->since,
        .group = row->group,
        .complexity = row->complexity,
        .syntax = row->syntax,
        .summary = row->summary,
    };
    command->key_specs_count = key_specs_parse(row->keys, command->key_specs);
    for (uint32_t i = 0; i < command->key_specs_count; i++) {
        const struct key_spec *spec = &command->key_specs[i];
        if (spec->counted || spec->keyword[0] != 0) command->flags |= COMMAND_MOVABLE_KEYS;
    }
    command->only_key = only_key_of(command);
}

static void index_add(struct command_table *table, enum command_id id)
{
    uint32_t slot = name_slot(slice_text(table->commands[id].name));
    while (table->index[slot] != 0) slot = (slot + 1) % INDEX_SLOTS;
    table->index[slot] = (uint16_t)(id + 1);
}

const struct command_table *command_table_new(struct arena *arena)
{
    struct command_table *table = ARENA_NEW(arena, struct command_table);
    enum command_id container = COMMAND_NONE;
    for (uint32_t i = 0; i < COMMAND_COUNT; i++) {
        struct command *command = &table->commands[i];
        command_fill(command, (enum command_id)i);
        if (command->word == command->name) {
            container = (enum command_id)i;
            index_add(table, container);
        } else { /* below the row of its container */
            ASSERT(container != COMMAND_NONE);
            ASSERT(slice_starts_with(slice_text(command->name), slice_text(rows[container].name)));
            command->parent = container;
            table->commands[container].flags |= COMMAND_CONTAINER;
        }
    }
    return table;
}

const struct command *command_get(const struct command_table *table, enum command_id id)
{
    ASSERT(id < COMMAND_COUNT);
    return &table->commands[id];
}

static const struct command *find_word(const struct command_table *table, struct slice word)
{
    if (word.len == 0 || word.len > NAME_BYTES_MAX) return NULL;
    uint32_t slot = name_slot(word);
    for (; table->index[slot] != 0; slot = (slot + 1) % INDEX_SLOTS) {
        const struct command *command = &table->commands[table->index[slot] - 1];
        if (name_is(word, command->name)) return command;
    }
    return NULL;
}

static const struct command *find_below(const struct command_table *table,
                                        const struct command *container, struct slice word)
{
    for (uint32_t i = container->id + 1; i < COMMAND_COUNT; i++) {
        const struct command *command = &table->commands[i];
        if (command->parent != container->id) break;
        if (name_is(word, command->word)) return command;
    }
    return NULL;
}

const struct command *command_find(const struct command_table *table, const struct slice *argv,
                                   uint32_t argc, const struct command **container)
{
    if (container != NULL) *container = NULL;
    const struct command *command = argc == 0 ? NULL : find_word(table, argv[0]);
    if (command == NULL || !(command->flags & COMMAND_CONTAINER) || argc == 1) return command;
    if (container != NULL) *container = command;
    return find_below(table, command, argv[1]);
}

const struct command *command_find_name(const struct command_table *table, struct slice name)
{
    const uint8_t *bar = name.len == 0 ? NULL : memchr(name.data, '|', name.len);
    if (bar == NULL) return find_word(table, name);
    size_t head_bytes = (size_t)(bar - name.data);
    const struct command *container = find_word(table, slice_of(name.data, head_bytes));
    if (container == NULL) return NULL;
    return find_below(table, container, slice_from(name, head_bytes + 1));
}

bool command_arity_fits(const struct command *command, uint32_t argc)
{
    if (command->arity >= 0) return argc == (uint32_t)command->arity;
    return argc >= (uint32_t)-command->arity;
}
