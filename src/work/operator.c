/* operator.c -- see operator.h. */
#include <stdio.h>

#include "base/suggest.h"
#include "work/operator.h"

enum { OPERATORS_MAX = 32, LIST_BYTES_MAX = 512, SHOWN_BYTES_MAX = 80 };

static struct slice name_of(struct slice text)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    return colon == NULL ? text : slice_of(text.data, (size_t)(colon - text.data));
}

bool operator_is(struct slice text, const char *name)
{
    return slice_eq(name_of(text), slice_text(name));
}

/* How much of a text is shown in a message. */
static int shown(struct slice text)
{
    return (int)u64_min(text.len, SHOWN_BYTES_MAX);
}

static const char *colon_of(const struct operator_row *row)
{
    return row->argument[0] == '\0' ? "" : ":";
}

static enum err refuse_unknown(const struct operator_row *rows, size_t count, const char *what,
                               struct slice name, struct fault *fault)
{
    const char *names[OPERATORS_MAX];
    char list[LIST_BYTES_MAX], nearest[SHOWN_BYTES_MAX] = "";
    size_t len = 0;
    ASSERT(count <= OPERATORS_MAX);
    for (size_t i = 0; i < count; i++) {
        names[i] = rows[i].name;
        int more = snprintf(list + len, sizeof list - len, "%s%s%s%s", i == 0 ? "" : ", ",
                            rows[i].name, colon_of(&rows[i]), rows[i].argument);
        ASSERT(more >= 0);
        len = u64_min(len + (size_t)more, sizeof list - 1);
    }
    struct slice near = suggest_nearest(name, names, count);
    if (near.len != 0) {
        (void)snprintf(nearest, sizeof nearest, "; did you mean %.*s?", (int)near.len,
                       (const char *)near.data);
    }
    return fault_set(fault, ERR_USAGE,
                     "--%s: there is no operator \"%.*s\"%s\n  the operators are: %s\n"
                     "  (any program can be one: cmd:COMMAND)",
                     what, shown(name), (const char *)name.data, nearest, list);
}

enum err operator_find(const struct operator_row *rows, size_t count, const char *what,
                       struct slice text, size_t *row, struct slice *argument, struct fault *fault)
{
    struct slice name = name_of(text);
    size_t i = 0;
    while (i < count && !slice_eq(name, slice_text(rows[i].name))) i++;
    if (i == count) return refuse_unknown(rows, count, what, name, fault);

    bool given = name.len < text.len, wanted = rows[i].argument[0] != '\0';
    *row = i;
    *argument = slice_from(text, given ? name.len + 1 : name.len);
    if (wanted && argument->len == 0) {
        return fault_set(fault, ERR_USAGE, "--%s %s: wants %s:%s (%s)", what, rows[i].name,
                         rows[i].name, rows[i].argument, rows[i].help);
    }
    if (given && !wanted) {
        return fault_set(fault, ERR_USAGE, "--%s %s: takes nothing behind a colon, not \"%.*s\"",
                         what, rows[i].name, shown(*argument), (const char *)argument->data);
    }
    return ERR_OK;
}
