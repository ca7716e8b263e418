/* config_document.c -- docs/configuration.md, out of the rows. See config.h. */
#include "serve/config.h"

static const char opening[] =
    "# Configuration\n"
    "\n"
    "Made by `tutti help --configuration`; do not edit.\n"
    "\n"
    "A setting can be given in a file (`tutti start --config FILE`, a line `name value`, as "
    "Redis's),\n"
    "in the environment, and as an option `--name value`. An option wins over the environment, "
    "that\n"
    "over the file. `CONFIG GET` shows them, `CONFIG SET` changes those that may change while the\n"
    "node runs, and `CONFIG REWRITE` writes them into the file. Sizes are read as Redis reads "
    "them:\n"
    "`1k` is 1000 bytes, `1kb` is 1024. `user …` lines of the file are ACL users.\n";

static void append_allowed(struct buffer *out, const struct setting *setting)
{
    switch (setting->type) {
    case SETTING_TYPE_BOOL: buffer_append(out, SLICE("`yes` or `no`")); break;
    case SETTING_TYPE_CHOICE:
        for (const char *at = setting->choices; *at != '\0';) {
            size_t len = strcspn(at, " ");
            buffer_append_format(out, "%s`%.*s`", at == setting->choices ? "" : ", ", (int)len, at);
            at += len + (at[len] == ' ');
        }
        break;
    case SETTING_TYPE_INTEGER:
    case SETTING_TYPE_SIZE:
        if (setting->high == INT64_MAX) {
            buffer_append_format(out, "%lld or more", (long long)setting->low);
        } else {
            buffer_append_format(out, "%lld to %lld", (long long)setting->low,
                                 (long long)setting->high);
        }
        break;
    case SETTING_TYPE_OCTAL:
        buffer_append_format(out, "%llo to %llo", (unsigned long long)setting->low,
                             (unsigned long long)setting->high);
        break;
    case SETTING_TYPE_TEXT:
    case SETTING_TYPE_LIST: buffer_append(out, slice_text(setting->word)); break;
    }
}

static void append_row(struct buffer *out, const struct setting *setting)
{
    buffer_append_format(out, "| `%s`", setting->name);
    if (setting->alias[0] != '\0') buffer_append_format(out, " (`%s`)", setting->alias);
    buffer_append(out, SLICE(" | `"));
    setting_variable(setting, out);
    const char *standard = setting->standard[0] == '\0' ? "\"\"" : setting->standard;
    buffer_append_format(out, "` | `%s` | ", standard);
    append_allowed(out, setting);
    buffer_append_format(out, " | %s", setting->help);
    const char *space = setting->help[0] == '\0' ? "" : " ";
    if ((setting->flags & SETTING_IMMUTABLE) != 0) {
        buffer_append_format(out, "%sOnly at start.", space);
    }
    if ((setting->flags & SETTING_FIXED) != 0) {
        buffer_append_format(out, "%sAlways `%s`.", space, setting->standard);
    }
    buffer_append(out, SLICE(" |\n"));
}

void config_document(struct buffer *out)
{
    buffer_append(out, slice_text(opening));
    for (enum setting_section section = 0; section < SETTINGS_SECTIONS_COUNT; section++) {
        buffer_append_format(out,
                             "\n## %s\n\n| setting | environment | default | allowed | meaning |\n"
                             "|---|---|---|---|---|\n",
                             setting_section_titles[section]);
        for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
            if (setting_rows[id].section == section) append_row(out, &setting_rows[id]);
        }
    }
}
