/* keep_talk.c -- see keep_talk.h. */
#include "cli/keep_talk.h"

#include <stdlib.h>
#include <time.h>

#include "base/size.h"

enum { PAUSE_NS = 100 * 1000 * 1000, TRIES_MAX = 100 };

static const struct timespec pause_between = {0, PAUSE_NS};

/* A node that has just started, or whose leader has changed, asks for that. */
static bool wants_patience(const struct answer *answer)
{
    return answer->kind == ANSWER_ERROR && slice_starts_with(answer->text, SLICE("TRYAGAIN"));
}

enum err keep_talk_ask(struct keep_talk *talk, const struct slice *words, uint32_t count,
                       struct answer *answer)
{
    enum err err = client_ask(talk->client, talk->arena, words, count, answer, talk->fault);
    for (int i = 0; i < TRIES_MAX && err == ERR_OK && wants_patience(answer); i++) {
        (void)nanosleep(&pause_between, NULL);
        err = client_ask(talk->client, talk->arena, words, count, answer, talk->fault);
    }
    if (err != ERR_OK || answer->kind != ANSWER_ERROR) return err;
    return fault_set(talk->fault, ERR_CANCELLED, "the node says: %.*s", (int)answer->text.len,
                     (const char *)answer->text.data);
}

enum err keep_talk_open(struct keep_talk *talk, const struct io_address *address)
{
    struct answer answer;
    const char *password = getenv("TUTTI_PASSWORD");
    enum err err = client_open(address, CLIENT_PATIENCE, &talk->client, talk->fault);
    if (err != ERR_OK || password == NULL) return err;
    return keep_talk_ask(talk, (struct slice[]){SLICE("AUTH"), slice_text(password)}, 2, &answer);
}

void keep_talk_close(struct keep_talk *talk)
{
    client_close(talk->client);
    talk->client = NULL;
}

static enum err ask_count(struct keep_talk *talk, struct slice what, uint64_t *count)
{
    struct answer answer;
    enum err err = keep_talk_ask(talk, (struct slice[]){SLICE("BACKUP"), what}, 2, &answer);
    if (err != ERR_OK) return err;
    if (count_parse(answer.text, count)) return ERR_OK;
    return fault_set(talk->fault, ERR_BAD_RECORD, "the node does not answer as a tutti node does");
}

enum err keep_talk_wait(struct keep_talk *talk, uint64_t *failed)
{
    uint64_t running = 1;
    enum err err = ERR_OK;
    while (err == ERR_OK && running > 0) { /* ends: with the backup, or the node's answer fails */
        (void)nanosleep(&pause_between, NULL);
        err = ask_count(talk, SLICE("RUNNING"), &running);
    }
    return err == ERR_OK ? ask_count(talk, SLICE("FAILED"), failed) : err;
}
