/* main.c -- the front of `tutti`: finds the subcommand. */
#include <stdio.h>

#include "base/suggest.h"
#include "cli/cluster.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/help_rows.h"
#include "cli/keep.h"
#include "cli/mapreduce.h"
#include "cli/plugin_host.h"
#include "cli/policy.h"
#include "cli/start.h"
#include "cli/version.h"
#include "io/process.h"
#include "serve/command_docs.h"
#include "serve/config.h"

static int show(void (*write)(struct buffer *out))
{
    struct buffer text = {0};
    write(&text);
    bool written = fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    buffer_free(&text);
    return written ? EXIT_DONE : EXIT_FAILED;
}

/* "tutti --map words" or "tutti hadoop jar": the subcommand was left out. */
static bool is_job(const char *word)
{
    return word[0] == '-' || strcmp(word, "hadoop") == 0 || strcmp(word, "jar") == 0;
}

static int refuse(const char *word)
{
    const char *names[HELP_COMMANDS_COUNT];
    for (size_t i = 0; i < HELP_COMMANDS_COUNT; i++) names[i] = help_commands[i].name;
    struct slice nearest = suggest_nearest(slice_text(word), names, HELP_COMMANDS_COUNT);
    (void)fprintf(stderr, "tutti: there is no subcommand '%s'", word);
    if (is_job(word) && nearest.len == 0) {
        (void)fprintf(stderr, "; did you mean tutti mapreduce %s?", word);
    } else if (nearest.len != 0) {
        (void)fprintf(stderr, "; did you mean %.*s?", (int)nearest.len, (const char *)nearest.data);
    }
    (void)fputs("\n\n'tutti help' lists them.\n", stderr);
    return EXIT_USAGE;
}

/* The words with dashes are for the build: they make docs/tutti.1, completions/tutti.bash,
 * docs/configuration.md and docs/commands.md. */
static const struct {
    const char *word;
    void (*write)(struct buffer *out);
} help_texts[] = {
    {"mapreduce", help_mapreduce},     {"start", help_start},
    {"policy", help_policy},           {"backup", help_backup},
    {"restore", help_restore},         {"doctor", help_doctor},
    {"help", help_overview},           {"--man", help_man},
    {"--completion", help_completion}, {"--configuration", config_document},
    {"--commands", commands_document},
};

static int help_main(int argc, char **argv)
{
    enum cluster_verb verb;
    if (argc == 0) return show(help_overview);
    if (cluster_verb_find(argv[0], &verb)) {
        return cluster_main(verb, 1, (char *[]){(char[]){"--help"}});
    }
    for (size_t i = 0; i < COUNT_OF(help_texts); i++) {
        if (strcmp(argv[0], help_texts[i].word) == 0) return show(help_texts[i].write);
    }
    return refuse(argv[0]);
}

static void version(struct buffer *out)
{
    buffer_append(out, SLICE("tutti " TUTTI_VERSION "\n"));
}

int main(int argc, char **argv)
{
    process_fill_streams();
    if (argc < 2) return show(help_overview);
    const char *word = argv[1];
    if (strcmp(word, "mapreduce") == 0) return mapreduce_main(argc - 2, argv + 2);
    if (strcmp(word, "start") == 0) return start_main(argc - 2, argv + 2);
    if (strcmp(word, "policy") == 0) return policy_main(argc - 2, argv + 2);
    if (strcmp(word, "backup") == 0) return backup_main(argc - 2, argv + 2);
    if (strcmp(word, "restore") == 0) return restore_main(argc - 2, argv + 2);
    if (strcmp(word, "doctor") == 0) return doctor_main(argc - 2, argv + 2);
    enum cluster_verb verb;
    if (cluster_verb_find(word, &verb)) return cluster_main(verb, argc - 2, argv + 2);
    if (strcmp(word, "plugin-host") == 0) return plugin_host_main(argc - 2, argv + 2);
    bool asks_version = strcmp(word, "--version") == 0 || strcmp(word, "version") == 0 ||
                        strcmp(word, "-v") == 0 || strcmp(word, "-V") == 0;
    if (asks_version) return show(version);
    bool help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    if (help) return help_main(argc - 2, argv + 2);
    return refuse(word);
}
