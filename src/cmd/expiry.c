/* expiry.c -- see expiry.h. */
#include "cmd/expiry.h"

enum { MS_PER_SECOND = 1000 };

static bool invalid(struct call *call)
{
    reply_error(&call->reply, "ERR invalid expire time in '%s' command", call->command->name);
    return false;
}

bool expiry_any(struct call *call, uint32_t index, struct expiry_form form, int64_t *expiry_ms)
{
    int64_t value;
    if (!call_integer(call, index, &value)) return false;
    if (form.seconds && __builtin_mul_overflow(value, (int64_t)MS_PER_SECOND, &value)) {
        return invalid(call);
    }
    int64_t base = form.relative ? store_now_ms(call->store) : 0;
    if (__builtin_add_overflow(value, base, expiry_ms)) return invalid(call);
    return true;
}

bool expiry_positive(struct call *call, uint32_t index, struct expiry_form form, int64_t *expiry_ms)
{
    int64_t value;
    if (!call_integer(call, index, &value)) return false;
    if (value <= 0) return invalid(call);
    return expiry_any(call, index, form, expiry_ms);
}

void expiry_delete(struct call *call, struct slice key)
{
    bool deleted = store_delete(call->store, call->database, key);
    ASSERT(deleted);
    call_log_instead(call, 2, (const struct slice[]){SLICE("DEL"), key});
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}
