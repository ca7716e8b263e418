/* pairs.c -- see pairs.h. */
#include "work/child/pairs.h"
#include "work/child/frames.h"

static MUST_USE enum err line_too_long(const struct pair_decoder *decoder, struct fault *fault)
{
    return fault_set(fault, ERR_TOO_LONG,
                     "it wrote a line longer than %llu bytes; --max-record allows longer ones",
                     (unsigned long long)decoder->bytes_max);
}

static void split_line(struct slice line, struct slice *key, struct slice *value)
{
    const uint8_t *tab = line.len > 0 ? memchr(line.data, '\t', line.len) : NULL;
    *key = line;
    *value = slice_from(line, line.len);
    if (tab == NULL) return;
    key->len = (size_t)(tab - line.data);
    *value = slice_from(line, key->len + 1);
}

static MUST_USE enum err line_next(struct pair_decoder *decoder, struct slice *rest, bool ended,
                                   struct slice *key, struct slice *value, bool *got,
                                   struct fault *fault)
{
    struct slice unseen = slice_from(*rest, decoder->scanned);
    const uint8_t *end = unseen.len > 0 ? memchr(unseen.data, '\n', unseen.len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    *got = false;
    if (len > decoder->bytes_max) return line_too_long(decoder, fault);
    *got = end != NULL || (ended && len > 0);
    decoder->scanned = *got ? 0 : len;
    if (!*got) return ERR_OK;
    split_line(slice_of(rest->data, len), key, value);
    *rest = slice_from(*rest, end != NULL ? len + 1 : len);
    return ERR_OK;
}

enum err pair_next(struct pair_decoder *decoder, struct slice *rest, bool ended, struct slice *key,
                   struct slice *value, bool *got, struct fault *fault)
{
    if (decoder->framing == FRAMING_LINES) {
        return line_next(decoder, rest, ended, key, value, got, fault);
    }
    enum err err = frame_take_pair(rest, decoder->bytes_max, key, value, got, fault);
    if (err != ERR_OK || *got || !ended || rest->len == 0) return err;
    return fault_set(fault, ERR_CORRUPT, "what the plug-in's host wrote ends inside a frame");
}
