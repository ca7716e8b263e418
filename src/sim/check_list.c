/*
 * check_list.c -- append lists: see check.h.
 *
 * Reads and the lengths that appends returned say which value is at which position. If they all
 * agree there is one order: the append at position p is step 2p + 1, a read of length n is
 * step 2n. The history is linearizable exactly if no step was invoked after a later one had
 * returned. An acknowledged append whose position nobody knows comes after all that is known
 * without a gap. `marks` has the position of each value, plus one; 0: not known.
 */
#include "sim/check_impl.h"

#include <stdlib.h>

struct place {
    uint32_t value;
    const struct history_op *said_by;
};

struct list {
    struct check *check;
    struct place *places; /* by position; value 0: nobody has said */
    size_t places_max;    /* appends that may have happened */
    size_t known;         /* positions before this are all known */
};

static bool is_read(const struct history_op *op)
{
    bool kind = op->kind == HISTORY_LIST || op->kind == HISTORY_STALE_LIST;
    return kind && op->outcome == HISTORY_OK;
}

/* What a read says of the length; an empty one from the middle says nothing. */
static bool tells_length(const struct history_op *op)
{
    return is_read(op) && (op->number == 0 || op->results_count > 0);
}

static uint64_t length_of(const struct history_op *op)
{
    return (uint64_t)op->number + op->results_count;
}

static bool claim(struct list *list, const struct history_op *op, uint64_t position, uint32_t value)
{
    struct check *check = list->check;
    if (!check_seen(check, op, value)) return false;
    if (position >= list->places_max) {
        check_wrong(check, "phantom: more values than were ever appended", op, NULL);
        return false;
    }
    struct place *place = &list->places[position];
    if (place->said_by != NULL && place->value != value) {
        check_wrong(check, "reordered: two operations see different values at one position",
                    place->said_by, op);
        return false;
    }
    if (place->said_by == NULL) *place = (struct place){value, op};
    return true;
}

static bool claim_all(struct list *list)
{
    struct check *check = list->check;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (op->outcome != HISTORY_OK) continue;
        if (op->kind == HISTORY_APPEND) {
            bool told = op->result > 0;
            if (told && !claim(list, op, (uint64_t)op->result - 1, op->value)) return false;
            continue;
        }
        if (op->number < 0) {
            check_wrong(check, "this history is no test: a list is read from below 0", op, NULL);
            return false;
        }
        const uint32_t *results = history_results(check->history, op);
        for (uint32_t j = 0; j < op->results_count; j++) {
            if (!claim(list, op, (uint64_t)op->number + j, results[j])) return false;
        }
    }
    return true;
}

/* Positions by values; no value may have two. */
static bool invert(struct list *list)
{
    struct check *check = list->check;
    for (size_t at = 0; at < list->places_max; at++) {
        const struct place *place = &list->places[at];
        if (place->said_by == NULL) continue;
        if (list->known == at) list->known = at + 1;
        uint64_t *mark = &check->marks[place->value];
        if (*mark != 0) {
            check_wrong(check, "duplicate: one value at two positions",
                        list->places[*mark - 1].said_by, place->said_by);
            return false;
        }
        *mark = at + 1;
    }
    return true;
}

static void tell_contradiction(struct check *check, const struct sweep_item *low,
                               const struct sweep_item *high)
{
    bool low_reads = is_read(low->op), high_reads = is_read(high->op);
    const char *text = "reordered: what was appended later stands before what was there";
    if (!high_reads && check->marks[high->op->value] == 0) {
        text = "lost: an acknowledged append is missing where what began later stands or was read";
    } else if (low_reads) {
        text = "stale: a read shows less than what was known before it began";
    } else if (high_reads) {
        text = "phantom: a read shows a longer list than there was";
    }
    check_wrong(check, text, high->op, low->op);
}

static void sweep(struct list *list)
{
    struct check *check = list->check;
    struct sweep_item *items = ARENA_ARRAY(check->arena, struct sweep_item, check->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        struct sweep_item item = {op->invoked_ns, op->returned_ns, 0, op};
        if (op->kind == HISTORY_APPEND) {
            uint64_t mark = check->marks[op->value];
            if (mark == 0 && op->outcome != HISTORY_OK) continue;
            item.rank = 2 * (mark == 0 ? list->known : mark - 1) + 1;
            if (mark == 0) item.invoked_ns = INT64_MIN; /* it may as well be behind all others */
        } else {
            if (!tells_length(op)) continue;
            item.rank = 2 * length_of(op);
            if (op->kind == HISTORY_STALE_LIST) item.invoked_ns = INT64_MIN; /* may be old */
        }
        items[count++] = item;
    }
    const struct sweep_item *low, *high;
    if (!sweep_find(check, items, count, &low, &high)) return;
    tell_contradiction(check, low, high);
}

static int by_client(const void *a, const void *b)
{
    const struct history_op *left = *(const struct history_op *const *)a;
    const struct history_op *right = *(const struct history_op *const *)b;
    if (left->client != right->client) return left->client < right->client ? -1 : 1;
    return (left->invoked_ns > right->invoked_ns) - (left->invoked_ns < right->invoked_ns);
}

/* A stale read may be old, but not older than what its connection has seen. */
static void check_stale(struct check *check)
{
    const struct history_op **reads =
        ARENA_ARRAY(check->arena, const struct history_op *, check->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (op->kind == HISTORY_STALE_LIST && tells_length(op)) reads[count++] = op;
    }
    qsort(reads, count, sizeof(void *), by_client);
    const struct history_op *longest = NULL; /* of this connection so far */
    for (size_t i = 0; i < count; i++) {
        const struct history_op *op = reads[i];
        if (longest == NULL || longest->client != op->client) longest = op;
        bool after = longest->returned_ns < op->invoked_ns;
        if (after && length_of(longest) > length_of(op)) {
            check_wrong(check, "stale: one connection saw the list become shorter", longest, op);
            return;
        }
        if (length_of(op) > length_of(longest)) longest = op;
    }
}

void check_list(struct check *check)
{
    if (!check_note_writers(check, HISTORY_APPEND)) return;
    struct list list = {.check = check};
    for (size_t i = 0; i < check->count; i++)
        list.places_max +=
            check->ops[i]->kind == HISTORY_APPEND && check->ops[i]->outcome != HISTORY_FAIL;
    list.places = ARENA_ARRAY(check->arena, struct place, list.places_max + 1);
    if (!claim_all(&list) || !invert(&list)) return;
    sweep(&list);
    if (!check->wrong) check_stale(check);
}
