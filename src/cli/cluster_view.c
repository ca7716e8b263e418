/* cluster_view.c -- see cluster_view.h: how the cluster is, and what moves. */
#include "cli/cluster_view.h"

#include "base/size.h"
#include "cli/cluster_show.h"
#include "cli/cluster_view_impl.h"
#include "cli/progress.h"

enum { NAME_COLUMNS = 11, BAR_COLUMNS = 8, SUM_COLUMNS = 24, PERCENT = 100, MOVES_SHOWN_MAX = 20 };

/* --- pieces ---------------------------------------------------------------------------------- */

static void begin_line(struct buffer *out, const char *name)
{
    buffer_append_format(out, "%-*s", (int)NAME_COLUMNS, name);
}

const struct answer *view_list(const struct answer *facts, const char *name)
{
    static const struct answer none = {.kind = ANSWER_LIST};
    const struct answer *list = answer_field(facts, name);
    return list == NULL || list->kind != ANSWER_LIST ? &none : list;
}

void view_cell(struct table *table, const struct answer *row, const char *name)
{
    const struct answer *field = answer_field(row, name);
    struct buffer *cell = table_cell(table);
    if (field != NULL) cluster_show_value(slice_text(name), field, cell);
}

void view_unanswered(const struct answer *facts, struct table_look look, struct buffer *out)
{
    const struct answer *rows = view_list(facts, "unanswered");
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct answer *why = answer_field(&rows->items[i], "why");
        if (look.color) buffer_append(out, SLICE(TABLE_YELLOW));
        buffer_append_format(out, "node %llu does not answer: ",
                             (unsigned long long)answer_number(&rows->items[i], "node"));
        if (why != NULL) cluster_show_value(SLICE("why"), why, out);
        if (look.color) buffer_append(out, SLICE(TABLE_PLAIN));
        buffer_append_byte(out, '\n');
    }
}

static const char *state_color(struct slice state)
{
    static const struct {
        const char *state, *color;
    } rows[] = {
        {"ok", TABLE_GREEN},          {"healthy", TABLE_GREEN},   {"alive", TABLE_GREEN},
        {"degraded", TABLE_YELLOW},   {"leaving", TABLE_YELLOW},  {"joining", TABLE_YELLOW},
        {"leaderless", TABLE_YELLOW}, {"unavailable", TABLE_RED}, {"dead", TABLE_RED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (slice_eq(state, slice_text(rows[i].state))) return rows[i].color;
    }
    return NULL;
}

static void state_cell(struct table *table, const struct answer *row)
{
    const struct answer *state = answer_field(row, "state");
    view_cell(table, row, "state");
    const char *color = state == NULL ? NULL : state_color(state->text);
    if (color != NULL) table_color(table, color);
}

/* --- moves ----------------------------------------------------------------------------------- */

/* "1 -> 3", "new on 3", "off 1" */
static void append_way(const struct answer *move, struct buffer *out)
{
    unsigned long long from = answer_number(move, "from"), to = answer_number(move, "to");
    if (from == 0) {
        buffer_append_format(out, "new on %llu", to);
    } else if (to == 0) {
        buffer_append_format(out, "off %llu", from);
    } else {
        buffer_append_format(out, "%llu -> %llu", from, to);
    }
}

static void append_bar(const struct answer *move, struct buffer *out)
{
    uint64_t percent = answer_number(move, "percent");
    progress_bar(out, (double)percent / PERCENT, BAR_COLUMNS, false);
    buffer_append_format(out, "%3llu%%", (unsigned long long)percent);
}

static void append_move(struct table *table, const struct answer *move)
{
    struct buffer *cell;
    view_cell(table, move, "shard");
    append_way(move, table_cell(table));
    append_bar(move, table_cell(table));
    table_color(table, TABLE_GREEN);
    cell = table_cell(table);
    size_append(cell, answer_number(move, "sent-bytes"));
    buffer_append(cell, SLICE("/"));
    size_append(cell, answer_number(move, "bytes"));
    cell = table_cell(table);
    if (answer_number(move, "bytes-per-second") != 0)
        cluster_show_value(SLICE("bytes-per-second"), answer_field(move, "bytes-per-second"), cell);
    view_cell(table, move, "left-ms");
    view_cell(table, move, "phase");
    view_cell(table, move, "why");
}

static void show_moves(const struct answer *facts, struct table_look look, struct buffer *out)
{
    static const struct table_column columns[] = {{"shard", TABLE_RIGHT},
                                                  {"copy", 0},
                                                  {"done", 0},
                                                  {"sent", TABLE_RIGHT},
                                                  {"pace", TABLE_RIGHT | TABLE_OPTIONAL},
                                                  {"left", TABLE_RIGHT | TABLE_OPTIONAL},
                                                  {"now", 0},
                                                  {"why", 0}};
    struct table table = {.columns = columns, .columns_count = COUNT_OF(columns)};
    const struct answer *moves = view_list(facts, "moves");
    uint32_t shown = moves->count < MOVES_SHOWN_MAX ? moves->count : MOVES_SHOWN_MAX;
    if (shown == 0) return;
    for (uint32_t i = 0; i < shown; i++) append_move(&table, &moves->items[i]);
    buffer_append_byte(out, '\n');
    table_write(&table, look, out);
    if (shown < moves->count)
        buffer_append_format(out, "and %u more: 'tutti shards' shows all\n", moves->count - shown);
    table_free(&table);
}

/* All of them together: how far, how fast. */
static void show_sum(const struct answer *facts, struct table_look look, struct buffer *out)
{
    const struct answer *moves = view_list(facts, "moves");
    uint64_t bytes = 0, sent = 0, pace = 0;
    for (uint32_t i = 0; i < moves->count; i++) {
        bytes += answer_number(&moves->items[i], "bytes");
        sent += answer_number(&moves->items[i], "sent-bytes");
        pace += answer_number(&moves->items[i], "bytes-per-second");
    }
    if (bytes == 0) return;
    begin_line(out, "moves");
    progress_bar(out, (double)sent / (double)bytes, SUM_COLUMNS, look.color);
    size_append(out, sent);
    buffer_append(out, SLICE(" of "));
    size_append(out, bytes);
    if (pace != 0) {
        buffer_append(out, SLICE(", "));
        size_append(out, pace);
        buffer_append(out, SLICE("/s"));
    }
    buffer_append_byte(out, '\n');
}

/* --- status ---------------------------------------------------------------------------------- */

static void append_address(const struct answer *members, uint64_t node, struct buffer *out)
{
    for (uint32_t i = 0; i < members->count; i++) {
        const struct answer *address = answer_field(&members->items[i], "address");
        if (address == NULL || answer_number(&members->items[i], "node") != node) continue;
        buffer_append(out, SLICE(" at "));
        cluster_show_value(SLICE("address"), address, out);
    }
}

static void append_node(const struct answer *members, uint64_t node, struct buffer *out)
{
    if (node == 0) {
        buffer_append(out, SLICE("nobody"));
        return;
    }
    buffer_append_format(out, "node %llu", (unsigned long long)node);
    append_address(members, node, out);
}

/* "3 alive, 1 dead" of the fields "nodes-alive" … */
static void append_counts(const struct answer *facts, const char *kind, struct buffer *out)
{
    size_t begun = out->len, len = strlen(kind);
    for (uint32_t i = 0; i + 1 < facts->count; i += 2) {
        struct slice name = facts->items[i].text;
        uint64_t count;
        if (!slice_starts_with(name, slice_text(kind)) ||
            !count_parse(facts->items[i + 1].text, &count) || count == 0)
            continue;
        name = slice_from(name, len);
        if (slice_eq(name, SLICE("cut-off"))) name = SLICE("without a link to here");
        buffer_append_format(out, "%s%llu %.*s", out->len == begun ? "" : ", ",
                             (unsigned long long)count, (int)name.len, (const char *)name.data);
    }
}

static void show_state(const struct answer *facts, struct table_look look, struct buffer *out)
{
    const struct answer *state = answer_field(facts, "state");
    if (state == NULL) return;
    const char *color = look.color ? state_color(state->text) : NULL;
    begin_line(out, "state");
    if (color != NULL) buffer_append(out, slice_text(color));
    cluster_show_value(SLICE("state"), state, out);
    if (color != NULL) buffer_append(out, SLICE(TABLE_PLAIN));
    if (answer_is(facts, "state", "degraded"))
        buffer_append(out, SLICE(": all keys are served; copies or nodes are missing"));
    if (answer_is(facts, "state", "unavailable"))
        buffer_append(out, SLICE(": shards have lost the majority of their copies, and wait"));
    buffer_append_byte(out, '\n');
}

/* What a person may want to do about it. */
static void show_dead(const struct answer *members, struct buffer *out)
{
    for (uint32_t i = 0; i < members->count; i++) {
        const struct answer *row = &members->items[i];
        unsigned long long node = answer_number(row, "node");
        if (!answer_is(row, "state", "dead")) continue;
        buffer_append_format(out, "node %llu", node);
        append_address(members, node, out);
        buffer_append(out, SLICE(" is dead, since "));
        cluster_show_value(SLICE("state-ms"), answer_field(row, "state-ms"), out);
        buffer_append_format(out, ": start it again, or 'tutti remove %llu' gives it up\n", node);
    }
}

static void show_status(const struct answer *facts, struct table_look look, struct buffer *out)
{
    const struct answer *members = view_list(facts, "nodes");
    const struct answer *cluster = answer_field(facts, "cluster");
    begin_line(out, "cluster");
    if (cluster != NULL) cluster_show_value(SLICE("cluster"), cluster, out);
    buffer_append_format(out, ", epoch %llu, as node %llu knows it\n",
                         (unsigned long long)answer_number(facts, "epoch"),
                         (unsigned long long)answer_number(facts, "answered-by"));
    show_state(facts, look, out);
    begin_line(out, "nodes");
    append_counts(facts, "nodes-", out);
    buffer_append_byte(out, '\n');
    begin_line(out, "shards");
    buffer_append_format(out, "%llu, %llu copies wanted of each: ",
                         (unsigned long long)answer_number(facts, "shards"),
                         (unsigned long long)answer_number(facts, "copies-wanted"));
    append_counts(facts, "shards-", out);
    buffer_append_byte(out, '\n');
    show_sum(facts, look, out);
    begin_line(out, "root");
    buffer_append(out, SLICE("led by "));
    append_node(members, answer_number(facts, "root-leader"), out);
    buffer_append_byte(out, '\n');
    begin_line(out, "rebalance");
    buffer_append(out, answer_is(facts, "rebalances", "t")
                           ? SLICE("on\n")
                           : SLICE("paused: 'tutti rebalance' lets shards move again\n"));
    show_dead(members, out);
    view_unanswered(facts, look, out);
    show_moves(facts, look, out);
}

int cluster_view_exit(const struct answer *facts)
{
    if (answer_is(facts, "state", "unavailable")) return CLUSTER_UNAVAILABLE;
    return answer_is(facts, "state", "degraded") ? CLUSTER_DEGRADED : 0;
}

/* --- nodes, shards, explain ------------------------------------------------------------------ */

static void show_nodes(const struct answer *facts, struct table_look look, struct buffer *out)
{
    static const struct table_column columns[] = {{"node", 0},
                                                  {"state", 0},
                                                  {"since", TABLE_RIGHT},
                                                  {"address", 0},
                                                  {"shards", TABLE_RIGHT},
                                                  {"leads", TABLE_RIGHT},
                                                  {"root", 0},
                                                  {"lanes", TABLE_RIGHT},
                                                  {"memory", TABLE_RIGHT},
                                                  {"host", TABLE_OPTIONAL},
                                                  {"zone", TABLE_OPTIONAL},
                                                  {"version", 0}};
    static const char *const fields[] = {"state-ms", "address",      "shards", "leads", "root",
                                         "lanes",    "memory-bytes", "host",   "zone",  "version"};
    struct table table = {.columns = columns, .columns_count = COUNT_OF(columns)};
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct answer *row = &facts->items[i];
        view_cell(&table, row, "node");
        if (answer_is(row, "me", "t")) buffer_append(&table.text, SLICE(" *"));
        bool is_gone = answer_is(row, "state", "dead") || answer_is(row, "state", "removed");
        if (answer_is(row, "linked", "f") && !is_gone) {
            buffer_append(table_cell(&table), SLICE("cut off"));
            table_color(&table, TABLE_RED);
        } else {
            state_cell(&table, row);
        }
        for (size_t field = 0; field < COUNT_OF(fields); field++)
            view_cell(&table, row, fields[field]);
    }
    table_write(&table, look, out);
    table_free(&table);
}

static void append_shard_moves(const struct answer *row, struct buffer *out)
{
    const struct answer *moves = view_list(row, "moves");
    for (uint32_t i = 0; i < moves->count; i++) {
        if (i > 0) buffer_append(out, SLICE(", "));
        append_way(&moves->items[i], out);
        buffer_append_format(out, " %llu%%",
                             (unsigned long long)answer_number(&moves->items[i], "percent"));
    }
    if (moves->count == 0 && answer_is(row, "moving", "t")) buffer_append(out, SLICE("yes"));
}

static void show_shards(const struct answer *facts, struct table_look look, struct buffer *out)
{
    static const struct table_column columns[] = {
        {"shard", TABLE_RIGHT},  {"slots", 0}, {"copies", 0},
        {"leader", TABLE_RIGHT}, {"state", 0}, {"moving", TABLE_OPTIONAL},
        {"why there", 0}};
    struct table table = {.columns = columns, .columns_count = COUNT_OF(columns)};
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct answer *row = &facts->items[i];
        view_cell(&table, row, "shard");
        view_cell(&table, row, "slots");
        view_cell(&table, row, "copies");
        view_cell(&table, row, "leader");
        state_cell(&table, row);
        append_shard_moves(row, table_cell(&table));
        view_cell(&table, row, "why");
    }
    table_write(&table, look, out);
    table_free(&table);
}

static void show_pair(const struct answer *facts, const char *name, struct buffer *out)
{
    const struct answer *field = answer_field(facts, name);
    begin_line(out, name);
    if (field != NULL) cluster_show_value(slice_text(name), field, out);
    buffer_append_byte(out, '\n');
}

static void show_explain(const struct answer *facts, struct buffer *out)
{
    const struct answer *members = view_list(facts, "nodes"), *copies = view_list(facts, "copies");
    show_pair(facts, "key", out);
    show_pair(facts, "slot", out);
    show_pair(facts, "shard", out);
    begin_line(out, "leader");
    append_node(members, answer_number(facts, "leader"), out);
    buffer_append_byte(out, '\n');
    for (uint32_t i = 0; i < copies->count; i++) {
        uint64_t node;
        if (!count_parse(copies->items[i].text, &node)) continue;
        begin_line(out, i == 0 ? "copies" : "");
        append_node(members, node, out);
        buffer_append_byte(out, '\n');
    }
    show_pair(facts, "state", out);
    begin_line(out, "why there");
    if (answer_field(facts, "why") != NULL)
        cluster_show_value(SLICE("why"), answer_field(facts, "why"), out);
    buffer_append_byte(out, '\n');
    show_pair(facts, "policy", out);
}

/* --- what would move -------------------------------------------------------------------------- */

void cluster_view_plan(const struct answer *plan, struct table_look look, struct buffer *out)
{
    static const struct table_column columns[] = {
        {"shard", TABLE_RIGHT}, {"moves", 0}, {"way", 0}, {"size", TABLE_RIGHT}, {"why", 0}};
    struct table table = {.columns = columns, .columns_count = COUNT_OF(columns)};
    const struct answer *moves = view_list(plan, "moves");
    const struct answer *waits_for = answer_field(plan, "waits-for");
    uint64_t wanted = answer_number(plan, "wanted");
    if (wanted == 0 && moves->count == 0) {
        buffer_append(out, SLICE("nothing is to move\n"));
    } else {
        buffer_append_format(out, "%llu wanted, %u of them now\n", (unsigned long long)wanted,
                             moves->count);
    }
    if (waits_for != NULL && waits_for->text.len > 0) {
        buffer_append(out, SLICE("the others wait for "));
        cluster_show_value(SLICE("waits-for"), waits_for, out);
        buffer_append_byte(out, '\n');
    }
    for (uint32_t i = 0; i < moves->count; i++) {
        const struct answer *move = &moves->items[i];
        view_cell(&table, move, "shard");
        view_cell(&table, move, "moves");
        append_way(move, table_cell(&table));
        view_cell(&table, move, "bytes");
        view_cell(&table, move, "why");
    }
    if (moves->count > 0) table_write(&table, look, out);
    table_free(&table);
}

/* --- which ----------------------------------------------------------------------------------- */

void cluster_view(enum cluster_verb verb, const struct answer *facts, struct table_look look,
                  struct buffer *out)
{
    switch (verb) {
    case VERB_status: show_status(facts, look, out); return;
    case VERB_nodes: show_nodes(facts, look, out); return;
    case VERB_shards: show_shards(facts, look, out); return;
    case VERB_top: view_top(facts, look, out); return;
    case VERB_explain: show_explain(facts, out); return;
    case VERB_rebalance:
    case VERB_leave:
    case VERB_remove:
    case VERB_token:
    case VERB_recover:
    case VERBS_COUNT: break;
    }
    UNREACHABLE("a verb that shows nothing");
}
