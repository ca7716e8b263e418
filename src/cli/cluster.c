/* cluster.c -- see cluster.h. */
#include "cli/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cluster_gather.h"
#include "cli/cluster_recover.h"
#include "cli/cluster_show.h"
#include "cli/cluster_steps.h"
#include "cli/cluster_view.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/tame.h"
#include "io/terminal.h"

enum { WATCH_NS = 1000000000 };

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

static bool put(const struct buffer *out)
{
    return fwrite(out->data, 1, out->len, stdout) == out->len && fflush(stdout) == 0;
}

/* Who has gone, as after head, is no fault of anybody's; a full disk is. */
static enum err unwritten(struct fault *fault)
{
    if (errno == EPIPE) return fault_set(fault, ERR_CLOSED, "nobody reads the output");
    return fault_set_errno(fault, errno, "cannot write the output");
}

/* --- looking --------------------------------------------------------------------------------- */

/* How it is shown: in place and in color where a person looks, plain elsewhere. */
struct looking {
    struct cluster_talk *talk;
    struct table_look look;
    uint32_t lines_max; /* of the window; 0: it is not shown in place */
    bool shown;
    int status;
};

static struct looking looking_at(struct cluster_talk *talk)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    struct looking at = {.talk = talk};
    if (!terminal_is(STDOUT_FILENO) || talk->options->json) return at;
    at.look.columns = terminal_width(STDOUT_FILENO);
    at.look.color = !dumb && (no_color == NULL || *no_color == '\0');
    if (talk->options->watch && !dumb) at.lines_max = terminal_height(STDOUT_FILENO);
    return at;
}

/* The window is painted over, line by line: nothing flickers, and nothing scrolls. */
static void append_in_place(struct buffer *out, struct slice text, uint32_t lines_max)
{
    buffer_append(out, SLICE("\x1b[H")); /* home */
    for (uint32_t line = 1; text.len > 0; line++) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        bool last = line + 1 >= lines_max;
        buffer_append(out, slice_of(text.data, len));
        buffer_append(out, last ? SLICE("\x1b[K") : SLICE("\x1b[K\n")); /* the rest of it */
        if (last) break;
        text = slice_from(text, end == NULL ? len : len + 1);
    }
    buffer_append(out, SLICE("\x1b[J")); /* what is below */
}

/* What the node answered; or that it does not, to who has seen it answer. */
static enum err look(struct looking *at, struct arena *arena, struct buffer *text)
{
    const struct cluster_options *options = at->talk->options;
    struct answer facts;
    enum err err = at->talk->client == NULL ? cluster_talk_open(at->talk) : ERR_OK;
    if (err == ERR_OK) err = cluster_gather(at->talk, arena, &facts);
    if (err == ERR_OK && options->json) {
        cluster_show_json(&facts, text);
    } else if (err == ERR_OK) {
        cluster_view(options->verb, &facts, at->look, text);
    }
    if (err == ERR_OK && options->verb == VERB_status) at->status = cluster_view_exit(&facts);
    if (err == ERR_OK || !at->shown) return err;
    cluster_talk_close(at->talk);
    if (options->json) return ERR_OK; /* a line less */
    tame_append(text, slice_text(at->talk->fault->text));
    buffer_append(text, SLICE("\ntrying again; Ctrl-C ends this\n"));
    return ERR_OK;
}

static enum err show_once(struct looking *at)
{
    struct arena *arena = arena_new();
    struct buffer text = {0}, out = {0};
    bool parted = at->shown && !at->talk->options->json && at->lines_max == 0;
    enum err err = look(at, arena, &text);
    if (parted) buffer_append_byte(&out, '\n');
    if (at->lines_max > 0) {
        append_in_place(&out, buffer_slice(&text), at->lines_max);
    } else {
        buffer_append(&out, buffer_slice(&text));
    }
    if (err == ERR_OK && !put(&out)) err = unwritten(at->talk->fault);
    at->shown = true;
    buffer_free(&text);
    buffer_free(&out);
    arena_free(arena);
    return err;
}

static enum err show(struct cluster_talk *talk, int *status)
{
    const struct timespec pause = {WATCH_NS / 1000000000, WATCH_NS % 1000000000};
    struct looking at = looking_at(talk);
    enum err err = show_once(&at);
    while (err == ERR_OK && talk->options->watch) { /* ends: with a signal, or who reads it */
        (void)nanosleep(&pause, NULL);
        err = show_once(&at);
    }
    *status = at.status;
    return err;
}

/* --- which ----------------------------------------------------------------------------------- */

static enum err perform(const struct cluster_options *options, struct arena *arena, int *status,
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
        err = show(&talk, status);
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
        err = perform(&options, arena, &status, &fault);
        if (err == ERR_OK && fflush(stdout) != 0) err = unwritten(&fault);
    }
    if (err == ERR_CLOSED) {
        status = EXIT_CLOSED; /* as after head: no fault of anybody's */
    } else if (err != ERR_OK) {
        struct buffer text = {0};
        tame_append(&text, slice_text(fault.text));
        (void)fprintf(stderr, "tutti: %.*s\n", (int)text.len, (const char *)text.data);
        buffer_free(&text);
        status = err == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
    }
    arena_free(arena);
    return status;
}
