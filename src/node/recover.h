/*
 * recover.h -- the way out of a lost majority: what one node has becomes a cluster of its own.
 *
 * The new cluster has another id and another secret, so that no old member can ever take part in
 * it or hear of it: each has to join with an empty folder. Nothing is done to the old folder but
 * that it gets another name, in the end; until then an end at any moment changes nothing.
 *
 *   DIR.recovered      what is being made
 *   DIR.before-recover the old folder, kept
 */
#pragma once

#include "core/registry/registry.h"
#include "node/data_folder.h"

struct recovery {
    struct data_folder folder;    /* locked */
    struct registry *registry;    /* as this node last knew it; NULL: it never did */
    const char *registry_trouble; /* why it is not known, though it was; in the arena */
    uint32_t *missing;            /* shards that are not here; in the arena */
    uint32_t missing_count;
    bool root_is_missing; /* and it was once here, or elsewhere */
};

/* What a folder's node last knew of its cluster; ends with registry_free. NULL: nothing. */
MUST_USE enum err recovery_registry(struct arena *arena, const struct data_folder *folder,
                                    struct registry **registry, struct fault *fault);
/* Does its data belong to other nodes too? Then it is not to be changed, or believed, alone. */
bool recovery_has_others(const struct data_folder *folder, const struct registry *registry);

/* Look at the folder of a node that does not run. ERR_EXISTS: it runs. ERR_USAGE: there is nothing
 * to recover, for the node is alone. */
MUST_USE enum err recovery_open(struct arena *arena, const char *data, struct recovery *recovery,
                                struct fault *fault);
/* Do it. `*keys_count`: how many there are. */
MUST_USE enum err recovery_perform(struct arena *arena, struct recovery *recovery,
                                   uint64_t *keys_count, struct fault *fault);
void recovery_close(struct recovery *recovery);
