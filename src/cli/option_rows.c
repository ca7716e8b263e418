/* option_rows.c -- see option_rows.h. */
#include "cli/option_rows.h"
#include "base/suggest.h"

const struct option_row option_rows[OPTIONS_COUNT] = {
#define OPTION(name, text, word, standard, section, choices, help)                                 \
    {text, word, standard, SECTION_##section, choices, help},
#include "cli/options.def"
#undef OPTION
};

const struct hadoop_row hadoop_rows[HADOOP_COUNT] = {
#define HADOOP(name, text, word, help) {text, word, help},
#include "cli/hadoop.def"
#undef HADOOP
};

const struct property_row property_rows[] = {
#define PROPERTY(meaning, name, help) {PROPERTY_##meaning, name, help},
#include "cli/property.def"
#undef PROPERTY
};
const size_t property_rows_count = COUNT_OF(property_rows);

const char *const option_section_titles[SECTIONS_COUNT] = {
    [SECTION_INPUT] = "Input",           [SECTION_WORK] = "Work",
    [SECTION_OUTPUT] = "Output",         [SECTION_RESOURCES] = "Resources",
    [SECTION_FAILURE] = "When it fails", [SECTION_REPORT] = "What you see",
};

bool option_find(struct slice text, enum option_id *id)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (!slice_eq(text, slice_text(option_rows[i].text))) continue;
        *id = (enum option_id)i;
        return true;
    }
    return false;
}

bool hadoop_find(struct slice text, enum hadoop_id *id)
{
    for (size_t i = 0; i < HADOOP_COUNT; i++) {
        if (!slice_eq(text, slice_text(hadoop_rows[i].text))) continue;
        *id = (enum hadoop_id)i;
        return true;
    }
    return false;
}

/* Dashes are compared too, and ours come first: they win where both are as near. */
struct slice option_nearest(struct arena *arena, struct slice typed)
{
    const char *names[OPTIONS_COUNT + HADOOP_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        names[count++] = arena_format(arena, "--%s", option_rows[i].text);
    }
    for (size_t i = 0; i < HADOOP_COUNT; i++) {
        names[count++] = arena_format(arena, "-%s", hadoop_rows[i].text);
    }
    return suggest_nearest(typed, names, count);
}
