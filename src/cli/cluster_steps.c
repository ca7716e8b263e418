/* cluster_steps.c -- see cluster_steps.h. */
#include "cli/cluster_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cluster_show.h"
#include "io/terminal.h"
#include "node/token.h"

#define DATA_STANDARD "tutti-data"

enum { PAUSE_MS = 500, SHOWN_SHARDS_MAX = 16, LINE_BYTES_MAX = 64 };

static void say(const struct cluster_options *options, const char *text)
{
    if (!options->json) (void)fputs(text, stdout);
    (void)fflush(stdout);
}

static enum err ask_words(struct cluster_talk *talk, struct arena *arena, const char *first,
                          const char *second, struct answer *answer)
{
    struct slice words[] = {SLICE("CLUSTER"), slice_text(first),
                            slice_text(second == NULL ? "" : second)};
    return cluster_talk_ask(talk, arena, words, second == NULL ? 2 : 3, answer);
}

static void show(const struct cluster_options *options, const struct answer *answer)
{
    struct buffer out = {0};
    if (options->json) {
        cluster_show_json(answer, &out);
    } else {
        cluster_show(answer, &out);
    }
    (void)fwrite(out.data, 1, out.len, stdout);
    (void)fflush(stdout);
    buffer_free(&out);
}

/* --- leave ----------------------------------------------------------------------------------- */

/* The row of a node among MEMBERS; number 0: of the node that answers. NULL: there is none. */
static const struct answer *member_of(const struct answer *members, uint32_t node)
{
    for (uint32_t i = 0; i < members->count; i++) {
        const struct answer *member = &members->items[i];
        bool found =
            node == 0 ? answer_is(member, "me", "t") : answer_number(member, "node") == node;
        if (found) return member;
    }
    return NULL;
}

static enum err find_member(struct cluster_talk *talk, struct arena *arena, uint32_t node,
                            const struct answer **member)
{
    struct answer *members = ARENA_NEW(arena, struct answer);
    enum err err = ask_words(talk, arena, "MEMBERS", NULL, members);
    if (err != ERR_OK) return err;
    *member = member_of(members, node);
    if (*member != NULL) return ERR_OK;
    return fault_set(talk->fault, ERR_NOT_FOUND,
                     "the cluster has no node %u: 'tutti nodes' lists "
                     "them",
                     node);
}

static void say_left(const struct cluster_options *options, uint32_t node, uint64_t shards,
                     uint64_t most)
{
    char text[LINE_BYTES_MAX + 64];
    const char *begin = terminal_is(STDOUT_FILENO) ? "\r" : "";
    (void)snprintf(text, sizeof text, "%snode %u leaves: %llu of %llu shards are still on it   %s",
                   begin, node, (unsigned long long)shards, (unsigned long long)most,
                   *begin == '\0' ? "\n" : "");
    say(options, text);
}

/* Until nothing is on it. What was said is in the registry: it goes on without us. */
static enum err watch_drain(struct cluster_talk *talk, uint32_t node)
{
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    uint64_t most = 0, last = UINT64_MAX;
    for (;;) { /* ends: it holds nothing, is removed, or the node that answers fails */
        struct arena *arena = arena_new();
        const struct answer *member;
        enum err err = find_member(talk, arena, node, &member);
        bool removed = err == ERR_OK && answer_is(member, "state", "removed");
        uint64_t shards = err == ERR_OK ? answer_number(member, "shards") : 0;
        arena_free(arena);
        if (err != ERR_OK) return err;
        if (shards > most) most = shards;
        if (shards != last) say_left(talk->options, node, shards, most);
        last = shards;
        if (removed || shards == 0) return ERR_OK;
        (void)nanosleep(&pause, NULL);
    }
}

enum err cluster_leave(struct cluster_talk *talk, struct arena *arena)
{
    const struct answer *member;
    struct answer answer;
    enum err err = find_member(talk, arena, talk->options->node, &member);
    if (err != ERR_OK) return err;
    uint32_t node = (uint32_t)answer_number(member, "node");
    err = ask_words(talk, arena, "LEAVE", arena_format(arena, "%u", node), &answer);
    if (err == ERR_OK) err = watch_drain(talk, node);
    if (err != ERR_OK) return err;
    if (talk->options->json) {
        (void)printf("{\"node\": %u, \"left\": true}\n", node);
        return ERR_OK;
    }
    (void)printf("%snode %u holds nothing any more, and has left: its process can be stopped\n",
                 terminal_is(STDOUT_FILENO) ? "\n" : "", node);
    return ERR_OK;
}

/* --- remove, rebalance ------------------------------------------------------------------------ */

enum err cluster_remove(struct cluster_talk *talk, struct arena *arena)
{
    struct answer answer;
    const char *node = arena_format(arena, "%u", talk->options->node);
    const struct slice words[] = {SLICE("CLUSTER"), SLICE("REMOVE"), slice_text(node),
                                  SLICE("FORCE")};
    uint32_t count = talk->options->force ? 4 : 3;
    enum err err = cluster_talk_ask(talk, arena, words, count, &answer);
    if (err != ERR_OK) return err;
    if (talk->options->json) {
        show(talk->options, &answer);
        return ERR_OK;
    }
    (void)printf("node %s is removed: 'tutti status' shows how its copies are made again\n", node);
    return ERR_OK;
}

enum err cluster_rebalance(struct cluster_talk *talk, struct arena *arena)
{
    struct answer answer;
    const struct cluster_options *options = talk->options;
    const char *how = options->dry_run ? "DRYRUN" : options->pause ? "PAUSE" : "GO";
    enum err err = ask_words(talk, arena, "REBALANCE", how, &answer);
    if (err == ERR_OK) show(options, &answer);
    return err;
}

/* --- recover ---------------------------------------------------------------------------------- */

static void say_shards(const struct answer *table)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct answer *shard = &table->items[i];
        if (!answer_is(shard, "state", "unavailable")) continue;
        if (count++ == SHOWN_SHARDS_MAX) (void)fputs("  …\n", stdout);
        if (count > SHOWN_SHARDS_MAX) continue;
        const struct answer *slots = answer_field(shard, "slots");
        (void)printf("  shard %llu, slots %.*s\n",
                     (unsigned long long)answer_number(shard, "shard"),
                     slots == NULL ? 0 : (int)slots->text.len,
                     slots == NULL ? "" : (const char *)slots->text.data);
    }
    (void)printf("%u of %u shards have lost the majority of their copies.\n", count, table->count);
}

static bool is_agreed(const struct cluster_options *options)
{
    char line[LINE_BYTES_MAX] = {0};
    if (options->yes) return true;
    (void)fputs("Type 'recover' to go on: ", stdout);
    (void)fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) return false;
    return strcmp(line, "recover\n") == 0 || strcmp(line, "recover") == 0;
}

enum err cluster_recover(struct cluster_talk *talk, struct arena *arena)
{
    struct answer table, answer;
    enum err err = ask_words(talk, arena, "TABLE", NULL, &table);
    if (err != ERR_OK) return err;
    say_shards(&table);
    (void)fputs("The node that answers would go on with the copies that it has itself. Writes "
                "that were\nacknowledged, and that only the lost nodes have, are lost for good; "
                "shards without a copy\nhere are empty. The lost nodes must never run again: they "
                "would believe in another past.\n",
                stdout);
    if (!talk->options->force) {
        return fault_set(talk->fault, ERR_USAGE, "nothing was changed: say --force to go on");
    }
    if (!is_agreed(talk->options)) {
        return fault_set(talk->fault, ERR_CANCELLED, "nothing was changed");
    }
    err = ask_words(talk, arena, "RECOVER", "FORCE", &answer);
    if (err == ERR_OK) show(talk->options, &answer);
    return err;
}

/* --- token ------------------------------------------------------------------------------------ */

static enum err token_of_folder(const struct cluster_options *options, struct arena *arena,
                                struct buffer *out, struct fault *fault)
{
    struct data_folder folder;
    const char *data = options->data == NULL ? getenv("TUTTI_DATA") : options->data;
    enum err err = data_folder_look(arena, data == NULL ? DATA_STANDARD : data, &folder, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, err,
                         "%s is not a data folder: name that of a node with --data, or ask one "
                         "that runs on this machine with --port",
                         data == NULL ? DATA_STANDARD : data);
    }
    if (err != ERR_OK) return err;
    if (!folder.identity.has_secret) {
        return fault_set(fault, ERR_NOT_FOUND,
                         "%s has no cluster.secret: it is of an older format, until its node is "
                         "started once",
                         folder.path);
    }
    struct token token = {.cluster = folder.identity.cluster};
    memcpy(token.secret, folder.identity.secret, sizeof token.secret);
    token_write(&token, out);
    return ERR_OK;
}

enum err cluster_token(const struct cluster_options *options, struct arena *arena,
                       struct fault *fault)
{
    struct buffer out = {0};
    struct cluster_talk talk = {.options = options, .fault = fault};
    struct answer answer;
    enum err err;
    if (options->asked_place) {
        err = cluster_talk_open(&talk);
        if (err == ERR_OK) err = ask_words(&talk, arena, "TOKEN", NULL, &answer);
        if (err == ERR_OK) buffer_append(&out, answer.text);
        cluster_talk_close(&talk);
    } else {
        err = token_of_folder(options, arena, &out, fault);
    }
    if (err == ERR_OK) (void)printf("%.*s\n", (int)out.len, (const char *)out.data);
    buffer_free(&out);
    return err;
}
