/* hash_number.c -- adding to the number in a field. */
#include <math.h>

#include "cmd/handlers.h"
#include "cmd/hash.h"

void cmd_hincrby(struct call *call)
{
    struct slice key = call->argv[1], field = call->argv[2], text;
    char scratch[INTEGER_TEXT_MAX];
    int64_t increment, value = 0, sum;
    struct hash *hash;
    if (!call_integer(call, 3, &increment) || !hash_write(call, key, &hash)) return;
    bool there = hash != NULL && hash_get(hash, field, &text, scratch);
    if (there && !integer_parse(text, &value)) {
        reply_error(&call->reply, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(value, increment, &sum)) {
        reply_error(&call->reply, "ERR increment or decrement would overflow");
        return;
    }
    if (hash == NULL) hash = hash_make(call, key);
    text = slice_of(scratch, integer_format(sum, scratch));
    hash_set(store_room(call->store), hash, field, text);
    reply_integer(&call->reply, sum);
    hash_changed(call, key, "hincrby");
}

/* What is in a field; 0 when it is not there. False: the error is replied. */
static bool read_number(struct call *call, const struct hash *hash, long double *value)
{
    char scratch[INTEGER_TEXT_MAX];
    struct slice text;
    *value = 0;
    if (hash == NULL || !hash_get(hash, call->argv[2], &text, scratch)) return true;
    if (long_double_parse(text, value)) return true;
    reply_error(&call->reply, "ERR hash value is not a float");
    return false;
}

void cmd_hincrbyfloat(struct call *call)
{
    struct slice key = call->argv[1], field = call->argv[2];
    long double increment, value;
    struct hash *hash;
    if (!call_long_double(call, 3, &increment)) return;
    if (isinf(increment)) {
        reply_error(&call->reply, "ERR value is NaN or Infinity");
        return;
    }
    if (!hash_write(call, key, &hash) || !read_number(call, hash, &value)) return;
    value += increment;
    if (isnan(value) || isinf(value)) {
        reply_error(&call->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    char printed[LONG_DOUBLE_TEXT_MAX];
    struct slice sum = slice_of(printed, long_double_format(value, printed));
    if (hash == NULL) hash = hash_make(call, key);
    hash_set(store_room(call->store), hash, field, sum);
    reply_bulk(&call->reply, sum);
    hash_changed(call, key, "hincrbyfloat");
    /* Another machine may add otherwise: what came out is logged. */
    const struct slice argv[] = {SLICE("HSET"), key, field, sum};
    call_log_instead(call, COUNT_OF(argv), argv);
}
