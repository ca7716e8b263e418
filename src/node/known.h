/*
 * known.h -- a node that meets nobody asks the others whether it still belongs to them, and says
 * where it is now: one that was removed while it was away is met by none of them, nor is one that
 * has come back at another address and has a higher number than theirs; both would wait for ever.
 * Blocking. Nothing is believed from whoever does not prove that it knows the cluster's secret.
 */
#pragma once

#include "core/registry/registry.h"
#include "node/data_folder.h"

struct known_question {
    const struct data_folder *folder;
    const struct registry *registry;    /* this node's copy: whom to ask */
    const struct registry_member *self; /* what it is now */
    uint32_t round;                     /* rises: not always the same few are asked */
};
struct known_answer {        /* begins as zeros; ends with known_answer_free */
    bool told;               /* somebody has answered */
    struct buffer registry;  /* a newer one than ours; empty: there is none */
    struct buffer complaint; /* a sentence: what speaks against this node's address; or empty */
};

/* Asks a few. ERR_USAGE: it was removed; the fault says what to do. That nobody answers is none:
 * all may be starting. */
MUST_USE enum err known_ask(const struct known_question *question, struct known_answer *answer,
                            struct fault *fault);
void known_answer_free(struct known_answer *answer);
