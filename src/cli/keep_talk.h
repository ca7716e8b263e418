/* keep_talk.h -- what backups ask a running node. An error that it answers is a failure. */
#pragma once

#include "cli/client.h"

struct keep_talk {
    struct arena *arena; /* of answers */
    struct client *client;
    struct fault *fault;
};

/* With the password of TUTTI_PASSWORD, if there is one. To be closed in any case. */
MUST_USE enum err keep_talk_open(struct keep_talk *talk, const struct io_address *address);
void keep_talk_close(struct keep_talk *talk);
MUST_USE enum err keep_talk_ask(struct keep_talk *talk, const struct slice *words, uint32_t count,
                                struct answer *answer);
/* Until no lane is writing any more; `*failed`: how many of them could not. */
MUST_USE enum err keep_talk_wait(struct keep_talk *talk, uint64_t *failed);
