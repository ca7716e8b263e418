/* expire.c -- EXPIRE, TTL and their kin. */
#include "cmd/expiry.h"
#include "cmd/handlers.h"

enum { MS_PER_SECOND = 1000, MS_PER_HALF_SECOND = 500 };

enum {
    REPLY_NO_KEY = -2,
    REPLY_NO_EXPIRY = -1,
};

enum condition {
    CONDITION_NX = 1 << 0, /* only where it has no expiry */
    CONDITION_XX = 1 << 1, /* only where it has one */
    CONDITION_GT = 1 << 2, /* only to a later one; none is the latest */
    CONDITION_LT = 1 << 3, /* only to an earlier one */
};

static bool conditions_read(struct call *call, uint32_t *conditions)
{
    static const char *const words[] = {"NX", "XX", "GT", "LT"};
    *conditions = 0;
    for (uint32_t i = 3; i < call->argc; i++) {
        size_t word = 0;
        while (word < COUNT_OF(words) && !word_is(call->argv[i], words[word])) word++;
        if (word == COUNT_OF(words)) {
            struct slice text = call->argv[i];
            reply_error(&call->reply, "ERR Unsupported option %.*s", (int)text.len,
                        (const char *)text.data);
            return false;
        }
        *conditions |= 1U << word;
    }
    const char *error = NULL;
    if ((*conditions & CONDITION_NX) && *conditions != CONDITION_NX) {
        error = "ERR NX and XX, GT or LT options at the same time are not compatible";
    } else if ((*conditions & CONDITION_GT) && (*conditions & CONDITION_LT)) {
        error = "ERR GT and LT options at the same time are not compatible";
    }
    if (error != NULL) reply_error(&call->reply, "%s", error);
    return error == NULL;
}

static bool conditions_hold(uint32_t conditions, int64_t old_ms, int64_t new_ms)
{
    bool expires = old_ms != STORE_NO_EXPIRY;
    if ((conditions & CONDITION_NX) && expires) return false;
    if ((conditions & CONDITION_XX) && !expires) return false;
    if ((conditions & CONDITION_GT) && (!expires || new_ms <= old_ms)) return false;
    if ((conditions & CONDITION_LT) && expires && new_ms >= old_ms) return false;
    return true;
}

static void expire(struct call *call, struct expiry_form form)
{
    struct slice key = call->argv[1];
    uint32_t conditions;
    int64_t expiry_ms;
    if (!conditions_read(call, &conditions)) return;
    if (!expiry_any(call, 2, form, &expiry_ms)) return;
    struct entry *entry = store_write(call->store, call->database, key);
    if (entry == NULL || !conditions_hold(conditions, entry_expiry_ms(entry), expiry_ms)) {
        reply_integer(&call->reply, 0);
        return;
    }
    if (expiry_ms <= store_now_ms(call->store)) {
        expiry_delete(call, key);
    } else {
        (void)store_set_expiry(call->store, call->database, entry, expiry_ms);
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_GENERIC, "expire", key);
    }
    reply_integer(&call->reply, 1);
}

void cmd_expire(struct call *call)
{
    expire(call, (struct expiry_form){.seconds = true, .relative = true});
}

void cmd_pexpire(struct call *call)
{
    expire(call, (struct expiry_form){.relative = true});
}

void cmd_expireat(struct call *call)
{
    expire(call, (struct expiry_form){.seconds = true});
}

void cmd_pexpireat(struct call *call)
{
    expire(call, (struct expiry_form){0});
}

/* Replies and gives false where there is no expiry to tell. */
static bool expiry_of(struct call *call, int64_t *expiry_ms)
{
    const struct entry *entry = call_peek(call, call->argv[1]);
    *expiry_ms = entry == NULL ? STORE_NO_EXPIRY : entry_expiry_ms(entry);
    if (*expiry_ms != STORE_NO_EXPIRY) return true;
    reply_integer(&call->reply, entry == NULL ? REPLY_NO_KEY : REPLY_NO_EXPIRY);
    return false;
}

static int64_t seconds_of(int64_t ms) /* rounded */
{
    return ms / MS_PER_SECOND + (ms % MS_PER_SECOND >= MS_PER_HALF_SECOND);
}

void cmd_ttl(struct call *call)
{
    int64_t expiry_ms;
    if (!expiry_of(call, &expiry_ms)) return;
    reply_integer(&call->reply, seconds_of(expiry_ms - store_now_ms(call->store)));
}

void cmd_pttl(struct call *call)
{
    int64_t expiry_ms;
    if (!expiry_of(call, &expiry_ms)) return;
    reply_integer(&call->reply, expiry_ms - store_now_ms(call->store));
}

void cmd_expiretime(struct call *call)
{
    int64_t expiry_ms;
    if (expiry_of(call, &expiry_ms)) reply_integer(&call->reply, seconds_of(expiry_ms));
}

void cmd_pexpiretime(struct call *call)
{
    int64_t expiry_ms;
    if (expiry_of(call, &expiry_ms)) reply_integer(&call->reply, expiry_ms);
}

void cmd_persist(struct call *call)
{
    struct slice key = call->argv[1];
    struct entry *entry = store_write(call->store, call->database, key);
    bool expires = entry != NULL && entry_expiry_ms(entry) != STORE_NO_EXPIRY;
    if (expires) {
        (void)store_set_expiry(call->store, call->database, entry, STORE_NO_EXPIRY);
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_GENERIC, "persist", key);
    }
    reply_integer(&call->reply, expires);
}
