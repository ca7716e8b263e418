/*
 * options_test.c -- command lines of `tutti mapreduce`: what they make, and how wrong ones are
 * refused. A row's words are parted by spaces; "%" stands for a space inside a word.
 */
#include <stdlib.h>

#include "cli/mapreduce_options.h"
#include "cli/option_rows.h"
#include "test/rows.h"

enum { WORDS_MAX = 40 };

#define COMPLETE "--map words --reduce count --input in --output out "

/* The words of `line`, in the arena. */
static int words_of(struct arena *arena, const char *line, char **words)
{
    int count = 0;
    char *copy = arena_text(arena, slice_text(line)), *rest = copy, *word;
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word == '\0') continue;
        for (char *at = word; (at = strchr(at, '%')) != NULL;) *at = ' ';
        cr_assert(count < WORDS_MAX);
        words[count++] = word;
    }
    return count;
}

static enum err parse(struct arena *arena, const char *line, struct mapreduce_options *options,
                      struct fault *fault)
{
    char *words[WORDS_MAX];
    int count = words_of(arena, line, words);
    return mapreduce_options_parse(arena, count, words, options, fault);
}

/* The options that a test looks at, as one text. */
static const char *shown(struct arena *arena, const struct mapreduce_options *options)
{
    const struct job_spec *spec = &options->spec;
    const char *text = arena_format(arena, "map=%.*s reduce=%.*s combine=%.*s", (int)spec->map.len,
                                    (const char *)spec->map.data, (int)spec->reduce.len,
                                    (const char *)spec->reduce.data, (int)spec->combine.len,
                                    spec->combine.len == 0 ? "" : (const char *)spec->combine.data);
    for (uint32_t i = 0; i < options->inputs_count; i++) {
        text = arena_format(arena, "%s in=%.*s", text, (int)options->inputs[i].len,
                            (const char *)options->inputs[i].data);
    }
    for (uint32_t i = 0; i < spec->env_count; i++) {
        text = arena_format(arena, "%s %.*s=%.*s", text, (int)spec->env[i].name.len,
                            (const char *)spec->env[i].name.data, (int)spec->env[i].value.len,
                            (const char *)spec->env[i].value.data);
    }
    return arena_format(arena, "%s out=%s", text, options->output);
}

/* clang-format off */
static const struct good_row { const char *why, *line, *want; } good_rows[] = {
    {"the shortest", COMPLETE, "map=words reduce=count combine= in=in out=out"},
    {"values after an equals sign", "--map=words --reduce=list --input=a=b --output=o",
     "map=words reduce=list combine= in=a=b out=o"},
    {"inputs in their order", COMPLETE "--input b --input=-",
     "map=words reduce=count combine= in=in in=b in=- out=out"},
    {"the last of two counts", COMPLETE "--map line --output -",
     "map=line reduce=count combine= in=in out=-"},
    {"two dashes end the options", COMPLETE "--",
     "map=words reduce=count combine= in=in out=out"},
    {"a value may begin with a dash", COMPLETE "--map regex:-x --env A=-1 --env B=",
     "map=regex:-x reduce=count combine= in=in A=-1 B= out=out"},
    {"a combiner of a command", COMPLETE "--reduce cmd:sum --combine cmd:sum",
     "map=words reduce=cmd:sum combine=cmd:sum in=in out=out"},
    {"Hadoop's names", "-input a -output o -mapper m%x -reducer r -combiner c",
     "map=cmd:m x reduce=cmd:r combine=cmd:c in=a out=o"},
    {"a whole Hadoop line", "hadoop jar /x/streaming.jar -D mapreduce.job.name=n -input a,b,{c,d} "
     "-input file:///e -output file:///o -mapper m -reducer r -cmdenv K=V",
     "map=cmd:m reduce=cmd:r combine= in=a in=b in={c,d} in=/e mapreduce_job_name=n K=V out=/o"},
    {"as yarn has it",
     "/opt/hadoop/bin/yarn jar streaming.jar -input a -output o -mapper m -reducer r",
     "map=cmd:m reduce=cmd:r combine= in=a out=o"},
    {"as mapred has it", "mapred streaming -input a -output o -mapper m -reducer r",
     "map=cmd:m reduce=cmd:r combine= in=a out=o"},
    {"two fields can be summed", COMPLETE "--map field:1,2 --reduce sum",
     "map=field:1,2 reduce=sum combine= in=in out=out"},
    {"two paths too", COMPLETE "--map json:a,b --reduce max",
     "map=json:a,b reduce=max combine= in=in out=out"},
    {"and two groups", COMPLETE "--map regex:(a)(b) --reduce mean",
     "map=regex:(a)(b) reduce=mean combine= in=in out=out"},
    {"and what a command prints", COMPLETE "--map cmd:m --reduce sum",
     "map=cmd:m reduce=sum combine= in=in out=out"},
    {"no mapper is identity there", "-input a -output o -reducer uniq%-c",
     "map=cmd:cat reduce=cmd:uniq -c combine= in=a out=o"},
    {"identity classes are cat", "-input a -output o "
     "-mapper org.apache.hadoop.mapred.lib.IdentityMapper "
     "-reducer org.apache.hadoop.mapred.lib.IdentityReducer",
     "map=cmd:cat reduce=cmd:cat combine= in=a out=o"},
    {"a command with dots is no class", "-input a -output o -mapper word.count.py -reducer NONE",
     "map=cmd:word.count.py reduce=none combine= in=a out=o"},
    {"no reduce tasks, no reducer", "-input a -output o -mapper m -numReduceTasks 0 -reducer r",
     "map=cmd:m reduce=none combine= in=a out=o"},
    {"the same by a property", "-D mapred.reduce.tasks=0 -input a -output o -mapper m -reducer r",
     "map=cmd:m reduce=none combine= in=a mapred_reduce_tasks=0 out=o"},
    {"-D without a space", "-Dmy.limit=5 -input a -output o -mapper m -reducer r",
     "map=cmd:m reduce=cmd:r combine= in=a my_limit=5 out=o"},
    {"both kinds of names", "-input a --output o --map words -reducer r",
     "map=words reduce=cmd:r combine= in=a out=o"},
    {"known classes", "-input a -output o -mapper m -reducer r -inputformat TextInputFormat "
     "-outputformat org.apache.hadoop.mapred.TextOutputFormat -partitioner a.b.HashPartitioner",
     "map=cmd:m reduce=cmd:r combine= in=a out=o"},
};

static const struct bad_row { const char *why, *line, *want; } bad_rows[] = {
    {"nothing", "", "--map, --reduce, --input, --output are missing; the shortest command that "
     "works:\n\n    tutti mapreduce --map words --reduce count --input FILE --output counts"},
    {"one is missing", "--map words --reduce count --input a", "--output is missing; "},
    {"a letter too many", COMPLETE "--mapp x", "there is no option --mapp; did you mean --map?"},
    {"two letters swapped", COMPLETE "--reduec=x",
     "there is no option --reduec; did you mean --reduce?"},
    {"one dash for two", COMPLETE "-reducers 3",
     "there is no option -reducers; did you mean --reducers?"},
    {"nothing is near", COMPLETE "--frobnicate", "there is no option --frobnicate"},
    {"a lone word", "words.txt", "'words.txt' stands alone, but every value follows an option; did "
     "you mean --input 'words.txt'?"},
    {"after the end of options", COMPLETE "-- --force", "'--force' stands alone"},
    {"a value is missing at the end", "--map", "--map needs a value: --map OPERATOR"},
    {"a value is missing before an option", "--map --reduce=count",
     "--map needs a value: --map OPERATOR"},
    {"a flag with a value", COMPLETE "--force=yes", "--force takes no value"},
    {"a number that is none", COMPLETE "--workers many",
     "--workers is 'many': it must be a whole number from 1 to 1024"},
    {"no workers", COMPLETE "--workers 0", "--workers is '0': it must be"},
    {"too many workers", COMPLETE "--workers 1025", "--workers is '1025': it must be"},
    {"a size that is none", COMPLETE "--memory lots",
     "--memory is 'lots': it must be a size of 1MiB or more, such as 64MiB or 1G"},
    {"too little memory", COMPLETE "--memory 1k", "--memory is '1k': it must be a size of"},
    {"no record at all", COMPLETE "--max-record 0",
     "--max-record is '0': it must be a size from 1 byte to 1024MiB, such as 64MiB"},
    {"a record that no run could hold", COMPLETE "--max-record 1025MiB",
     "--max-record is '1025MiB': it must be a size from 1 byte to 1024MiB"},
    {"a count without a bound", COMPLETE "--skip-bad -1",
     "--skip-bad is '-1': it must be a whole number, 0 or more"},
    {"a sum of words", COMPLETE "--reduce sum",
     "--map words gives keys without values, but --reduce sum needs numbers; to count the keys, "
     "say --reduce count"},
    {"the greatest of one field", COMPLETE "--map field:1 --reduce top:3",
     "--map field:1 gives keys without values"},
    {"the mean of one column", COMPLETE "--map csv:city --reduce mean",
     "--map csv:city gives keys without values"},
    {"the least of one path", COMPLETE "--map json:a --reduce min",
     "--map json:a gives keys without values"},
    {"the sum of a single group", COMPLETE "--map regex:(a) --reduce sum",
     "--map regex:(a) gives keys without values"},
    {"a plug-in that is not there", COMPLETE "--map so:/no/such.so",
     "--map so:/no/such.so: there is no such file; build it with"},
    {"a reducing one", COMPLETE "--reduce so:/no/such.so",
     "--reduce so:/no/such.so: there is no such file"},
    {"an option cut short", COMPLETE "--reducer 3",
     "there is no option --reducer; did you mean --reducers?"},
    {"next to nothing for each worker", COMPLETE "--workers 17 --memory 1M",
     "--memory is too little for 17 workers: each needs 64 KiB; give more, or say --workers 16"},
    {"no reducers", COMPLETE "--reducers 0",
     "--reducers is 0: for a job without reduce, say --reduce none"},
    {"an unknown word", COMPLETE "--order size",
     "--order is 'size': it must be key, value or value:desc"},
    {"an unknown format", COMPLETE "--format xml",
     "--format is 'xml': it must be lines, csv, tsv, json or fixed:N"},
    {"fixed records of no size", COMPLETE "--format fixed:0",
     "N of --format fixed:N is '0': it must be a whole number from 1"},
    {"fixed records over the limit", COMPLETE "--format fixed:100 --max-record 99",
     "--format fixed:100 is more than --max-record allows (99 bytes)"},
    {"a variable without a name", COMPLETE "--env =x", "--env is '=x': it must be NAME=VALUE"},
    {"a variable that is no name", COMPLETE "--env 1a=x", "--env is '1a=x': it must be"},
    {"a combiner that is no command", COMPLETE "--combine sum",
     "--combine is 'sum': it must be cmd:COMMAND"},
    {"a combiner that is not needed", COMPLETE "--combine cmd:x",
     "--combine goes with --reduce cmd: or so:; 'count' needs none"},
    {"order without reduce", COMPLETE "--reduce none --order value",
     "--reduce none does not sort, so --order has no effect"},
    {"total order by value", COMPLETE "--total-order --order value",
     "--total-order shares keys out by range"},
    {"an empty folder name", COMPLETE "--output=", "--output is empty"},
    {"an unknown operator", "--map wrods --reduce count --input a --output o",
     "--map: there is no operator \"wrods\"; did you mean words?"},
    {"an operator without its argument", COMPLETE "--reduce top", "--reduce top: wants top:N"},
    {"a broken regex", COMPLETE "--map regex:(", "regex: missing closing parenthesis"},
    {"a Java class", "-input a -output o -mapper com.example.Words",
     "-mapper com.example.Words is a Java class, and there is no Java here"},
    {"the aggregate package", "-input a -output o -mapper m -reducer aggregate",
     "-reducer aggregate is not supported: let the mapper print"},
    {"a file that is not here", "-input a -output o -mapper m -file /no/such",
     "-file /no/such: there is no such file; paths count from the current folder"},
    {"a file that cannot run", "-input a -output o -mapper passwd -reducer r -file /etc/passwd",
     "/etc/passwd cannot be executed; make it so: chmod +x /etc/passwd"},
    {"another file system", "-input hdfs://h/a -output o -mapper m",
     "-input is 'hdfs://h/a': it must be a path on this machine"},
    {"another separator", "-input a -output o -D stream.map.output.field.separator=.",
     "-D stream.map.output.field.separator=. is not supported: key and value part at the first "
     "TAB"},
    {"another order", "-D mapreduce.partition.keycomparator.options=-k2nr -input a -output o",
     "-D mapreduce.partition.keycomparator.options is not supported, and the result would differ"},
    {"a property without a value", "-D x -input a", "-D is 'x': it must be NAME=VALUE"},
    {"another input format", "-input a -output o -inputformat x.NLineInputFormat",
     "-inputformat x.NLineInputFormat is not supported"},
    {"half a class name", "-input a -output o -inputformat MyTextInputFormat",
     "-inputformat MyTextInputFormat is not supported"},
    {"a Hadoop option without its value", "-input", "-input needs a value: -input PATH"},
};
/* clang-format on */

Test(options, good)
{
    FOR_ROWS (row, good_rows) {
        struct arena *arena = arena_new();
        struct mapreduce_options options;
        struct fault fault = {0};
        enum err err = parse(arena, row->line, &options, &fault);
        cr_expect(err == ERR_OK, "%s: %s", row->why, fault.text);
        if (err == ERR_OK) ROW_BYTES_EQ(row, slice_text(shown(arena, &options)), row->want);
        arena_free(arena);
    }
}

Test(options, bad)
{
    FOR_ROWS (row, bad_rows) {
        struct arena *arena = arena_new();
        struct mapreduce_options options;
        struct fault fault = {0};
        ROW_EQ(row, parse(arena, row->line, &options, &fault), ERR_USAGE);
        struct slice text = slice_text(fault.text);
        cr_expect(slice_starts_with(text, slice_text(row->want)), "%s: it says \"%s\", not \"%s\"",
                  row->why, fault.text, row->want);
        arena_free(arena);
    }
}

static const struct number_row {
    const char *why, *line;
    uint64_t split, record, bad, memory;
    uint32_t reducers, workers, attempts;
} number_rows[] = {
    {"what is said",
     COMPLETE "--split-size 1k --max-record 2k --skip-bad 7 --memory 8M "
              "--reducers 5 --workers 3 --attempts 4",
     1024, 2048, 7, 8 << 20, 5, 3, 4},
    {"as many reducers as workers", COMPLETE "--workers 3 --memory 1M", 64 << 20, 64 << 20, 0,
     1 << 20, 3, 3, 3},
    {"one reducer for a stream", COMPLETE "--workers 3 --memory 1M --output -", 64 << 20, 64 << 20,
     0, 1 << 20, 1, 3, 3},
    {"Hadoop's names",
     COMPLETE "--workers 2 --memory 1M -numReduceTasks 6 "
              "-D mapreduce.map.maxattempts=9 "
              "-D mapreduce.input.fileinputformat.split.maxsize=4096",
     4096, 64 << 20, 0, 1 << 20, 6, 2, 9},
};

Test(options, numbers)
{
    FOR_ROWS (row, number_rows) {
        struct arena *arena = arena_new();
        struct mapreduce_options options;
        struct fault fault = {0};
        cr_assert(parse(arena, row->line, &options, &fault) == ERR_OK, "%s", fault.text);
        ROW_EQ(row, options.spec.split_bytes, row->split);
        ROW_EQ(row, options.spec.record_bytes_max, row->record);
        ROW_EQ(row, options.spec.bad_records_max, row->bad);
        ROW_EQ(row, options.memory_bytes, row->memory);
        ROW_EQ(row, options.spec.reducers, row->reducers);
        ROW_EQ(row, options.workers, row->workers);
        ROW_EQ(row, options.spec.attempts_max, row->attempts);
        arena_free(arena);
    }
}

static const struct mode_row {
    const char *why, *line;
    enum record_format format;
    uint32_t fixed_bytes;
    enum job_order order;
    enum compression compress;
    bool total_order, fsync, pack, force, json, quiet;
} mode_rows[] = {
    {"the defaults", COMPLETE, .fsync = true, .pack = true},
    {"all flags", COMPLETE "--total-order --no-fsync --force --json --quiet --pack always",
     .total_order = true, .pack = true, .force = true, .json = true, .quiet = true},
    {"fixed records", COMPLETE "--format fixed:100", FORMAT_FIXED, 100, .fsync = true,
     .pack = true},
    {"csv: reads csv", COMPLETE "--map csv:2", FORMAT_CSV, .fsync = true, .pack = true},
    {"csv: reads tsv where that is said", COMPLETE "--map csv:2 --format tsv", FORMAT_TSV,
     .fsync = true, .pack = true},
    {"json: reads json", COMPLETE "--map json:.a", FORMAT_JSON, .fsync = true, .pack = true},
    {"choices", COMPLETE "--order value:desc --compress zst", .order = ORDER_VALUE_DESCENDING,
     .compress = COMPRESSION_ZST, .fsync = true, .pack = true},
    {"no compression, said", COMPLETE "--compress none", .fsync = true, .pack = true},
    {"a command gets one file at a time", COMPLETE "--map cmd:wc", .fsync = true},
    {"unless it is said", COMPLETE "--map cmd:wc --pack always", .fsync = true, .pack = true},
    {"Hadoop's mapper too", "-input a -output o -mapper m", .fsync = true},
    {"Hadoop's compression", COMPLETE "-D mapreduce.output.fileoutputformat.compress=true",
     .compress = COMPRESSION_GZ, .fsync = true, .pack = true},
    {"with its codec",
     COMPLETE "-D mapred.output.compress=true -D "
              "mapred.output.compression.codec=org.apache.hadoop.io.compress.ZStandardCodec",
     .compress = COMPRESSION_ZST, .fsync = true, .pack = true},
};

Test(options, modes)
{
    FOR_ROWS (row, mode_rows) {
        struct arena *arena = arena_new();
        struct mapreduce_options options;
        struct fault fault = {0};
        cr_assert(parse(arena, row->line, &options, &fault) == ERR_OK, "%s", fault.text);
        ROW_EQ(row, options.spec.format, row->format);
        ROW_EQ(row, options.spec.fixed_bytes, row->fixed_bytes);
        ROW_EQ(row, options.spec.order, row->order);
        ROW_EQ(row, options.spec.compress, row->compress);
        ROW_EQ(row, options.spec.total_order, row->total_order);
        ROW_EQ(row, options.spec.fsync, row->fsync);
        ROW_EQ(row, options.spec.pack, row->pack);
        ROW_EQ(row, options.force, row->force);
        ROW_EQ(row, options.json, row->json);
        ROW_EQ(row, options.quiet, row->quiet);
        arena_free(arena);
    }
}

/* clang-format off */
static const struct header_row {
    const char *why, *line;
    enum header_mode header;
} header_rows[] = {
    {"no column is named",          COMPLETE "--map csv:2",                 HEADER_NO},
    {"one is",                      COMPLETE "--map csv:city,2",            HEADER_YES},
    {"there is a header anyway",    COMPLETE "--map csv:2 --header yes",    HEADER_YES},
    {"other operators name none",   COMPLETE,                               HEADER_NO},
};
/* clang-format on */

Test(options, header)
{
    FOR_ROWS (row, header_rows) {
        struct arena *arena = arena_new();
        struct mapreduce_options options;
        struct fault fault = {0};
        cr_assert(parse(arena, row->line, &options, &fault) == ERR_OK, "%s", fault.text);
        ROW_EQ(row, options.spec.header, row->header);
        arena_free(arena);
    }
}

Test(options, machine_and_environment_fill_the_rest)
{
    struct arena *arena = arena_new();
    struct mapreduce_options options;
    struct fault fault = {0};
    cr_assert(setenv("TMPDIR", "/var/tmp", 1) == 0);
    cr_assert(parse(arena, COMPLETE, &options, &fault) == ERR_OK);
    cr_expect_str_eq(options.tmp, "/var/tmp");
    cr_expect(options.workers >= 1 && options.spec.reducers == options.workers);
    cr_expect(options.memory_bytes >= MEMORY_BYTES_MIN);
    cr_assert(setenv("TMPDIR", "", 1) == 0);
    cr_assert(parse(arena, COMPLETE, &options, &fault) == ERR_OK);
    cr_expect_str_eq(options.tmp, "/tmp", "an empty TMPDIR is none");
    arena_free(arena);
}

Test(options, shipped_files_are_found_where_they_are)
{
    struct arena *arena = arena_new();
    struct mapreduce_options options;
    struct fault fault = {0};
    const char *line = "-input a -output o -files /bin/cat,/etc/passwd,/etc/group#g "
                       "-mapper cat%x%g -reducer ./cat";
    cr_assert(parse(arena, line, &options, &fault) == ERR_OK, "%s", fault.text);
    cr_expect(slice_eq(options.spec.map, SLICE("cmd:/bin/cat x /etc/group")));
    cr_expect(slice_eq(options.spec.reduce, SLICE("cmd:/bin/cat")));
    cr_expect(slice_eq(options.warnings,
                       SLICE("tutti: warning: /etc/passwd is not copied: commands run in the "
                             "current folder and find it by this path\n")),
              "the file that no command names is warned of, once");
    arena_free(arena);
}

Test(options, warnings)
{
    struct arena *arena = arena_new();
    struct mapreduce_options options;
    struct fault fault = {0};
    const char *line = COMPLETE "-D mapreduce.map.memory.mb=1 -D my.own=2 -D yarn.x=3";
    cr_assert(parse(arena, line, &options, &fault) == ERR_OK, "%s", fault.text);
    const char *want = "tutti: warning: -D mapreduce.map.memory.mb has no effect here\n"
                       "tutti: warning: -D yarn.x has no effect here\n";
    cr_expect(slice_eq(options.warnings, slice_text(want)), "%.*s", (int)options.warnings.len,
              (const char *)options.warnings.data);
    arena_free(arena);
}

Test(options, help_wins)
{
    struct arena *arena = arena_new();
    struct mapreduce_options options;
    struct fault fault = {0};
    cr_expect(parse(arena, "--map words --help --nonsense", &options, &fault) == ERR_OK);
    cr_expect(options.help);
    cr_expect(parse(arena, "-h", &options, &fault) == ERR_OK && options.help);
    arena_free(arena);
}

/* Every row of options.def is known by its name, and takes a value or does not, as it says. */
Test(options, every_row_is_parsed)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (i == OPTION_HELP) continue;
        const struct option_row *row = &option_rows[i];
        struct arena *arena = arena_new();
        struct mapreduce_options options;
        struct fault fault = {0};
        const char *line = arena_format(arena, COMPLETE "--%s", row->text);
        enum err err = parse(arena, line, &options, &fault);
        bool takes_value = row->word[0] != '\0';
        cr_expect(err == (takes_value ? ERR_USAGE : ERR_OK), "--%s: %s", row->text, fault.text);
        arena_free(arena);
    }
}
