/*
 * stray.h -- when a node that meets nobody should ask the others about itself (known.h). Pure: what
 * it sees comes in.
 *
 * It meets nobody for two reasons that do not pass by themselves: it was removed while they could
 * not tell it, or it has moved and is one that others connect to.
 */
#pragma once

#include "core/registry/registry.h"

struct stray { /* begins as zeros */
    instant look_at, since, ask_at;
    int64_t pause_ns;
};

/* Is it time to look? */
static inline bool stray_wants(const struct stray *stray, instant now)
{
    return now.ns >= stray->look_at.ns;
}

/* Is that so of who has these members, of whom `linked` have a link here, and is `self` now? */
bool stray_is_one(const struct registry *registry, const struct registry_member *self,
                  uint32_t linked);
/* True: ask now. The first time when it has lasted for a while, then more and more rarely. */
bool stray_step(struct stray *stray, bool is_one, instant now);
