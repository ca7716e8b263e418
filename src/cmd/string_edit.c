/* string_edit.c -- parts of strings, and strings that are numbers. */
#include <math.h>

#include "cmd/handlers.h"
#include "cmd/string.h"

/* May a string become so long? False: the error is replied. */
MUST_USE static bool string_fits(struct call *call, uint64_t len, uint64_t more)
{
    uint64_t max = u64_min(call->settings->bulk_bytes_max, STORE_STRING_BYTES_MAX);
    if (len <= max && more <= max - len) return true;
    reply_error(&call->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

uint8_t *string_make_room(struct call *call, struct slice key, struct entry *entry, size_t len)
{
    uint8_t *bytes;
    if (entry == NULL) {
        entry = store_set_string(call->store, call->database, key, SLICE(""), STORE_NO_EXPIRY);
        call_notify(call, NOTIFY_NEW, "new", key);
    }
    (void)store_string_grow(call->store, call->database, entry, len, &bytes);
    return bytes;
}

/* --- parts ------------------------------------------------------------------------------------ */

void cmd_strlen(struct call *call)
{
    struct entry *entry;
    enum call_found found = call_read(call, call->argv[1], VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    size_t len = found == CALL_FOUND ? entry_string_bytes(entry) : 0;
    reply_integer(&call->reply, (int64_t)len);
}

void cmd_append(struct call *call)
{
    struct slice key = call->argv[1], more = call->argv[2];
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    size_t len = found == CALL_FOUND ? entry_string_bytes(entry) : 0;
    if (!string_fits(call, len, more.len)) return;
    if (found == CALL_MISSING) {
        string_put(call, key, more, STORE_NO_EXPIRY);
    } else {
        uint8_t *bytes = string_make_room(call, key, entry, len + more.len);
        if (more.len != 0) memcpy(bytes + len, more.data, more.len);
        call_modified(call, call->database, key);
    }
    call_notify(call, NOTIFY_STRING, "append", key);
    reply_integer(&call->reply, (int64_t)(len + more.len));
}

void cmd_setrange(struct call *call)
{
    struct slice key = call->argv[1], part = call->argv[3];
    int64_t offset;
    if (!call_integer(call, 2, &offset)) return;
    if (offset < 0) {
        reply_error(&call->reply, "ERR offset is out of range");
        return;
    }
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    size_t len = found == CALL_FOUND ? entry_string_bytes(entry) : 0;
    if (part.len != 0) {
        if (!string_fits(call, (uint64_t)offset, part.len)) return;
        len = u64_max(len, (uint64_t)offset + part.len);
        uint8_t *bytes = string_make_room(call, key, entry, len);
        memcpy(bytes + offset, part.data, part.len);
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_STRING, "setrange", key);
    }
    reply_integer(&call->reply, (int64_t)len);
}

/* Redis's ranges: negative ones count from the end, both ends belong to it. */
static struct slice range_of(struct slice text, int64_t start, int64_t end)
{
    int64_t len = (int64_t)text.len;
    if (start < 0 && end < 0 && start > end) return SLICE("");
    if (start < 0) start += len;
    if (end < 0) end += len;
    if (start < 0) start = 0;
    if (end < 0) end = 0;
    if (end >= len) end = len - 1;
    if (start > end || len == 0) return SLICE("");
    return slice_of(text.data + start, (size_t)(end - start + 1));
}

void cmd_getrange(struct call *call)
{
    int64_t start, end;
    if (!call_integer(call, 2, &start) || !call_integer(call, 3, &end)) return;
    struct entry *entry;
    enum call_found found = call_read(call, call->argv[1], VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    char scratch[INTEGER_TEXT_MAX];
    struct slice text = found == CALL_FOUND ? entry_string(entry, scratch) : SLICE("");
    reply_bulk(&call->reply, range_of(text, start, end));
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool integer_of(struct call *call, const struct entry *entry, int64_t *value)
{
    char scratch[INTEGER_TEXT_MAX];
    if (LIKELY(entry_integer(entry, value))) return true;
    if (integer_parse(entry_string(entry, scratch), value)) return true;
    reply_error(&call->reply, "ERR value is not an integer or out of range");
    return false;
}

static void increment(struct call *call, int64_t by)
{
    struct slice key = call->argv[1];
    struct entry *entry;
    int64_t value = 0;
    enum call_found found = call_write(call, key, VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    if (found == CALL_FOUND && !integer_of(call, entry, &value)) return;
    if (__builtin_add_overflow(value, by, &value)) {
        reply_error(&call->reply, "ERR increment or decrement would overflow");
        return;
    }
    if (LIKELY(found == CALL_FOUND)) {
        (void)store_update_integer(call->store, call->database, entry, value);
        call_modified(call, call->database, key);
    } else {
        char text[INTEGER_TEXT_MAX];
        string_put(call, key, slice_of(text, integer_format(value, text)), STORE_NO_EXPIRY);
    }
    call_notify(call, NOTIFY_STRING, "incrby", key);
    reply_integer(&call->reply, value);
}

void cmd_incr(struct call *call)
{
    increment(call, 1);
}

void cmd_decr(struct call *call)
{
    increment(call, -1);
}

void cmd_incrby(struct call *call)
{
    int64_t by;
    if (call_integer(call, 2, &by)) increment(call, by);
}

void cmd_decrby(struct call *call)
{
    int64_t by;
    if (!call_integer(call, 2, &by)) return;
    if (by == INT64_MIN) {
        reply_error(&call->reply, "ERR decrement would overflow");
        return;
    }
    increment(call, -by);
}

static bool long_double_of(struct call *call, const struct entry *entry, long double *value)
{
    char scratch[INTEGER_TEXT_MAX];
    if (long_double_parse(entry_string(entry, scratch), value)) return true;
    reply_error(&call->reply, "ERR value is not a valid float");
    return false;
}

void cmd_incrbyfloat(struct call *call)
{
    struct slice key = call->argv[1];
    struct entry *entry;
    long double value = 0, by;
    enum call_found found = call_write(call, key, VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    if (found == CALL_FOUND && !long_double_of(call, entry, &value)) return;
    if (!call_long_double(call, 2, &by)) return;
    value += by;
    if (isnan(value) || isinf(value)) {
        reply_error(&call->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    char text[LONG_DOUBLE_TEXT_MAX];
    struct slice sum = slice_of(text, long_double_format(value, text));
    if (found == CALL_FOUND) {
        (void)store_update_string(call->store, call->database, entry, sum);
        call_modified(call, call->database, key);
    } else {
        string_put(call, key, sum, STORE_NO_EXPIRY);
    }
    /* A long double is not the same everywhere: what came out is logged, not how. */
    call_log_instead(call, 4, (const struct slice[]){SLICE("SET"), key, sum, SLICE("KEEPTTL")});
    call_notify(call, NOTIFY_STRING, "incrbyfloat", key);
    reply_bulk(&call->reply, sum);
}
