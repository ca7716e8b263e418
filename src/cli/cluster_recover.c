/* cluster_recover.c -- see cluster_recover.h. */
#include "cli/cluster_recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/client.h"
#include "cli/cluster_steps.h"
#include "node/recover.h"

enum { LINE_BYTES_MAX = 256, SHARDS_SHOWN_MAX = 20 };

/* Does anybody listen for clients there? */
static bool answers(const struct registry_member *member)
{
    struct io_address address;
    struct client *client;
    struct fault ignored;
    enum err err =
        io_address_resolve(member->client_host.bytes, member->client_port, &address, &ignored);
    if (err == ERR_OK) err = client_open(&address, CLIENT_HASTE, &client, &ignored);
    if (err == ERR_OK) client_close(client);
    return err == ERR_OK;
}

static void say_whose(const struct recovery *recovery)
{
    const struct data_folder *folder = &recovery->folder;
    (void)printf("%s is of node %u of the cluster %s. The others, as it knows them:\n",
                 folder->path, folder->identity.node.n, folder->identity.name);
    if (recovery->registry_trouble == NULL) return;
    (void)printf("  NOT KNOWN: %s\n  Whether a majority of them runs cannot be told: look for "
                 "yourself.\n",
                 recovery->registry_trouble);
}

/* How many of the others answer, with a line for each. */
static void say_others(const struct recovery *recovery, uint32_t *members, uint32_t *answering)
{
    const struct registry *registry = recovery->registry;
    *members = *answering = 0;
    for (uint32_t i = 0; registry != NULL && i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        ++*members;
        if (node_eq(member->node, recovery->folder.identity.node)) continue;
        bool up = answers(member);
        *answering += up;
        (void)printf("  node %u at %s:%u %s\n", member->node.n, member->client_host.bytes,
                     member->client_port, up ? "ANSWERS: it runs" : "does not answer");
    }
}

static void say_missing(const struct recovery *recovery)
{
    uint32_t shards = recovery->folder.identity.shards_count, count = recovery->missing_count;
    (void)printf("\nThis folder has %u of %u shards.\n", shards - count, shards);
    if (count == 0) return;
    (void)printf("ALL KEYS of the others are lost, unless another folder has them:");
    for (uint32_t i = 0; i < count && i < SHARDS_SHOWN_MAX; i++) {
        (void)printf(" %u", recovery->missing[i]);
    }
    (void)printf("%s\n", count > SHARDS_SHOWN_MAX ? " …" : "");
}

static void say_what_happens(const struct recovery *recovery)
{
    const char *path = recovery->folder.path;
    (void)printf(
        "\nWhat recovering does:\n"
        "- What this folder has becomes a new cluster of one node, with a new token. The old\n"
        "  folder is kept as %s.before-recover.\n"
        "- Lost is what only the other nodes have: writes that were acknowledged before they had\n"
        "  come to this node. Writes that were never acknowledged may appear.\n"
        "- The other nodes belong to the old cluster for good. Should enough of them come back,\n"
        "  they would go on as that cluster, beside this one: keep them off, or give them empty\n"
        "  folders, with which they join the new one. Recover ONE node only.\n"
        "- Settings of the old cluster (replicas, pace of moves) are as they are at first.\n",
        path);
}

static enum err refuse_majority(uint32_t members, uint32_t answering, struct fault *fault)
{
    if (members <= 1 || answering + 1 <= members / 2) return ERR_OK; /* with this one */
    return fault_set(fault, ERR_USAGE,
                     "%u of %u nodes run: with this one the majority is not lost. Start it as it "
                     "is; it will be brought up to date. If it cannot start, begin with an empty "
                     "folder, and let it join them",
                     answering, members);
}

static enum err ask(const struct cluster_options *options, const struct recovery *recovery,
                    struct fault *fault)
{
    char line[LINE_BYTES_MAX];
    const char *name = recovery->folder.identity.name;
    if (options->yes) return ERR_OK;
    (void)printf("\nTo go on, type the name of the cluster (%s): ", name);
    (void)fflush(stdout);
    bool read = fgets(line, sizeof line, stdin) != NULL;
    if (read) line[strcspn(line, "\r\n")] = '\0';
    if (read && strcmp(line, name) == 0) return ERR_OK;
    return fault_set(fault, ERR_CANCELLED, "that is not its name: nothing was changed");
}

static enum err perform(const struct cluster_options *options, struct arena *arena,
                        struct recovery *recovery, struct fault *fault)
{
    uint64_t keys;
    enum err err = ask(options, recovery, fault);
    if (err == ERR_OK) err = recovery_perform(arena, recovery, &keys, fault);
    if (err != ERR_OK) return err;
    (void)printf("\nRecovered: %llu key%s. Start this node as before, but without --node, --peers "
                 "and --join; then let\nothers join it with empty folders, and its new token "
                 "(tutti token --data %s).\n",
                 (unsigned long long)keys, keys == 1 ? "" : "s", recovery->folder.path);
    return ERR_OK;
}

enum err cluster_recover(const struct cluster_options *options, struct arena *arena,
                         struct fault *fault)
{
    struct recovery recovery;
    uint32_t members, answering;
    enum err err = recovery_open(arena, cluster_data(options), &recovery, fault);
    if (err != ERR_OK) return err;
    say_whose(&recovery);
    say_others(&recovery, &members, &answering);
    say_missing(&recovery);
    err = refuse_majority(members, answering, fault);
    if (err == ERR_OK) {
        say_what_happens(&recovery);
        if (options->force) {
            err = perform(options, arena, &recovery, fault);
        } else {
            (void)printf("\nNothing was changed. To do it, say it with --force.\n");
        }
    }
    recovery_close(&recovery);
    return err;
}
