/* fault.c -- see fault.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"

const char *err_text(enum err code)
{
    switch (code) {
#define ERROR(name, text)                                                                          \
    case ERR_##name:                                                                               \
        return text;
#include "base/error.def"
#undef ERROR
    }
    return "unknown";
}

enum err fault_set(struct fault *fault, enum err code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault->code = code;
    fault->retry = false;
    (void)vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    return code;
}

enum err fault_prefix(struct fault *fault, const char *format, ...)
{
    char where[FAULT_TEXT_MAX / 2];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(where, sizeof where, format, args);
    va_end(args);
    ASSERT(len >= 0);
    size_t room = sizeof fault->text - 1;
    size_t where_len = u64_min((size_t)len, sizeof where - 1);
    size_t text_len = u64_min(strlen(fault->text), room - where_len - 2);
    memmove(fault->text + where_len + 2, fault->text, text_len);
    memcpy(fault->text, where, where_len);
    memcpy(fault->text + where_len, ": ", 2);
    fault->text[where_len + 2 + text_len] = '\0';
    return fault->code;
}

enum err err_of_errno(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ERR_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY: return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT: return ERR_NO_SPACE;
    case EPIPE: return ERR_CLOSED;
    default: return ERR_IO;
    }
}

/* Where the system's words do not say what to do. */
static const char *advice_on(int error_number)
{
    switch (error_number) {
    case EMFILE: return " (raise ulimit -n, or lower --workers)";
    case EFBIG: return " (raise ulimit -f)";
    case ENOSPC: return " (the disk is full)";
    case EDQUOT: return " (see quota)";
    default: return "";
    }
}

enum err fault_set_errno(struct fault *fault, int error_number, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault->code = err_of_errno(error_number);
    fault->retry = false;
    int len = vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof fault->text) return fault->code;
    (void)snprintf(fault->text + len, sizeof fault->text - (size_t)len, ": %s%s",
                   strerrordesc_np(error_number), advice_on(error_number));
    return fault->code;
}
