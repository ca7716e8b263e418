/*
 * option_rows.h -- options.def, hadoop.def and property.def as tables, and the nearest of their
 * names.
 */
#pragma once

#include "base/arena.h"

enum option_section {
    SECTION_INPUT,
    SECTION_WORK,
    SECTION_OUTPUT,
    SECTION_RESOURCES,
    SECTION_FAILURE,
    SECTION_REPORT,
    SECTIONS_COUNT
};

enum option_id {
#define OPTION(name, ...) OPTION_##name,
#include "cli/options.def"
#undef OPTION
    OPTIONS_COUNT
};

enum hadoop_id {
#define HADOOP(name, ...) HADOOP_##name,
#include "cli/hadoop.def"
#undef HADOOP
    HADOOP_COUNT
};

enum property_meaning {
    PROPERTY_REDUCES,
    PROPERTY_ATTEMPTS,
    PROPERTY_NAME,
    PROPERTY_SPLIT,
    PROPERTY_COMPRESS,
    PROPERTY_CODEC,
    PROPERTY_SEPARATOR,
    PROPERTY_KEY_FIELDS,
    PROPERTY_REFUSED /* it would change the result */
};

struct option_row {
    const char *text, *word, *standard;
    enum option_section section;
    const char *choices, *help;
};

struct hadoop_row {
    const char *text, *word, *help;
};

struct property_row {
    enum property_meaning meaning;
    const char *name, *help;
};

extern const struct option_row option_rows[OPTIONS_COUNT];
extern const struct hadoop_row hadoop_rows[HADOOP_COUNT];
extern const struct property_row property_rows[];
extern const size_t property_rows_count;
extern const char *const option_section_titles[SECTIONS_COUNT];

bool option_find(struct slice text, enum option_id *id); /* without the dashes */
bool hadoop_find(struct slice text, enum hadoop_id *id); /* without the dash */

/* The option nearest to what was typed, dashes included, such as "--reduce" for "--reduec"; empty:
 * none is near. In the arena. */
struct slice option_nearest(struct arena *arena, struct slice typed);
