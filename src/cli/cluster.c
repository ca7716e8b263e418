/* cluster.c -- see cluster.h. */
#include "cli/cluster.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/cluster_recover.h"
#include "cli/cluster_show.h"
#include "cli/cluster_steps.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/tame.h"
#include "io/terminal.h"

enum { WORDS_MAX = 4, WATCH_NS = 1000000000 };

const struct cluster_verb_row cluster_verbs[VERBS_COUNT] = {
#define VERB(name, arguments, help, details) {#name, arguments, help, details},
#include "cli/cluster.def"
#undef VERB
};

bool cluster_verb_find(const char *word, enum cluster_verb *verb)
{
    for (enum cluster_verb at = 0; at < VERBS_COUNT; at++) {
        if (strcmp(word, cluster_verbs[at].name) != 0) continue;
        *verb = at;
        return true;
    }
    return false;
}

/* What is asked for one that is just a question. */
static uint32_t question(const struct cluster_options *options, struct slice words[WORDS_MAX])
{
    uint32_t count = 0;
    words[count++] = SLICE("CLUSTER");
    switch (options->verb) {
    case VERB_status: words[count++] = SLICE("STATUS"); break;
    case VERB_nodes: words[count++] = SLICE("MEMBERS"); break;
    case VERB_shards: words[count++] = SLICE("TABLE"); break;
    case VERB_top: words[count++] = SLICE("TOP"); break;
    case VERB_explain:
        words[count++] = SLICE("EXPLAIN");
        words[count++] = slice_text(options->word);
        break;
    case VERB_rebalance:
    case VERB_leave:
    case VERB_remove:
    case VERB_token:
    case VERB_recover:
    case VERBS_COUNT: ASSERT(false); /* they have steps of their own */
    }
    if (options->slots) words[count++] = SLICE("SLOTS");
    return count;
}

static bool put(const struct buffer *out)
{
    return fwrite(out->data, 1, out->len, stdout) == out->len && fflush(stdout) == 0;
}

/* In place where a person looks: the screen is cleared before each. */
static enum err show_once(struct cluster_talk *talk, bool *written)
{
    const struct cluster_options *options = talk->options;
    struct arena *arena = arena_new();
    struct buffer out = {0};
    struct slice words[WORDS_MAX];
    struct answer answer;
    enum err err = cluster_talk_ask(talk, arena, words, question(options, words), &answer);
    bool clear = options->watch && !options->json && terminal_is(STDOUT_FILENO);
    if (clear) buffer_append(&out, SLICE("\x1b[H\x1b[2J")); /* home, and empty */
    if (err == ERR_OK && options->json) {
        cluster_show_json(&answer, &out);
    } else if (err == ERR_OK) {
        cluster_show(&answer, &out);
    }
    if (err == ERR_OK) *written = put(&out);
    buffer_free(&out);
    arena_free(arena);
    return err;
}

static enum err show(struct cluster_talk *talk)
{
    const struct timespec pause = {WATCH_NS / 1000000000, WATCH_NS % 1000000000};
    bool written = true;
    enum err err = cluster_talk_open(talk);
    if (err == ERR_OK) err = show_once(talk, &written);
    while (err == ERR_OK && written &&
           talk->options->watch) { /* ends: with a signal, or a failure */
        (void)nanosleep(&pause, NULL);
        err = show_once(talk, &written);
    }
    if (err == ERR_OK && !written) return fault_set(talk->fault, ERR_IO, "nobody reads the output");
    return err;
}

static enum err perform(const struct cluster_options *options, struct arena *arena,
                        struct fault *fault)
{
    struct cluster_talk talk = {.options = options, .fault = fault};
    enum err (*steps)(struct cluster_talk *, struct arena *) = NULL;
    switch (options->verb) {
    case VERB_token: return cluster_token(options, arena, fault);
    case VERB_recover: return cluster_recover(options, arena, fault);
    case VERB_leave: steps = cluster_leave; break;
    case VERB_remove: steps = cluster_remove; break;
    case VERB_rebalance: steps = cluster_rebalance; break;
    case VERB_status:
    case VERB_nodes:
    case VERB_shards:
    case VERB_top:
    case VERB_explain:
    case VERBS_COUNT: break;
    }
    enum err err = ERR_OK;
    if (steps == NULL) {
        err = show(&talk);
    } else {
        err = cluster_talk_open(&talk);
        if (err == ERR_OK) err = steps(&talk, arena);
    }
    cluster_talk_close(&talk);
    return err;
}

static int show_help(enum cluster_verb verb)
{
    struct buffer out = {0};
    help_cluster(verb, &out);
    bool written = put(&out);
    buffer_free(&out);
    return written ? EXIT_DONE : EXIT_FAILED;
}

int cluster_main(enum cluster_verb verb, int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct cluster_options options;
    struct fault fault = {0};
    int status = EXIT_DONE;
    enum err err = cluster_options_read(arena, verb, argc, argv, &options, &fault);
    if (err == ERR_OK && options.help) {
        status = show_help(verb);
    } else if (err == ERR_OK) {
        err = perform(&options, arena, &fault);
    }
    if (err != ERR_OK) {
        struct buffer text = {0};
        tame_append(&text, slice_text(fault.text));
        (void)fprintf(stderr, "tutti: %.*s\n", (int)text.len, (const char *)text.data);
        buffer_free(&text);
        status = err == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
    }
    arena_free(arena);
    return status;
}
