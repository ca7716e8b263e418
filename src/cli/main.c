/* main.c -- the front of `tutti`: finds the subcommand. */
#include <stdio.h>

#include "base/suggest.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/help_rows.h"
#include "cli/mapreduce.h"
#include "cli/plugin_host.h"
#include "cli/version.h"
#include "io/process.h"

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

/* `--man` and `--completion` are for the build: they make docs/tutti.1 and
 * completions/tutti.bash. */
static int help_main(int argc, char **argv)
{
    if (argc == 0) return show(help_overview);
    if (strcmp(argv[0], "mapreduce") == 0) return show(help_mapreduce);
    if (strcmp(argv[0], "help") == 0) return show(help_overview);
    if (strcmp(argv[0], "--man") == 0) return show(help_man);
    if (strcmp(argv[0], "--completion") == 0) return show(help_completion);
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
    if (strcmp(word, "plugin-host") == 0) return plugin_host_main(argc - 2, argv + 2);
    if (strcmp(word, "--version") == 0 || strcmp(word, "version") == 0) return show(version);
    bool help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    if (help) return help_main(argc - 2, argv + 2);
    return refuse(word);
}
