/* config_value.c -- one number of a setting, to and from text. See config_impl.h. */
#include "serve/config_impl.h"

bool config_integer_parse(struct slice text, int64_t *value)
{
    struct slice rest = text;
    bool negative = rest.len != 0 && rest.data[0] == '-';
    if (negative) rest = slice_from(rest, 1);
    if (rest.len == 0 || rest.len > 19) return false;
    uint64_t sum = 0;
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.data[i] < '0' || rest.data[i] > '9') return false;
        sum = sum * 10 + (uint64_t)(rest.data[i] - '0');
    }
    if (sum > (uint64_t)INT64_MAX) return false;
    *value = negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}

/* Bytes of a unit; 0: it is none. Of the letters, the short ones are powers of 1000. */
static uint64_t unit_bytes(struct slice unit)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1 << 10},
        {"kib", 1 << 10},
        {"m", 1000 * 1000},
        {"mb", 1 << 20},
        {"mib", 1 << 20},
        {"g", 1000000000},
        {"gb", 1 << 30},
        {"gib", 1 << 30},
        {"tb", (uint64_t)1 << 40},
        {"tib", (uint64_t)1 << 40},
    };
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (config_same_word(unit, slice_text(units[i].text))) return units[i].bytes;
    }
    return 0;
}

bool config_size_parse(struct slice text, int64_t *bytes)
{
    size_t digits = 0;
    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9') digits++;
    int64_t value, product;
    uint64_t unit = unit_bytes(slice_from(text, digits));
    if (unit == 0 || !config_integer_parse(slice_of(text.data, digits), &value)) return false;
    if (__builtin_mul_overflow(value, (int64_t)unit, &product)) return false;
    *bytes = product;
    return true;
}

static bool parse_octal(struct slice text, int64_t *value)
{
    enum { DIGITS_MAX = 10 };
    if (text.len == 0 || text.len > DIGITS_MAX) return false;
    int64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '7') return false;
        sum = sum * 8 + (text.data[i] - '0');
    }
    *value = sum;
    return true;
}

/* The word of `choices` at `index`. */
static struct slice choice_at(const char *choices, int64_t index)
{
    for (; index > 0; index--) choices = strchr(choices, ' ') + 1;
    return slice_of(choices, strcspn(choices, " "));
}

static const char *choose(const struct setting *setting, struct slice value, int64_t *number,
                          struct arena *arena)
{
    struct buffer all = {0};
    int64_t index = 0;
    for (const char *at = setting->choices;; index++) {
        struct slice choice = slice_of(at, strcspn(at, " "));
        if (config_same_word(choice, value)) break;
        if (all.len != 0) buffer_append(&all, SLICE(", "));
        buffer_append(&all, choice);
        at += choice.len;
        if (*at == '\0') {
            const char *why = arena_format(arena, "argument(s) must be one of the following: %.*s",
                                           (int)all.len, (const char *)all.data);
            buffer_free(&all);
            return why;
        }
        at++;
    }
    buffer_free(&all);
    *number = index;
    return NULL;
}

static const char *check_limits(const struct setting *setting, int64_t number, struct arena *arena)
{
    if (number >= setting->low && number <= setting->high) return NULL;
    if (setting->type == SETTING_TYPE_OCTAL) {
        return arena_format(arena, "argument must be between %llo and %llo inclusive",
                            (unsigned long long)setting->low, (unsigned long long)setting->high);
    }
    return arena_format(arena, "argument must be between %lld and %lld inclusive",
                        (long long)setting->low, (long long)setting->high);
}

const char *setting_parse(const struct setting *setting, struct slice value, int64_t *number,
                          struct arena *arena)
{
    int64_t read = 0;
    switch (setting->type) {
    case SETTING_TYPE_BOOL:
        if (choose(setting, value, number, arena) == NULL) return NULL;
        return "argument must be 'yes' or 'no'";
    case SETTING_TYPE_CHOICE: return choose(setting, value, number, arena);
    case SETTING_TYPE_INTEGER:
        if (!config_integer_parse(value, &read)) {
            return "argument couldn't be parsed into an integer";
        }
        break;
    case SETTING_TYPE_SIZE:
        if (!config_size_parse(value, &read)) return "argument must be a memory value";
        break;
    case SETTING_TYPE_OCTAL:
        if (!parse_octal(value, &read)) return "argument couldn't be parsed as an octal number";
        break;
    case SETTING_TYPE_TEXT:
    case SETTING_TYPE_LIST: break;
    }
    const char *why = check_limits(setting, read, arena);
    if (why == NULL) *number = read;
    return why;
}

void setting_format(const struct setting *setting, int64_t number, struct buffer *out)
{
    switch (setting->type) {
    case SETTING_TYPE_BOOL:
    case SETTING_TYPE_CHOICE: buffer_append(out, choice_at(setting->choices, number)); break;
    case SETTING_TYPE_OCTAL: buffer_append_format(out, "%llo", (unsigned long long)number); break;
    case SETTING_TYPE_INTEGER:
    case SETTING_TYPE_SIZE: buffer_append_format(out, "%lld", (long long)number); break;
    case SETTING_TYPE_TEXT:
    case SETTING_TYPE_LIST: break;
    }
}
