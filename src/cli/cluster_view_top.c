/* cluster_view_top.c -- what is busy and what is large, a table for each list that was asked for.
 */
#include "cli/cluster_show.h"
#include "cli/cluster_view_impl.h"

enum { FIELDS_MAX = 8 };

static const struct top_list {
    const char *name, *title, *none;
    struct table_column columns[FIELDS_MAX];
    const char *fields[FIELDS_MAX]; /* up to the first NULL */
} lists[] = {
    {"shards",
     "Shards, the busiest first",
     "no node has told of a shard that it leads",
     {{"operations/s", TABLE_RIGHT},
      {"requests", TABLE_RIGHT},
      {"size", TABLE_RIGHT},
      {"keys", TABLE_RIGHT},
      {"shard", TABLE_RIGHT},
      {"node", TABLE_RIGHT},
      {"leads", 0}},
     {"operations-per-second", "request-bytes-per-second", "bytes", "keys", "shard", "node",
      "leads"}},
    {"slots",
     "Slots, the busiest first",
     "none is busy",
     {{"operations/s", TABLE_RIGHT},
      {"requests", TABLE_RIGHT},
      {"slot", TABLE_RIGHT},
      {"shard", TABLE_RIGHT},
      {"node", TABLE_RIGHT}},
     {"operations-per-second", "request-bytes-per-second", "slot", "shard", "node"}},
    {"keys",
     "Keys, the busiest first (less: what may belong to keys that are no more listed)",
     "none is busy",
     {{"operations/s", TABLE_RIGHT},
      {"less", TABLE_RIGHT},
      {"slot", TABLE_RIGHT},
      {"shard", TABLE_RIGHT},
      {"node", TABLE_RIGHT},
      {"db", TABLE_RIGHT},
      {"key", 0}},
     {"operations-per-second", "too-many-by-at-most", "slot", "shard", "node", "database", "key"}},
    {"large",
     "Keys, the largest first",
     "none was met yet: a walk over all keys finds them",
     {{"size", TABLE_RIGHT},
      {"slot", TABLE_RIGHT},
      {"shard", TABLE_RIGHT},
      {"node", TABLE_RIGHT},
      {"db", TABLE_RIGHT},
      {"key", 0}},
     {"bytes", "slot", "shard", "node", "database", "key"}},
};

static void show_list(const struct top_list *list, const struct answer *rows,
                      struct table_look look, struct buffer *out)
{
    struct table table = {.columns = list->columns};
    while (table.columns_count < FIELDS_MAX && list->fields[table.columns_count] != NULL)
        table.columns_count++;
    buffer_append_format(out, "%s\n", list->title);
    if (rows->count == 0) {
        buffer_append_format(out, "%s\n", list->none);
        return;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        for (uint32_t field = 0; field < table.columns_count; field++)
            view_cell(&table, &rows->items[i], list->fields[field]);
    }
    table_write(&table, look, out);
    table_free(&table);
}

void view_top(const struct answer *facts, struct table_look look, struct buffer *out)
{
    bool first = true;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (answer_field(facts, lists[i].name) == NULL) continue;
        if (!first) buffer_append_byte(out, '\n');
        show_list(&lists[i], view_list(facts, lists[i].name), look, out);
        first = false;
    }
    view_unanswered(facts, look, out);
}
