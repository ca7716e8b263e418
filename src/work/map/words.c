/* words.c -- the operator `words`: maximal runs of bytes that are not white space. */
#include "work/map/map_impl.h"

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static enum err emit_words(const struct map_run *run, struct slice bytes)
{
    const uint8_t *at = bytes.data, *end = at + bytes.len;
    while (at < end) {
        while (at < end && is_space(*at)) at++;
        const uint8_t *start = at;
        while (at < end && !is_space(*at)) at++;
        if (at == start) break;
        struct slice word = slice_of(start, (size_t)(at - start));
        enum err err = map_emit(run, start, word, (struct slice){0});
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

static enum err words_block(struct map_operator *map, const struct map_run *run)
{
    struct slice rest = run->block->bytes, record;
    while (record_next(&map->rule, &rest, &record)) {
        ++*run->records;
        enum err err = emit_words(run, record);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

const struct map_type map_words_type = {.block = words_block};
