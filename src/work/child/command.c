/* command.c -- see command.h. */
#include "work/child/command.h"

enum { ARGV_MAX = 6 };

static const struct slice prefix_command = {(const uint8_t *)"cmd:", 4};
static const struct slice prefix_plugin = {(const uint8_t *)"so:", 3};

bool command_is_child(struct slice text)
{
    return slice_starts_with(text, prefix_command) || slice_starts_with(text, prefix_plugin);
}

static struct slice after_prefix(struct slice text, enum child_framing framing)
{
    return slice_from(text, framing == FRAMING_LINES ? prefix_command.len : prefix_plugin.len);
}

/* A name without a slash would be looked for among the system's libraries. */
static const char *plugin_path(struct arena *arena, struct slice file)
{
    if (memchr(file.data, '/', file.len) != NULL) return arena_text(arena, file);
    return arena_format(arena, "./%.*s", (int)file.len, (const char *)file.data);
}

enum err command_parse(struct arena *arena, struct slice text, enum child_stage stage,
                       const struct job_spec *spec, const char *host, struct child_command *command,
                       struct fault *fault)
{
    bool lines = slice_starts_with(text, prefix_command);
    ASSERT(command_is_child(text));
    command->framing = lines ? FRAMING_LINES : FRAMING_FRAMES;
    struct slice rest = after_prefix(text, command->framing);
    if (rest.len == 0 || memchr(rest.data, '\0', rest.len) != NULL) {
        return fault_set(fault, ERR_USAGE, "\"%.*s\" names no %s: write %s", (int)text.len,
                         (const char *)text.data, lines ? "command" : "file",
                         lines ? "cmd:COMMAND, for example cmd:./map.py"
                               : "so:FILE, for example so:./words.so");
    }
    const char **argv = ARENA_ARRAY(arena, const char *, ARGV_MAX);
    command->argv = argv;
    if (lines) {
        argv[0] = "/bin/sh";
        argv[1] = "-c";
        argv[2] = arena_text(arena, rest);
        return ERR_OK;
    }
    argv[0] = host != NULL ? host : "/proc/self/exe";
    argv[1] = "plugin-host";
    argv[2] = stage == STAGE_MAP ? "map" : "reduce";
    argv[3] = plugin_path(arena, rest);
    /* Twice: a key and its value may both be the whole record. */
    argv[4] = arena_format(arena, "%llu", 2 * (unsigned long long)spec->record_bytes_max);
    return ERR_OK;
}
