/*
 * sort.c -- SORT and SORT_RO. Texts are compared by their bytes, whatever the locale: all replicas
 * must sort alike.
 */
#include "cmd/sort.h"

#include <ctype.h>
#include <stdlib.h>

#include "cmd/handlers.h"
#include "core/store/list.h"

struct sorting {
    struct call *call;
    struct arena *arena;
    struct sort_options options;
    struct sort_vector vector;
    struct buffer key; /* room for the names that patterns make */
};

/* --- options ---------------------------------------------------------------------------------- */

/* Patterns may lead to any key: who may not read all of them may not follow them. */
static bool pattern_allowed(struct call *call, const char *option)
{
    if (!call->keys_restricted) return true;
    reply_error(&call->reply, "ERR %s option of SORT denied due to insufficient ACL permissions.",
                option);
    return false;
}

static bool by_read(struct call *call, struct slice text, struct sort_options *options)
{
    struct sort_pattern pattern = sort_pattern_parse(text);
    options->unsorted = !pattern.has_star;
    options->has_by = pattern.has_star;
    options->by = pattern;
    return !pattern.has_star || pattern_allowed(call, "BY");
}

/* The option at *index, which moves to its last argument. */
static bool option_read(struct call *call, uint32_t *index, struct sort_options *options)
{
    struct slice word = call->argv[*index];
    uint32_t left = call->argc - *index - 1;
    bool may_store = call->command->id == COMMAND_SORT;
    if (word_is(word, "ASC")) {
        options->descending = false;
    } else if (word_is(word, "DESC")) {
        options->descending = true;
    } else if (word_is(word, "ALPHA")) {
        options->alphabetic = true;
    } else if (left >= 2 && word_is(word, "LIMIT")) {
        if (!call_integer(call, ++*index, &options->limit_start)) return false;
        return call_integer(call, ++*index, &options->limit_count);
    } else if (left >= 1 && may_store && word_is(word, "STORE")) {
        options->stores = true;
        options->destination = call->argv[++*index];
    } else if (left >= 1 && word_is(word, "BY")) {
        return by_read(call, call->argv[++*index], options);
    } else if (left >= 1 && word_is(word, "GET")) {
        if (!pattern_allowed(call, "GET")) return false;
        options->gets[options->gets_count++] = sort_pattern_parse(call->argv[++*index]);
    } else {
        call_syntax_error(call);
        return false;
    }
    return true;
}

static bool options_read(struct sorting *sorting)
{
    struct call *call = sorting->call;
    struct sort_options *options = &sorting->options;
    options->limit_count = -1;
    options->gets = ARENA_ARRAY(sorting->arena, struct sort_pattern, call->argc);
    for (uint32_t i = 2; i < call->argc; i++) {
        if (!option_read(call, &i, options)) return false;
    }
    return true;
}

/* --- sorting ---------------------------------------------------------------------------------- */

static int compare_numbers(const struct sort_item *a, const struct sort_item *b)
{
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return slice_cmp(a->element, b->element);
}

static int compare_texts(const struct sort_item *a, const struct sort_item *b)
{
    if (!a->has_by || !b->has_by) return (int)a->has_by - (int)b->has_by;
    return slice_cmp(a->by, b->by);
}

static int compare_items(const void *left, const void *right, void *context)
{
    const struct sort_item *a = left, *b = right;
    const struct sort_options *options = context;
    int order = options->alphabetic ? compare_texts(a, b) : compare_numbers(a, b);
    if (order != 0) return options->descending ? -order : order;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* As strtod reads it whole: nothing is 0, blanks may stand before. */
static bool number_of(struct slice text, double *score)
{
    *score = 0;
    if (text.len == 0) return true;
    while (text.len != 0 && isspace(text.data[0])) text = slice_from(text, 1);
    return double_parse(text, score);
}

/* What each item is sorted by. False: something is no number. */
static bool weigh(struct sorting *sorting)
{
    const struct sort_options *options = &sorting->options;
    bool all_numbers = true;
    for (uint64_t i = 0; i < sorting->vector.count; i++) {
        struct sort_item *item = &sorting->vector.items[i];
        char scratch[INTEGER_TEXT_MAX];
        item->index = (uint32_t)i;
        item->by = item->element;
        item->has_by =
            !options->has_by || sort_pattern_follow(sorting->call, &options->by, item->element,
                                                    &sorting->key, &item->by, scratch);
        if (!item->has_by) continue;
        if (!options->alphabetic) {
            all_numbers &= number_of(item->by, &item->score);
        } else if (item->by.data == (const uint8_t *)scratch) {
            item->by = arena_copy(sorting->arena, item->by);
        }
    }
    return all_numbers;
}

/* --- the outcome ------------------------------------------------------------------------------ */

typedef void (*take_value)(void *context, bool is_there, struct slice value);

static void take_values(struct sorting *sorting, take_value take, void *context)
{
    const struct sort_options *options = &sorting->options;
    const struct sort_vector *vector = &sorting->vector;
    for (uint64_t i = vector->first; i < vector->first + vector->wanted; i++) {
        struct slice element = vector->items[i].element;
        if (options->gets_count == 0) take(context, true, element);
        for (uint32_t get = 0; get < options->gets_count; get++) {
            char scratch[INTEGER_TEXT_MAX];
            struct slice value = SLICE("");
            bool is_there = sort_pattern_follow(sorting->call, &options->gets[get], element,
                                                &sorting->key, &value, scratch);
            take(context, is_there, value);
        }
    }
}

static void take_as_reply(void *context, bool is_there, struct slice value)
{
    struct call *call = context;
    if (is_there) {
        reply_bulk(&call->reply, value);
    } else {
        reply_null(&call->reply);
    }
}

struct storing {
    struct room *room;
    struct list *list;
};

static void take_into_list(void *context, bool is_there, struct slice value)
{
    struct storing *storing = context;
    list_push(storing->room, storing->list, LIST_TAIL, is_there ? value : SLICE(""));
}

static void store_values(struct sorting *sorting)
{
    struct call *call = sorting->call;
    struct slice key = sorting->options.destination;
    struct room *room = store_room(call->store);
    struct storing storing = {room, list_new(room)};
    take_values(sorting, take_into_list, &storing);
    bool is_new = store_write(call->store, call->database, key) == NULL;
    (void)store_put_object(call->store, call->database, key, VALUE_LIST, storing.list);
    if (is_new) call_notify(call, NOTIFY_NEW, "new", key);
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_LIST, "sortstore", key);
}

static void give(struct sorting *sorting)
{
    struct call *call = sorting->call;
    struct slice key = sorting->options.destination;
    uint64_t gets = u64_max(sorting->options.gets_count, 1);
    uint64_t count = sorting->vector.wanted * gets;
    if (!sorting->options.stores) {
        reply_array(&call->reply, count);
        take_values(sorting, take_as_reply, call);
        return;
    }
    if (count != 0) {
        store_values(sorting);
    } else if (store_delete(call->store, call->database, key)) {
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_GENERIC, "del", key);
    }
    reply_integer(&call->reply, (int64_t)count);
}

static void sort_entry(struct sorting *sorting, const struct entry *entry)
{
    struct sort_options *options = &sorting->options;
    bool is_set = entry != NULL && entry_type(entry) == VALUE_SET;
    if (options->unsorted && is_set && options->stores) {
        /* A set's own order is not the same everywhere; what is stored must be. */
        options->unsorted = false;
        options->alphabetic = true;
    }
    sort_load(entry, options, sorting->arena, &sorting->vector);
    if (!options->unsorted) {
        if (!weigh(sorting)) {
            reply_error(&sorting->call->reply,
                        "ERR One or more scores can't be converted into double");
            return;
        }
        if (sorting->vector.count != 0) {
            qsort_r(sorting->vector.items, sorting->vector.count, sizeof *sorting->vector.items,
                    compare_items, options);
        }
    }
    give(sorting);
}

void cmd_sort(struct call *call)
{
    struct sorting sorting = {.call = call, .arena = arena_new()};
    if (options_read(&sorting)) {
        const struct entry *entry = store_read(call->store, call->database, call->argv[1]);
        if (entry == NULL) call_key_missed(call, call->argv[1]);
        bool sortable =
            entry == NULL || (entry_type(entry) != VALUE_STRING && entry_type(entry) != VALUE_HASH);
        if (sortable) {
            sort_entry(&sorting, entry);
        } else {
            call_wrong_type(call);
        }
    }
    free(sorting.vector.items);
    buffer_free(&sorting.key);
    arena_free(sorting.arena);
}
