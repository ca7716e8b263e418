/*
 * joined.c -- see joined.h.
 *
 * [I1] tutti.data is written last: until then the folder is empty for whoever looks.
 */
#include "node/joined.h"

#include "core/registry/registry.h"
#include "lane/registry_copy.h"

static enum err check_registry(const struct config *config, const struct token *token,
                               const struct join_answer *answer, uint32_t *shards_count,
                               struct fault *fault)
{
    uint32_t lanes = (uint32_t)config_integer(config, SETTING_LANES);
    struct registry *registry = registry_read(answer->registry);
    bool good = registry != NULL && registry_cluster(registry) == token->cluster &&
                registry_member(registry, answer->node) != NULL;
    if (good) *shards_count = registry_shards_count(registry);
    if (registry != NULL) registry_free(registry);
    if (!good) {
        return fault_set(fault, ERR_CORRUPT,
                         "the node has answered with a registry that cannot be read: is it of "
                         "another version of tutti?");
    }
    if (lanes <= *shards_count) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "lanes is %u, and the cluster has %u shards: each lane serves one at least; "
                     "say --lanes %u, or less",
                     lanes, *shards_count, *shards_count);
}

enum err joined_keep(struct arena *arena, const struct config *config, const struct token *token,
                     struct data_folder *folder, const struct join_answer *answer,
                     struct fault *fault)
{
    struct data_identity identity = {
        .origin = DATA_ORIGIN_JOINED,
        .name = arena_text(arena, answer->name),
        .cluster = token->cluster,
        .node = answer->node,
        .seed = answer->seed,
    };
    memcpy(identity.secret, token->secret, sizeof identity.secret);
    enum err err = check_registry(config, token, answer, &identity.shards_count, fault);
    if (err != ERR_OK) return err;
    err = registry_copy_write(data_folder_registry_path(arena, folder), answer->registry, fault);
    if (err != ERR_OK) return err;
    return data_folder_found(arena, folder, &identity, /* [I1] */
                             (uint32_t)config_integer(config, SETTING_LANES), fault);
}
