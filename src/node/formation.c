/*
 * formation.c -- see formation.h.
 *
 * [I1] A folder that says which cluster it is of is never given to another one.
 * [I2] Only an empty folder, or one of an older format, founds anything.
 */
#include <inttypes.h>

#include "io/file.h"
#include "io/random.h"
#include "lane/lane.h"
#include "node/formation.h"
#include "node/secret.h"
#include "node/token.h"

struct founding {
    struct arena *arena;
    const struct config *config;
    const struct peers *list;
    struct data_folder *folder;
    struct fault *fault;
};

/* --- does it go with what was asked for? ----------------------------------------------------- */

static enum err check_counts(const struct founding *founding)
{
    const struct data_folder *folder = founding->folder;
    uint32_t lanes = (uint32_t)config_integer(founding->config, SETTING_LANES);
    uint32_t shards = (uint32_t)config_integer(founding->config, SETTING_SHARDS);
    if (folder->lanes_count != lanes) {
        return fault_set(founding->fault, ERR_USAGE,
                         "the data folder %s is dealt to %" PRIu32 " lanes, not %" PRIu32
                         ": say --lanes %" PRIu32 ", or begin a new folder with --data",
                         folder->path, folder->lanes_count, lanes, folder->lanes_count);
    }
    bool asked = founding->config->given[SETTING_SHARDS];
    if (!asked || folder->identity.shards_count == shards) return ERR_OK;
    return fault_set(founding->fault, ERR_USAGE,
                     "the cluster of the data folder %s has %" PRIu32 " shards, and not %" PRIu32
                     ": their number is fixed when a cluster is formed; leave out --shards, or "
                     "begin a new folder with --data",
                     folder->path, folder->identity.shards_count, shards);
}

static enum err refuse_alone(const struct founding *founding)
{
    const struct data_folder *folder = founding->folder;
    return fault_set(founding->fault, ERR_USAGE,
                     "the data folder %s is that of a node that is alone: leave out --node and "
                     "--peers, and let other nodes join it (tutti start --join), or begin a new "
                     "folder with --data",
                     folder->path);
}

static enum err check_list(const struct founding *founding)
{
    const struct data_folder *folder = founding->folder;
    const struct data_identity *identity = &folder->identity;
    const struct peers *list = founding->list;
    if (list->count == 0) return ERR_OK;
    if (identity->origin == DATA_ORIGIN_FORMED) return refuse_alone(founding);
    if (identity->origin == DATA_ORIGIN_LISTED &&
        strcmp(identity->name, list->identity.name) != 0) {
        return fault_set(founding->fault, ERR_USAGE,
                         "the data folder %s belongs to the cluster %s, not to %s: say --cluster "
                         "%s, or begin a new folder with --data",
                         folder->path, identity->name, list->identity.name, identity->name);
    }
    if (node_eq(identity->node, list->identity.node)) return ERR_OK;
    return fault_set(founding->fault, ERR_USAGE,
                     "the data folder %s is that of node %" PRIu32 ", not of node %" PRIu32
                     ": say --node %" PRIu32 ", or name this node's own folder with --data",
                     folder->path, identity->node.n, list->identity.node.n, identity->node.n);
}

/* --- founding -------------------------------------------------------------------------------- */

/* True: a file gave it. */
static enum err find_secret(const struct founding *founding, uint8_t secret[DATA_SECRET_BYTES],
                            bool *given)
{
    struct slice text;
    const char *path = config_text(founding->config, SETTING_PEER_SECRET_FILE);
    *given = *path != '\0';
    if (!*given) return ERR_OK;
    enum err err = secret_read(founding->arena, path, &text, founding->fault);
    if (err == ERR_OK) secret_derive(text, secret);
    return err;
}

void formation_draw(const char *name, uint32_t shards_count, struct data_identity *identity)
{
    *identity = (struct data_identity){
        .origin = DATA_ORIGIN_FORMED,
        .name = name,
        .node = {1},
        .shards_count = shards_count,
    };
    while (identity->cluster == 0) random_fill(&identity->cluster, sizeof identity->cluster);
    random_fill(&identity->seed, sizeof identity->seed);
    random_fill(identity->secret, sizeof identity->secret);
}

static enum err form(const struct founding *founding, struct data_identity *identity)
{
    const struct config *config = founding->config;
    bool given;
    formation_draw(config_text(config, SETTING_CLUSTER),
                   (uint32_t)config_integer(config, SETTING_SHARDS), identity);
    return find_secret(founding, identity->secret, &given);
}

static enum err found(const struct founding *founding)
{
    struct data_identity identity = founding->list->identity;
    uint32_t lanes = (uint32_t)config_integer(founding->config, SETTING_LANES);
    enum err err = founding->list->count == 0 ? form(founding, &identity) : ERR_OK;
    if (err != ERR_OK) return err;
    if (identity.shards_count < lanes) {
        return fault_set(founding->fault, ERR_USAGE,
                         "shards is %" PRIu32 ", and lanes %" PRIu32
                         ": each lane serves a shard at least; say --shards %" PRIu32 " or more",
                         identity.shards_count, lanes, lanes);
    }
    return data_folder_found(founding->arena, founding->folder, &identity, lanes, founding->fault);
}

static enum err ask_for_list(const struct founding *founding)
{
    const struct data_folder *folder = founding->folder;
    const struct data_identity *identity = &folder->identity;
    return fault_set(founding->fault, ERR_USAGE,
                     "the data folder %s is that of node %" PRIu32 " of the cluster %s: say "
                     "--node %" PRIu32 " and --peers, or begin a new folder with --data",
                     folder->path, identity->node.n, identity->name, identity->node.n);
}

/* Before the folder says that it is new: else what is only in the logs would count for nothing. */
static enum err renew_lanes(const struct founding *founding, const struct data_identity *identity)
{
    struct data_folder *folder = founding->folder;
    node_id members[PEERS_MAX] = {identity->node};
    uint32_t count = founding->list->count == 0 ? 1 : founding->list->count;
    const char *path;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < founding->list->count; i++) {
        members[i] = founding->list->peers[i].node;
    }
    for (uint32_t i = 0; i < folder->lanes_count && err == ERR_OK; i++) {
        err = data_folder_lane(founding->arena, folder, i, &path, founding->fault);
        if (err != ERR_OK) return err;
        err = lane_renew_folder(path, (shard_id){i}, folder->lanes_count, identity->seed, members,
                                count, founding->fault);
    }
    return err;
}

/* What is in it stays as it is dealt: a shard a lane. */
static enum err renew(const struct founding *founding)
{
    struct data_folder *folder = founding->folder;
    struct data_identity identity = founding->list->identity, old = folder->identity;
    if (folder->format == DATA_FORMAT_SOLO && founding->list->count != 0) {
        return refuse_alone(founding);
    }
    if (folder->format == DATA_FORMAT_LISTED && founding->list->count == 0) {
        return ask_for_list(founding);
    }
    enum err err = check_list(founding);
    if (err == ERR_OK && founding->list->count == 0) err = form(founding, &identity);
    if (err != ERR_OK) return err;
    identity.seed = old.seed;
    identity.shards_count = old.shards_count;
    err = renew_lanes(founding, &identity);
    if (err != ERR_OK) return err;
    return data_folder_found(founding->arena, folder, &identity, folder->lanes_count,
                             founding->fault);
}

/* --- opening --------------------------------------------------------------------------------- */

/* A file that gives one counts for more than what the folder has: so it can be changed. */
static enum err settle_secret(const struct founding *founding)
{
    struct data_folder *folder = founding->folder;
    uint8_t secret[DATA_SECRET_BYTES];
    bool given;
    enum err err = find_secret(founding, secret, &given);
    if (err != ERR_OK) return err;
    bool same = folder->identity.has_secret &&
                (!given || memcmp(secret, folder->identity.secret, sizeof secret) == 0);
    if (same) return ERR_OK;
    if (given) return data_folder_set_secret(founding->arena, folder, secret, founding->fault);
    const char *path = config_text(founding->config, SETTING_TOKEN_FILE);
    struct token token;
    if (*path != '\0') {
        err = token_read_file(path, &token, founding->fault);
        if (err != ERR_OK) return err;
        if (token.cluster == folder->identity.cluster) {
            return data_folder_set_secret(founding->arena, folder, token.secret, founding->fault);
        }
    }
    return fault_set(founding->fault, ERR_CORRUPT,
                     "%s; give the node the cluster's token once more with --token-file ('tutti "
                     "token' on another node shows it)",
                     folder->secret_trouble);
}

static enum err open_folder(const struct founding *founding)
{
    struct data_folder *folder = founding->folder;
    if (folder->format == 0) return found(founding); /* [I2] */
    enum err err = check_counts(founding);
    if (err != ERR_OK) return err;
    if (folder->format < DATA_FORMAT) return renew(founding); /* [I2] */
    err = check_list(founding);                               /* [I1] */
    if (err != ERR_OK) return err;
    /* Who the others are is in the registry, or in the list as long as that has not come. */
    bool known = folder->identity.origin == DATA_ORIGIN_FORMED || founding->list->count != 0 ||
                 path_exists(data_folder_registry_path(founding->arena, folder));
    return known ? settle_secret(founding) : ask_for_list(founding);
}

enum err formation_open(struct arena *arena, const struct config *config, const struct peers *list,
                        struct data_folder *folder, struct fault *fault)
{
    const struct founding founding = {arena, config, list, folder, fault};
    enum err err = data_folder_take(arena, config_text(config, SETTING_DIR), folder, fault);
    if (err != ERR_OK) return err;
    err = open_folder(&founding);
    if (err != ERR_OK) data_folder_close(folder);
    return err;
}
