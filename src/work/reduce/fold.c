/*
 * fold.c -- the operators whose state has a fixed size: count, sum, min, max, mean.
 *
 * States lie in hash tables at multiples of 8 bytes; all of their members need no more.
 */
#include "work/reduce/reduce_impl.h"

/* count */

static enum err count_start(void *state, struct slice value, struct fault *fault)
{
    (void)value;
    (void)fault;
    *(uint64_t *)state = 1;
    return ERR_OK;
}

static enum err count_add(void *state, struct slice value, struct fault *fault)
{
    (void)value;
    (void)fault;
    ++*(uint64_t *)state;
    return ERR_OK;
}

static void count_merge(void *state, const void *other)
{
    *(uint64_t *)state += *(const uint64_t *)other;
}

static void count_encode(const void *state, struct buffer *out)
{
    put_varint(out, *(const uint64_t *)state);
}

static bool count_decode(struct slice bytes, void *state)
{
    struct cursor cursor = cursor_of(bytes);
    *(uint64_t *)state = cursor_varint(&cursor);
    return !cursor.bad && cursor_left(&cursor) == 0;
}

static void count_format(const void *state, struct buffer *out)
{
    struct number number = {.digits_low = *(const uint64_t *)state};
    number_format(&number, out);
}

const struct fold_type fold_count_type = {
    .counts = true,
    .state_bytes = sizeof(uint64_t),
    .start = count_start,
    .add = count_add,
    .merge = count_merge,
    .encode = count_encode,
    .decode = count_decode,
    .format = count_format,
};

/* sum */

_Static_assert(sizeof(struct number_sum) <= FOLD_STATE_BYTES_MAX, "a sum is a fold's state");

static enum err sum_add(void *state, struct slice value, struct fault *fault)
{
    struct number number;
    enum err err = reduce_number(value, &number, fault);
    if (err != ERR_OK || LIKELY(number_sum_add(state, &number))) return err;
    return fault_set(fault, ERR_BAD_RECORD, "the value is too large to be added (over 1.8e308)");
}

static enum err sum_start(void *state, struct slice value, struct fault *fault)
{
    struct number_sum sum = {0};
    enum err err = sum_add(&sum, value, fault);
    if (err == ERR_OK) memcpy(state, &sum, sizeof sum);
    return err;
}

static void sum_merge(void *state, const void *other)
{
    number_sum_merge(state, other);
}

static void sum_encode(const void *state, struct buffer *out)
{
    number_sum_encode(state, out);
}

static bool sum_decode(struct slice bytes, void *state)
{
    struct cursor cursor = cursor_of(bytes);
    return number_sum_decode(&cursor, state) && cursor_left(&cursor) == 0;
}

static void sum_format(const void *state, struct buffer *out)
{
    number_sum_format(state, out);
}

const struct fold_type fold_sum_type = {
    .state_bytes = sizeof(struct number_sum),
    .start = sum_start,
    .add = sum_add,
    .merge = sum_merge,
    .encode = sum_encode,
    .decode = sum_decode,
    .format = sum_format,
};

/* mean */

struct mean {
    struct number_sum sum;
    uint64_t count;
};

_Static_assert(sizeof(struct mean) <= FOLD_STATE_BYTES_MAX, "a mean is a fold's state");

static enum err mean_start(void *state, struct slice value, struct fault *fault)
{
    struct mean *mean = state;
    enum err err = sum_start(&mean->sum, value, fault);
    if (err == ERR_OK) mean->count = 1;
    return err;
}

static enum err mean_add(void *state, struct slice value, struct fault *fault)
{
    struct mean *mean = state;
    enum err err = sum_add(&mean->sum, value, fault);
    if (err == ERR_OK) mean->count++;
    return err;
}

static void mean_merge(void *state, const void *other)
{
    struct mean *mean = state;
    const struct mean *more = other;
    number_sum_merge(&mean->sum, &more->sum);
    mean->count += more->count;
}

static void mean_encode(const void *state, struct buffer *out)
{
    const struct mean *mean = state;
    put_varint(out, mean->count);
    number_sum_encode(&mean->sum, out);
}

static bool mean_decode(struct slice bytes, void *state)
{
    struct mean *mean = state;
    struct cursor cursor = cursor_of(bytes);
    mean->count = cursor_varint(&cursor);
    return number_sum_decode(&cursor, &mean->sum) && mean->count != 0 && cursor_left(&cursor) == 0;
}

static void mean_format(const void *state, struct buffer *out)
{
    const struct mean *mean = state;
    number_mean_format(&mean->sum, mean->count, out);
}

const struct fold_type fold_mean_type = {
    .state_bytes = sizeof(struct mean),
    .start = mean_start,
    .add = mean_add,
    .merge = mean_merge,
    .encode = mean_encode,
    .decode = mean_decode,
    .format = mean_format,
};

/* min and max: the state is a number */

static enum err number_start(void *state, struct slice value, struct fault *fault)
{
    struct number number;
    enum err err = reduce_number(value, &number, fault);
    if (err == ERR_OK) memcpy(state, &number, sizeof number);
    return err;
}

static void min_merge(void *state, const void *other)
{
    if (number_compare(other, state) < 0) memcpy(state, other, sizeof(struct number));
}

static void max_merge(void *state, const void *other)
{
    if (number_compare(other, state) > 0) memcpy(state, other, sizeof(struct number));
}

static enum err min_add(void *state, struct slice value, struct fault *fault)
{
    struct number number;
    enum err err = reduce_number(value, &number, fault);
    if (err == ERR_OK) min_merge(state, &number);
    return err;
}

static enum err max_add(void *state, struct slice value, struct fault *fault)
{
    struct number number;
    enum err err = reduce_number(value, &number, fault);
    if (err == ERR_OK) max_merge(state, &number);
    return err;
}

static void number_state_encode(const void *state, struct buffer *out)
{
    number_encode(state, out);
}

static bool number_state_decode(struct slice bytes, void *state)
{
    struct cursor cursor = cursor_of(bytes);
    return number_decode(&cursor, state) && cursor_left(&cursor) == 0;
}

static void number_state_format(const void *state, struct buffer *out)
{
    number_format(state, out);
}

const struct fold_type fold_min_type = {
    .state_bytes = sizeof(struct number),
    .start = number_start,
    .add = min_add,
    .merge = min_merge,
    .encode = number_state_encode,
    .decode = number_state_decode,
    .format = number_state_format,
};

const struct fold_type fold_max_type = {
    .state_bytes = sizeof(struct number),
    .start = number_start,
    .add = max_add,
    .merge = max_merge,
    .encode = number_state_encode,
    .decode = number_state_decode,
    .format = number_state_format,
};
