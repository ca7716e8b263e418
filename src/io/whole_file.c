/* whole_file.c -- see whole_file.h. */
#include "io/whole_file.h"
#include "base/arena.h"
#include "io/file.h"

enum err whole_file_read(const char *path, size_t bytes_max, struct buffer *text,
                         struct fault *fault)
{
    enum { CHUNK = 65536 };
    size_t before = text->len;
    struct file file;
    enum err err = file_open_read(path, &file, fault);
    if (err != ERR_OK) return err;
    for (size_t got = 1; got != 0 && err == ERR_OK;) { /* ends: with the file, or past the limit */
        err = file_read(&file, buffer_reserve(text, CHUNK), CHUNK, &got, fault);
        if (err == ERR_OK) text->len += got;
        if (err == ERR_OK && text->len - before > bytes_max) {
            err = fault_set(fault, ERR_LIMIT,
                            "%s is longer than %zu bytes; name the right file, or shorten it", path,
                            bytes_max);
        }
    }
    file_close(&file);
    return err;
}

static enum err write_aside(const char *aside, struct slice text, bool private, struct fault *fault)
{
    struct file file;
    file_remove(aside); /* of a write that was cut off */
    enum err err =
        private ? file_create_private(aside, &file, fault) : file_create(aside, &file, fault);
    if (err != ERR_OK) return err;
    err = file_write(&file, text, fault);
    if (err == ERR_OK) err = file_sync(&file, fault);
    file_close(&file);
    return err;
}

/* The folder above; "." where the path has none. */
static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return ".";
    return arena_text(arena, slice_of(path, (size_t)(slash - path) + 1));
}

static enum err replace(const char *path, struct slice text, bool private, struct fault *fault)
{
    struct arena *arena = arena_new();
    const char *aside = arena_format(arena, "%s.partial", path);
    enum err err = write_aside(aside, text, private, fault);
    if (err == ERR_OK) err = file_rename(aside, path, fault);
    if (err != ERR_OK) file_remove(aside);
    if (err == ERR_OK) err = folder_sync(folder_of(arena, path), fault);
    arena_free(arena);
    return err;
}

enum err whole_file_replace(const char *path, struct slice text, struct fault *fault)
{
    return replace(path, text, false, fault);
}

enum err whole_file_replace_private(const char *path, struct slice text, struct fault *fault)
{
    return replace(path, text, true, fault);
}
