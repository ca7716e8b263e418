/* help.c -- plain help, 80 columns wide. See help.h. */
#include "cli/help.h"
#include "cli/help_rows.h"
#include "cli/option_rows.h"

enum { HELP_COLUMNS = 80, INDENT = 8 };

/* The words of `text`, each line indented by `indent`; the first goes on at `column`. */
static void wrap(struct buffer *out, const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (column != indent && column + len > HELP_COLUMNS) {
            buffer_append_byte(out, '\n');
            column = 0;
        }
        if (column == 0) {
            buffer_append_format(out, "%*s", (int)indent, "");
            column = indent;
        }
        buffer_append(out, slice_of(text, len));
        column += len;
        text += len;
        if (*text == ' ') {
            text++;
            /* A space that would end the line is not written. */
            if (column + 1 + strcspn(text, " ") <= HELP_COLUMNS) buffer_append_byte(out, ' ');
            column++;
        }
    }
    buffer_append_byte(out, '\n');
}

static void heading(struct buffer *out, const char *title)
{
    buffer_append_format(out, "\n%s\n", title);
}

/* "  name  help", the help in a column of its own. */
static void row(struct buffer *out, size_t name_columns, const char *name, const char *help)
{
    size_t column = 2 + name_columns + 2;
    buffer_append_format(out, "  %-*s  ", (int)name_columns, name);
    if (strlen(name) > name_columns) {
        buffer_append_byte(out, '\n');
        wrap(out, help, 0, column);
    } else {
        wrap(out, help, column, column);
    }
}

static void operators(struct buffer *out, const struct help_row *rows, size_t count)
{
    enum { NAME_COLUMNS = 20, NAME_MAX = 64 };
    for (size_t i = 0; i < count; i++) {
        struct buffer name = {0};
        const char *colon = rows[i].word[0] == '\0' ? "" : ":";
        buffer_append_format(&name, "%s%s%s", rows[i].name, colon, rows[i].word);
        buffer_append_byte(&name, '\0');
        row(out, NAME_COLUMNS, (const char *)name.data, rows[i].help);
        buffer_free(&name);
    }
}

static void options(struct buffer *out, enum option_section section)
{
    heading(out, option_section_titles[section]);
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const struct option_row *option = &option_rows[i];
        if (option->section != section) continue;
        const char *space = option->word[0] == '\0' ? "" : " ";
        buffer_append_format(out, "  --%s%s%s\n", option->text, space, option->word);
        wrap(out, option->help, 0, INDENT);
        if (option->standard[0] == '\0') continue;
        buffer_append_format(out, "%*sDefault: %s.\n", INDENT, "", option->standard);
    }
}

static void hadoop(struct buffer *out)
{
    enum { NAME_COLUMNS = 22 };
    heading(out, "Hadoop Streaming's names, so that its command lines run as they are");
    for (size_t i = 0; i < HADOOP_COUNT; i++) {
        struct buffer name = {0};
        const char *space = hadoop_rows[i].word[0] == '\0' ? "" : " ";
        buffer_append_format(&name, "-%s%s%s", hadoop_rows[i].text, space, hadoop_rows[i].word);
        buffer_append_byte(&name, '\0');
        row(out, NAME_COLUMNS, (const char *)name.data, hadoop_rows[i].help);
        buffer_free(&name);
    }
    heading(out, "Properties that -D sets");
    for (size_t i = 0; i < property_rows_count; i++) {
        buffer_append_format(out, "  %s\n", property_rows[i].name);
        wrap(out, property_rows[i].help, 0, INDENT);
    }
}

static void examples(struct buffer *out)
{
    heading(out, "Examples");
    for (size_t i = 0; i < help_examples_count; i++) {
        buffer_append_format(out, "  %s:\n    %s\n", help_examples[i].help, help_examples[i].word);
    }
}

static void exits(struct buffer *out)
{
    heading(out, "Exit status");
    for (size_t i = 0; i < help_exits_count; i++) {
        buffer_append_format(out, "  %3d  ", help_exits[i].status);
        wrap(out, help_exits[i].help, 7, 7);
    }
}

void help_mapreduce(struct buffer *out)
{
    buffer_append(out, SLICE("Usage: tutti mapreduce --map OPERATOR --reduce OPERATOR --input PATH "
                             "--output DIR\n\n"));
    wrap(out,
         "Reads records, makes key-value pairs of them (map), brings all values of a key together, "
         "and makes one result of them (reduce), on all cores. Each line of the output is a key, a "
         "TAB and a value.",
         0, 0);
    for (enum option_section section = 0; section < SECTIONS_COUNT; section++) {
        options(out, section);
    }
    heading(out, "Map operators");
    operators(out, help_maps, HELP_MAPS_COUNT);
    heading(out, "Reduce operators");
    operators(out, help_reduces, HELP_REDUCES_COUNT);
    hadoop(out);
    exits(out);
    examples(out);
    buffer_append(out, SLICE("\nSizes: 512k, 64MiB, 1.5G are powers of 1024; 64MB of 1000. "
                             "More: man tutti, docs/mapreduce.md.\n"));
}

void help_overview(struct buffer *out)
{
    enum { NAME_COLUMNS = 22 };
    buffer_append(out, SLICE("tutti: one machine, or many, as one distributed system.\n\n"));
    for (size_t i = 0; i < HELP_COMMANDS_COUNT; i++) {
        buffer_append_format(out, "  tutti %-9s %-12s  %s\n", help_commands[i].name,
                             help_commands[i].word, help_commands[i].help);
    }
    buffer_append(out, SLICE("  tutti --version               show which tutti this is\n"));
    buffer_append_format(out, "\nA first job, with all cores of this machine:\n  %s\n",
                         help_examples[0].word);
}
