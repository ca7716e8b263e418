/* bad_records.c -- see block.h and bad_records.h. */
#include <stdarg.h>
#include <stdio.h>

#include "work/read/bad_records.h"

enum { WHY_BYTES_MAX = 1024, PATH_SHOWN_BYTES_MAX = 2048 };

enum err bad_note(struct bad_records *bad, enum err code, struct fault *fault, const char *text)
{
    if (bad->count++ == 0) {
        int room = sizeof bad->first - 1;
        (void)snprintf(bad->first, sizeof bad->first, "%.*s", room, text);
    }
    if (bad->count <= bad->allowed) return ERR_OK;
    if (bad->allowed == 0 && code == ERR_BAD_RECORD) {
        return fault_set(fault, code, "%s (--skip-bad N passes over up to N bad records)", text);
    }
    if (bad->allowed == 0) return fault_set(fault, code, "%s", text);
    return fault_set(fault, ERR_BAD_RECORD,
                     "more than %llu bad records, which is all that --skip-bad allows; this one is "
                     "too many: %s",
                     (unsigned long long)bad->allowed, text);
}

enum err bad_record(struct bad_records *bad, const struct block *block, const uint8_t *at,
                    struct fault *fault, const char *format, ...)
{
    char why[WHY_BYTES_MAX], text[WHY_BYTES_MAX + PATH_SHOWN_BYTES_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    uint64_t offset = block->offset + (uint64_t)(at - block->bytes.data);
    (void)snprintf(text, sizeof text, "%.*s, byte %llu: %s",
                   (int)u64_min(block->path.len, PATH_SHOWN_BYTES_MAX / 2),
                   (const char *)block->path.data, (unsigned long long)offset, why);
    return bad_note(bad, ERR_BAD_RECORD, fault, text);
}
