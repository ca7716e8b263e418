/* key_spec.c -- see key_spec.h; and where the keys of a call are. */
#include "cmd/key_spec.h"

#include <stdlib.h>

#include "cmd/call.h"

/* clang-format off */
static const struct use_word {
    const char *word;
    uint32_t use;
} use_words[] = {
    {"RO", KEY_RO}, {"RW", KEY_RW}, {"OW", KEY_OW}, {"RM", KEY_RM},
    {"access", KEY_ACCESS}, {"update", KEY_UPDATE}, {"insert", KEY_INSERT}, {"delete", KEY_DELETE},
    {"not_key", KEY_NOT_KEY}, {"incomplete", KEY_INCOMPLETE},
    {"variable_flags", KEY_VARIABLE_FLAGS},
};
/* clang-format on */

static uint32_t use_of(struct slice word)
{
    for (size_t i = 0; i < COUNT_OF(use_words); i++) {
        if (slice_eq(word, slice_text(use_words[i].word))) return use_words[i].use;
    }
    return 0;
}

/* "@1", "@1..-1/2", "#2", "STORE@-2". */
static void where_parse(const char *where, size_t len, struct key_spec *spec)
{
    const char *end = where + len;
    size_t word_bytes = 0;
    while (where[word_bytes] >= 'A' && where[word_bytes] <= 'Z') word_bytes++;
    ASSERT(word_bytes <= COMMAND_KEYWORD_BYTES_MAX);
    memcpy(spec->keyword, where, word_bytes);
    where += word_bytes;
    ASSERT(*where == '@' || *where == '#');
    spec->counted = *where == '#';
    char *rest;
    spec->start = (int32_t)strtol(where + 1, &rest, 10);
    spec->last = spec->start;
    spec->step = 1;
    if (rest < end && rest[0] == '.') {
        spec->last = (int32_t)strtol(rest + 2, &rest, 10);
        ASSERT(*rest == '/');
        spec->step = (int32_t)strtol(rest + 1, &rest, 10);
    }
    ASSERT(rest == end);
}

static const char *spec_parse(const char *at, struct key_spec *spec)
{
    *spec = (struct key_spec){0};
    while (*at != 0 && *at != ';') {
        size_t len = strcspn(at, " ;");
        uint32_t use = use_of(slice_of(at, len));
        spec->use |= use;
        if (use == 0) where_parse(at, len, spec);
        at += len;
        at += strspn(at, " ");
    }
    ASSERT(spec->step != 0);
    return *at == ';' ? at + 1 + strspn(at + 1, " ") : at;
}

uint32_t key_specs_parse(const char *text, struct key_spec specs[COMMAND_KEY_SPECS_MAX])
{
    uint32_t count = 0;
    while (*text != 0) {
        ASSERT(count < COMMAND_KEY_SPECS_MAX);
        text = spec_parse(text, &specs[count++]);
    }
    return count;
}

struct finding { /* the keys of one call, as they are found */
    const struct slice *argv;
    uint32_t argc;
    struct key_place *keys;
    uint32_t max;
    int64_t count;
};

static void found(struct finding *finding, int64_t index, uint32_t use)
{
    if (finding->count < finding->max) {
        finding->keys[finding->count] = (struct key_place){(uint32_t)index, use};
    }
    finding->count++;
}

/* Where a keyword's keys begin; 0: the word is not there. */
static int64_t behind_keyword(const struct finding *finding, const struct key_spec *spec)
{
    int64_t at = spec->start < 0 ? (int64_t)finding->argc + spec->start : spec->start;
    int64_t step = spec->start < 0 ? -1 : 1;
    for (; at > 0 && at < finding->argc - 1; at += step) {
        if (word_is(finding->argv[at], spec->keyword)) return at + 1;
    }
    return 0;
}

static bool find_counted(struct finding *finding, const struct key_spec *spec, int64_t start)
{
    int64_t count;
    if (start >= finding->argc || !integer_parse(finding->argv[start], &count)) return false;
    if (count <= 0 || count >= finding->argc - start) return false;
    for (int64_t i = 0; i < count; i++) found(finding, start + 1 + i, spec->use);
    return true;
}

static bool find_spec(struct finding *finding, const struct key_spec *spec)
{
    int64_t start = spec->start;
    if (spec->keyword[0] != 0) {
        start = behind_keyword(finding, spec);
        if (start == 0) return true;
        if (!spec->counted) {
            found(finding, start, spec->use);
            return true;
        }
    }
    if (spec->counted) return find_counted(finding, spec, start);
    int64_t last = spec->last < 0 ? (int64_t)finding->argc + spec->last : spec->last;
    if (start >= finding->argc || last >= finding->argc) return false;
    for (int64_t i = start; i <= last; i += spec->step) found(finding, i, spec->use);
    return true;
}

int64_t command_keys(const struct command *command, const struct slice *argv, uint32_t argc,
                     struct key_place *keys, uint32_t max)
{
    struct finding finding = {argv, argc, keys, max, 0};
    for (uint32_t i = 0; i < command->key_specs_count; i++) {
        if (!find_spec(&finding, &command->key_specs[i])) return -1;
    }
    return finding.count;
}

/* --- what is done to a key where that depends on the other arguments ---------------------------
 */

static bool says_get(const struct slice *argv, uint32_t argc)
{
    enum { OPTIONS = 3 };
    for (uint32_t i = OPTIONS; i < argc; i++) {
        if (word_is(argv[i], "GET")) return true;
    }
    return false;
}

/* BITFIELD only reads when each of its operations is a GET, whole. */
static bool bitfield_only_reads(const struct slice *argv, uint32_t argc)
{
    for (uint32_t i = 2; i < argc; i++) {
        uint32_t behind = argc - i - 1;
        if (word_is(argv[i], "GET") && behind >= 2) {
            i += 2;
        } else if (word_is(argv[i], "OVERFLOW") && behind >= 1) {
            i++;
        } else {
            return false;
        }
    }
    return true;
}

uint32_t command_key_use(const struct command *command, const struct slice *argv, uint32_t argc,
                         uint32_t use)
{
    if (!(use & KEY_VARIABLE_FLAGS)) return use;
    if (command->id == COMMAND_SET)
        return says_get(argv, argc) ? KEY_RW | KEY_ACCESS | KEY_UPDATE : KEY_OW | KEY_UPDATE;
    if (command->id == COMMAND_BITFIELD && bitfield_only_reads(argv, argc))
        return KEY_RO | KEY_ACCESS;
    return use & ~(uint32_t)KEY_VARIABLE_FLAGS;
}
