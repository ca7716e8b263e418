/* help_test.c -- every row is in help, man page and completion, and the texts keep their form. */
#include "cli/help.h"
#include "cli/help_rows.h"
#include "cli/option_rows.h"
#include "test/rows.h"

static const struct form_row {
    const char *why;
    void (*write)(struct buffer *out);
    const char *dashes; /* as this text writes "--" */
} rows[] = {
    {"help", help_mapreduce, "--"},
    {"man page", help_man, "\\-\\-"},
    {"completion", help_completion, "--"},
};

/* As the text shows it: a dash of the name is escaped where the dashes in front are. */
static void append_name(struct buffer *out, const char *dashes, const char *name)
{
    buffer_append_format(out, "%s", dashes);
    for (; *name != '\0'; name++) {
        if (*name == '-' && dashes[0] == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)*name);
    }
    buffer_append_byte(out, '\0');
}

Test(help, has_every_option)
{
    FOR_ROWS (row, rows) {
        struct buffer text = {0}, name = {0};
        row->write(&text);
        buffer_append_byte(&text, '\0');
        for (size_t i = 0; i < OPTIONS_COUNT; i++) {
            buffer_clear(&name);
            append_name(&name, row->dashes, option_rows[i].text);
            cr_expect(strstr((const char *)text.data, (const char *)name.data) != NULL,
                      "%s lacks --%s", row->why, option_rows[i].text);
        }
        buffer_free(&text);
        buffer_free(&name);
    }
}

Test(help, has_every_operator)
{
    FOR_ROWS (row, rows) {
        struct buffer text = {0};
        row->write(&text);
        buffer_append_byte(&text, '\0');
        for (size_t i = 0; i < HELP_MAPS_COUNT; i++) {
            cr_expect(strstr((const char *)text.data, help_maps[i].name) != NULL, "%s lacks %s",
                      row->why, help_maps[i].name);
        }
        for (size_t i = 0; i < HELP_REDUCES_COUNT; i++) {
            cr_expect(strstr((const char *)text.data, help_reduces[i].name) != NULL, "%s lacks %s",
                      row->why, help_reduces[i].name);
        }
        buffer_free(&text);
    }
}

/* Each line of help fits into 80 columns, but for the examples, and none ends in a space. */
Test(help, keeps_its_width)
{
    struct buffer text = {0};
    help_mapreduce(&text);
    buffer_append_byte(&text, '\0');
    char *rest = (char *)text.data, *line;
    bool examples = false;
    while ((line = strsep(&rest, "\n")) != NULL) {
        size_t len = strlen(line);
        examples = examples || strcmp(line, "Examples") == 0;
        bool usage = strncmp(line, "Usage:", 6) == 0;
        cr_expect(len <= 80 || examples || usage, "too wide: %s", line);
        cr_expect(len == 0 || line[len - 1] != ' ', "a space at its end: %s", line);
    }
    buffer_free(&text);
}

/* A row's help is a sentence: it ends in a full stop, and there is one. */
Test(help, options_are_told_in_sentences)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const char *help = option_rows[i].help;
        cr_expect(*help != '\0' && help[strlen(help) - 1] == '.', "--%s: %s", option_rows[i].text,
                  help);
    }
}
