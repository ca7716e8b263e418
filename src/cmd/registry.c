/* registry.c -- see registry.h. */
#include "cmd/registry.h"
#include "cmd/handlers.h"
#include "cmd/hash.h"

static const struct hash *rows_of(const struct store *store)
{
    struct entry *entry = store_peek(store, 0, SLICE(REGISTRY_KEY));
    bool good = entry != NULL && entry_type(entry) == VALUE_HASH;
    return good ? entry_object(entry) : NULL;
}

static void free_registry(void *companion)
{
    registry_free(companion);
}

/* NULL: they are none. */
static struct registry *load(const struct hash *rows)
{
    struct registry *registry = registry_new();
    struct hash_walk walk = {0};
    struct hash_pair pair;
    bool good = true;
    while (good && hash_walk_next(rows, &walk, &pair)) {
        good = registry_row_load(registry, pair.field, pair.value);
    }
    if (good && registry_rows_end(registry)) return registry;
    registry_free(registry);
    return NULL;
}

/* Does it follow from the rows, as they are? Each change is in one of them. */
static bool is_current(const struct registry *registry, const struct hash *rows)
{
    char scratch[INTEGER_TEXT_MAX];
    struct slice row;
    return hash_get(rows, SLICE("cluster"), &row, scratch) &&
           registry_is_cluster_row(registry, row);
}

static struct registry *registry_in(struct store *store)
{
    const struct hash *rows = rows_of(store);
    struct registry *registry = store_companion(store);
    if (rows == NULL) return NULL;
    if (registry != NULL && is_current(registry, rows)) return registry;
    registry = load(rows);
    store_set_companion(store, registry, free_registry);
    return registry;
}

const struct registry *cmd_registry_of(struct store *store)
{
    return registry_in(store);
}

struct rows_writer {
    struct room *room;
    struct hash *rows;
};

static void write_row(void *context, struct slice name, struct slice bytes)
{
    struct rows_writer *writer = context;
    if (bytes.len == 0) {
        (void)hash_delete(writer->room, writer->rows, name);
    } else {
        (void)hash_set(writer->room, writer->rows, name, bytes);
    }
}

static void write_rows(struct call *call, const struct registry *registry)
{
    struct slice key = SLICE(REGISTRY_KEY);
    struct rows_writer writer = {store_room(call->store), NULL};
    struct entry *entry = store_write(call->store, 0, key);
    writer.rows = entry == NULL ? hash_new(writer.room) : entry_object(entry);
    if (entry == NULL) store_add_object(call->store, 0, key, VALUE_HASH, writer.rows);
    registry_changed_rows(registry, write_row, &writer);
    call_modified(call, 0, key);
    call_notify_in(call, NOTIFY_HASH, "hset", 0, key);
}

static void apply(struct call *call, const struct registry_event *event)
{
    struct registry *registry = registry_in(call->store);
    struct fault fault;
    if (registry == NULL) {
        if (rows_of(call->store) != NULL) {
            reply_error(&call->reply, "ERR the registry's rows cannot be read: this version of "
                                      "tutti is older than the one that wrote them");
            return;
        }
        registry = registry_new();
        store_set_companion(call->store, registry, free_registry);
    }
    if (registry_may(registry, event, &fault) != ERR_OK) {
        reply_error(&call->reply, "ERR %s", fault.text);
        return;
    }
    node_id node = event->kind == REGISTRY_JOIN ? registry_next_node(registry) : NODE_NONE;
    registry_step(registry, event);
    write_rows(call, registry);
    reply_array(&call->reply, 2);
    reply_integer(&call->reply, (int64_t)registry_epoch(registry));
    reply_integer(&call->reply, node.n);
}

void cmd_registry(struct call *call)
{
    struct arena *arena = arena_new();
    struct registry_event event;
    if (!word_is(call->argv[1], "APPLY")) {
        call_syntax_error(call);
    } else if (!registry_event_read(call->argv[2], arena, &event)) {
        reply_error(&call->reply, "ERR that is no event of the registry");
    } else {
        apply(call, &event);
    }
    arena_free(arena);
}
