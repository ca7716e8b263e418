/*
 * Makes the benchmarks' inputs, the same bytes on every machine:
 *
 *   generate logs BYTES   web-server-like lines that end in some prose; some ten thousand distinct
 *                         words, drawn by Zipf's law, as in real logs
 *   generate sort BYTES   lines of 100 bytes: a key of ten random printable bytes, then filler
 *
 * Writes whole lines to standard output, at most BYTES.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_BYTES_MAX = 1024,
    OUTPUT_BUFFER_BYTES = 1 << 20,
    VOCABULARY_WORDS = 30000,
    CLIENTS = 4000,
    PATHS = 6000,
    BODY_SIZES = 3000,
    LINES_PER_SECOND = 400,
    WORD_BYTES_MAX = 24,
    SORT_LINE_BYTES = 100,
    SORT_KEY_BYTES = 10,
    SORT_COUNTER_DIGITS = 12,
};

/* ---- chance ------------------------------------------------------------------------------- */

struct chance {
    uint64_t state;
};

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Uniform below `limit`; the bias of the multiplication is of no matter here. */
static uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    return (uint32_t)(((chance_next(chance) >> 32) * limit) >> 32);
}

/* Zipf's law over ranks 0 .. count-1, as the running sum of 1/(rank+1), scaled to 2^32. */
struct zipf {
    uint32_t *bound;
    uint32_t count;
};

static struct zipf zipf_new(uint32_t count)
{
    struct zipf zipf = {malloc(count * sizeof *zipf.bound), count};
    if (zipf.bound == NULL) abort();
    double total = 0;
    for (uint32_t i = 0; i < count; i++) total += 1.0 / (i + 1);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += 1.0 / (i + 1);
        zipf.bound[i] = (uint32_t)(sum / total * (double)UINT32_MAX);
    }
    return zipf;
}

static uint32_t zipf_draw(const struct zipf *zipf, struct chance *chance)
{
    uint32_t point = (uint32_t)(chance_next(chance) >> 32);
    uint32_t low = 0, high = zipf->count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (zipf->bound[middle] < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- words --------------------------------------------------------------------------------- */

struct word {
    char text[WORD_BYTES_MAX];
    uint32_t len;
};

/* A speakable word; frequent ones (low ranks) are short, as in any language. */
static void word_make(struct word *word, uint32_t rank, struct chance *chance)
{
    static const char consonants[] = "bcdfghjklmnprstvwz", vowels[] = "aeiou";
    uint32_t syllables = (rank > 2000 ? 3 : rank > 60 ? 2 : 1) + chance_below(chance, 2);
    char *out = word->text;
    for (uint32_t i = 0; i < syllables; i++) {
        *out++ = consonants[chance_below(chance, sizeof consonants - 1)];
        *out++ = vowels[chance_below(chance, sizeof vowels - 1)];
        if (chance_below(chance, 3) == 0) *out++ = consonants[chance_below(chance, 18)];
    }
    if (chance_below(chance, 12) == 0) *out++ = ",."[chance_below(chance, 2)];
    word->len = (uint32_t)(out - word->text);
}

static struct word *vocabulary_new(struct chance *chance)
{
    struct word *words = calloc(VOCABULARY_WORDS, sizeof *words);
    if (words == NULL) abort();
    for (uint32_t rank = 0; rank < VOCABULARY_WORDS; rank++) word_make(&words[rank], rank, chance);
    return words;
}

/* ---- the two kinds of input ------------------------------------------------------------------ */

struct sink {
    uint64_t left_bytes;
};

/* False when the line no longer fits, which ends the input. */
static int sink_put(struct sink *sink, const char *line, size_t len)
{
    if (len > sink->left_bytes) return 0;
    sink->left_bytes -= len;
    if (fwrite(line, 1, len, stdout) == len) return 1;
    perror("generate: standard output");
    exit(1);
}

struct log_source {
    struct chance chance;
    struct word *words;
    struct zipf word, client, path, body;
    uint64_t lines;
};

static size_t log_line_make(struct log_source *source, char *line)
{
    static const char *const verbs[] = {"GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT"};
    static const char *const states[] = {"200", "200", "200", "200", "204", "304", "404", "500"};
    struct chance *chance = &source->chance;
    uint32_t client = zipf_draw(&source->client, chance);
    uint32_t path = zipf_draw(&source->path, chance);
    uint32_t body = zipf_draw(&source->body, chance);
    uint32_t second = (uint32_t)(source->lines++ / LINES_PER_SECOND);
    int len =
        snprintf(line, LINE_BYTES_MAX,
                 "10.%u.%u.%u - - [12/Mar/2024:%02u:%02u:%02u +0000] \"%s /%.*s/%u HTTP/1.1\""
                 " %s %u",
                 client % 7, client % 251, client / 251, second / 3600 % 24, second / 60 % 60,
                 second % 60, verbs[chance_below(chance, 8)], (int)source->words[path].len - 1,
                 source->words[path].text, path, states[chance_below(chance, 8)], 200 + body * 37);
    uint32_t words = 6 + chance_below(chance, 20);
    for (uint32_t i = 0; i < words; i++) {
        const struct word *word = &source->words[zipf_draw(&source->word, chance)];
        line[len++] = ' ';
        memcpy(line + len, word->text, word->len);
        len += (int)word->len;
    }
    line[len++] = '\n';
    return (size_t)len;
}

static void logs_write(struct sink *sink)
{
    struct log_source source = {.chance = {1}, .lines = 0};
    source.words = vocabulary_new(&source.chance);
    source.word = zipf_new(VOCABULARY_WORDS);
    source.client = zipf_new(CLIENTS);
    source.path = zipf_new(PATHS);
    source.body = zipf_new(BODY_SIZES);
    char line[LINE_BYTES_MAX];
    while (sink_put(sink, line, log_line_make(&source, line))) continue;
}

static void sort_write(struct sink *sink)
{
    struct chance chance = {2};
    struct word *words = vocabulary_new(&chance);
    uint64_t number = 0;
    char line[SORT_LINE_BYTES];
    do {
        for (int i = 0; i < SORT_KEY_BYTES; i++) line[i] = (char)('!' + chance_below(&chance, 94));
        char counter[SORT_COUNTER_DIGITS + 3];
        snprintf(counter, sizeof counter, " %0*" PRIu64 " ", SORT_COUNTER_DIGITS,
                 number++ % UINT64_C(1000000000000));
        memcpy(line + SORT_KEY_BYTES, counter, sizeof counter - 1);
        size_t at = SORT_KEY_BYTES + sizeof counter - 1;
        memset(line + at, '.', sizeof line - at);
        line[sizeof line - 1] = '\n';
        const struct word *word = &words[chance_below(&chance, VOCABULARY_WORDS)];
        for (; at + word->len + 1 < sizeof line; at += word->len + 1)
            memcpy(line + at, word->text, word->len);
    } while (sink_put(sink, line, sizeof line));
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: generate logs|sort BYTES\n");
        return 2;
    }
    struct sink sink = {strtoull(argv[2], NULL, 10)};
    setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER_BYTES);
    if (strcmp(argv[1], "logs") == 0)
        logs_write(&sink);
    else if (strcmp(argv[1], "sort") == 0)
        sort_write(&sink);
    else
        return fprintf(stderr, "generate: no such input: %s\n", argv[1]), 2;
    return fflush(stdout) == 0 ? 0 : (perror("generate: standard output"), 1);
}
