/* cluster_gather.c -- see cluster_gather.h. */
#include "cli/cluster_gather.h"

#include "cli/cluster_show.h"

enum { WORDS_MAX = 8, PAIRS_MAX = 8 };

/* --- asking ---------------------------------------------------------------------------------- */

static enum err ask(struct cluster_talk *talk, struct arena *arena, const char *text,
                    struct answer *answer)
{
    struct slice words[WORDS_MAX] = {SLICE("CLUSTER")}, rest = slice_text(text);
    uint32_t count = 1;
    while (rest.len > 0 && count < WORDS_MAX) {
        const uint8_t *blank = memchr(rest.data, ' ', rest.len);
        size_t len = blank == NULL ? rest.len : (size_t)(blank - rest.data);
        words[count++] = slice_of(rest.data, len);
        rest = slice_from(rest, blank == NULL ? len : len + 1);
    }
    return cluster_talk_ask(talk, arena, words, count, answer);
}

/* --- putting together ------------------------------------------------------------------------ */

static struct answer text_of(const char *text)
{
    return (struct answer){.kind = ANSWER_TEXT, .text = slice_text(text)};
}

static struct answer list_of(struct arena *arena, uint32_t most)
{
    return (struct answer){.kind = ANSWER_LIST,
                           .items = ARENA_ARRAY(arena, struct answer, most + (size_t)1)};
}

static void add(struct answer *map, const char *name, const struct answer *value)
{
    map->items[map->count++] = text_of(name);
    map->items[map->count++] = *value;
}

/* A map with the pairs of another, and room for some more. */
static struct answer extended(struct arena *arena, const struct answer *map)
{
    struct answer made = {.kind = ANSWER_MAP, .count = map->kind == ANSWER_MAP ? map->count : 0};
    made.items = ARENA_ARRAY(arena, struct answer, made.count + (size_t)2 * PAIRS_MAX);
    if (made.count > 0) memcpy(made.items, map->items, made.count * sizeof *made.items);
    return made;
}

/* The rows of all nodes that have answered; and {node, why} of each that has not, once. */
static struct answer rows_of(struct arena *arena, const struct answer *all,
                             struct answer *unanswered)
{
    struct answer rows = list_of(arena, all->count);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct answer *row = &all->items[i];
        const struct answer *node = answer_field(row, "unanswered");
        if (node == NULL) {
            rows.items[rows.count++] = *row;
            continue;
        }
        bool known = false;
        for (uint32_t j = 0; j < unanswered->count; j++)
            known |=
                answer_number(&unanswered->items[j], "node") == answer_number(row, "unanswered");
        if (known || unanswered->count == NODES_MAX) continue;
        struct answer *made = &unanswered->items[unanswered->count++];
        *made = extended(arena, &(struct answer){.kind = ANSWER_MAP});
        add(made, "node", node);
        add(made, "why", answer_field(row, "why"));
    }
    return rows;
}

/* --- verbs ----------------------------------------------------------------------------------- */

static enum err gather_status(struct cluster_talk *talk, struct arena *arena, struct answer *facts)
{
    struct answer status, moves, members, unanswered = list_of(arena, NODES_MAX);
    enum err err = ask(talk, arena, "STATUS", &status);
    if (err == ERR_OK) err = ask(talk, arena, "MEMBERS", &members);
    if (err == ERR_OK) err = ask(talk, arena, "MOVES", &moves);
    if (err != ERR_OK) return err;
    *facts = extended(arena, &status);
    moves = rows_of(arena, &moves, &unanswered);
    add(facts, "nodes", &members);
    add(facts, "moves", &moves);
    add(facts, "unanswered", &unanswered);
    return ERR_OK;
}

/* Each shard's row with the moves of it. */
static enum err gather_shards(struct cluster_talk *talk, struct arena *arena, struct answer *facts)
{
    struct answer table, moves, unanswered = list_of(arena, NODES_MAX);
    enum err err = ask(talk, arena, "TABLE", &table);
    if (err == ERR_OK) err = ask(talk, arena, "MOVES", &moves);
    if (err != ERR_OK) return err;
    moves = rows_of(arena, &moves, &unanswered);
    for (uint32_t i = 0; i < table.count; i++) {
        struct answer row = extended(arena, &table.items[i]), own = list_of(arena, moves.count);
        const struct answer *number = answer_field(&row, "shard");
        for (uint32_t j = 0; number != NULL && j < moves.count; j++) {
            const struct answer *of = answer_field(&moves.items[j], "shard");
            if (of == NULL || !slice_eq(of->text, number->text)) continue;
            own.items[own.count++] = moves.items[j];
        }
        add(&row, "moves", &own);
        table.items[i] = row;
    }
    *facts = table;
    return ERR_OK;
}

static enum err gather_top(struct cluster_talk *talk, struct arena *arena, struct answer *facts)
{
    static const char *const names[] = {"shards", "slots", "keys", "large"};
    const struct cluster_options *options = talk->options;
    const bool asked[] = {options->shards, options->slots, options->keys, options->large};
    bool all = !options->shards && !options->slots && !options->keys && !options->large;
    struct answer unanswered = list_of(arena, NODES_MAX);
    *facts = extended(arena, &(struct answer){.kind = ANSWER_MAP});
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct answer answer;
        if (!all && !asked[i]) continue;
        const char *node = options->node == 0 ? "" : arena_format(arena, " NODE %u", options->node);
        const char *text = arena_format(arena, "TOP %s COUNT %u%s", names[i], options->count, node);
        enum err err = ask(talk, arena, text, &answer);
        if (err != ERR_OK) return err;
        answer = rows_of(arena, &answer, &unanswered);
        add(facts, names[i], &answer);
    }
    add(facts, "unanswered", &unanswered);
    return ERR_OK;
}

/* With the rows of the nodes that have copies. */
static enum err gather_explain(struct cluster_talk *talk, struct arena *arena, struct answer *facts)
{
    struct answer answer, members;
    const struct slice words[] = {SLICE("CLUSTER"), SLICE("EXPLAIN"),
                                  slice_text(talk->options->word)};
    enum err err = cluster_talk_ask(talk, arena, words, COUNT_OF(words), &answer);
    if (err == ERR_OK) err = ask(talk, arena, "MEMBERS", &members);
    if (err != ERR_OK) return err;
    struct answer nodes = list_of(arena, members.count);
    const struct answer *copies = answer_field(&answer, "copies");
    for (uint32_t i = 0; i < members.count; i++) {
        const struct answer *node = answer_field(&members.items[i], "node");
        bool has = false;
        for (uint32_t j = 0; node != NULL && copies != NULL && j < copies->count; j++)
            has |= slice_eq(copies->items[j].text, node->text);
        if (has) nodes.items[nodes.count++] = members.items[i];
    }
    *facts = extended(arena, &answer);
    add(facts, "nodes", &nodes);
    return ERR_OK;
}

enum err cluster_gather(struct cluster_talk *talk, struct arena *arena, struct answer *facts)
{
    switch (talk->options->verb) {
    case VERB_status: return gather_status(talk, arena, facts);
    case VERB_nodes: return ask(talk, arena, "MEMBERS", facts);
    case VERB_shards: return gather_shards(talk, arena, facts);
    case VERB_top: return gather_top(talk, arena, facts);
    case VERB_explain: return gather_explain(talk, arena, facts);
    case VERB_rebalance:
    case VERB_leave:
    case VERB_remove:
    case VERB_token:
    case VERB_recover:
    case VERBS_COUNT: break;
    }
    UNREACHABLE("a verb with steps of its own");
}
