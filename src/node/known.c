/* known.c -- see known.h. */
#include "node/known.h"
#include "core/peer/join.h"
#include "io/clock.h"
#include "node/join_talk.h"

#define PATIENCE_NS INT64_C(1000000000) /* with each */

enum { ASKED_MAX = 3 };

static void write_request(const struct registry_member *self, struct buffer *request)
{
    struct registry_member member = *self;
    const struct registry_event event = {.kind = REGISTRY_MEMBER_FACTS,
                                         .now_ms = clock_unix_us() / 1000,
                                         .members = &member,
                                         .members_count = 1};
    registry_event_write(&event, request);
}

/* False: it cannot be asked, or cannot tell. */
static bool ask(const struct registry_member *other, const struct token *token,
                struct slice request, uint32_t lanes_count, struct buffer *bytes,
                struct join_answer *answer)
{
    struct join_talk *talk = NULL;
    struct io_address place;
    struct fault unheard;
    enum err err = io_address_resolve(other->peer_host.bytes, other->peer_port, &place, &unheard);
    if (err == ERR_OK) {
        err = join_talk_open(&place, token, lanes_count, (duration){PATIENCE_NS}, &talk, &unheard);
    }
    if (err == ERR_OK) err = join_talk_ask(talk, request, bytes, &unheard);
    join_talk_close(talk);
    return err == ERR_OK && join_answer_read(buffer_slice(bytes), answer);
}

static enum err take(const struct data_folder *folder, const struct join_answer *answer,
                     struct fault *fault)
{
    if (answer->outcome != JOIN_REFUSED) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "%.*s: to use the machine again, join with an empty folder (--data); %s is of "
                     "no use any more",
                     (int)answer->why.len, (const char *)answer->why.data, folder->path);
}

enum err known_check(const struct data_folder *folder, const struct registry *registry,
                     struct fault *fault)
{
    const struct data_identity *identity = &folder->identity;
    const struct registry_member *self = registry_member(registry, identity->node);
    struct token token = {.cluster = identity->cluster};
    struct buffer request = {0};
    enum err err = ERR_OK;
    bool told = self == NULL;
    uint32_t asked = 0;
    memcpy(token.secret, identity->secret, sizeof token.secret);
    if (!told) write_request(self, &request);
    for (uint32_t i = 0; i < registry_members_count(registry) && !told && asked < ASKED_MAX; i++) {
        const struct registry_member *other = registry_member_at(registry, i);
        struct buffer bytes = {0};
        struct join_answer answer;
        if (node_eq(other->node, identity->node) || other->state != MEMBER_ALIVE) continue;
        asked++;
        told = ask(other, &token, buffer_slice(&request), folder->lanes_count, &bytes, &answer);
        if (told) err = take(folder, &answer, fault);
        buffer_free(&bytes);
    }
    buffer_free(&request);
    return err;
}
