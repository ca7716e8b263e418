/*
 * options_impl.h -- shared by mapreduce_options.c, option_value.c and hadoop_options.c: the state
 * of a parse, and how values are read.
 */
#pragma once

#include "cli/mapreduce_options.h"
#include "cli/option_rows.h"

enum pack_mode { PACK_AUTO, PACK_ALWAYS, PACK_NEVER };

/* A file that -file names: where it is, and what commands call it. */
struct shipped_file {
    struct slice path, name;
    bool used; /* some command names it */
};

struct option_parse {
    struct arena *arena;
    struct mapreduce_options *options;
    struct fault *fault;
    int argc, at; /* `at`: the next word */
    char **argv;
    bool given[OPTIONS_COUNT]; /* by whichever name */
    enum pack_mode pack;

    bool hadoop;    /* Hadoop's names were used */
    bool no_reduce; /* -numReduceTasks 0 */
    struct slice mapper, reducer, combiner;
    struct shipped_file *files;
    uint32_t files_count;
    bool compress_asked; /* -D …compress=true */
    enum compression codec;
};

/* An option and its value, `name` as the person typed it: "--workers". */
struct option_word {
    const char *name;
    struct slice value;
};

MUST_USE enum err option_read_count(struct option_parse *parse, const struct option_word *word,
                                    uint64_t min, uint64_t max, uint64_t *count);
MUST_USE enum err option_read_size(struct option_parse *parse, const struct option_word *word,
                                   uint64_t min, uint64_t max, uint64_t *bytes);
/* `choices`: words parted by spaces; `*index` is the place of the one that was given. */
MUST_USE enum err option_read_choice(struct option_parse *parse, const struct option_word *word,
                                     const char *choices, uint32_t *index);
MUST_USE enum err option_read_env(struct option_parse *parse, const struct option_word *word);

void option_add_input(struct option_parse *parse, struct slice path);
void option_add_env(struct option_parse *parse, struct slice name, struct slice value);
void option_warn(struct option_parse *parse, const char *format, ...) PRINTF(2, 3);
MUST_USE enum err option_set_reducers(struct option_parse *parse, const struct option_word *word);
MUST_USE enum err option_set_attempts(struct option_parse *parse, const struct option_word *word);
MUST_USE enum err option_set_split(struct option_parse *parse, const struct option_word *word);

/* An option of Hadoop's: `word` without its dash; takes its value from the words that follow. */
MUST_USE enum err hadoop_option(struct option_parse *parse, struct slice word);

/* "hadoop jar X.jar", also as yarn or mapred, and "mapred streaming" in front of the options are
 * passed over. */
void hadoop_skip_jar(struct option_parse *parse);

/* After the last word: turns what Hadoop's names left into the spec. */
MUST_USE enum err hadoop_options_finish(struct option_parse *parse);
