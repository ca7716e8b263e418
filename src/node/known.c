/* known.c -- see known.h. */
#include "node/known.h"

#include "core/peer/join.h"
#include "io/clock.h"
#include "node/join_talk.h"

#define PATIENCE_NS INT64_C(1000000000) /* with each */

enum { ASKED_MAX = 3 };

static void write_request(const struct known_question *question, struct buffer *request)
{
    struct registry_member member = *question->self;
    const struct registry_event event = {.kind = REGISTRY_MEMBER_FACTS,
                                         .now_ms = clock_unix_us() / 1000,
                                         .members = &member,
                                         .members_count = 1};
    registry_event_write(&event, request);
}

/* False: it cannot be asked, or cannot tell. */
static bool ask(const struct known_question *question, const struct registry_member *other,
                struct slice request, struct buffer *bytes, struct join_answer *answer)
{
    const struct data_identity *identity = &question->folder->identity;
    struct token token = {.cluster = identity->cluster};
    struct join_talk *talk = NULL;
    struct io_address place;
    struct fault unheard;
    memcpy(token.secret, identity->secret, sizeof token.secret);
    enum err err = io_address_resolve(other->peer_host.bytes, other->peer_port, &place, &unheard);
    if (err == ERR_OK) {
        err = join_talk_open(&place, &token, question->folder->lanes_count, (duration){PATIENCE_NS},
                             &talk, &unheard);
    }
    if (err == ERR_OK) err = join_talk_ask(talk, request, bytes, &unheard);
    join_talk_close(talk);
    return err == ERR_OK && join_answer_read(buffer_slice(bytes), answer);
}

static void take_registry(const struct known_question *question, struct slice bytes,
                          struct known_answer *answer)
{
    struct registry *theirs = registry_read(bytes);
    bool newer = theirs != NULL &&
                 registry_cluster(theirs) == registry_cluster(question->registry) &&
                 registry_epoch(theirs) > registry_epoch(question->registry);
    if (newer) buffer_append(&answer->registry, bytes);
    registry_free(theirs);
}

static enum err take(const struct known_question *question, const struct join_answer *said,
                     struct known_answer *answer, struct fault *fault)
{
    answer->told = true;
    switch (said->outcome) {
    case JOIN_WELCOME: take_registry(question, said->registry, answer); return ERR_OK;
    case JOIN_LATER: buffer_append(&answer->complaint, said->why); return ERR_OK;
    case JOIN_ELSEWHERE: return ERR_OK;
    case JOIN_REFUSED: break;
    }
    return fault_set(fault, ERR_USAGE,
                     "%.*s: to use the machine again, join with an empty folder (--data); %s is of "
                     "no use any more",
                     (int)said->why.len, (const char *)said->why.data, question->folder->path);
}

/* Those that were alive first; but that may be long ago. */
static bool is_asked(const struct known_question *question, const struct registry_member *other,
                     bool were_alive)
{
    if (node_eq(other->node, question->self->node) || other->state == MEMBER_REMOVED) return false;
    return (other->state == MEMBER_ALIVE) == were_alive;
}

enum err known_ask(const struct known_question *question, struct known_answer *answer,
                   struct fault *fault)
{
    uint32_t count = registry_members_count(question->registry), asked = 0;
    struct buffer request = {0};
    enum err err = ERR_OK;
    if (count == 0) return ERR_OK; /* there is nobody to ask */
    write_request(question, &request);
    for (uint32_t i = 0; i < 2 * count && !answer->told && asked < ASKED_MAX; i++) {
        uint32_t place = (uint32_t)(((uint64_t)question->round * ASKED_MAX + i) % count);
        const struct registry_member *other = registry_member_at(question->registry, place);
        struct buffer bytes = {0};
        struct join_answer said;
        if (!is_asked(question, other, i < count)) continue;
        asked++;
        if (ask(question, other, buffer_slice(&request), &bytes, &said)) {
            err = take(question, &said, answer, fault);
        }
        buffer_free(&bytes);
    }
    buffer_free(&request);
    return err;
}

void known_answer_free(struct known_answer *answer)
{
    buffer_free(&answer->registry);
    buffer_free(&answer->complaint);
}
