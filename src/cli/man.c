/* man.c -- the man page, as roff. See help.h. */
#include "cli/help.h"
#include "cli/help_rows.h"
#include "cli/option_rows.h"
#include "cli/start_rows.h"
#include "cli/version.h"

/* Text within a line: roff obeys backslashes, and makes a plain dash a hyphen. */
static void plain(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            buffer_append(out, SLICE("\\e"));
        } else if (*text == '-') {
            buffer_append(out, SLICE("\\-"));
        } else if (*text == '\'') {
            buffer_append(out, SLICE("\\(aq"));
        } else {
            buffer_append_byte(out, (uint8_t)*text);
        }
    }
}

/* A line of its own: a dot in front would be a request. */
static void line(struct buffer *out, const char *text)
{
    if (*text == '.') buffer_append(out, SLICE("\\&"));
    plain(out, text);
    buffer_append_byte(out, '\n');
}

static void section(struct buffer *out, const char *title)
{
    buffer_append_format(out, ".SH %s\n", title);
}

/* A term in bold, its value in italics, and what they mean. */
static void term(struct buffer *out, const char *dashes, const char *name, const char *between,
                 const char *word)
{
    buffer_append(out, SLICE(".TP\n\\fB"));
    plain(out, dashes);
    plain(out, name);
    if (*word != '\0') plain(out, between);
    buffer_append(out, SLICE("\\fR"));
    if (*word != '\0') {
        buffer_append(out, SLICE("\\fI"));
        plain(out, word);
        buffer_append(out, SLICE("\\fR"));
    }
    buffer_append_byte(out, '\n');
}

static void synopsis(struct buffer *out)
{
    section(out, "SYNOPSIS");
    for (size_t i = 0; i < HELP_COMMANDS_COUNT; i++) {
        buffer_append_format(out, ".B tutti %s\n", help_commands[i].name);
        line(out, help_commands[i].word);
        buffer_append(out, SLICE(".br\n"));
    }
    buffer_append(out, SLICE(".B tutti \\-\\-version\n"));
}

static void description(struct buffer *out)
{
    section(out, "DESCRIPTION");
    line(out, "tutti makes one machine, or many, one distributed system.");
    buffer_append(out, SLICE(".B tutti mapreduce\n"));
    line(out, "reads records from files, makes key-value pairs of them (map), brings all values of "
              "a key together, and makes one result of them (reduce), on all cores. Each line of "
              "the output is a key, a TAB and a value. What does not fit into the memory budget "
              "goes to disk. The output folder appears whole or not at all.");
    buffer_append(out, SLICE(".PP\n.B tutti start\n"));
    line(out, "runs a node in the foreground: a database and cache that any Redis client can use. "
              "Keys are durable once they are acknowledged, or a cache, by the policy of their "
              "prefix, which");
    buffer_append(out, SLICE(".B tutti policy\n"));
    line(out, "shows and sets (see tutti help policy).");
    buffer_append(out, SLICE(".PP\n.B tutti backup\n"));
    line(out, "writes the data of a node into a new folder,");
    buffer_append(out, SLICE(".B tutti restore\n"));
    line(out, "makes a data folder out of such a backup, and");
    buffer_append(out, SLICE(".B tutti doctor\n"));
    line(out, "verifies every byte of a data folder, and with --repair cuts off what is damaged.");
    buffer_append(out, SLICE(".PP\n"));
    line(out, "About a cluster a running node is asked (tutti help NAME says more):");
    for (enum cluster_verb verb = 0; verb < VERBS_COUNT; verb++) {
        term(out, "", cluster_verbs[verb].name, " ", cluster_verbs[verb].arguments);
        line(out, cluster_verbs[verb].details);
    }
}

static void option(struct buffer *out, const char *text, const char *word, const char *standard,
                   const char *help)
{
    term(out, "--", text, " ", word);
    line(out, help);
    if (standard[0] == '\0') return;
    buffer_append(out, SLICE("Default: "));
    plain(out, standard);
    buffer_append(out, SLICE(".\n"));
}

static void start_options(struct buffer *out)
{
    struct start_row rows[START_ROWS_MAX];
    size_t count = start_rows(rows);
    section(out, "OPTIONS OF START");
    for (size_t i = 0; i < count; i++) {
        option(out, rows[i].text, rows[i].word, rows[i].standard, rows[i].help);
    }
    buffer_append(out, SLICE(".PP\n"));
    line(out, "Every setting of docs/configuration.md is an option too, can be given in the "
              "environment (TUTTI_PORT=6380), and in the file of --config. An option wins over the "
              "environment, that over the file. Sizes are read as Redis reads them: 1k is 1000 "
              "bytes, 1kb is 1024.");
}

static void options(struct buffer *out)
{
    section(out, "OPTIONS OF MAPREDUCE");
    for (enum option_section at = 0; at < SECTIONS_COUNT; at++) {
        buffer_append_format(out, ".SS %s\n", option_section_titles[at]);
        for (size_t i = 0; i < OPTIONS_COUNT; i++) {
            const struct option_row *row = &option_rows[i];
            if (row->section != at) continue;
            option(out, row->text, row->word, row->standard, row->help);
        }
    }
    buffer_append(out, SLICE(".PP\n"));
    line(out, "A size is a number of bytes, with k, M, G, T or KiB, MiB, GiB, TiB as powers of "
              "1024, and kB, MB, GB, TB as powers of 1000. --name=value is the same as --name "
              "value.");
}

static void operators(struct buffer *out, const char *title, const struct help_row *rows,
                      size_t count)
{
    section(out, title);
    for (size_t i = 0; i < count; i++) {
        term(out, "", rows[i].name, ":", rows[i].word);
        line(out, rows[i].help);
    }
}

static void hadoop(struct buffer *out)
{
    section(out, "HADOOP STREAMING");
    line(out, "Its options are understood, so that an existing command line runs with tutti "
              "mapreduce in place of hadoop jar hadoop-streaming.jar:");
    for (size_t i = 0; i < HADOOP_COUNT; i++) {
        term(out, "-", hadoop_rows[i].text, " ", hadoop_rows[i].word);
        line(out, hadoop_rows[i].help);
    }
    buffer_append(out, SLICE(".PP\n"));
    line(out, "Properties that -D sets, and what they stand for. Others are only shown to "
              "commands.");
    for (size_t i = 0; i < property_rows_count; i++) {
        term(out, "", property_rows[i].name, "", "");
        line(out, property_rows[i].help);
    }
}

static void exits(struct buffer *out)
{
    section(out, "EXIT STATUS");
    for (size_t i = 0; i < help_exits_count; i++) {
        buffer_append_format(out, ".TP\n\\fB%d\\fR\n", help_exits[i].status);
        line(out, help_exits[i].help);
    }
}

static void environment(struct buffer *out)
{
    section(out, "ENVIRONMENT");
    term(out, "", "TMPDIR", "", "");
    line(out, "Where data goes that does not fit into memory, unless --tmp says otherwise.");
    term(out, "", "NO_COLOR", "", "");
    line(out, "When set and not empty, the progress line has no colour.");
    buffer_append(out, SLICE(".PP\n"));
    line(out, "Commands see the variables of --env, and those that Hadoop Streaming's scripts rely "
              "on: mapreduce_map_input_file, mapreduce_task_id, mapreduce_task_attempt_id and "
              "mapreduce_task_partition.");
}

static void examples(struct buffer *out)
{
    section(out, "EXAMPLES");
    for (size_t i = 0; i < help_examples_count; i++) {
        buffer_append(out, SLICE(".PP\n"));
        line(out, help_examples[i].help);
        buffer_append(out, SLICE(".PP\n.RS 4\n.EX\n"));
        line(out, help_examples[i].word);
        buffer_append(out, SLICE(".EE\n.RE\n"));
    }
}

void help_man(struct buffer *out)
{
    buffer_append(out, SLICE(".\\\" Made by `tutti help --man`; do not edit.\n"
                             ".TH TUTTI 1 \"\" \"tutti " TUTTI_VERSION "\" \"User Commands\"\n"
                             ".SH NAME\n"
                             "tutti \\- one machine, or many, as one distributed system\n"));
    synopsis(out);
    description(out);
    start_options(out);
    options(out);
    operators(out, "MAP OPERATORS", help_maps, HELP_MAPS_COUNT);
    operators(out, "REDUCE OPERATORS", help_reduces, HELP_REDUCES_COUNT);
    hadoop(out);
    exits(out);
    environment(out);
    examples(out);
}
