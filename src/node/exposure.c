/* exposure.c -- see exposure.h. */
#include "node/exposure.h"
#include "io/whole_file.h"
#include "node/listen.h"

enum { ACL_FILE_BYTES_MAX = 16 << 20 };

/* Does this line say of the user 'default' that nobody is it without a password? */
static bool closes_default(struct slice line)
{
    struct arena *arena = arena_new();
    struct slice *words;
    uint32_t count;
    bool is_default = config_split(line, arena, &words, &count) && count >= 2 &&
                      slice_eq(words[0], SLICE("user")) && slice_eq(words[1], SLICE("default"));
    bool password = false, off = false;
    for (uint32_t i = 2; is_default && i < count; i++) {
        if (words[i].len == 0) continue;
        if (words[i].data[0] == '>' || words[i].data[0] == '#') password = true;
        if (slice_eq(words[i], SLICE("nopass")) || slice_eq(words[i], SLICE("resetpass"))) {
            password = false;
        }
        if (slice_eq(words[i], SLICE("off")) || slice_eq(words[i], SLICE("reset"))) off = true;
        if (slice_eq(words[i], SLICE("on"))) off = false;
    }
    arena_free(arena);
    return is_default && (password || off);
}

static bool any_line_closes(struct slice text)
{
    while (text.len != 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        if (closes_default(slice_of(text.data, len))) return true;
        text = slice_from(text, end == NULL ? len : len + 1);
    }
    return false;
}

/* A file that cannot be read closes nothing; whoever loads it says why. */
static bool file_closes(const char *path)
{
    struct fault fault;
    struct buffer text = {0};
    if (*path == '\0') return false;
    bool read = whole_file_read(path, ACL_FILE_BYTES_MAX, &text, &fault) == ERR_OK;
    bool closes = read && any_line_closes(buffer_slice(&text));
    buffer_free(&text);
    return closes;
}

enum err node_check_exposure(const struct config *config, struct fault *fault)
{
    struct listen_place places[LISTENERS_MAX];
    uint32_t count;
    enum err err = listen_places(config, places, &count, fault);
    if (err != ERR_OK) return err;
    bool closed = config_text(config, SETTING_REQUIREPASS)[0] != '\0' ||
                  any_line_closes(buffer_slice(&config->users)) ||
                  file_closes(config_text(config, SETTING_ACLFILE));
    for (uint32_t i = 0; i < count && !closed; i++) {
        if (io_address_is_local(&places[i].address)) continue;
        return fault_set(fault, ERR_USAGE,
                         "it would listen on %s, where others than this machine can reach it, and "
                         "nobody would need a password: set requirepass (in the configuration "
                         "file, or TUTTI_REQUIREPASS), or a password for the ACL user 'default', "
                         "or stay with --bind 127.0.0.1",
                         places[i].address.text);
    }
    return ERR_OK;
}
