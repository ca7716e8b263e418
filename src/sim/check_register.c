/*
 * check_register.c -- registers with compare-and-set: see check.h.
 *
 * The search takes operations in some order that their times allow: of those not yet taken, any
 * that was invoked before the first return among them. It goes back when none fits, and remembers
 * which sets of taken operations it has tried with which value. A set is known by 128 bits, the
 * exclusive or of those of its operations.
 *
 * What may or may not have happened need not be taken. If in addition nobody saw its value, taking
 * it explains nothing, and it is left out.
 */
#include "sim/check_impl.h"

#include "base/prng.h"

enum { STEPS_MAX = 4000000, TRIED_AT_FIRST = 1024 };

typedef unsigned __int128 set_id;

struct event { /* an invocation or a return, in a list by time */
    struct event *before, *after;
    struct event *returned; /* of an invocation: its return; NULL: it may be left out */
    const struct history_op *op;
    set_id id;
    bool is_return;
};

struct taken {
    struct event *event;
    uint32_t value; /* before it */
};

struct search {
    struct check *check;
    struct event *first;  /* a sentinel before the list */
    struct event *events; /* memory of all, the sentinel too */
    size_t events_count;
    size_t returns_left;
    struct taken *taken;
    size_t taken_count;
    uint32_t value;
    set_id set;
    set_id *tried; /* open table; 0: free */
    size_t tried_places, tried_count;
    uint64_t steps_left;
    size_t deepest; /* most that were taken together, and where it then stuck */
    const struct history_op *stuck;
};

/* --- what is simply wrong -------------------------------------------------------------------- */

static bool is_writer(const struct history_op *op)
{
    if (op->kind == HISTORY_WRITE) return true;
    return op->kind == HISTORY_CAS && !(op->outcome == HISTORY_OK && op->result == 0);
}

static bool is_possible(const struct history_op *op)
{
    return op->outcome != HISTORY_FAIL;
}

/* By value, who wrote it first; what failed only if nobody else did. */
static void note_first_writers(struct check *check)
{
    for (size_t i = 0; i < check->count; i++) { /* in the order of invocation */
        const struct history_op *op = check->ops[i];
        if (!is_writer(op)) continue;
        const struct history_op **writer = &check->writers[op->value];
        if (*writer == NULL || (!is_possible(*writer) && is_possible(op))) *writer = op;
    }
}

static bool is_read(const struct history_op *op)
{
    bool kind = op->kind == HISTORY_READ || op->kind == HISTORY_STALE_READ;
    return kind && op->outcome == HISTORY_OK;
}

static bool check_reads(struct check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (!is_read(op)) continue;
        const uint32_t *results = history_results(check->history, op);
        for (uint32_t j = 1; j < op->results_count; j++) {
            if (results[j] == results[0]) continue;
            check_wrong(check, "torn: what is always written together is not the same", op, NULL);
            return false;
        }
        uint32_t value = check_result(check, op);
        if (value != HISTORY_NIL && !check_seen(check, op, value)) return false;
    }
    return true;
}

/* --- the list -------------------------------------------------------------------------------- */

/* `marks`: who saw a value, or would have to. Returns whether somebody found another one than
 * expected, which any value may explain. */
static bool note_seen(struct check *check)
{
    bool any = false;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (!is_possible(op)) continue;
        if (op->kind == HISTORY_CAS) {
            check->marks[op->expected] = 1;
            any |= op->outcome == HISTORY_OK && op->result == 0;
        }
        if (op->kind == HISTORY_READ && op->outcome == HISTORY_OK)
            check->marks[check_result(check, op)] = 1;
    }
    return any;
}

static void forget_seen(struct check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        check->marks[op->expected] = 0;
        if (op->kind == HISTORY_READ) check->marks[check_result(check, op)] = 0;
    }
}

static bool is_wanted(const struct check *check, const struct history_op *op, bool all)
{
    if (op->kind == HISTORY_STALE_READ || !is_possible(op)) return false;
    if (op->outcome == HISTORY_OK) return true;
    return op->kind != HISTORY_READ && (all || check->marks[op->value] != 0);
}

static void link_after(struct event *place, struct event *event)
{
    event->before = place;
    event->after = place->after;
    if (place->after != NULL) place->after->before = event;
    place->after = event;
}

static void unlink_event(struct event *event)
{
    event->before->after = event->after;
    if (event->after != NULL) event->after->before = event->before;
}

static void relink_event(struct event *event)
{
    event->before->after = event;
    if (event->after != NULL) event->after->before = event;
}

/* Is the event later than an invocation at this time? Of one moment, invocations come first, so
 * that what touches overlaps. */
static bool is_later(const struct event *event, int64_t time)
{
    ASSERT(event->op != NULL); /* the head is never asked: it is before all */
    return event->is_return ? event->op->returned_ns >= time : event->op->invoked_ns > time;
}

/* Few are open at one time, so that the place of each is found soon from the end. */
static void build_list(struct search *search)
{
    struct check *check = search->check;
    struct prng prng = {1};
    bool all = note_seen(check);
    struct event *last = search->first;
    for (size_t i = 0; i < check->count; i++) {
        const struct history_op *op = check->ops[i];
        if (!is_wanted(check, op, all)) continue;
        struct event *invoked = &search->events[search->events_count++];
        *invoked = (struct event){.op = op};
        invoked->id = (set_id)prng_next(&prng) << 64 | prng_next(&prng);
        struct event *place = last;
        while (place->op != NULL && is_later(place, op->invoked_ns)) place = place->before;
        link_after(place, invoked);
        if (invoked->after == NULL) last = invoked;
        if (op->outcome != HISTORY_OK) continue;
        invoked->returned = &search->events[search->events_count++];
        *invoked->returned = (struct event){.op = op, .is_return = true};
        for (place = last; place != invoked && is_later(place, op->returned_ns + 1);)
            place = place->before;
        link_after(place, invoked->returned);
        if (invoked->returned->after == NULL) last = invoked->returned;
        search->returns_left++;
    }
    forget_seen(check);
}

/* --- the search ------------------------------------------------------------------------------ */

static set_id *place_of(const struct search *search, set_id wanted)
{
    size_t mask = search->tried_places - 1, at = (size_t)wanted & mask;
    while (search->tried[at] != 0 && search->tried[at] != wanted) at = (at + 1) & mask;
    return &search->tried[at];
}

static void grow(struct search *search)
{
    set_id *old = search->tried;
    size_t old_places = search->tried_places;
    search->tried_places = old_places == 0 ? TRIED_AT_FIRST : old_places * 2;
    search->tried = ARENA_ARRAY(search->check->arena, set_id, search->tried_places);
    for (size_t i = 0; i < old_places; i++) {
        if (old[i] != 0) *place_of(search, old[i]) = old[i];
    }
}

/* Was this set not yet tried with this value? It is from now on. */
static bool is_new(struct search *search, set_id set, uint32_t value)
{
    if (search->tried_count * 2 >= search->tried_places) grow(search);
    struct prng prng = {value};
    set_id wanted = set ^ ((set_id)prng_next(&prng) << 64 | prng_next(&prng));
    if (wanted == 0) wanted = 1;
    set_id *place = place_of(search, wanted);
    if (*place != 0) return false;
    *place = wanted;
    search->tried_count++;
    return true;
}

/* May it happen now? Then *value is what is there afterwards. */
static bool fits(const struct check *check, const struct history_op *op, uint32_t *value)
{
    if (op->kind == HISTORY_READ) return *value == check_result(check, op);
    if (op->kind == HISTORY_CAS) {
        bool swaps = op->outcome != HISTORY_OK || op->result != 0;
        if ((*value == op->expected) != swaps) return false;
        if (!swaps) return true;
    }
    *value = op->value;
    return true;
}

static void take(struct search *search, struct event *event, uint32_t value)
{
    search->taken[search->taken_count++] = (struct taken){event, search->value};
    search->value = value;
    search->set ^= event->id;
    unlink_event(event);
    if (event->returned == NULL) return;
    unlink_event(event->returned);
    search->returns_left--;
}

static struct event *take_back(struct search *search)
{
    struct taken taken = search->taken[--search->taken_count];
    struct event *event = taken.event;
    search->value = taken.value;
    search->set ^= event->id;
    if (event->returned != NULL) {
        relink_event(event->returned);
        search->returns_left++;
    }
    relink_event(event);
    return event;
}

enum found { FOUND, NONE, TOO_LARGE };

static enum found find_order(struct search *search)
{
    struct event *event = search->first->after;
    while (search->returns_left > 0) {
        if (search->steps_left-- == 0) return TOO_LARGE;
        if (!event->is_return) {
            uint32_t value = search->value;
            bool can = fits(search->check, event->op, &value) &&
                       is_new(search, search->set ^ event->id, value);
            if (can) take(search, event, value);
            event = can ? search->first->after : event->after;
            continue;
        }
        if (search->stuck == NULL || search->taken_count > search->deepest) {
            search->deepest = search->taken_count;
            search->stuck = event->op;
        }
        if (search->taken_count == 0) return NONE;
        event = take_back(search)->after;
    }
    return FOUND;
}

void check_register(struct check *check)
{
    note_first_writers(check);
    if (!check_reads(check)) return;
    if (check->count > CHECK_REGISTER_OPS_MAX) {
        check_undecided(check, "too large: more operations on one register than are searched");
        return;
    }
    struct search search = {.check = check, .value = HISTORY_NIL, .events_count = 1};
    search.steps_left = check->options->steps_max;
    if (search.steps_left == 0) search.steps_left = STEPS_MAX;
    search.events = ARENA_ARRAY(check->arena, struct event, 2 * check->count + 1);
    search.taken = ARENA_ARRAY(check->arena, struct taken, check->count + 1);
    search.first = &search.events[0];
    build_list(&search);
    switch (find_order(&search)) {
    case FOUND: break;
    case NONE:
        check_wrong(check, "not linearizable: no order explains this operation and those before",
                    search.stuck, NULL);
        break;
    case TOO_LARGE: check_undecided(check, "too large: the search was given up"); break;
    }
}
