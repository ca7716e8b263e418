/*
 * join.c -- see join.h.
 *
 * [I1] An answer is believed only from a node that has proven the token's secret.
 * [I2] Nobody is asked before the places are taken where this node will listen.
 */
#include <stdio.h>
#include <time.h>

#include "base/size.h"
#include "core/peer/join.h"
#include "io/clock.h"
#include "node/exposure.h"
#include "node/facts.h"
#include "node/join.h"
#include "node/join_talk.h"
#include "node/joined.h"
#include "node/peers.h"
#include "node/ports.h"

#define PATIENCE_NS INT64_C(20000000000) /* a node that says nothing for so long is not there */

enum {
    PLACES_MAX = 64,
    HOPS_MAX = 8,          /* from one node to the next that should know better */
    ATTEMPTS_MAX = 40,     /* at all places; while nobody leads */
    PAUSE_NS = 500000000,  /* between two */
    PORT_STANDARD = 16379, /* of a node with all settings at their standard */
    PORT_MAX = 65535
};

struct joining {
    struct arena *arena;
    const struct node_options *options;
    const struct config *config;
    struct token token;
    struct data_folder folder;
    struct io_address places[PLACES_MAX];
    uint32_t places_count;
    bool later; /* the last one said: try again */
    struct fault *fault;
};

/* --- whom to ask ----------------------------------------------------------------------------- */

/* "HOST", "HOST:PORT", "[::1]:PORT", "::1". */
static bool split(struct slice word, struct slice *host, uint64_t *port)
{
    *port = PORT_STANDARD;
    *host = word;
    const uint8_t *last = memrchr(word.data, ':', word.len);
    if (word.data[0] == '[') {
        const uint8_t *end = memchr(word.data, ']', word.len);
        if (end == NULL) return false;
        *host = slice_of(word.data + 1, (size_t)(end - word.data) - 1);
        last = end + 1 == word.data + word.len ? NULL : end + 1;
        if (last != NULL && *last != ':') return false;
    } else if (last != NULL && memchr(word.data, ':', word.len) != last) {
        return true; /* several colons: an address of IPv6, and no port */
    } else if (last != NULL) {
        *host = slice_of(word.data, (size_t)(last - word.data));
    }
    if (host->len == 0 || last == NULL) return host->len != 0;
    struct slice digits = slice_from(word, (size_t)(last - word.data) + 1);
    return count_parse(digits, port) && *port != 0 && *port <= PORT_MAX;
}

static enum err add_place(struct joining *joining, struct slice word)
{
    struct slice host;
    uint64_t port;
    if (joining->places_count == PLACES_MAX) {
        return fault_set(joining->fault, ERR_USAGE, "join names more than %d nodes", PLACES_MAX);
    }
    if (!split(word, &host, &port)) {
        return fault_set(joining->fault, ERR_USAGE,
                         "join has '%.*s': a node is HOST or HOST:PORT, with its peer-port",
                         (int)word.len, (const char *)word.data);
    }
    struct io_address *place = &joining->places[joining->places_count];
    enum err err =
        io_address_resolve(arena_text(joining->arena, host), (uint16_t)port, place, joining->fault);
    if (err != ERR_OK) return fault_prefix(joining->fault, "join");
    joining->places_count++;
    return ERR_OK;
}

static enum err read_places(struct joining *joining)
{
    static const char blanks[] = " \t,";
    const char *list = config_text(joining->config, SETTING_JOIN);
    enum err err = ERR_OK;
    for (const char *at = list + strspn(list, blanks); *at != '\0' && err == ERR_OK;) {
        struct slice word = slice_of(at, strcspn(at, blanks));
        at += word.len;
        at += strspn(at, blanks);
        err = add_place(joining, word);
    }
    if (err != ERR_OK || joining->places_count != 0) return err;
    return fault_set(joining->fault, ERR_USAGE, "join names no node");
}

static enum err read_token(struct joining *joining, bool *given)
{
    const char *path = config_text(joining->config, SETTING_TOKEN_FILE);
    const char *text = joining->options->token;
    *given = *path != '\0' || text != NULL;
    if (*path != '\0') return token_read_file(path, &joining->token, joining->fault);
    if (text == NULL) return ERR_OK;
    enum err err = token_read(slice_text(text), &joining->token, joining->fault);
    return err == ERR_OK ? ERR_OK : fault_prefix(joining->fault, "TUTTI_TOKEN");
}

/* --- what is said ---------------------------------------------------------------------------- */

static enum err write_request(const struct joining *joining, const struct join_talk *talk,
                              struct buffer *request)
{
    struct registry_member member;
    const struct node_options *options = joining->options;
    enum err err = facts_gather(joining->config, &options->machine, options->version,
                                join_talk_local(talk), &member, joining->fault);
    if (err != ERR_OK) return err;
    if (member.peer_port == 0) {
        return fault_set(joining->fault, ERR_USAGE,
                         "there is no port for other nodes: set peer-port");
    }
    member.state = MEMBER_JOINING;
    struct registry_event event = {
        .kind = REGISTRY_JOIN,
        .now_ms = clock_unix_us() / 1000,
        .members = &member,
        .members_count = 1,
    };
    registry_event_write(&event, request);
    return ERR_OK;
}

/* --- asking ---------------------------------------------------------------------------------- */

static enum err take_answer(struct joining *joining, const struct join_answer *answer,
                            struct io_address *place, bool *elsewhere)
{
    switch (answer->outcome) {
    case JOIN_WELCOME:
        return joined_keep(joining->arena, joining->config, &joining->token, &joining->folder,
                           answer, joining->fault);
    case JOIN_ELSEWHERE:
        *elsewhere = true;
        return io_address_resolve(arena_text(joining->arena, answer->host), answer->port, place,
                                  joining->fault);
    case JOIN_LATER: joining->later = true; break;
    case JOIN_REFUSED: break;
    }
    return fault_set(joining->fault, joining->later ? ERR_CANCELLED : ERR_USAGE,
                     "the node at %s, port %u: %.*s", place->text, place->port,
                     (int)answer->why.len, (const char *)answer->why.data);
}

/* `*place` becomes the next one, if it sends us on. */
static enum err ask(struct joining *joining, struct io_address *place, bool *elsewhere)
{
    struct join_talk *talk = NULL;
    struct buffer request = {0}, bytes = {0};
    struct join_answer answer;
    uint32_t lanes = (uint32_t)config_integer(joining->config, SETTING_LANES);
    enum err err = join_talk_open(place, &joining->token, lanes, (duration){PATIENCE_NS}, &talk,
                                  joining->fault); /* [I1] */
    if (err == ERR_OK) err = write_request(joining, talk, &request);
    if (err == ERR_OK) err = join_talk_ask(talk, buffer_slice(&request), &bytes, joining->fault);
    if (err == ERR_OK && !join_answer_read(buffer_slice(&bytes), &answer)) {
        err = fault_set(joining->fault, ERR_CORRUPT,
                        "the node at %s, port %u, has answered what cannot be read", place->text,
                        place->port);
    }
    if (err == ERR_OK) err = take_answer(joining, &answer, place, elsewhere);
    join_talk_close(talk);
    buffer_free(&request);
    buffer_free(&bytes);
    return err;
}

static enum err ask_from(struct joining *joining, const struct io_address *first)
{
    struct io_address place = *first;
    enum err err = ERR_OK;
    for (uint32_t hop = 0; hop < HOPS_MAX; hop++) {
        bool elsewhere = false;
        err = ask(joining, &place, &elsewhere);
        if (err != ERR_OK || !elsewhere) return err;
    }
    joining->later = true;
    return fault_set(joining->fault, ERR_CANCELLED,
                     "the nodes send us from one to the other: nobody leads the cluster now");
}

/* Each in turn; and again, as long as one of them says that this may help. */
static enum err ask_all(struct joining *joining)
{
    const struct timespec pause = {0, PAUSE_NS};
    enum err err = ERR_OK;
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        joining->later = false;
        for (uint32_t i = 0; i < joining->places_count; i++) {
            err = ask_from(joining, &joining->places[i]);
            if (err == ERR_OK) return ERR_OK;
        }
        if (!joining->later) return err;
        (void)nanosleep(&pause, NULL);
    }
    return err;
}

/* [I2] */
static enum err ask_from_its_place(struct joining *joining)
{
    struct ports *ports = NULL;
    enum err err = ports_hold(joining->config, &ports, joining->fault);
    if (err == ERR_OK) err = ask_all(joining);
    ports_release(ports);
    return err;
}

/* --- the folder ------------------------------------------------------------------------------ */

static enum err refuse_folder(const struct joining *joining, bool has_token)
{
    const struct data_folder *folder = &joining->folder;
    bool same = folder->format == DATA_FORMAT &&
                (!has_token || folder->identity.cluster == joining->token.cluster);
    if (same && folder->identity.origin != DATA_ORIGIN_FORMED) return ERR_OK; /* it just starts */
    if (same && has_token) return ERR_OK; /* the first node of this very cluster */
    return fault_set(joining->fault, ERR_USAGE,
                     "the data folder %s is of another cluster%s, and may hold data: leave out "
                     "--join to start its own node, or begin a new folder with --data",
                     folder->path,
                     folder->identity.origin == DATA_ORIGIN_FORMED ? " (of one node, alone)" : "");
}

static enum err join_with_folder(struct joining *joining)
{
    bool has_token;
    enum err err = read_token(joining, &has_token);
    if (err != ERR_OK) return err;
    if (joining->folder.format != 0) return refuse_folder(joining, has_token);
    if (!has_token) {
        return fault_set(joining->fault, ERR_USAGE,
                         "to join a cluster its token is needed: 'tutti token' on one of its "
                         "machines shows it; give it with --token-file FILE (-: standard input), "
                         "or in the variable TUTTI_TOKEN");
    }
    err = read_places(joining);
    return err == ERR_OK ? ask_from_its_place(joining) : err;
}

/* Who has a token and no --join, as with a variable of a script that is empty, wants to be part of
 * its cluster, not to form another one, which a folder belongs to for good. */
static enum err check_not_meant(const struct node_options *options, struct fault *fault)
{
    const struct config *config = options->config;
    bool has_token = config_text(config, SETTING_TOKEN_FILE)[0] != '\0' || options->token != NULL;
    if (!has_token || config_text(config, SETTING_PEERS)[0] != '\0') return ERR_OK;
    struct arena *arena = arena_new();
    struct data_folder folder;
    struct fault ignored;
    enum err err = data_folder_look(arena, config_text(config, SETTING_DIR), &folder, &ignored);
    arena_free(arena);
    if (err != ERR_NOT_FOUND) return ERR_OK; /* it is somebody's: it just starts, or says why not */
    return fault_set(fault, ERR_USAGE,
                     "a token is given, and no node of its cluster: say --join HOST; to form a "
                     "cluster of its own leave out --token-file and TUTTI_TOKEN");
}

enum err node_join(const struct node_options *options, struct fault *fault)
{
    const struct config *config = options->config;
    if (config_text(config, SETTING_JOIN)[0] == '\0') return check_not_meant(options, fault);
    if (config_text(config, SETTING_PEERS)[0] != '\0') {
        return fault_set(fault, ERR_USAGE, "give --join or --peers, not both");
    }
    enum err err = node_check_exposure(config, fault);
    if (err != ERR_OK) return err;
    struct arena *arena = arena_new();
    struct joining *joining = ARENA_NEW(arena, struct joining);
    *joining =
        (struct joining){.arena = arena, .options = options, .config = config, .fault = fault};
    err = data_folder_take(arena, config_text(config, SETTING_DIR), &joining->folder, fault);
    if (err == ERR_OK) {
        err = join_with_folder(joining);
        data_folder_close(&joining->folder);
    }
    arena_free(arena);
    return err;
}
