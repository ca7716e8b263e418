/* cluster_steps.c -- see cluster_steps.h. */
#include "cli/cluster_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cluster_show.h"
#include "cli/cluster_view.h"
#include "cli/progress.h"
#include "io/terminal.h"
#include "node/token.h"

#define DATA_STANDARD "tutti-data"

enum { PAUSE_MS = 500, BAR_COLUMNS = 24, ASKS_MAX = 20 };

static enum err ask_words(struct cluster_talk *talk, struct arena *arena, const char *first,
                          const char *second, struct answer *answer)
{
    struct slice words[] = {SLICE("CLUSTER"), slice_text(first),
                            slice_text(second == NULL ? "" : second)};
    return cluster_talk_ask(talk, arena, words, second == NULL ? 2 : 3, answer);
}

static struct table_look look(void)
{
    struct table_look look = {0};
    if (terminal_is(STDOUT_FILENO)) look.columns = terminal_width(STDOUT_FILENO);
    return look;
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

/* On a terminal in place, with a bar. */
static void say_left(const struct cluster_options *options, uint32_t node, uint64_t shards,
                     uint64_t most)
{
    struct buffer line = {0};
    bool in_place = terminal_is(STDOUT_FILENO);
    if (in_place) buffer_append(&line, SLICE("\r\x1b[K"));
    if (in_place && most > 0)
        progress_bar(&line, (double)(most - shards) / (double)most, BAR_COLUMNS, false);
    buffer_append_format(&line, "node %u leaves: %llu of %llu shards are still on it%s", node,
                         (unsigned long long)shards, (unsigned long long)most,
                         in_place ? "" : "\n");
    if (!options->json) (void)fwrite(line.data, 1, line.len, stdout);
    (void)fflush(stdout);
    buffer_free(&line);
}

/* Asks for `word` until the node is in that state, or removed; `*member` as it is then. */
static enum err ask_until(struct cluster_talk *talk, struct arena *arena, const char *word,
                          uint32_t node, const char *state)
{
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    const char *number = arena_format(arena, "%u", node);
    const struct slice words[] = {SLICE("CLUSTER"), slice_text(word), slice_text(number),
                                  SLICE("FORCE")};
    for (uint32_t i = 0; i < ASKS_MAX; i++) {
        const struct answer *member;
        struct answer answer;
        enum err err = find_member(talk, arena, node, &member);
        if (err != ERR_OK) return err;
        if (answer_is(member, "state", state) || answer_is(member, "state", "removed")) {
            return ERR_OK;
        }
        err = cluster_talk_ask(talk, arena, words, talk->options->force ? 4 : 3, &answer);
        if (err != ERR_OK) return err;
        (void)nanosleep(&pause, NULL);
    }
    return fault_set(talk->fault, ERR_CANCELLED,
                     "the root group has not agreed to it yet: does it have a majority? 'tutti "
                     "status' says; then say it again");
}

/* Until nothing is on it. What was said is in the registry: it goes on without us. */
static enum err watch_drain(struct cluster_talk *talk, uint32_t node)
{
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    uint64_t most = 0, last = UINT64_MAX;
    for (;;) { /* ends: it is removed, or the node that answers fails */
        struct arena *arena = arena_new();
        const struct answer *member;
        enum err err = find_member(talk, arena, node, &member);
        bool removed = err == ERR_OK && answer_is(member, "state", "removed");
        uint64_t shards = err == ERR_OK ? answer_number(member, "shards") : 0;
        arena_free(arena);
        if (err != ERR_OK) return err;
        if (shards > most) most = shards;
        if (shards != last && most > 0) say_left(talk->options, node, shards, most);
        last = shards;
        if (removed) return ERR_OK;
        (void)nanosleep(&pause, NULL);
    }
}

enum err cluster_leave(struct cluster_talk *talk, struct arena *arena)
{
    const struct answer *member;
    enum err err = find_member(talk, arena, talk->options->node, &member);
    if (err != ERR_OK) return err;
    uint32_t node = (uint32_t)answer_number(member, "node");
    err = ask_until(talk, arena, "LEAVE", node, "leaving");
    if (err == ERR_OK) err = watch_drain(talk, node);
    if (err != ERR_OK) return err;
    if (talk->options->json) {
        (void)printf("{\"node\": %u, \"left\": true}\n", node);
        return ERR_OK;
    }
    (void)printf("%snode %u holds nothing any more, and has left: its process ends by itself\n",
                 terminal_is(STDOUT_FILENO) ? "\n" : "", node);
    return ERR_OK;
}

/* --- remove, rebalance ------------------------------------------------------------------------ */

enum err cluster_remove(struct cluster_talk *talk, struct arena *arena)
{
    uint32_t node = talk->options->node;
    enum err err = ask_until(talk, arena, "REMOVE", node, "leaving");
    if (err == ERR_OK) err = watch_drain(talk, node);
    if (err != ERR_OK) return err;
    if (talk->options->json) {
        (void)printf("{\"node\": %u, \"removed\": true}\n", node);
        return ERR_OK;
    }
    (void)printf("%snode %u is removed, for good\n", terminal_is(STDOUT_FILENO) ? "\n" : "", node);
    return ERR_OK;
}

enum err cluster_rebalance(struct cluster_talk *talk, struct arena *arena)
{
    struct answer answer;
    const struct cluster_options *options = talk->options;
    const char *how = options->dry_run ? "DRYRUN" : options->pause ? "PAUSE" : "GO";
    enum err err = ask_words(talk, arena, "REBALANCE", how, &answer);
    if (err != ERR_OK) return err;
    struct buffer out = {0};
    if (options->dry_run && options->json) {
        cluster_show_json(&answer, &out);
    } else if (options->dry_run) {
        cluster_view_plan(&answer, look(), &out);
    } else if (options->json) {
        buffer_append_format(&out, "{\"rebalances\": %s}\n", options->pause ? "false" : "true");
    } else {
        buffer_append(&out, options->pause ? SLICE("shards stay where they are, but for repair, "
                                                   "until 'tutti rebalance' is said\n")
                                           : SLICE("shards move until each node has its share: "
                                                   "'tutti status' shows them\n"));
    }
    (void)fwrite(out.data, 1, out.len, stdout);
    buffer_free(&out);
    return ERR_OK;
}

/* --- token ------------------------------------------------------------------------------------ */

const char *cluster_data(const struct cluster_options *options)
{
    const char *data = options->data == NULL ? getenv("TUTTI_DATA") : options->data;
    return data == NULL ? DATA_STANDARD : data;
}

static enum err token_of_folder(const struct cluster_options *options, struct arena *arena,
                                struct buffer *out, struct fault *fault)
{
    struct data_folder folder;
    const char *data = cluster_data(options);
    enum err err = data_folder_look(arena, data, &folder, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, err,
                         "%s is not a data folder: name that of a node of this machine with "
                         "--data",
                         data);
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
    enum err err = token_of_folder(options, arena, &out, fault);
    if (err == ERR_OK) (void)printf("%.*s\n", (int)out.len, (const char *)out.data);
    buffer_free(&out);
    return err;
}
