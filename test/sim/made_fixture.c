/* made_fixture.c -- see made_fixture.h. */
#include "test/sim/made_fixture.h"

#include <stdio.h>

enum { STEP_NS = 10, OVERLAP_NS = 30, CALM_NS = 1000, CHANCE_BAD = 20, TTL_MS = 5 };
#define NS_PER_MS INT64_C(1000000)

struct made made_new(enum history_model model, uint64_t seed)
{
    return (struct made){
        .history = history_new(), .random = {seed}, .model = model, .now_ns = CALM_NS, .key = "k"};
}

void made_free(struct made *made)
{
    history_free(made->history);
}

void made_calm(struct made *made)
{
    made->now_ns += CALM_NS;
}

/* --- one operation --------------------------------------------------------------------------- */

static struct slice text_of(uint32_t value, char text[16])
{
    if (value == 0) return slice_of(NULL, 0);
    return slice_of(text, (size_t)snprintf(text, 16, "v%u", value));
}

static size_t begin(struct made *made, enum history_kind kind, uint32_t value, uint32_t expected,
                    int64_t number)
{
    char value_text[16], expected_text[16];
    struct history_call call = {.client = ++made->client,
                                .kind = kind,
                                .key = slice_text(made->key),
                                .value = text_of(value, value_text),
                                .expected = text_of(expected, expected_text),
                                .number = number};
    made->now_ns += STEP_NS;
    int64_t invoked_ns = made->now_ns - (int64_t)random_below(&made->random, OVERLAP_NS);
    return history_invoke(made->history, &call, invoked_ns);
}

static void end(struct made *made, size_t op, enum history_outcome outcome)
{
    int64_t returned_ns = made->now_ns + (int64_t)random_below(&made->random, OVERLAP_NS);
    history_return(made->history, op, outcome, returned_ns);
}

static void add_result(struct made *made, size_t op, uint32_t value)
{
    char text[16];
    history_add_result(made->history, op, text_of(value, text));
}

static void add_value(struct made *made, uint32_t value)
{
    if (made->model == HISTORY_OF_REGISTER) made->count = 0;
    made->values[made->count++] = value;
}

static uint32_t register_value(const struct made *made)
{
    return made->count == 0 ? 0 : made->values[0];
}

/* A write, an append or a push, which happens so many times. */
static uint32_t write_value(struct made *made, enum history_outcome outcome, int times)
{
    static const enum history_kind kinds[] = {[HISTORY_OF_REGISTER] = HISTORY_WRITE,
                                              [HISTORY_OF_LIST] = HISTORY_APPEND,
                                              [HISTORY_OF_QUEUE] = HISTORY_PUSH};
    uint32_t value = ++made->last_value;
    size_t op = begin(made, kinds[made->model], value, 0, 0);
    for (int i = 0; i < times; i++) add_value(made, value);
    bool told = made->model == HISTORY_OF_LIST && random_below(&made->random, 2) == 0;
    if (told && times > 0) history_set_result(made->history, op, (int64_t)made->count);
    end(made, op, outcome);
    return value;
}

static void read_value(struct made *made, uint32_t value)
{
    size_t op = begin(made, HISTORY_READ, 0, 0, 0);
    add_result(made, op, value);
    end(made, op, HISTORY_OK);
}

static void swap_value(struct made *made, uint32_t expected, bool claimed)
{
    uint32_t value = ++made->last_value;
    size_t op = begin(made, HISTORY_CAS, value, expected, 0);
    if (claimed) add_value(made, value);
    history_set_result(made->history, op, claimed);
    end(made, op, HISTORY_OK);
}

static void read_list(struct made *made, size_t from, size_t count)
{
    size_t op = begin(made, HISTORY_LIST, 0, 0, (int64_t)from);
    for (size_t i = from; i < count; i++) add_result(made, op, made->values[i]);
    end(made, op, HISTORY_OK);
}

static void pop_value(struct made *made, uint32_t value, enum history_outcome outcome)
{
    size_t op = begin(made, HISTORY_POP, 0, 0, 0);
    if (outcome == HISTORY_OK) add_result(made, op, value);
    end(made, op, outcome);
}

static uint32_t take_first(struct made *made)
{
    return made->first == made->count ? 0 : made->values[made->first++];
}

static void add_number(struct made *made, enum history_outcome outcome, int64_t number, int times)
{
    size_t op = begin(made, HISTORY_ADD, 0, 0, number);
    made->sum += number * times;
    history_set_result(made->history, op, times == 0 ? made->sum + number : made->sum);
    end(made, op, outcome);
}

static void count_sum(struct made *made, int64_t sum)
{
    size_t op = begin(made, HISTORY_COUNT, 0, 0, 0);
    history_set_result(made->history, op, sum);
    end(made, op, HISTORY_OK);
}

static void put_key(struct made *made)
{
    snprintf(made->key, sizeof made->key, "k%u", made->last_value + 1);
    size_t op = begin(made, HISTORY_PUT, ++made->last_value, 0, TTL_MS);
    end(made, op, HISTORY_OK);
}

static void get_key(struct made *made, bool there)
{
    size_t op = begin(made, HISTORY_GET, 0, 0, 0);
    add_result(made, op, there ? made->last_value : 0);
    end(made, op, HISTORY_OK);
}

/* --- a run ----------------------------------------------------------------------------------- */

/* A write that fails, or of which nobody knows. */
static void write_badly(struct made *made)
{
    if (random_below(&made->random, 2) == 0) {
        write_value(made, HISTORY_FAIL, 0);
        return;
    }
    uint64_t fate = random_below(&made->random, 3); /* never, now, later */
    uint32_t value = write_value(made, HISTORY_UNKNOWN, fate == 1);
    if (fate == 2) made->delayed_value = value;
}

static void step_register(struct made *made)
{
    switch (random_below(&made->random, 4)) {
    case 0: write_value(made, HISTORY_OK, 1); break;
    case 1: swap_value(made, register_value(made), true); break;
    case 2: swap_value(made, 1, register_value(made) == 1); break;
    case 3: read_value(made, register_value(made)); break;
    }
}

static void step_list(struct made *made)
{
    uint64_t kind = random_below(&made->random, 3);
    if (kind == 0) write_value(made, HISTORY_OK, 1);
    if (kind == 1) read_list(made, 0, made->count);
    if (kind == 2) read_list(made, made->count / 2, made->count);
}

static void step_queue(struct made *made)
{
    uint64_t kind = random_below(&made->random, 30);
    if (kind == 0 && !made->no_unknown_pops) {
        if (random_below(&made->random, 2) == 0) take_first(made);
        pop_value(made, 0, HISTORY_UNKNOWN);
    } else if (kind < 16) {
        pop_value(made, take_first(made), HISTORY_OK);
    } else {
        write_value(made, HISTORY_OK, 1);
    }
}

static void step_counter(struct made *made)
{
    int64_t number = 1 + (int64_t)random_below(&made->random, 3);
    switch (random_below(&made->random, 10)) {
    case 0: add_number(made, HISTORY_FAIL, number, 0); break;
    case 1: add_number(made, HISTORY_UNKNOWN, number, (int)random_below(&made->random, 2)); break;
    case 2: count_sum(made, made->sum); break;
    default: add_number(made, HISTORY_OK, number, 1); break;
    }
}

static void step_expiry(struct made *made)
{
    put_key(made);
    made_calm(made);
    get_key(made, true);
    made->now_ns += TTL_MS * NS_PER_MS + CALM_NS;
    get_key(made, false);
}

void made_run(struct made *made, size_t ops_count)
{
    for (size_t i = 0; i < ops_count; i++) {
        bool simple = made->model == HISTORY_OF_COUNTER || made->model == HISTORY_OF_EXPIRY;
        if (made->delayed_value != 0 && random_below(&made->random, 4) == 0) {
            add_value(made, made->delayed_value);
            made->delayed_value = 0;
        }
        if (!simple && random_below(&made->random, CHANCE_BAD) == 0 && made->delayed_value == 0) {
            write_badly(made);
            continue;
        }
        switch (made->model) {
        case HISTORY_OF_REGISTER: step_register(made); break;
        case HISTORY_OF_LIST: step_list(made); break;
        case HISTORY_OF_QUEUE: step_queue(made); break;
        case HISTORY_OF_COUNTER: step_counter(made); break;
        case HISTORY_OF_EXPIRY: step_expiry(made); break;
        }
    }
}

void made_finish(struct made *made)
{
    made_calm(made);
    switch (made->model) {
    case HISTORY_OF_REGISTER: read_value(made, register_value(made)); break;
    case HISTORY_OF_LIST: read_list(made, 0, made->count); break;
    case HISTORY_OF_QUEUE:
        while (made->first < made->count) pop_value(made, take_first(made), HISTORY_OK);
        made_calm(made);
        pop_value(made, 0, HISTORY_OK);
        break;
    case HISTORY_OF_COUNTER: count_sum(made, made->sum); break;
    case HISTORY_OF_EXPIRY: break;
    }
}

/* --- bugs ------------------------------------------------------------------------------------ */

static void calm_write(struct made *made, enum history_outcome outcome, int times)
{
    write_value(made, outcome, times);
    made_calm(made);
}

static void read_all(struct made *made)
{
    read_list(made, 0, made->count);
    made_calm(made);
}

static void lose_write(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    calm_write(made, HISTORY_OK, 0);
    if (made->model == HISTORY_OF_REGISTER) read_value(made, register_value(made));
    made_calm(made);
}

static void apply_failed(struct made *made)
{
    calm_write(made, HISTORY_FAIL, 1);
    if (made->model == HISTORY_OF_REGISTER) read_value(made, register_value(made));
    made_calm(made);
}

static void apply_twice(struct made *made)
{
    calm_write(made, HISTORY_OK, 2);
}

static void show_nobodys(struct made *made)
{
    add_value(made, ++made->last_value);
    if (made->model == HISTORY_OF_REGISTER) read_value(made, register_value(made));
    made_calm(made);
}

static void read_stale_register(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    uint32_t old = register_value(made);
    calm_write(made, HISTORY_OK, 1);
    read_value(made, old);
}

static void roll_back_register(struct made *made) /* both outcomes of one write */
{
    calm_write(made, HISTORY_OK, 1);
    uint32_t old = register_value(made);
    calm_write(made, HISTORY_UNKNOWN, 1);
    read_value(made, register_value(made));
    made_calm(made);
    add_value(made, old);
    read_value(made, old);
}

static void lose_update(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    uint32_t old = register_value(made);
    swap_value(made, old, true);
    swap_value(made, old, true);
}

static void swap_with_wrong(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    uint32_t old = register_value(made);
    calm_write(made, HISTORY_OK, 1);
    swap_value(made, old, true);
}

static void read_torn(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    uint32_t old = register_value(made);
    calm_write(made, HISTORY_OK, 1);
    size_t op = begin(made, HISTORY_READ, 0, 0, 0);
    add_result(made, op, register_value(made));
    add_result(made, op, old);
    end(made, op, HISTORY_OK);
}

static void read_stale_list(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    read_list(made, 0, made->count - 1);
}

static void swap_last_two(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    calm_write(made, HISTORY_OK, 1);
    uint32_t last = made->values[made->count - 1];
    made->values[made->count - 1] = made->values[made->count - 2];
    made->values[made->count - 2] = last;
}

static void swap_in_queue(struct made *made)
{
    swap_last_two(made);
    while (made->first < made->count) {
        pop_value(made, take_first(made), HISTORY_OK);
        made_calm(made);
    }
}

static void roll_back_list(struct made *made)
{
    calm_write(made, HISTORY_UNKNOWN, 1);
    read_all(made);
    made->count--;
    read_all(made);
}

static void replace_last(struct made *made) /* a position is given twice */
{
    calm_write(made, HISTORY_UNKNOWN, 1);
    read_all(made);
    made->count--;
    calm_write(made, HISTORY_OK, 1);
}

static void lose_from_the_middle(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    calm_write(made, HISTORY_OK, 1);
    calm_write(made, HISTORY_OK, 1);
    made->values[made->count - 2] = made->values[made->count - 1];
    made->count--;
}

static void find_empty(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    pop_value(made, 0, HISTORY_OK);
    made_calm(made);
}

static void pop_twice(struct made *made)
{
    calm_write(made, HISTORY_OK, 1);
    pop_value(made, made->values[made->first], HISTORY_OK);
    made_calm(made);
}

static void lose_addition(struct made *made)
{
    add_number(made, HISTORY_OK, 1, 0);
    made_calm(made);
    add_number(made, HISTORY_OK, 1, 1);
}

static void add_twice(struct made *made)
{
    for (int i = 0; i < 40; i++) add_number(made, HISTORY_OK, 3, 2);
}

static void count_stale(struct made *made)
{
    add_number(made, HISTORY_OK, 2, 1);
    made_calm(made);
    count_sum(made, made->sum - 2);
}

static void count_less_than_before(struct made *made)
{
    add_number(made, HISTORY_UNKNOWN, 2, 1);
    count_sum(made, made->sum);
    made_calm(made);
    made->sum -= 2;
    count_sum(made, made->sum);
}

static void vanish(struct made *made)
{
    put_key(made);
    made_calm(made);
    get_key(made, false);
}

static void outlive(struct made *made)
{
    put_key(made);
    made->now_ns += (TTL_MS + 1) * NS_PER_MS + CALM_NS;
    get_key(made, true);
}

static void come_back(struct made *made)
{
    put_key(made);
    made->now_ns += TTL_MS * NS_PER_MS;
    get_key(made, false);
    made_calm(made);
    get_key(made, true);
}

const struct made_bug made_bugs[] = {
    {"a register's acknowledged write is lost", HISTORY_OF_REGISTER, lose_write},
    {"a register's failed write is there", HISTORY_OF_REGISTER, apply_failed},
    {"a register has a value that nobody wrote", HISTORY_OF_REGISTER, show_nobodys},
    {"a register is read stale", HISTORY_OF_REGISTER, read_stale_register},
    {"a register's write is seen, then not", HISTORY_OF_REGISTER, roll_back_register},
    {"two swaps begin from one value", HISTORY_OF_REGISTER, lose_update},
    {"a swap takes what is not expected", HISTORY_OF_REGISTER, swap_with_wrong},
    {"half of a transaction is read", HISTORY_OF_REGISTER, read_torn},
    {"a list's acknowledged append is lost", HISTORY_OF_LIST, lose_write},
    {"a list's failed append is there", HISTORY_OF_LIST, apply_failed},
    {"a list's append is there twice", HISTORY_OF_LIST, apply_twice},
    {"a list has a value that nobody wrote", HISTORY_OF_LIST, show_nobodys},
    {"a list is read stale", HISTORY_OF_LIST, read_stale_list},
    {"a list is in another order", HISTORY_OF_LIST, swap_last_two},
    {"a list's append is seen, then not", HISTORY_OF_LIST, roll_back_list},
    {"a list's append takes another's place", HISTORY_OF_LIST, replace_last},
    {"a list loses one from its middle", HISTORY_OF_LIST, lose_from_the_middle},
    {"a queue's acknowledged push is lost", HISTORY_OF_QUEUE, lose_write},
    {"a queue's failed push is there", HISTORY_OF_QUEUE, apply_failed},
    {"a queue's push is there twice", HISTORY_OF_QUEUE, apply_twice},
    {"a queue has a value that nobody wrote", HISTORY_OF_QUEUE, show_nobodys},
    {"a queue is in another order", HISTORY_OF_QUEUE, swap_in_queue},
    {"a queue is found empty, and is not", HISTORY_OF_QUEUE, find_empty},
    {"a queue's value is popped twice", HISTORY_OF_QUEUE, pop_twice},
    {"a counter's acknowledged addition is lost", HISTORY_OF_COUNTER, lose_addition},
    {"a counter adds twice", HISTORY_OF_COUNTER, add_twice},
    {"a counter is read stale", HISTORY_OF_COUNTER, count_stale},
    {"a counter's addition is seen, then not", HISTORY_OF_COUNTER, count_less_than_before},
    {"a key goes before its time", HISTORY_OF_EXPIRY, vanish},
    {"a key stays after its time", HISTORY_OF_EXPIRY, outlive},
    {"a key comes back", HISTORY_OF_EXPIRY, come_back},
};
const size_t made_bugs_count = COUNT_OF(made_bugs);
