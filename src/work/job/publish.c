/* publish.c -- see publish.h. */
#include <stdio.h>
#include <string.h>

#include "io/file.h"
#include "work/job/publish.h"
#include "work/output/part.h"

enum { STANDARD_OUTPUT = 1 };

struct publish {
    struct arena *arena;
    struct publish_config config;
    const char *folder; /* the parts are written here */
    bool made;
};

static bool is_stream(const struct publish *publish)
{
    return strcmp(publish->config.output, "-") == 0;
}

/* "a/b//" and "a/b" are one folder. */
static const char *without_slashes(struct arena *arena, const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    return arena_text(arena, slice_of(path, len));
}

/* The folder that holds `path`. */
static const char *parent_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return ".";
    if (slash == path) return "/";
    return arena_text(arena, slice_of(path, (size_t)(slash - path)));
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static enum err refuse_existing(const struct publish *publish, struct fault *fault)
{
    if (is_stream(publish) || publish->config.replace) return ERR_OK;
    if (!path_exists(publish->config.output)) return ERR_OK;
    return fault_set(fault, ERR_EXISTS,
                     "the output %s exists already; give another name, or --force to replace it",
                     publish->config.output);
}

enum err publish_new(struct arena *arena, const struct publish_config *config, struct publish **out,
                     struct fault *fault)
{
    struct publish *publish = ARENA_NEW(arena, struct publish);
    publish->arena = arena;
    publish->config = *config;
    publish->config.output = without_slashes(arena, config->output);
    *out = publish;
    enum err err = refuse_existing(publish, fault);
    if (err != ERR_OK) return err;
    if (is_stream(publish)) {
        publish->folder = arena_format(arena, "%s/tutti-%s", config->tmp, config->id);
    } else {
        const char *output = publish->config.output;
        publish->folder = arena_format(arena, "%s/.%s.tutti-%s", parent_of(arena, output),
                                       name_of(output), config->id);
    }
    return ERR_OK;
}

enum err publish_open(struct publish *publish, struct fault *fault)
{
    enum err err = folder_create(publish->folder, fault);
    publish->made = err == ERR_OK;
    return err;
}

const char *publish_folder(const struct publish *publish)
{
    return publish->folder;
}

static enum err copy_part(const char *path, struct file *to, const struct signals *stops,
                          struct fault *fault)
{
    struct file part;
    uint64_t bytes = 0;
    enum err err = file_open_read(path, &part, fault);
    if (err == ERR_OK) err = file_size(&part, &bytes, fault);
    if (err == ERR_OK) err = file_copy(&part, bytes, to, stops, fault);
    file_close(&part);
    if (err == ERR_OK) file_remove(path); /* give the room back as early as can be */
    return err;
}

static enum err to_stream(struct publish *publish, uint32_t parts, struct fault *fault)
{
    struct file stream = {STANDARD_OUTPUT, "standard output"};
    for (uint32_t i = 0; i < parts; i++) {
        char name[PART_NAME_MAX];
        part_name(i, publish->config.compress, name);
        const char *path = arena_format(publish->arena, "%s/%s", publish->folder, name);
        enum err err = copy_part(path, &stream, publish->config.stops, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

/* A name that may not last is taken back: the job fails, and what was there before is there again.
 */
static enum err sync_name(struct publish *publish, struct fault *fault)
{
    const char *output = publish->config.output;
    enum err err = folder_sync(parent_of(publish->arena, output), fault);
    if (err == ERR_OK) return ERR_OK;
    struct fault ignored; /* the first one counts */
    bool was_there = path_exists(publish->folder);
    (void)!(was_there ? folder_publish(publish->folder, output, true, &ignored)
                      : file_rename(output, publish->folder, &ignored));
    return err;
}

static enum err to_folder(struct publish *publish, struct fault *fault)
{
    const char *output = publish->config.output;
    struct file success;
    const char *path = arena_format(publish->arena, "%s/_SUCCESS", publish->folder);
    enum err err = file_create(path, &success, fault);
    file_close(&success);
    bool fsync = publish->config.fsync;
    if (err == ERR_OK && fsync) err = folder_sync(publish->folder, fault);
    if (err != ERR_OK) return err;
    err = folder_publish(publish->folder, output, publish->config.replace, fault);
    if (err == ERR_EXISTS) (void)refuse_existing(publish, fault); /* says what to do */
    if (err == ERR_OK && fsync) err = sync_name(publish, fault);
    return err;
}

enum err publish_finish(struct publish *publish, uint32_t parts, struct fault *fault)
{
    enum err err =
        is_stream(publish) ? to_stream(publish, parts, fault) : to_folder(publish, fault);
    if (err == ERR_OK) publish_abandon(publish); /* what --force has replaced is there now */
    return err;
}

void publish_abandon(struct publish *publish)
{
    if (publish->made) folder_remove_tree(publish->folder);
    publish->made = false;
}
