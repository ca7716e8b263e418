/*
 * hadoop_options.c -- Hadoop Streaming's own option names. See options_impl.h.
 *
 * What can be honoured is; what would change the result and cannot is an error; what only tunes a
 * cluster is a warning.
 */
#include "base/buffer.h"
#include "cli/options_impl.h"
#include "io/file.h"

static const char *text_of(struct option_parse *parse, struct slice text)
{
    return arena_text(parse->arena, text);
}

/* Take what comes before the next `by`, or all. False: nothing is left. Commas within {} of a glob
 * part nothing. */
static bool take_until(struct slice *rest, uint8_t by, struct slice *part)
{
    if (rest->len == 0) return false;
    size_t at = 0;
    for (int depth = 0; at < rest->len; at++) {
        if (rest->data[at] == '{') depth++;
        if (rest->data[at] == '}') depth--;
        if (rest->data[at] == by && depth <= 0) break;
    }
    *part = slice_of(rest->data, at);
    *rest = slice_from(*rest, at == rest->len ? at : at + 1);
    return true;
}

/* "file:///a/b" as "/a/b". Another scheme is not ours to read. */
static enum err local_path(struct option_parse *parse, const char *name, struct slice *path)
{
    if (slice_starts_with(*path, SLICE("file://"))) *path = slice_from(*path, 7);
    if (path->len != 0 && memmem(path->data, path->len, "://", 3) == NULL) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE,
                     "%s is '%.*s': it must be a path on this machine; fetch the data first, for "
                     "example with hdfs dfs -get",
                     name, (int)path->len, (const char *)path->data);
}

static enum err add_inputs(struct option_parse *parse, const struct option_word *word)
{
    struct slice rest = word->value, path;
    while (take_until(&rest, ',', &path)) {
        enum err err = local_path(parse, word->name, &path);
        if (err != ERR_OK) return err;
        option_add_input(parse, path);
    }
    return ERR_OK;
}

static enum err set_output(struct option_parse *parse, const struct option_word *word)
{
    struct slice path = word->value;
    enum err err = local_path(parse, word->name, &path);
    if (err == ERR_OK) parse->options->output = text_of(parse, path);
    return err;
}

/* "path" or "path#name". */
static enum err add_file(struct option_parse *parse, const char *option, struct slice path)
{
    struct slice name = {0};
    const uint8_t *hash = memchr(path.data, '#', path.len);
    if (hash != NULL) {
        size_t path_len = (size_t)(hash - path.data);
        name = slice_from(path, path_len + 1);
        path.len = path_len;
    }
    enum err err = local_path(parse, option, &path);
    if (err != ERR_OK) return err;
    if (!path_exists(text_of(parse, path))) {
        return fault_set(parse->fault, ERR_USAGE,
                         "%s %.*s: there is no such file; paths count from the current folder",
                         option, (int)path.len, (const char *)path.data);
    }
    if (name.len == 0) {
        const uint8_t *slash = memrchr(path.data, '/', path.len);
        name = slash == NULL ? path : slice_from(path, (size_t)(slash + 1 - path.data));
    }
    parse->files[parse->files_count++] = (struct shipped_file){.path = path, .name = name};
    return ERR_OK;
}

static enum err add_files(struct option_parse *parse, const struct option_word *word)
{
    struct slice rest = word->value, path;
    while (take_until(&rest, ',', &path)) {
        if (path.len == 0) continue;
        enum err err = add_file(parse, word->name, path);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

static enum err set_reduce_tasks(struct option_parse *parse, const struct option_word *word)
{
    if (!slice_eq(word->value, SLICE("0"))) return option_set_reducers(parse, word);
    parse->no_reduce = true;
    return ERR_OK;
}

/* One of a few class names, with or without their package. */
static enum err check_class(struct option_parse *parse, const struct option_word *word,
                            const char *const *known, size_t known_count, const char *hint)
{
    for (size_t i = 0; i < known_count; i++) {
        struct slice name = slice_text(known[i]);
        if (!slice_ends_with(word->value, name)) continue;
        size_t before = word->value.len - name.len;
        if (before == 0 || word->value.data[before - 1] == '.') return ERR_OK;
    }
    return fault_set(parse->fault, ERR_USAGE, "%s %.*s is not supported: %s", word->name,
                     (int)word->value.len, (const char *)word->value.data, hint);
}

static enum err check_input_format(struct option_parse *parse, const struct option_word *word)
{
    static const char *const known[] = {"TextInputFormat", "KeyValueTextInputFormat"};
    return check_class(parse, word, known, COUNT_OF(known),
                       "inputs are read as lines (TextInputFormat), or as --format says");
}

static enum err check_output_format(struct option_parse *parse, const struct option_word *word)
{
    static const char *const known[] = {"TextOutputFormat"};
    return check_class(parse, word, known, COUNT_OF(known),
                       "the output is lines (TextOutputFormat)");
}

static enum err check_partitioner(struct option_parse *parse, const struct option_word *word)
{
    static const char *const known[] = {"HashPartitioner"};
    return check_class(parse, word, known, COUNT_OF(known),
                       "keys are dealt by the hash of the whole key, or by --total-order");
}

static enum err set_compress(struct option_parse *parse, const struct option_word *word)
{
    uint32_t index;
    enum err err = option_read_choice(parse, word, "false true", &index);
    if (err == ERR_OK) parse->compress_asked = index == 1;
    return err;
}

static enum err set_codec(struct option_parse *parse, const struct option_word *word)
{
    static const char *const known[] = {"GzipCodec", "ZStandardCodec"};
    parse->codec =
        slice_ends_with(word->value, SLICE("ZStandardCodec")) ? COMPRESSION_ZST : COMPRESSION_GZ;
    return check_class(parse, word, known, COUNT_OF(known), "use GzipCodec or ZStandardCodec");
}

static enum err check_only(struct option_parse *parse, const struct option_word *word,
                           struct slice only, const char *hint)
{
    if (slice_eq(word->value, only)) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE, "%s=%.*s is not supported: %s", word->name,
                     (int)word->value.len, (const char *)word->value.data, hint);
}

static enum err set_property(struct option_parse *parse, const struct property_row *row,
                             const struct option_word *word)
{
    switch (row->meaning) {
    case PROPERTY_REDUCES: return set_reduce_tasks(parse, word);
    case PROPERTY_ATTEMPTS: return option_set_attempts(parse, word);
    case PROPERTY_NAME: return ERR_OK;
    case PROPERTY_SPLIT: return option_set_split(parse, word);
    case PROPERTY_COMPRESS: return set_compress(parse, word);
    case PROPERTY_CODEC: return set_codec(parse, word);
    case PROPERTY_SEPARATOR:
        if (slice_eq(word->value, SLICE("\\t"))) return ERR_OK;
        return check_only(parse, word, SLICE("\t"),
                          "key and value part at the first TAB; let the command print one there");
    case PROPERTY_KEY_FIELDS:
        return check_only(parse, word, SLICE("1"),
                          "the key ends at the first TAB; let the command join its fields with "
                          "another character");
    case PROPERTY_REFUSED:
        return fault_set(parse->fault, ERR_USAGE,
                         "%s is not supported, and the result would differ: keys sort by their "
                         "bytes and are dealt whole",
                         word->name);
    }
    UNREACHABLE("a meaning of a property");
}

/* Names that tune a cluster: somebody may expect an effect. Others are only variables. */
static bool tunes_hadoop(struct slice name)
{
    static const char *const prefixes[] = {"mapreduce.", "mapred.", "stream.", "yarn.",
                                           "dfs.",       "fs.",     "io.",     "hadoop."};
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        if (slice_starts_with(name, slice_text(prefixes[i]))) return true;
    }
    return false;
}

/* Commands see a property as Streaming shows it: "my.limit" as my_limit. */
static void export_property(struct option_parse *parse, struct slice name, struct slice value)
{
    char *variable = arena_text(parse->arena, name);
    for (char *at = variable; *at != '\0'; at++) {
        bool plain =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        if (!plain) *at = '_';
    }
    option_add_env(parse, slice_of(variable, name.len), value);
}

static enum err define(struct option_parse *parse, const struct option_word *word)
{
    struct slice text = word->value;
    const uint8_t *equals = text.len == 0 ? NULL : memchr(text.data, '=', text.len);
    if (equals == NULL || equals == text.data) {
        return fault_set(parse->fault, ERR_USAGE, "%s is '%.*s': it must be NAME=VALUE", word->name,
                         (int)text.len, (const char *)text.data);
    }
    struct slice name = slice_of(text.data, (size_t)(equals - text.data));
    struct slice value = slice_from(text, name.len + 1);
    export_property(parse, name, value);
    for (size_t i = 0; i < property_rows_count; i++) {
        if (!slice_eq(name, slice_text(property_rows[i].name))) continue;
        struct option_word property = {arena_format(parse->arena, "-D %s", property_rows[i].name),
                                       value};
        return set_property(parse, &property_rows[i], &property);
    }
    if (tunes_hadoop(name)) {
        option_warn(parse, "-D %.*s has no effect here", (int)name.len, (const char *)name.data);
    }
    return ERR_OK;
}

static enum err apply(struct option_parse *parse, enum hadoop_id id, const struct option_word *word)
{
    switch (id) {
    case HADOOP_INPUT: return add_inputs(parse, word);
    case HADOOP_OUTPUT: return set_output(parse, word);
    case HADOOP_MAPPER: parse->mapper = word->value; return ERR_OK;
    case HADOOP_REDUCER: parse->reducer = word->value; return ERR_OK;
    case HADOOP_COMBINER: parse->combiner = word->value; return ERR_OK;
    case HADOOP_REDUCE_TASKS: return set_reduce_tasks(parse, word);
    case HADOOP_FILE:
    case HADOOP_FILES: return add_files(parse, word);
    case HADOOP_CMDENV: return option_read_env(parse, word);
    case HADOOP_DEFINE:
    case HADOOP_JOBCONF: return define(parse, word);
    case HADOOP_INPUT_FORMAT: return check_input_format(parse, word);
    case HADOOP_OUTPUT_FORMAT: return check_output_format(parse, word);
    case HADOOP_PARTITIONER: return check_partitioner(parse, word);
    case HADOOP_IO: return check_only(parse, word, SLICE("text"), "commands speak text");
    case HADOOP_VERBOSE:
    case HADOOP_DEBUG:
    case HADOOP_BACKGROUND:
    case HADOOP_LAZY_OUTPUT: return ERR_OK;
    case HADOOP_COUNT: break;
    }
    ASSERT(id < HADOOP_COUNT);
    return ERR_OK;
}

enum err hadoop_option(struct option_parse *parse, struct slice word)
{
    enum hadoop_id id;
    struct option_word value = {0};
    if (!hadoop_find(word, &id)) { /* "-Dname=value" in one word */
        ASSERT(word.data[0] == 'D');
        value = (struct option_word){"-D", slice_from(word, 1)};
        return define(parse, &value);
    }
    value.name = arena_format(parse->arena, "-%s", hadoop_rows[id].text);
    bool takes_value = hadoop_rows[id].word[0] != '\0';
    if (takes_value && parse->at == parse->argc) {
        return fault_set(parse->fault, ERR_USAGE, "%s needs a value: %s %s", value.name, value.name,
                         hadoop_rows[id].word);
    }
    if (takes_value) value.value = slice_text(parse->argv[parse->at++]);
    if (takes_value && value.value.len == 0) {
        return fault_set(parse->fault, ERR_USAGE, "%s is empty", value.name);
    }
    if (id == HADOOP_INPUT || id == HADOOP_OUTPUT) parse->hadoop = true;
    return apply(parse, id, &value);
}

void hadoop_skip_jar(struct option_parse *parse)
{
    int at = parse->at;
    static const char *const programs[] = {"hadoop", "yarn", "mapred"};
    for (size_t i = 0; i < COUNT_OF(programs) && at == parse->at && at < parse->argc; i++) {
        struct slice word = slice_text(parse->argv[at]), name = slice_text(programs[i]);
        if (!slice_ends_with(word, name)) continue;
        if (word.len == name.len || word.data[word.len - name.len - 1] == '/') at++;
    }
    if (at > parse->at && at < parse->argc && strcmp(parse->argv[at], "streaming") == 0) {
        parse->at = at + 1;
        return;
    }
    if (at + 1 >= parse->argc || strcmp(parse->argv[at], "jar") != 0) return;
    if (slice_ends_with(slice_text(parse->argv[at + 1]), SLICE(".jar"))) parse->at = at + 2;
}

/* "org.apache.hadoop.mapred.lib.IdentityMapper" and not a command: two dots, a capital after the
 * last, and no file of that name. */
static bool is_java_class(struct option_parse *parse, struct slice text)
{
    size_t dots = 0;
    bool capital = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '.') dots++;
        if (byte == '/' || byte == ' ') return false;
        if (i > 0 && text.data[i - 1] == '.') capital = byte >= 'A' && byte <= 'Z';
    }
    return dots >= 2 && capital && !path_exists(text_of(parse, text));
}

/* A path as one word of a shell command. */
static void append_path(struct buffer *out, struct slice path, bool first)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_./-+=:,@%";
    bool quote = false;
    for (size_t i = 0; i < path.len; i++) quote = quote || strchr(plain, path.data[i]) == NULL;
    if (quote) buffer_append_byte(out, '\'');
    if (first && memchr(path.data, '/', path.len) == NULL) buffer_append(out, SLICE("./"));
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] == '\'') buffer_append(out, SLICE("'\\'"));
        buffer_append_byte(out, path.data[i]);
    }
    if (quote) buffer_append_byte(out, '\'');
}

static struct shipped_file *file_find(struct option_parse *parse, struct slice word)
{
    struct slice name = slice_starts_with(word, SLICE("./")) ? slice_from(word, 2) : word;
    for (uint32_t i = 0; i < parse->files_count; i++) {
        if (slice_eq(parse->files[i].name, name)) return &parse->files[i];
    }
    return NULL;
}

static enum err check_executable(struct option_parse *parse, struct slice path)
{
    if (path_is_executable(text_of(parse, path))) return ERR_OK;
    return fault_set(parse->fault, ERR_USAGE, "%.*s cannot be executed; make it so: chmod +x %.*s",
                     (int)path.len, (const char *)path.data, (int)path.len,
                     (const char *)path.data);
}

/* A command's words that name a shipped file become that file's path, since nothing is copied.
 * The first word of all, where it is such a file, must be executable. */
static enum err resolve_command(struct option_parse *parse, struct slice command,
                                struct slice *text)
{
    struct buffer out = {0};
    buffer_append(&out, SLICE("cmd:"));
    enum err err = ERR_OK;
    struct slice rest = command, word;
    for (bool first = true; take_until(&rest, ' ', &word); first = false) {
        struct shipped_file *file = file_find(parse, word);
        if (!first) buffer_append_byte(&out, ' ');
        if (file == NULL) {
            buffer_append(&out, word);
            continue;
        }
        file->used = true;
        append_path(&out, file->path, first);
        if (first) err = check_executable(parse, file->path);
    }
    *text = arena_copy(parse->arena, buffer_slice(&out));
    buffer_free(&out);
    return err;
}

/* A script of this folder, named without ./: the shell looks for it elsewhere. */
static void warn_bare_script(struct option_parse *parse, const char *name, struct slice command)
{
    struct slice rest = command, word;
    if (!take_until(&rest, ' ', &word) || memchr(word.data, '/', word.len) != NULL) return;
    bool script = memchr(word.data, '.', word.len) != NULL && path_exists(text_of(parse, word));
    if (!script || file_find(parse, word) != NULL) return;
    option_warn(parse, "%s %.*s is looked for in PATH; for the file of this folder, say ./%.*s",
                name, (int)word.len, (const char *)word.data, (int)word.len,
                (const char *)word.data);
}

/* -mapper, -reducer or -combiner as an operator. An identity class is `cat`. */
static enum err resolve_operator(struct option_parse *parse, const char *name, struct slice value,
                                 struct slice *text)
{
    if (!is_java_class(parse, value)) {
        warn_bare_script(parse, name, value);
        return resolve_command(parse, value, text);
    }
    if (slice_ends_with(value, SLICE(".IdentityMapper")) ||
        slice_ends_with(value, SLICE(".IdentityReducer"))) {
        *text = SLICE("cmd:cat");
        return ERR_OK;
    }
    return fault_set(parse->fault, ERR_USAGE,
                     "%s %.*s is a Java class, and there is no Java here: use a command, or one of "
                     "the operators of --map and --reduce",
                     name, (int)value.len, (const char *)value.data);
}

static enum err resolve_reducer(struct option_parse *parse)
{
    struct job_spec *spec = &parse->options->spec;
    if (slice_eq(parse->reducer, SLICE("NONE"))) {
        spec->reduce = SLICE("none");
        return ERR_OK;
    }
    if (slice_eq(parse->reducer, SLICE("aggregate"))) {
        return fault_set(parse->fault, ERR_USAGE,
                         "-reducer aggregate is not supported: let the mapper print KEY TAB NUMBER "
                         "without LongValueSum:, and say --reduce sum");
    }
    return resolve_operator(parse, "-reducer", parse->reducer, &spec->reduce);
}

static enum err resolve_combiner(struct option_parse *parse)
{
    struct job_spec *spec = &parse->options->spec;
    if (slice_eq(spec->reduce, SLICE("none"))) {
        option_warn(parse, "-combiner has no effect in a job without reduce");
        return ERR_OK;
    }
    return resolve_operator(parse, "-combiner", parse->combiner, &spec->combine);
}

/* A file that no command names, and that lies elsewhere: a script that opens it by its bare name
 * will not find it. */
static void warn_unused_files(struct option_parse *parse)
{
    for (uint32_t i = 0; i < parse->files_count; i++) {
        const struct shipped_file *file = &parse->files[i];
        if (file->used || slice_eq(file->path, file->name)) continue;
        option_warn(parse,
                    "%.*s is not copied: commands run in the current folder and find it by this "
                    "path",
                    (int)file->path.len, (const char *)file->path.data);
    }
}

/* Streaming's own defaults: identity, where neither its name nor ours was given; and no reducer,
 * whatever was named, where there are no reduce tasks. */
static void fill_defaults(struct option_parse *parse)
{
    struct job_spec *spec = &parse->options->spec;
    if (parse->no_reduce) parse->reducer = SLICE("NONE");
    if (!parse->hadoop) return;
    if (parse->mapper.len == 0 && spec->map.len == 0) parse->mapper = SLICE("cat");
    if (parse->reducer.len == 0 && spec->reduce.len == 0) parse->reducer = SLICE("cat");
}

enum err hadoop_options_finish(struct option_parse *parse)
{
    struct job_spec *spec = &parse->options->spec;
    fill_defaults(parse);
    enum err err = ERR_OK;
    if (parse->mapper.len != 0) {
        err = resolve_operator(parse, "-mapper", parse->mapper, &spec->map);
    }
    if (err == ERR_OK && parse->reducer.len != 0) err = resolve_reducer(parse);
    if (err == ERR_OK && parse->combiner.len != 0) err = resolve_combiner(parse);
    if (err != ERR_OK) return err;
    if (parse->compress_asked) {
        spec->compress = parse->codec == COMPRESSION_NONE ? COMPRESSION_GZ : parse->codec;
    }
    warn_unused_files(parse);
    return ERR_OK;
}
