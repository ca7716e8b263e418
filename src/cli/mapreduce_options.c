/* mapreduce_options.c -- the words, one after the other, then what follows from all of them. See
 * mapreduce_options.h. */
#include <stdlib.h>

#include "base/size.h"
#include "cli/options_impl.h"
#include "io/file.h"
#include "io/memory.h"
#include "work/map/map.h"
#include "work/reduce/reduce.h"

#define SHORTEST_EXAMPLE                                                                           \
    "the shortest command that works:\n\n"                                                         \
    "    tutti mapreduce --map words --reduce count --input FILE --output counts"

/* "lines csv …", in the order of enum record_format; a space goes before each. */
static const char format_choices[] = ""
#define FORMAT(name, text, argument) " " text argument
#include "core/mapreduce/format.def"
#undef FORMAT
    ;

static enum err set_format(struct option_parse *parse, const struct option_word *word)
{
    struct job_spec *spec = &parse->options->spec;
    if (!slice_starts_with(word->value, SLICE("fixed:"))) {
        uint32_t index;
        enum err err = option_read_choice(parse, word, format_choices + 1, &index);
        if (err == ERR_OK) spec->format = (enum record_format)index;
        return err;
    }
    struct option_word bytes = {"N of --format fixed:N", slice_from(word->value, 6)};
    uint64_t count = 0;
    enum err err = option_read_count(parse, &bytes, 1, UINT32_MAX, &count);
    spec->format = FORMAT_FIXED;
    spec->fixed_bytes = (uint32_t)count;
    return err;
}

static enum err set_combine(struct option_parse *parse, const struct option_word *word)
{
    struct slice value = word->value;
    if (!slice_starts_with(value, SLICE("cmd:")) || value.len == strlen("cmd:")) {
        return fault_set(parse->fault, ERR_USAGE,
                         "--combine is '%.*s': it must be cmd:COMMAND (the operators that are "
                         "built in combine by themselves)",
                         (int)value.len, (const char *)value.data);
    }
    parse->options->spec.combine = value;
    return ERR_OK;
}

static enum err set_path(struct option_parse *parse, const struct option_word *word,
                         const char **path)
{
    if (word->value.len == 0) {
        return fault_set(parse->fault, ERR_USAGE, "%s is empty: name a folder", word->name);
    }
    *path = arena_text(parse->arena, word->value);
    return ERR_OK;
}

static enum err set_input(struct option_parse *parse, const struct option_word *word)
{
    if (word->value.len == 0) {
        return fault_set(parse->fault, ERR_USAGE, "--input is empty: name a file or folder");
    }
    option_add_input(parse, word->value);
    return ERR_OK;
}

/* An option whose value is a number or a size. */
static enum err set_limit(struct option_parse *parse, enum option_id id,
                          const struct option_word *word)
{
    struct job_spec *spec = &parse->options->spec;
    if (id == OPTION_MEMORY) {
        return option_read_size(parse, word, MEMORY_BYTES_MIN, UINT64_MAX,
                                &parse->options->memory_bytes);
    }
    if (id == OPTION_MAX_RECORD) {
        return option_read_size(parse, word, 1, RECORD_BYTES_MAX, &spec->record_bytes_max);
    }
    if (id == OPTION_SKIP_BAD) {
        return option_read_count(parse, word, 0, UINT64_MAX, &spec->bad_records_max);
    }
    ASSERT(id == OPTION_WORKERS);
    uint64_t count = 0;
    enum err err = option_read_count(parse, word, 1, WORKERS_MAX, &count);
    parse->options->workers = (uint32_t)count;
    return err;
}

/* An option whose value is one of a few words. */
static enum err set_choice(struct option_parse *parse, enum option_id id,
                           const struct option_word *word)
{
    struct job_spec *spec = &parse->options->spec;
    uint32_t index;
    enum err err = option_read_choice(parse, word, option_rows[id].choices, &index);
    if (err != ERR_OK) return err;
    if (id == OPTION_HEADER) spec->header = (enum header_mode)index;
    if (id == OPTION_ORDER) spec->order = (enum job_order)index;
    if (id == OPTION_PACK) parse->pack = (enum pack_mode)index;
    if (id == OPTION_COMPRESS) spec->compress = (enum compression)index;
    return ERR_OK;
}

static enum err set_option(struct option_parse *parse, enum option_id id,
                           const struct option_word *word)
{
    struct mapreduce_options *options = parse->options;
    parse->given[id] = true;
    switch (id) {
    case OPTION_INPUT: return set_input(parse, word);
    case OPTION_FORMAT: return set_format(parse, word);
    case OPTION_HEADER:
    case OPTION_PACK:
    case OPTION_ORDER:
    case OPTION_COMPRESS: return set_choice(parse, id, word);
    case OPTION_SPLIT_SIZE: return option_set_split(parse, word);
    case OPTION_MAX_RECORD:
    case OPTION_WORKERS:
    case OPTION_MEMORY:
    case OPTION_SKIP_BAD: return set_limit(parse, id, word);
    case OPTION_MAP: options->spec.map = word->value; return ERR_OK;
    case OPTION_REDUCE: options->spec.reduce = word->value; return ERR_OK;
    case OPTION_COMBINE: return set_combine(parse, word);
    case OPTION_ENV: return option_read_env(parse, word);
    case OPTION_OUTPUT: return set_path(parse, word, &options->output);
    case OPTION_REDUCERS: return option_set_reducers(parse, word);
    case OPTION_TOTAL_ORDER: options->spec.total_order = true; return ERR_OK;
    case OPTION_FORCE: options->force = true; return ERR_OK;
    case OPTION_NO_FSYNC: options->spec.fsync = false; return ERR_OK;
    case OPTION_TMP: return set_path(parse, word, &options->tmp);
    case OPTION_ATTEMPTS: return option_set_attempts(parse, word);
    case OPTION_JSON: options->json = true; return ERR_OK;
    case OPTION_QUIET: options->quiet = true; return ERR_OK;
    case OPTION_HELP: options->help = true; return ERR_OK;
    case OPTIONS_COUNT: break;
    }
    ASSERT(id < OPTIONS_COUNT);
    return ERR_OK;
}

static enum err refuse_unknown(struct option_parse *parse, const char *typed, struct slice name)
{
    struct slice nearest = option_nearest(parse->arena, name);
    if (nearest.len == 0) {
        return fault_set(parse->fault, ERR_USAGE, "there is no option %s", typed);
    }
    return fault_set(parse->fault, ERR_USAGE, "there is no option %.*s; did you mean %.*s?",
                     (int)name.len, (const char *)name.data, (int)nearest.len,
                     (const char *)nearest.data);
}

/* Is the next word an option, and not the value of this one? */
static bool next_is_option(const struct option_parse *parse)
{
    struct slice next = slice_text(parse->argv[parse->at]);
    if (!slice_starts_with(next, SLICE("--"))) return false;
    const uint8_t *equals = memchr(next.data, '=', next.len);
    size_t len = equals == NULL ? next.len : (size_t)(equals - next.data);
    enum option_id id;
    return option_find(slice_of(next.data + 2, len - 2), &id);
}

/* "--name", "--name value" or "--name=value". */
static enum err parse_own(struct option_parse *parse, const char *typed)
{
    const char *equals = strchr(typed, '=');
    size_t len = equals == NULL ? strlen(typed) : (size_t)(equals - typed);
    enum option_id id;
    if (!option_find(slice_of(typed + 2, len - 2), &id)) {
        return refuse_unknown(parse, typed, slice_of(typed, len));
    }
    const struct option_row *row = &option_rows[id];
    struct option_word word = {arena_format(parse->arena, "--%s", row->text), {0}};
    bool takes_value = row->word[0] != '\0';
    if (equals != NULL && !takes_value) {
        return fault_set(parse->fault, ERR_USAGE, "%s takes no value", word.name);
    }
    if (equals != NULL) {
        word.value = slice_text(equals + 1);
    } else if (takes_value) {
        if (parse->at == parse->argc || next_is_option(parse)) {
            return fault_set(parse->fault, ERR_USAGE, "%s needs a value: %s %s", word.name,
                             word.name, row->word);
        }
        word.value = slice_text(parse->argv[parse->at++]);
    }
    return set_option(parse, id, &word);
}

static enum err parse_alias(struct option_parse *parse, const char *typed)
{
    struct slice word = slice_text(typed + 1);
    enum hadoop_id id;
    if (slice_eq(word, SLICE("h")) || slice_eq(word, SLICE("help"))) {
        parse->options->help = true;
        return ERR_OK;
    }
    if (word.data[0] == 'D' || hadoop_find(word, &id)) return hadoop_option(parse, word);
    return refuse_unknown(parse, typed, slice_text(typed));
}

static enum err refuse_lone(struct option_parse *parse, const char *word)
{
    return fault_set(parse->fault, ERR_USAGE,
                     "'%s' stands alone, but every value follows an option; did you mean "
                     "--input '%s'?",
                     word, word);
}

static enum err parse_words(struct option_parse *parse)
{
    if (parse->argc == 1 && strcmp(parse->argv[0], "help") == 0) parse->options->help = true;
    hadoop_skip_jar(parse);
    bool options_end = false;
    while (parse->at < parse->argc && !parse->options->help) {
        const char *word = parse->argv[parse->at++];
        enum err err = ERR_OK;
        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
        } else if (!options_end && word[0] == '-' && word[1] == '-') {
            err = parse_own(parse, word);
        } else if (!options_end && word[0] == '-' && word[1] != '\0') {
            err = parse_alias(parse, word);
        } else {
            err = refuse_lone(parse, word);
        }
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

static enum err check_complete(struct option_parse *parse)
{
    const struct mapreduce_options *options = parse->options;
    const struct {
        bool missing;
        const char *name;
    } needed[] = {
        {options->spec.map.len == 0, "--map"},
        {options->spec.reduce.len == 0, "--reduce"},
        {options->inputs_count == 0, "--input"},
        {options->output == NULL, "--output"},
    };
    const char *missing = "";
    uint32_t count = 0;
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (!needed[i].missing) continue;
        missing =
            arena_format(parse->arena, "%s%s%s", missing, count == 0 ? "" : ", ", needed[i].name);
        count++;
    }
    if (count == 0) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE, "%s %s missing; " SHORTEST_EXAMPLE, missing,
                     count == 1 ? "is" : "are");
}

static bool is_command(struct slice operator)
{
    return slice_starts_with(operator, SLICE("cmd:"));
}

/* Options that contradict each other. */
static enum err check_sense(struct option_parse *parse)
{
    const struct job_spec *spec = &parse->options->spec;
    bool map_only = slice_eq(spec->reduce, SLICE("none"));
    bool child_reduce = is_command(spec->reduce) || slice_starts_with(spec->reduce, SLICE("so:"));
    if (spec->combine.len != 0 && !child_reduce) {
        return fault_set(parse->fault, ERR_USAGE,
                         "--combine goes with --reduce cmd: or so:; '%.*s' needs none",
                         (int)spec->reduce.len, (const char *)spec->reduce.data);
    }
    if (map_only && (spec->order != ORDER_KEY || spec->total_order)) {
        return fault_set(parse->fault, ERR_USAGE,
                         "--reduce none does not sort, so %s has no effect; to sort and keep "
                         "all, say --reduce sort",
                         spec->total_order ? "--total-order" : "--order");
    }
    if (map_only && parse->given[OPTION_REDUCERS] && !parse->hadoop) {
        option_warn(parse, "--reducers has no effect with --reduce none: each map task writes a "
                           "part file of its own");
    }
    if (spec->total_order && spec->order != ORDER_KEY) {
        return fault_set(parse->fault, ERR_USAGE,
                         "--total-order shares keys out by range, so it goes with --order key; "
                         "for one file sorted by value, say --reducers 1");
    }
    if (spec->format == FORMAT_FIXED && spec->fixed_bytes > spec->record_bytes_max) {
        return fault_set(parse->fault, ERR_USAGE,
                         "--format fixed:%u is more than --max-record allows (%llu bytes)",
                         spec->fixed_bytes, (unsigned long long)spec->record_bytes_max);
    }
    return ERR_OK;
}

static void set_defaults(struct option_parse *parse)
{
    struct mapreduce_options *options = parse->options;
    options->spec = (struct job_spec){
        .fsync = true,
        .attempts_max = ATTEMPTS_DEFAULT,
        .record_bytes_max = RECORD_BYTES_DEFAULT,
        .split_bytes = SPLIT_BYTES_DEFAULT,
    };
    /* A word brings at most one variable; inputs may be several in one word, parted by commas. */
    size_t inputs_max = (size_t)parse->argc + 1;
    for (int i = 0; i < parse->argc; i++) {
        for (const char *at = parse->argv[i]; (at = strchr(at, ',')) != NULL; at++) inputs_max++;
    }
    options->inputs = ARENA_ARRAY(parse->arena, struct slice, inputs_max);
    options->spec.env = ARENA_ARRAY(parse->arena, struct env_pair, (size_t)parse->argc + 1);
    parse->files = ARENA_ARRAY(parse->arena, struct shipped_file, inputs_max);
}

/* A plug-in that is not there is better told now than by a task. */
static enum err check_plugin(struct option_parse *parse, const char *name, struct slice operator)
{
    if (!slice_starts_with(operator, SLICE("so:"))) return ERR_OK;
    const char *path = arena_text(parse->arena, slice_from(operator, strlen("so:")));
    if (path_exists(path)) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE,
                     "%s so:%s: there is no such file; build it with: gcc -shared -fPIC -o %s "
                     "FILE.c",
                     name, path, path);
}

static enum err check_values(struct option_parse *parse, const struct map_operator *map,
                             const struct reduce_operator *reduce)
{
    const struct job_spec *spec = &parse->options->spec;
    if (map == NULL || map_gives_values(map) || !reduce_wants_numbers(reduce)) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE,
                     "--map %.*s gives keys without values, but --reduce %.*s needs numbers; to "
                     "count the keys, say --reduce count; for values, say for example "
                     "--map field:1,2",
                     (int)spec->map.len, (const char *)spec->map.data, (int)spec->reduce.len,
                     (const char *)spec->reduce.data);
}

/* Are the operators ones that we know, well formed, and of use to each other? */
static enum err check_operators(struct option_parse *parse)
{
    const struct job_spec *spec = &parse->options->spec;
    struct map_operator *map;
    struct reduce_operator reduce;
    enum err err = map_new(parse->arena, spec, &map, parse->fault);
    if (err == ERR_OK) err = reduce_new(parse->arena, spec, &reduce, parse->fault);
    if (err == ERR_OK) err = check_values(parse, map, &reduce);
    map_free(map);
    if (err == ERR_OK) err = check_plugin(parse, "--map", spec->map);
    if (err == ERR_OK) err = check_plugin(parse, "--reduce", spec->reduce);
    return err;
}

/* What was not said follows from what was, and from the machine. */
static void resolve(struct option_parse *parse)
{
    struct mapreduce_options *options = parse->options;
    struct job_spec *spec = &options->spec;
    if (options->workers == 0) {
        options->workers = (uint32_t)u64_min(memory_machine_cores(), WORKERS_MAX);
    }
    if (options->memory_bytes == 0) {
        uint64_t share = memory_machine_bytes() / MEMORY_SHARE_DEFAULT;
        options->memory_bytes = u64_max(share, MEMORY_BYTES_MIN);
    }
    if (options->tmp == NULL) {
        const char *folder = getenv("TMPDIR");
        options->tmp = folder == NULL || *folder == '\0'
                           ? "/tmp"
                           : arena_text(parse->arena, slice_text(folder));
    }
    if (!parse->given[OPTION_REDUCERS]) {
        spec->reducers = strcmp(options->output, "-") == 0 ? 1 : options->workers;
    }
    spec->format = map_implied_format(spec);
    spec->header = map_wants_header(spec) ? HEADER_YES : HEADER_NO;
    spec->pack = parse->pack == PACK_ALWAYS || (parse->pack == PACK_AUTO && !is_command(spec->map));
}

/* With next to nothing for each, workers would do little but spill. */
static enum err check_share(struct option_parse *parse)
{
    const struct mapreduce_options *options = parse->options;
    if (options->memory_bytes / options->workers >= WORKER_BYTES_MIN) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE,
                     "--memory is too little for %u workers: each needs %d KiB; give more, or say "
                     "--workers %llu",
                     options->workers, WORKER_BYTES_MIN / 1024,
                     (unsigned long long)(options->memory_bytes / WORKER_BYTES_MIN));
}

enum err mapreduce_options_parse(struct arena *arena, int argc, char **argv,
                                 struct mapreduce_options *options, struct fault *fault)
{
    struct option_parse parse = {
        .arena = arena, .options = options, .fault = fault, .argc = argc, .argv = argv};
    *options = (struct mapreduce_options){0};
    set_defaults(&parse);
    enum err err = parse_words(&parse);
    if (err != ERR_OK || options->help) return err;
    err = hadoop_options_finish(&parse);
    if (err == ERR_OK) err = check_complete(&parse);
    if (err == ERR_OK) err = check_sense(&parse);
    if (err != ERR_OK) return err;
    resolve(&parse);
    err = check_share(&parse);
    return err == ERR_OK ? check_operators(&parse) : err;
}
