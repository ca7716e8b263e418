/* notice.c -- see notice.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/json_text.h"
#include "io/clock.h"
#include "node/notice.h"

enum { NOTICE_TEXT_MAX = 8192 };

static const struct {
    const char *text, *json;
} level_words[] = {
    [NOTICE_DEBUG] = {"DEBUG", "debug"},
    [NOTICE_INFO] = {"INFO", "info"},
    [NOTICE_WARNING] = {"WARNING", "warning"},
    [NOTICE_ERROR] = {"ERROR", "error"},
};

void notice(const struct notices *notices, enum notice_level level, const char *format, ...)
{
    if (level < notices->least) return;
    char text[NOTICE_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct buffer line = {0};
    struct clock_text now = clock_text(clock_unix_us());
    if (notices->json) {
        buffer_append_format(&line, "{\"time\": \"%s\", \"level\": \"%s\", \"message\": ", now.text,
                             level_words[level].json);
        json_append_string(&line, slice_text(text));
        buffer_append(&line, SLICE("}\n"));
    } else {
        buffer_append_format(&line, "%s %s %s\n", now.text, level_words[level].text, text);
    }
    /* One call, so that lines stay whole; nobody is left to be told of a failure. */
    (void)fwrite(line.data, 1, line.len, stderr);
    buffer_free(&line);
}
