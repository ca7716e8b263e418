/* start.c -- see start.h. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/help.h"
#include "cli/start.h"
#include "cli/start_options.h"
#include "cli/version.h"
#include "io/file.h"
#include "io/folder.h"
#include "io/memory.h"
#include "io/process.h"
#include "node/start.h"

enum { SIGNAL_EXIT = 128 }; /* a signal's exit status is this and its number */

static int show_help(void)
{
    struct buffer text = {0};
    help_start(&text);
    bool written = fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    buffer_free(&text);
    return written ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct start_options *options)
{
    char name[MACHINE_NAME_BYTES_MAX + 1];
    const char *folder = config_text(&options->config, SETTING_DIR);
    process_machine_name(name);
    const struct node_options node = {
        .config = &options->config,
        .config_path = options->config_path,
        .version = TUTTI_VERSION,
        .token = getenv("TUTTI_TOKEN"),
        .machine = {name, memory_machine_bytes(),
                    path_disk_bytes(path_exists(folder) ? folder : ".")},
    };
    struct fault fault = {0};
    int signal_number = 0;
    enum err err = node_run(&node, &signal_number, &fault);
    if (err == ERR_CANCELLED) _exit(SIGNAL_EXIT + signal_number); /* whatever its threads are in */
    if (err == ERR_OK) return EXIT_DONE;
    return err == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int start_main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct start_options options;
    struct fault fault = {0};
    int status;
    enum err err = start_options_read(arena, argc, argv, &options, &fault);
    if (err != ERR_OK) {
        (void)fprintf(stderr, "tutti: %s\n\n'tutti help start' lists the options.\n", fault.text);
        status = err == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
    } else {
        status = options.help ? show_help() : run(&options);
    }
    config_free(&options.config);
    arena_free(arena);
    return status;
}
