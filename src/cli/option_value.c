/* option_value.c -- reading the values of options. See options_impl.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/size.h"
#include "cli/options_impl.h"

enum { WARNING_TEXT_MAX = 1024 };

/* "--order is 'x': it must be key, value or value:desc". */
static enum err refuse(struct option_parse *parse, const struct option_word *word,
                       const char *allowed)
{
    return fault_set(parse->fault, ERR_USAGE, "%s is '%.*s': it must be %s", word->name,
                     (int)word->value.len, (const char *)word->value.data, allowed);
}

enum err option_read_count(struct option_parse *parse, const struct option_word *word, uint64_t min,
                           uint64_t max, uint64_t *count)
{
    uint64_t value;
    if (count_parse(word->value, &value) && value >= min && value <= max) {
        *count = value;
        return ERR_OK;
    }
    const char *allowed =
        max == UINT64_MAX
            ? arena_format(parse->arena, "a whole number, %llu or more", (unsigned long long)min)
            : arena_format(parse->arena, "a whole number from %llu to %llu",
                           (unsigned long long)min, (unsigned long long)max);
    return refuse(parse, word, allowed);
}

/* As a person would type it: "1MiB", "64 bytes". */
static const char *size_text(struct arena *arena, uint64_t bytes)
{
    enum { MIB = 1 << 20 };
    unsigned long long count = bytes;
    if (count != 0 && count % MIB == 0) return arena_format(arena, "%lluMiB", count / MIB);
    return arena_format(arena, "%llu byte%s", count, count == 1 ? "" : "s");
}

enum err option_read_size(struct option_parse *parse, const struct option_word *word, uint64_t min,
                          uint64_t max, uint64_t *bytes)
{
    uint64_t value;
    if (size_parse(word->value, &value) && value >= min && value <= max) {
        *bytes = value;
        return ERR_OK;
    }
    const char *least = size_text(parse->arena, min);
    const char *allowed =
        max == UINT64_MAX
            ? arena_format(parse->arena, "a size of %s or more, such as 64MiB or 1G", least)
            : arena_format(parse->arena, "a size from %s to %s, such as 64MiB", least,
                           size_text(parse->arena, max));
    return refuse(parse, word, allowed);
}

/* Take the next word of a list parted by spaces. False: none is left. */
static bool take_choice(struct slice *rest, struct slice *choice)
{
    if (rest->len == 0) return false;
    const uint8_t *space = memchr(rest->data, ' ', rest->len);
    size_t len = space == NULL ? rest->len : (size_t)(space - rest->data);
    *choice = slice_of(rest->data, len);
    *rest = slice_from(*rest, space == NULL ? len : len + 1);
    return true;
}

/* "key value value:desc" as "key, value or value:desc". */
static const char *choices_text(struct arena *arena, const char *choices)
{
    const char *text = "";
    struct slice rest = slice_text(choices), choice;
    while (take_choice(&rest, &choice)) {
        const char *between = *text == '\0' ? "" : rest.len == 0 ? " or " : ", ";
        text = arena_format(arena, "%s%s%.*s", text, between, (int)choice.len,
                            (const char *)choice.data);
    }
    return text;
}

enum err option_read_choice(struct option_parse *parse, const struct option_word *word,
                            const char *choices, uint32_t *index)
{
    struct slice rest = slice_text(choices), choice;
    for (uint32_t at = 0; take_choice(&rest, &choice); at++) {
        if (!slice_eq(choice, word->value)) continue;
        *index = at;
        return ERR_OK;
    }
    return refuse(parse, word, choices_text(parse->arena, choices));
}

static bool is_name_byte(uint8_t byte, bool first)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
    return letter || (!first && byte >= '0' && byte <= '9');
}

enum err option_read_env(struct option_parse *parse, const struct option_word *word)
{
    struct slice text = word->value;
    const uint8_t *equals = text.len == 0 ? NULL : memchr(text.data, '=', text.len);
    size_t name_len = equals == NULL ? 0 : (size_t)(equals - text.data);
    bool named = name_len != 0;
    for (size_t i = 0; i < name_len; i++) named = named && is_name_byte(text.data[i], i == 0);
    if (!named) return refuse(parse, word, "NAME=VALUE, with a name of letters, digits and _");
    option_add_env(parse, slice_of(text.data, name_len), slice_from(text, name_len + 1));
    return ERR_OK;
}

void option_add_input(struct option_parse *parse, struct slice path)
{
    struct mapreduce_options *options = parse->options;
    options->inputs[options->inputs_count++] = path;
    parse->given[OPTION_INPUT] = true;
}

void option_add_env(struct option_parse *parse, struct slice name, struct slice value)
{
    struct job_spec *spec = &parse->options->spec;
    spec->env[spec->env_count++] = (struct env_pair){name, value};
}

void option_warn(struct option_parse *parse, const char *format, ...)
{
    char line[WARNING_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct slice before = parse->options->warnings;
    parse->options->warnings =
        slice_text(arena_format(parse->arena, "%.*stutti: warning: %s\n", (int)before.len,
                                before.len == 0 ? "" : (const char *)before.data, line));
}

enum err option_set_reducers(struct option_parse *parse, const struct option_word *word)
{
    uint64_t count = 0;
    enum err err = option_read_count(parse, word, 1, REDUCERS_MAX, &count);
    if (err != ERR_OK && slice_eq(word->value, SLICE("0"))) {
        return fault_set(parse->fault, ERR_USAGE,
                         "%s is 0: for a job without reduce, say --reduce none", word->name);
    }
    parse->options->spec.reducers = (uint32_t)count;
    parse->given[OPTION_REDUCERS] = true;
    return err;
}

enum err option_set_attempts(struct option_parse *parse, const struct option_word *word)
{
    uint64_t count = 0;
    enum err err = option_read_count(parse, word, 1, ATTEMPTS_MAX, &count);
    parse->options->spec.attempts_max = (uint32_t)count;
    return err;
}

enum err option_set_split(struct option_parse *parse, const struct option_word *word)
{
    return option_read_size(parse, word, SPLIT_BYTES_MIN, UINT64_MAX,
                            &parse->options->spec.split_bytes);
}
