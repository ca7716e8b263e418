/* keep_online.c -- see keep_online.h. */
#include "cli/keep_online.h"
#include "base/size.h"
#include "cli/keep_gather.h"
#include "cli/tame.h"
#include "io/folder.h"

enum { PORT_MAX = 65535 };

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

/* It has all shards: it writes them itself. */
static enum err backup_alone(struct keep_talk *talk, const char *to, struct buffer *out)
{
    struct answer answer;
    uint64_t failed = 0;
    const char *path = to;
    if (to[0] != '/') path = arena_format(talk->arena, "%s/%s", path_real(".", talk->arena), to);
    const struct slice words[] = {SLICE("BACKUP"), SLICE("START"), slice_text(path)};
    enum err err = keep_talk_ask(talk, words, COUNT_OF(words), &answer);
    if (err == ERR_OK) err = keep_talk_wait(talk, &failed);
    if (err == ERR_OK && failed != 0) {
        err = fault_set(talk->fault, ERR_IO,
                        "the node could not write the backup; is there room on its disk?");
    }
    if (err != ERR_OK) return err;
    buffer_append(out, SLICE("the backup is in "));
    tame_append(out, slice_text(path));
    buffer_append_byte(out, '\n');
    return ERR_OK;
}

enum err backup_online(const char *from, const char *to, struct buffer *out, struct fault *fault)
{
    struct keep_talk talk = {.arena = arena_new(), .fault = fault};
    struct io_address address;
    struct keep_members *members;
    enum err err = find_address(from, &address, fault);
    if (err == ERR_OK) err = keep_talk_open(&talk, &address);
    if (err == ERR_OK) err = keep_members_ask(&talk, talk.arena, &members);
    if (err == ERR_OK && keep_members_are_many(members)) {
        err = keep_gather(members, to, out, fault);
    } else if (err == ERR_OK) {
        err = backup_alone(&talk, to, out);
    }
    keep_talk_close(&talk);
    arena_free(talk.arena);
    return err;
}
