/* listen.h -- the addresses that the settings name. */
#pragma once

#include "io/io.h"
#include "serve/config.h"

enum { LISTENERS_MAX = 16 };

struct listen_place {
    struct io_address address;
    bool may_fail; /* written with a dash: the machine may not have it */
};

/* ERR_USAGE: too many, or none at all. */
MUST_USE enum err listen_places(const struct config *config, struct listen_place *places,
                                uint32_t *count, struct fault *fault);
