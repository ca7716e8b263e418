/* secret.c -- see secret.h. */
#include <openssl/sha.h>

#include "io/whole_file.h"
#include "node/secret.h"

_Static_assert((int)SHA256_DIGEST_LENGTH == (int)DATA_SECRET_BYTES, "a secret is a digest");

static bool is_end_of_line(uint8_t byte)
{
    return byte == '\n' || byte == '\r' || byte == ' ' || byte == '\t';
}

enum err secret_read(struct arena *arena, const char *path, struct slice *secret,
                     struct fault *fault)
{
    struct buffer text = {0};
    enum err err = whole_file_read(path, PEER_SECRET_BYTES_MAX, &text, fault);
    if (err != ERR_OK) {
        buffer_free(&text);
        return fault_prefix(fault, "peer-secret-file");
    }
    while (text.len > 0 && is_end_of_line(text.data[text.len - 1])) text.len--;
    if (text.len < PEER_SECRET_BYTES_MIN) {
        err = fault_set(fault, ERR_USAGE,
                        "the secret in %s has %zu bytes, and must have %d or more; make one with: "
                        "openssl rand -hex 32",
                        path, text.len, PEER_SECRET_BYTES_MIN);
    } else {
        *secret = arena_copy(arena, buffer_slice(&text));
    }
    buffer_free(&text);
    return err;
}

void secret_derive(struct slice text, uint8_t secret[DATA_SECRET_BYTES])
{
    struct buffer whole = {0};
    buffer_append(&whole, SLICE("tutti cluster secret "));
    buffer_append(&whole, text);
    (void)SHA256(whole.data, whole.len, secret);
    buffer_free(&whole);
}

uint64_t secret_hash(struct slice text)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    uint64_t value = 0;
    (void)SHA256(text.data, text.len, digest);
    for (size_t i = 0; i < sizeof value; i++) value = value << 8 | digest[i];
    return value == 0 ? 1 : value;
}
