/* token.c -- see token.h. */
#include "node/token.h"

#include "base/crc.h"
#include "base/cursor.h"
#include "io/file.h"
#include "io/whole_file.h"
#include "node/data_facts.h"

#define TOKEN_BEGIN "tutti1-"

enum {
    TOKEN_BYTES = 8 + DATA_SECRET_BYTES,
    TOKEN_WHOLE_BYTES = TOKEN_BYTES + 4,
    TOKEN_FILE_BYTES_MAX = 4096
};

static uint8_t *write_bytes(uint64_t number, int count, uint8_t *at)
{
    for (int i = count - 1; i >= 0; i--) *at++ = (uint8_t)(number >> 8 * i);
    return at;
}

void token_write(const struct token *token, struct buffer *out)
{
    uint8_t bytes[TOKEN_WHOLE_BYTES];
    uint8_t *at = write_bytes(token->cluster, 8, bytes);
    memcpy(at, token->secret, sizeof token->secret);
    at += sizeof token->secret;
    (void)write_bytes(crc32c(0, slice_of(bytes, TOKEN_BYTES)), 4, at);
    buffer_append(out, SLICE(TOKEN_BEGIN));
    data_hex_append(slice_of(bytes, sizeof bytes), out);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct slice trimmed(struct slice text)
{
    while (text.len > 0 && is_blank(text.data[0])) text = slice_from(text, 1);
    while (text.len > 0 && is_blank(text.data[text.len - 1])) text.len--;
    return text;
}

static bool read_whole(struct slice text, struct token *token)
{
    uint8_t bytes[TOKEN_WHOLE_BYTES], sum[4];
    struct slice begin = SLICE(TOKEN_BEGIN);
    if (text.len <= begin.len || memcmp(text.data, begin.data, begin.len) != 0) return false;
    if (!data_hex_read(slice_from(text, begin.len), bytes, sizeof bytes)) return false;
    (void)write_bytes(crc32c(0, slice_of(bytes, TOKEN_BYTES)), 4, sum);
    if (memcmp(sum, bytes + TOKEN_BYTES, sizeof sum) != 0) return false;
    token->cluster = 0;
    for (int i = 0; i < 8; i++) token->cluster = token->cluster << 8 | bytes[i];
    memcpy(token->secret, bytes + 8, sizeof token->secret);
    return token->cluster != 0;
}

enum err token_read(struct slice text, struct token *token, struct fault *fault)
{
    text = trimmed(text);
    if (read_whole(text, token)) return ERR_OK;
    if (text.len == 0) {
        return fault_set(fault, ERR_USAGE,
                         "the token is empty: 'tutti token' on a machine of the cluster shows it");
    }
    return fault_set(
        fault, ERR_USAGE,
        "the token is not whole, or is none: it is one line that begins with " TOKEN_BEGIN
        "; 'tutti token' on a machine of the cluster shows it");
}

static enum err read_input(struct buffer *text, struct fault *fault)
{
    struct file input = {.fd = 0, .label = "standard input"};
    for (size_t got = 1; got != 0;) { /* ends: with the input, or past the limit */
        uint8_t *to = buffer_reserve(text, TOKEN_FILE_BYTES_MAX);
        enum err err = file_read(&input, to, TOKEN_FILE_BYTES_MAX, &got, fault);
        if (err != ERR_OK) return err;
        text->len += got;
        if (text->len > TOKEN_FILE_BYTES_MAX) {
            return fault_set(fault, ERR_LIMIT, "standard input is longer than a token");
        }
    }
    return ERR_OK;
}

enum err token_read_file(const char *path, struct token *token, struct fault *fault)
{
    struct buffer text = {0};
    bool input = strcmp(path, "-") == 0;
    enum err err = input ? read_input(&text, fault)
                         : whole_file_read(path, TOKEN_FILE_BYTES_MAX, &text, fault);
    if (err == ERR_OK) err = token_read(buffer_slice(&text), token, fault);
    buffer_free(&text);
    return err == ERR_OK ? ERR_OK : fault_prefix(fault, "token-file %s", path);
}
