/* cluster_talk.c -- see cluster_talk.h. */
#include "cli/cluster_talk.h"

#include "base/size.h"
#include "cli/tame.h"

enum { HOPS_MAX = 4, PORT_MAX = 65535 };

static enum err find(const struct cluster_talk *talk, const char *host, uint16_t port,
                     struct io_address *address)
{
    if (host[0] != '/') return io_address_resolve(host, port, address, talk->fault);
    *address = (struct io_address){0};
    if (strlen(host) >= sizeof address->text) {
        return fault_set(talk->fault, ERR_USAGE, "--host is longer than %zu bytes",
                         sizeof address->text - 1);
    }
    memcpy(address->text, host, strlen(host));
    return ERR_OK;
}

/* What to do about it, where the node does not know. */
static const char *hint_of(struct slice error)
{
    static const struct {
        const char *begin, *hint;
    } rows[] = {
        {"ERR unknown", " It is no tutti, or one of another version"},
        {"NOAUTH", ". Give the password: --password-file, or TUTTI_PASSWORD"},
        {"WRONGPASS", ". See --user, and --password-file or TUTTI_PASSWORD"},
        {"NOPERM", ". Say who may with --user"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (slice_starts_with(error, slice_text(rows[i].begin))) return rows[i].hint;
    }
    return "";
}

/* An error of the node is ours. */
static enum err ask_once(struct cluster_talk *talk, struct arena *arena, const struct slice *words,
                         uint32_t count, struct answer *answer)
{
    enum err err = client_ask(talk->client, arena, words, count, answer, talk->fault);
    if (err != ERR_OK || answer->kind != ANSWER_ERROR) return err;
    struct buffer text = {0};
    struct slice said = answer->text;
    const char *hint = hint_of(said);
    if (*hint == '.' && said.len > 0 && said.data[said.len - 1] == '.') hint++;
    if (slice_starts_with(said, SLICE("ERR "))) said = slice_from(said, 4);
    tame_append(&text, said);
    err = fault_set(talk->fault, ERR_CANCELLED, "the node says: %.*s%s", (int)text.len,
                    (const char *)text.data, hint);
    buffer_free(&text);
    return err;
}

static enum err connect_to(struct cluster_talk *talk, const char *host, uint16_t port)
{
    struct io_address address;
    struct answer answer;
    const struct cluster_options *options = talk->options;
    cluster_talk_close(talk);
    enum err err = find(talk, host, port, &address);
    if (err == ERR_OK) err = client_open(&address, CLIENT_HASTE, &talk->client, talk->fault);
    if (err != ERR_OK) return err;
    struct arena *arena = arena_new();
    const char *password = options->password == NULL ? "" : options->password;
    const struct slice words[] = {SLICE("HELLO"), SLICE("3"), SLICE("AUTH"),
                                  slice_text(options->user), slice_text(password)};
    uint32_t count = options->password == NULL ? 2 : COUNT_OF(words);
    err = ask_once(talk, arena, words, count, &answer);
    arena_free(arena);
    return err;
}

enum err cluster_talk_open(struct cluster_talk *talk)
{
    return connect_to(talk, talk->options->host, talk->options->port);
}

void cluster_talk_close(struct cluster_talk *talk)
{
    client_close(talk->client);
    talk->client = NULL;
}

/* "ASKROOT 10.0.0.1:6379 …". False: it is another error, or says no place. */
static bool names_place(struct arena *arena, const struct answer *answer, const char **host,
                        uint64_t *port)
{
    struct slice text = answer->text, begin = SLICE("ASKROOT ");
    if (answer->kind != ANSWER_ERROR || text.len <= begin.len) return false;
    if (memcmp(text.data, begin.data, begin.len) != 0) return false;
    text = slice_from(text, begin.len);
    const uint8_t *blank = memchr(text.data, ' ', text.len);
    if (blank != NULL) text.len = (size_t)(blank - text.data);
    const uint8_t *colon = memrchr(text.data, ':', text.len);
    if (colon == NULL) return false;
    *host = arena_text(arena, slice_of(text.data, (size_t)(colon - text.data)));
    return count_parse(slice_from(text, strlen(*host) + 1), port) && *port != 0 &&
           *port <= PORT_MAX;
}

enum err cluster_talk_ask(struct cluster_talk *talk, struct arena *arena, const struct slice *words,
                          uint32_t count, struct answer *answer)
{
    enum err err = ERR_OK;
    for (uint32_t hop = 0; hop < HOPS_MAX; hop++) {
        const char *host;
        uint64_t port;
        err = ask_once(talk, arena, words, count, answer);
        if (err != ERR_CANCELLED || !names_place(arena, answer, &host, &port)) return err;
        err = connect_to(talk, host, (uint16_t)port);
        if (err != ERR_OK) return err;
    }
    return err;
}
