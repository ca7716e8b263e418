/* regex.c -- see regex.h; and the operator `regex`. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "work/map/map_impl.h"

enum { STACK_BYTES_MIN = 32 * 1024, STACK_BYTES_MAX = 1024 * 1024, TEXT_BYTES_MAX = 160 };

static enum err refuse_pattern(struct slice pattern, int code, size_t at, struct fault *fault)
{
    PCRE2_UCHAR text[TEXT_BYTES_MAX];
    (void)pcre2_get_error_message(code, text, sizeof text);
    /* A long pattern is shown around the fault. */
    size_t start = at > TEXT_BYTES_MAX / 2 ? at - TEXT_BYTES_MAX / 2 : 0;
    return fault_set(fault, ERR_USAGE, "regex: %s, at byte %zu\n  %.*s\n  %*s^", (char *)text, at,
                     (int)u64_min(pattern.len - start, TEXT_BYTES_MAX),
                     (const char *)pattern.data + start, (int)(at - start), "");
}

enum err regex_compile(struct slice pattern, struct regex *regex, struct fault *fault)
{
    int code;
    size_t at;
    *regex = (struct regex){0};
    regex->code = pcre2_compile(pattern.data, pattern.len, 0, &code, &at, NULL);
    if (regex->code == NULL) return refuse_pattern(pattern, code, u64_min(at, pattern.len), fault);
    /* Without a JIT on this processor, PCRE2 interprets: slower, and the same matches. */
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->context = pcre2_match_context_create(NULL);
    regex->stack = pcre2_jit_stack_create(STACK_BYTES_MIN, STACK_BYTES_MAX, NULL);
    ASSERT(regex->match != NULL);
    ASSERT(regex->context != NULL);
    if (regex->stack != NULL) pcre2_jit_stack_assign(regex->context, NULL, regex->stack);
    return ERR_OK;
}

void regex_free(struct regex *regex)
{
    pcre2_jit_stack_free(regex->stack);
    pcre2_match_context_free(regex->context);
    pcre2_match_data_free(regex->match);
    pcre2_code_free(regex->code);
    *regex = (struct regex){0};
}

static struct slice group_of(const struct regex *regex, struct slice record, uint32_t group)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
    if (group >= pcre2_get_ovector_count(regex->match)) return (struct slice){0};
    size_t start = ends[2 * group], end = ends[2 * group + 1];
    if (start == PCRE2_UNSET || end < start) return (struct slice){0};
    return slice_of(record.data + start, end - start);
}

static enum map_verdict refuse_record(struct regex *regex, int code, struct map_pair *pair)
{
    PCRE2_UCHAR text[TEXT_BYTES_MAX];
    (void)pcre2_get_error_message(code, text, sizeof text);
    (void)snprintf(regex->why, sizeof regex->why, "the regex gave up on it: %.100s", (char *)text);
    pair->why = regex->why;
    return MAP_BAD;
}

enum map_verdict regex_extract(struct regex *regex, struct slice record, struct map_pair *pair)
{
    /* After an empty match, the next one may start at the same place but must not be empty too. */
    uint32_t options = pair->after_empty ? PCRE2_NOTEMPTY_ATSTART : 0;
    if (pair->next != 0) options |= PCRE2_NO_UTF_CHECK; /* the first call checked it all */
    int code = pcre2_match(regex->code, record.data, record.len, pair->next, options, regex->match,
                           regex->context);
    if (code == PCRE2_ERROR_NOMATCH) return MAP_SKIP;
    if (code < 0) return refuse_record(regex, code, pair);

    bool groups = pcre2_get_ovector_count(regex->match) > 1;
    pair->key = group_of(regex, record, groups ? 1 : 0);
    pair->value = group_of(regex, record, 2);
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
    pair->more = pair->after_empty ? ends[1] > pair->next : ends[1] >= pair->next;
    pair->after_empty = ends[0] == ends[1];
    pair->next = ends[1];
    bool nothing = groups ? pair->key.data == NULL : pair->key.len == 0;
    return nothing ? MAP_SKIP : MAP_PAIR;
}

static enum err parse(struct map_operator *map, struct arena *arena, const struct job_spec *spec,
                      struct slice argument, struct fault *fault)
{
    (void)arena;
    (void)spec;
    return regex_compile(argument, &map->regex, fault);
}

static enum map_verdict extract(struct map_operator *map, struct slice record,
                                struct map_pair *pair)
{
    return regex_extract(&map->regex, record, pair);
}

static bool gives_values(const struct map_operator *map)
{
    return pcre2_get_ovector_count(map->regex.match) > 2;
}

static void free_regex(struct map_operator *map)
{
    regex_free(&map->regex);
}

const struct map_type map_regex_type = {
    .parse = parse,
    .extract = extract,
    .gives_values = gives_values,
    .free = free_regex,
};
