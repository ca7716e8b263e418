/* words.c -- the operator `words`: maximal runs of bytes that are not white space. */
#include "work/map/map_impl.h"
#include "work/map/word_scan.h"

enum { WORDS_BATCH = 256 };

_Static_assert((int)BLOCK_PADDING >= (int)SPACE_MASK_BYTES, "a scan reads behind the text");

static enum err emit_words(const struct map_run *run, struct slice text)
{
    struct word_scan scan;
    struct slice words[WORDS_BATCH];
    word_scan_begin(&scan, text);
    for (;;) {
        size_t count = word_scan_take(&scan, words, WORDS_BATCH);
        if (count == 0) return ERR_OK;
        enum err err = map_emit_keys(run, words, count);
        if (err != ERR_OK) return err;
    }
}

/* Line ends are white space too, so a block is scanned at one go where lines are the records. */
static enum err words_block(struct map_operator *map, const struct map_run *run)
{
    if (map->rule.format != FORMAT_FIXED) {
        *run->records += records_count(&map->rule, run->block->bytes);
        return emit_words(run, run->block->bytes);
    }
    struct slice rest = run->block->bytes, record;
    while (record_next(&map->rule, &rest, &record)) {
        ++*run->records;
        enum err err = emit_words(run, record);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

const struct map_type map_words_type = {.block = words_block};
