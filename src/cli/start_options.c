/* start_options.c -- see start_options.h. */
#include <stdlib.h>

#include "base/suggest.h"
#include "cli/start_options.h"
#include "io/whole_file.h"

enum { CONFIG_FILE_BYTES_MAX = 16 << 20, OPTIONS_MAX = 1024 };

/* An option as it was typed, and what it stands for. */
struct word {
    enum setting_id id;
    const char *name;
    struct slice value;
};

struct parse {
    struct arena *arena;
    struct fault *fault;
    struct start_options *options;
    struct word *words;
    uint32_t count;
};

static bool find_option(struct slice name, enum setting_id *id)
{
    for (enum setting_id at = 0; at < SETTINGS_COUNT; at++) {
        if (!slice_eq(name, slice_text(setting_rows[at].option)) || name.len == 0) continue;
        *id = at;
        return true;
    }
    return setting_find(name, id);
}

static enum err refuse(struct parse *parse, const char *typed, struct slice name)
{
    const char *names[2 * SETTINGS_COUNT + 2];
    size_t count = 0;
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        names[count++] = setting_rows[id].option;
        names[count++] = setting_rows[id].name;
    }
    names[count++] = "config";
    names[count++] = "help";
    struct slice nearest = suggest_nearest(name, names, count);
    if (nearest.len == 0) {
        return fault_set(parse->fault, ERR_USAGE, "there is no option %s", typed);
    }
    return fault_set(parse->fault, ERR_USAGE, "there is no option %.*s; did you mean --%.*s?",
                     (int)strcspn(typed, "="), typed, (int)nearest.len, (const char *)nearest.data);
}

static enum err take_option(struct parse *parse, struct slice name, const char *typed,
                            struct slice value)
{
    if (slice_eq(name, SLICE("config"))) {
        parse->options->config_path = arena_text(parse->arena, value);
        return ERR_OK;
    }
    enum setting_id id;
    if (!find_option(name, &id)) return refuse(parse, typed, name);
    if (parse->count == OPTIONS_MAX) {
        return fault_set(parse->fault, ERR_USAGE, "there are more than %d options", OPTIONS_MAX);
    }
    const char *shown =
        arena_format(parse->arena, "--%.*s", (int)name.len, (const char *)name.data);
    parse->words[parse->count++] = (struct word){id, shown, value};
    return ERR_OK;
}

/* As redis-server takes it: `redis-server FILE`; or with one dash. */
static enum err refuse_word(struct parse *parse, const char *typed)
{
    if (typed[0] == '-') return refuse(parse, typed, slice_text(typed + 1));
    return fault_set(
        parse->fault, ERR_USAGE,
        "'%s' stands alone: an option is --name value, and a file of settings --config "
        "FILE",
        typed);
}

static bool is_help(const char *typed)
{
    return strcmp(typed, "--help") == 0 || strcmp(typed, "-h") == 0 || strcmp(typed, "help") == 0;
}

static enum err parse_words(struct parse *parse, int argc, char **argv)
{
    enum err err = ERR_OK;
    for (int at = 0; at < argc && err == ERR_OK; at++) {
        const char *typed = argv[at];
        if (is_help(typed)) {
            parse->options->help = true;
            return ERR_OK;
        }
        if (strncmp(typed, "--", 2) != 0) return refuse_word(parse, typed);
        size_t len = strcspn(typed, "=");
        struct slice name = slice_of(typed + 2, len - 2);
        if (typed[len] == '=') {
            err = take_option(parse, name, typed, slice_text(typed + len + 1));
        } else if (at + 1 == argc) {
            enum setting_id id;
            bool known = find_option(name, &id) || slice_eq(name, SLICE("config"));
            if (!known) return refuse(parse, typed, name);
            return fault_set(parse->fault, ERR_USAGE, "%s needs a value", typed);
        } else {
            err = take_option(parse, name, typed, slice_text(argv[++at]));
        }
    }
    return err;
}

static enum err read_file(struct parse *parse, const char *path)
{
    struct buffer text = {0};
    enum err err = whole_file_read(path, CONFIG_FILE_BYTES_MAX, &text, parse->fault);
    if (err == ERR_OK) {
        err = config_read(&parse->options->config, buffer_slice(&text), path, parse->fault);
    }
    buffer_free(&text);
    return err;
}

static const char *variable(const char *name)
{
    return getenv(name);
}

static enum err set_words(struct parse *parse)
{
    for (uint32_t i = 0; i < parse->count; i++) {
        const struct word *word = &parse->words[i];
        const char *why = config_set(&parse->options->config, word->id, word->value, parse->arena);
        if (why == NULL) continue;
        return fault_set(parse->fault, ERR_USAGE, "%s is '%.*s': %s", word->name,
                         (int)word->value.len, (const char *)word->value.data, why);
    }
    return ERR_OK;
}

enum err start_options_read(struct arena *arena, int argc, char **argv,
                            struct start_options *options, struct fault *fault)
{
    struct parse parse = {.arena = arena, .fault = fault, .options = options};
    parse.words = ARENA_ARRAY(arena, struct word, OPTIONS_MAX);
    *options = (struct start_options){0};
    config_init(&options->config);
    enum err err = parse_words(&parse, argc, argv);
    if (err != ERR_OK || options->help) return err;
    if (options->config_path == NULL) options->config_path = getenv("TUTTI_CONFIG");
    if (options->config_path != NULL) err = read_file(&parse, options->config_path);
    if (err == ERR_OK) err = config_read_environment(&options->config, variable, fault);
    return err == ERR_OK ? set_words(&parse) : err;
}
