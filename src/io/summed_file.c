/* summed_file.c -- see summed_file.h. */
#include "io/summed_file.h"

#include "base/crc.h"
#include "io/whole_file.h"

#define LINE_BEGIN "checksum "

enum {
    BEGIN_BYTES = sizeof LINE_BEGIN - 1,
    DIGITS = 8,
    LINE_BYTES = BEGIN_BYTES + DIGITS + 1,
    ODD_BYTES_MAX = 3 /* a line in which so many are wrong was one once */
};

/* The text, and its line. */
static void append_summed(struct buffer *whole, struct slice text)
{
    buffer_append(whole, text);
    buffer_append_format(whole, LINE_BEGIN "%08x\n", crc32c(0, text));
}

/* --- reading --------------------------------------------------------------------------------- */

static bool is_as_in_a_line(size_t at, uint8_t byte)
{
    static const char begin[] = LINE_BEGIN;
    if (at < BEGIN_BYTES) return byte == (uint8_t)begin[at];
    if (at == LINE_BYTES - 1) return byte == '\n';
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* How many bytes are none of such a line; `*first` is where the first of them is. */
static uint32_t count_odd(struct slice line, size_t *first)
{
    uint32_t count = 0;
    for (size_t i = line.len; i-- > 0;) {
        if (is_as_in_a_line(i, line.data[i])) continue;
        *first = i;
        count++;
    }
    return count;
}

static uint32_t read_sum(struct slice line)
{
    uint32_t sum = 0;
    for (size_t i = BEGIN_BYTES; i < BEGIN_BYTES + DIGITS; i++) {
        uint8_t byte = line.data[i];
        sum = sum << 4 | (uint32_t)(byte <= '9' ? byte - '0' : byte - 'a' + 10);
    }
    return sum;
}

static enum err is_damaged(const char *path, size_t offset, struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "%s is damaged: its byte %zu is not as it was written",
                     path, offset);
}

static enum err check(const char *path, struct buffer *text, size_t before, struct fault *fault)
{
    struct slice all = slice_from(buffer_slice(text), before);
    if (all.len < LINE_BYTES) return ERR_OK;
    struct slice bytes = slice_of(all.data, all.len - LINE_BYTES);
    struct slice line = slice_from(all, bytes.len);
    size_t offset = 0;
    uint32_t odd = count_odd(line, &offset);
    if (odd > ODD_BYTES_MAX) return ERR_OK; /* it has none */
    if (odd > 0) return is_damaged(path, bytes.len + offset, fault);
    uint32_t sum = read_sum(line);
    text->len -= LINE_BYTES;
    if (crc32c(0, bytes) == sum) return ERR_OK;
    if (crc32c_find_flipped(bytes, sum, &offset)) return is_damaged(path, offset, fault);
    return fault_set(fault, ERR_CORRUPT,
                     "%s is damaged: more than one of its bytes 0 to %zu is not as it was written",
                     path, all.len - 1);
}

enum err summed_file_read(const char *path, size_t bytes_max, struct buffer *text,
                          struct fault *fault)
{
    size_t before = text->len;
    enum err err = whole_file_read(path, bytes_max + LINE_BYTES, text, fault);
    return err == ERR_OK ? check(path, text, before, fault) : err;
}

/* --- writing --------------------------------------------------------------------------------- */

enum err summed_file_replace(const char *path, struct slice text, struct fault *fault)
{
    struct buffer whole = {0};
    append_summed(&whole, text);
    enum err err = whole_file_replace(path, buffer_slice(&whole), fault);
    buffer_free(&whole);
    return err;
}

enum err summed_file_replace_private(const char *path, struct slice text, struct fault *fault)
{
    struct buffer whole = {0};
    append_summed(&whole, text);
    enum err err = whole_file_replace_private(path, buffer_slice(&whole), fault);
    buffer_free(&whole);
    return err;
}
