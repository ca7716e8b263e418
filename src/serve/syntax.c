/* syntax.c -- see syntax.h. The text is ours, from commands.def: it is well formed. */
#include "serve/syntax.h"

enum { ITEMS_MAX = 64, DEPTH_MAX = 8 };

struct reading {
    struct arena *arena;
    const char *at;
};

static void skip_blanks(struct reading *reading)
{
    while (*reading->at == ' ') reading->at++;
}

static bool is_capital(struct slice word)
{
    bool capital = false;
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] >= 'a' && word.data[i] <= 'z') return false;
        capital = capital || (word.data[i] >= 'A' && word.data[i] <= 'Z');
    }
    return capital || word.len == 1;
}

static struct slice take_word(struct reading *reading)
{
    size_t len = strcspn(reading->at, " []<>|");
    struct slice word = slice_of(reading->at, len);
    reading->at += len;
    return word;
}

static struct syntax block_of(struct arena *arena, const struct syntax *items, uint32_t count)
{
    struct syntax block = {.kind = SYNTAX_BLOCK, .count = count};
    block.items = ARENA_ARRAY(arena, struct syntax, count);
    memcpy(block.items, items, count * sizeof *items);
    return block;
}

/* "[member ...]" behind "member": what repeats the last items makes them one that is multiple. */
static void repeat(struct arena *arena, struct syntax *items, uint32_t *count, uint32_t repeated)
{
    if (repeated == 0 || repeated > *count) return;
    struct syntax *first = &items[*count - repeated];
    if (repeated > 1) *first = block_of(arena, first, repeated);
    first->multiple = true;
    *count -= repeated - 1;
}

/* A literal word and what follows it, up to the end of its group, are one argument. */
static void join_token(struct arena *arena, struct syntax *items, uint32_t *count)
{
    if (*count < 2 || items[0].kind != SYNTAX_TOKEN || items[0].optional) return;
    struct slice token = items[0].token;
    if (*count == 2 && items[1].kind == SYNTAX_VALUE && items[1].token.len == 0) {
        items[0] = items[1];
    } else {
        items[0] = block_of(arena, items + 1, *count - 1);
    }
    items[0].token = token;
    *count = 1;
}

static uint32_t read_items(struct reading *reading, struct syntax *items, unsigned depth,
                           bool *dots);

/* "a | b" up to the closing bracket: one argument. */
static struct syntax read_group(struct reading *reading, unsigned depth, bool *dots,
                                uint32_t *words)
{
    struct syntax choices[ITEMS_MAX];
    uint32_t count = 0;
    *dots = false;
    for (;;) { /* ends with the closing bracket */
        struct syntax items[ITEMS_MAX];
        uint32_t items_count = read_items(reading, items, depth, dots);
        *words = items_count;
        if (!*dots) join_token(reading->arena, items, &items_count);
        ASSERT(count < ITEMS_MAX);
        choices[count++] =
            items_count == 1 ? items[0] : block_of(reading->arena, items, items_count);
        if (*reading->at != '|') break;
        reading->at++;
    }
    ASSERT(*reading->at == ']' || *reading->at == '>');
    reading->at++;
    if (count == 1) return choices[0];
    struct syntax one_of = block_of(reading->arena, choices, count);
    one_of.kind = SYNTAX_ONE_OF;
    return one_of;
}

static uint32_t read_items(struct reading *reading, struct syntax *items, unsigned depth,
                           bool *dots)
{
    uint32_t count = 0;
    ASSERT(depth < DEPTH_MAX);
    for (skip_blanks(reading); strchr("]>|", *reading->at) == NULL; skip_blanks(reading)) {
        ASSERT(count < ITEMS_MAX);
        bool optional = *reading->at == '[';
        if (optional || *reading->at == '<') {
            bool repeats;
            uint32_t words;
            reading->at++;
            struct syntax group = read_group(reading, depth + 1, &repeats, &words);
            if (optional && repeats) {
                repeat(reading->arena, items, &count, words);
            } else {
                group.optional = group.optional || optional;
                items[count++] = group;
            }
            continue;
        }
        struct slice word = take_word(reading);
        if (slice_eq(word, SLICE("..."))) {
            *dots = true;
        } else if (is_capital(word)) {
            items[count++] = (struct syntax){.kind = SYNTAX_TOKEN, .token = word};
        } else {
            items[count++] = (struct syntax){.kind = SYNTAX_VALUE, .name = word};
        }
    }
    return count;
}

struct syntax syntax_parse(struct arena *arena, const char *text)
{
    struct reading reading = {arena, text};
    struct syntax items[ITEMS_MAX];
    bool dots = false;
    uint32_t count = read_items(&reading, items, 0, &dots);
    return block_of(arena, items, count);
}
