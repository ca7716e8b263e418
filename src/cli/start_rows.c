/* start_rows.c -- see start_rows.h. */
#include "cli/start_rows.h"
#include "serve/config.h"

size_t start_rows(struct start_row rows[START_ROWS_MAX])
{
    static const struct start_row config = {
        "config", "FILE", "",
        "Settings, a line `name value` each, as in redis.conf. docs/configuration.md lists them.",
        "FILE"};
    static const struct start_row help = {"help", "", "", "Show this help.", ""};
    size_t count = 0;
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        const struct setting *setting = &setting_rows[id];
        if (setting->option[0] == '\0') continue;
        ASSERT(count + 2 < START_ROWS_MAX);
        const char *choices = strcmp(setting->word, "DIR") == 0 ? "DIR" : setting->choices;
        rows[count++] = (struct start_row){setting->option, setting->word, setting->standard,
                                           setting->help, choices};
    }
    rows[count++] = config;
    rows[count++] = help;
    return count;
}
