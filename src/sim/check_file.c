/* check_file.c -- histories that real processes left: see check.h. */
#include "sim/check.h"

#include <errno.h>
#include <stdio.h>

enum { PIECE_BYTES = 1 << 16 };
#define FILE_BYTES_MAX ((size_t)4 << 30)

static enum err read_all(const char *path, struct buffer *text, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return fault_set_errno(fault, errno, "cannot open %s", path);
    size_t got = 1;
    while (got > 0 && text->len < FILE_BYTES_MAX) {
        got = fread(buffer_reserve(text, PIECE_BYTES), 1, PIECE_BYTES, file);
        text->len += got;
    }
    int error_number = ferror(file) != 0 ? errno : 0;
    fclose(file);
    if (error_number != 0) return fault_set_errno(fault, error_number, "cannot read %s", path);
    if (got > 0) return fault_set(fault, ERR_TOO_LONG, "%s: more than 4 GiB; part it", path);
    return ERR_OK;
}

enum err check_file(const char *path, const struct check_options *options,
                    struct check_verdict *verdict, struct fault *fault)
{
    struct buffer text = {0};
    struct history *history = history_new();
    enum err err = read_all(path, &text, fault);
    if (err == ERR_OK) {
        err = history_parse(history, buffer_slice(&text), fault);
        if (err != ERR_OK) fault_prefix(fault, "%s", path);
    }
    buffer_free(&text);
    if (err == ERR_OK) check_history(history, options, verdict);
    history_free(history);
    return err;
}
