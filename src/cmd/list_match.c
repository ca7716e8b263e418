/* list_match.c -- LREM, LINSERT, LPOS: what looks for elements that equal one. */
#include "cmd/handlers.h"
#include "cmd/list.h"

/* --- LREM ------------------------------------------------------------------------------------- */

static int64_t remove_from_head(struct room *room, struct list *list, const struct element *wanted,
                                uint64_t count_max)
{
    struct list_place place = list_at(list, 0);
    const uint8_t *at;
    uint64_t removed = 0;
    while (removed < count_max) {
        struct list_place before = place;
        if ((at = list_forward(&place)) == NULL) break;
        if (!element_is(at, wanted)) continue;
        place = before;
        list_erase(room, list, &place);
        removed++;
    }
    return (int64_t)removed;
}

static int64_t remove_from_tail(struct room *room, struct list *list, const struct element *wanted,
                                uint64_t count_max)
{
    struct list_place place = list_at(list, list_count(list));
    const uint8_t *at;
    uint64_t removed = 0;
    while (removed < count_max && (at = list_backward(&place)) != NULL) {
        if (!element_is(at, wanted)) continue;
        list_erase(room, list, &place);
        removed++;
    }
    return (int64_t)removed;
}

void cmd_lrem(struct call *call)
{
    struct room *room = store_room(call->store);
    struct list *list;
    int64_t count, removed;
    if (!list_fits(call, 3, 1) || !call_integer(call, 2, &count)) return;
    if (!list_write(call, call->argv[1], &list)) return;
    if (list == NULL) {
        reply_integer(&call->reply, 0);
        return;
    }
    const struct element wanted = element_of(call->argv[3]);
    if (count < 0) {
        removed = remove_from_tail(room, list, &wanted, 0 - (uint64_t)count);
    } else {
        removed = remove_from_head(room, list, &wanted, count == 0 ? UINT64_MAX : (uint64_t)count);
    }
    reply_integer(&call->reply, removed);
    if (removed > 0) list_taken(call, call->argv[1], list, "lrem");
}

/* --- LINSERT ---------------------------------------------------------------------------------- */

void cmd_linsert(struct call *call)
{
    struct list *list;
    bool after = word_is(call->argv[2], "AFTER");
    if (!after && !word_is(call->argv[2], "BEFORE")) {
        call_syntax_error(call);
        return;
    }
    if (!list_fits(call, 3, 2) || !list_write(call, call->argv[1], &list)) return;
    if (list == NULL) {
        reply_integer(&call->reply, 0);
        return;
    }
    const struct element pivot = element_of(call->argv[3]);
    struct list_place place = list_at(list, 0), before = place;
    const uint8_t *at;
    while ((at = list_forward(&place)) != NULL && !element_is(at, &pivot)) before = place;
    if (at == NULL) {
        reply_integer(&call->reply, -1);
        return;
    }
    list_insert(store_room(call->store), list, after ? place : before, call->argv[4]);
    reply_integer(&call->reply, (int64_t)list_count(list));
    call_modified(call, call->database, call->argv[1]);
    call_notify(call, NOTIFY_LIST, "linsert", call->argv[1]);
}

/* --- LPOS ------------------------------------------------------------------------------------- */

struct search {
    int64_t rank;    /* the first match that counts, from 1; negative: from the tail */
    bool several;    /* COUNT was given: an array is replied */
    int64_t count;   /* of matches at most; 0: all */
    int64_t len_max; /* elements looked at; 0: all */
};

static bool search_option(struct call *call, uint32_t index, struct search *search)
{
    struct slice word = call->argv[index];
    bool has_value = index + 1 < call->argc;
    if (has_value && word_is(word, "RANK")) {
        if (!call_integer_in(call, index + 1, -INT64_MAX, INT64_MAX, &search->rank, NULL)) {
            return false;
        }
        if (search->rank != 0) return true;
        reply_error(&call->reply, "ERR RANK can't be zero: use 1 to start from the first match, 2 "
                                  "from the second ... or use negative to start from the end of "
                                  "the list");
        return false;
    }
    if (has_value && word_is(word, "COUNT")) {
        search->several = true;
        return call_integer_in(call, index + 1, 0, INT64_MAX, &search->count,
                               "ERR COUNT can't be negative");
    }
    if (has_value && word_is(word, "MAXLEN")) {
        return call_integer_in(call, index + 1, 0, INT64_MAX, &search->len_max,
                               "ERR MAXLEN can't be negative");
    }
    call_syntax_error(call);
    return false;
}

/* Replies the index of each match that counts; how many there were. */
static uint64_t search_run(struct call *call, const struct list *list, const struct search *search)
{
    const struct element wanted = element_of(call->argv[2]);
    bool backward = search->rank < 0;
    uint64_t skip = (uint64_t)(backward ? -search->rank : search->rank) - 1, found = 0;
    uint64_t count = list_count(list), found_max = search->several ? (uint64_t)search->count : 1;
    uint64_t len_max = search->len_max == 0 ? count : u64_min((uint64_t)search->len_max, count);
    struct list_place place = list_at(list, backward ? count : 0);
    for (uint64_t i = 0; i < len_max; i++) {
        const uint8_t *at = backward ? list_backward(&place) : list_forward(&place);
        if (!element_is(at, &wanted)) continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        reply_integer(&call->reply, (int64_t)(backward ? count - 1 - i : i));
        if (++found == found_max) break;
    }
    return found;
}

void cmd_lpos(struct call *call)
{
    const struct list *list;
    struct search search = {.rank = 1};
    for (uint32_t i = 3; i < call->argc; i += 2) {
        if (!search_option(call, i, &search)) return;
    }
    if (!list_fits(call, 2, 1) || !list_read(call, call->argv[1], &list)) return;
    size_t opened = search.several ? reply_open(&call->reply) : 0;
    uint64_t found = list == NULL ? 0 : search_run(call, list, &search);
    if (search.several) {
        reply_close_array(&call->reply, opened, found);
    } else if (found == 0) {
        reply_null(&call->reply);
    }
}
