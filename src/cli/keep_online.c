/* keep_online.c -- see keep_online.h. */
#include <stdlib.h>
#include <time.h>

#include "base/size.h"
#include "cli/client.h"
#include "cli/keep_online.h"
#include "cli/tame.h"
#include "io/folder.h"

enum { PORT_MAX = 65535, PAUSE_NS = 100 * 1000 * 1000 };

struct talk {
    struct arena *arena;
    struct client *client;
    struct fault *fault;
};

static enum err find_address(const char *from, struct io_address *address, struct fault *fault)
{
    uint64_t port;
    const char *colon = strrchr(from, ':');
    *address = (struct io_address){0};
    size_t len = colon == NULL ? 0 : (size_t)(colon - from);
    bool good = len > 0 && len < sizeof address->text &&
                count_parse(slice_text(colon + 1), &port) && port > 0 && port <= PORT_MAX;
    if (!good) {
        return fault_set(fault, ERR_USAGE, "--from is '%s': it must be HOST:PORT", from);
    }
    memcpy(address->text, from, len);
    address->port = (uint16_t)port;
    return ERR_OK;
}

/* An error of the node is ours. */
static enum err ask(struct talk *talk, const struct slice *words, uint32_t count,
                    struct answer *answer)
{
    enum err err = client_ask(talk->client, talk->arena, words, count, answer, talk->fault);
    if (err != ERR_OK || answer->kind != ANSWER_ERROR) return err;
    return fault_set(talk->fault, ERR_CANCELLED, "the node says: %.*s", (int)answer->text.len,
                     (const char *)answer->text.data);
}

static enum err log_in(struct talk *talk)
{
    struct answer answer;
    const char *password = getenv("TUTTI_PASSWORD");
    if (password == NULL) return ERR_OK;
    return ask(talk, (struct slice[]){SLICE("AUTH"), slice_text(password)}, 2, &answer);
}

static enum err ask_count(struct talk *talk, struct slice what, uint64_t *count)
{
    struct answer answer;
    enum err err = ask(talk, (struct slice[]){SLICE("BACKUP"), what}, 2, &answer);
    if (err != ERR_OK) return err;
    if (count_parse(answer.text, count)) return ERR_OK;
    return fault_set(talk->fault, ERR_BAD_RECORD, "the node does not answer as a tutti node does");
}

static enum err wait_for_end(struct talk *talk)
{
    const struct timespec pause = {0, PAUSE_NS};
    uint64_t running = 1, failed = 0;
    enum err err = ERR_OK;
    while (err == ERR_OK && running > 0) { /* ends: with the backup, or the node's answer fails */
        (void)nanosleep(&pause, NULL);
        err = ask_count(talk, SLICE("RUNNING"), &running);
    }
    if (err == ERR_OK) err = ask_count(talk, SLICE("FAILED"), &failed);
    if (err != ERR_OK || failed == 0) return err;
    return fault_set(talk->fault, ERR_IO,
                     "the node could not write the backup; is there room on its disk?");
}

enum err backup_online(const char *from, const char *to, struct buffer *out, struct fault *fault)
{
    struct talk talk = {.arena = arena_new(), .fault = fault};
    struct io_address address;
    struct answer answer;
    const char *path = to;
    if (to[0] != '/') path = arena_format(talk.arena, "%s/%s", path_real(".", talk.arena), to);
    enum err err = find_address(from, &address, fault);
    if (err == ERR_OK) err = client_open(&address, CLIENT_PATIENCE, &talk.client, fault);
    if (err == ERR_OK) err = log_in(&talk);
    if (err == ERR_OK) {
        const struct slice words[] = {SLICE("BACKUP"), SLICE("START"), slice_text(path)};
        err = ask(&talk, words, COUNT_OF(words), &answer);
    }
    if (err == ERR_OK) err = wait_for_end(&talk);
    if (err == ERR_OK) {
        buffer_append(out, SLICE("the backup is in "));
        tame_append(out, slice_text(path));
        buffer_append_byte(out, '\n');
    }
    client_close(talk.client);
    arena_free(talk.arena);
    return err;
}
