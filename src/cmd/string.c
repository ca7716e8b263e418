/* string.c -- GET, SET and their kin: whole values. */
#include "cmd/string.h"

#include "cmd/expiry.h"
#include "cmd/handlers.h"

enum { PREFETCH_KEYS = 16 }; /* looked up ahead of the one that is read */

enum option {
    OPTION_NX = 1 << 0,
    OPTION_XX = 1 << 1,
    OPTION_GET = 1 << 2,
    OPTION_KEEPTTL = 1 << 3,
    OPTION_PERSIST = 1 << 4,
    OPTION_EX = 1 << 5,
    OPTION_PX = 1 << 6,
    OPTION_EXAT = 1 << 7,
    OPTION_PXAT = 1 << 8,
    OPTIONS_EXPIRY = OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT,
    OPTIONS_TIME = OPTIONS_EXPIRY | OPTION_KEEPTTL | OPTION_PERSIST,
    OPTIONS_OF_SET = OPTION_NX | OPTION_XX | OPTION_GET | OPTION_KEEPTTL | OPTIONS_EXPIRY,
    OPTIONS_OF_GETEX = OPTION_PERSIST | OPTIONS_EXPIRY,
};

static const struct option_row {
    const char *word;
    uint32_t option;
    uint32_t excludes; /* what may not stand before it */
} option_rows[] = {
    {"EX", OPTION_EX, OPTIONS_TIME & ~OPTION_EX},
    {"PX", OPTION_PX, OPTIONS_TIME & ~OPTION_PX},
    {"NX", OPTION_NX, OPTION_XX},
    {"XX", OPTION_XX, OPTION_NX},
    {"GET", OPTION_GET, 0},
    {"KEEPTTL", OPTION_KEEPTTL, OPTIONS_TIME & ~OPTION_KEEPTTL},
    {"EXAT", OPTION_EXAT, OPTIONS_TIME & ~OPTION_EXAT},
    {"PXAT", OPTION_PXAT, OPTIONS_TIME & ~OPTION_PXAT},
    {"PERSIST", OPTION_PERSIST, OPTIONS_TIME & ~OPTION_PERSIST},
};

struct options {
    uint32_t given;        /* bits of enum option */
    uint32_t expiry_index; /* of the time, where an option gives one */
};

static const struct option_row *option_find(struct slice word)
{
    for (size_t i = 0; i < COUNT_OF(option_rows); i++) {
        if (word_is(word, option_rows[i].word)) return &option_rows[i];
    }
    return NULL;
}

static bool options_read(struct call *call, uint32_t from, uint32_t allowed,
                         struct options *options)
{
    *options = (struct options){0};
    for (uint32_t i = from; i < call->argc; i++) {
        const struct option_row *row = option_find(call->argv[i]);
        bool takes = row != NULL && (row->option & OPTIONS_EXPIRY) != 0;
        if (row == NULL || !(row->option & allowed) || (options->given & row->excludes) ||
            (takes && i + 1 == call->argc)) {
            call_syntax_error(call);
            return false;
        }
        options->given |= row->option;
        if (takes) options->expiry_index = ++i;
    }
    return true;
}

/* STORE_NO_EXPIRY where no option gives a time. */
static bool options_expiry(struct call *call, const struct options *options, int64_t *expiry_ms)
{
    *expiry_ms = STORE_NO_EXPIRY;
    if (!(options->given & OPTIONS_EXPIRY)) return true;
    struct expiry_form form = {
        .seconds = (options->given & (OPTION_EX | OPTION_EXAT)) != 0,
        .relative = (options->given & (OPTION_EX | OPTION_PX)) != 0,
    };
    return expiry_positive(call, options->expiry_index, form, expiry_ms);
}

struct entry *string_put(struct call *call, struct slice key, struct slice value, int64_t expiry_ms)
{
    bool is_new = UNLIKELY(call->observer->wants_notified & NOTIFY_NEW) &&
                  store_peek(call->store, call->database, key) == NULL;
    struct entry *entry = store_set_string(call->store, call->database, key, value, expiry_ms);
    call_modified(call, call->database, key);
    if (is_new) call_notify(call, NOTIFY_NEW, "new", key);
    return entry;
}

static void reply_string(struct call *call, const struct entry *entry)
{
    char scratch[INTEGER_TEXT_MAX];
    reply_bulk(&call->reply, entry_string(entry, scratch));
}

/* Replies the value or a null. False: it is no string, and that is replied. */
static bool reply_value(struct call *call, struct slice key)
{
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_STRING, &entry);
    if (found == CALL_FOUND) reply_string(call, entry);
    if (found == CALL_MISSING) reply_null(&call->reply);
    return found != CALL_WRONG_TYPE;
}

void cmd_get(struct call *call)
{
    (void)reply_value(call, call->argv[1]);
}

static void set_with_options(struct call *call)
{
    struct slice key = call->argv[1];
    struct options options;
    int64_t expiry_ms;
    if (!options_read(call, 3, OPTIONS_OF_SET, &options)) return;
    if (!options_expiry(call, &options, &expiry_ms)) return;

    uint32_t given = options.given;
    if ((given & OPTION_GET) && !reply_value(call, key)) return;
    const struct entry *entry = store_write(call->store, call->database, key);
    if (((given & OPTION_NX) && entry != NULL) || ((given & OPTION_XX) && entry == NULL)) {
        if (!(given & OPTION_GET)) reply_null(&call->reply);
        return;
    }
    if ((given & OPTION_KEEPTTL) && entry != NULL) expiry_ms = entry_expiry_ms(entry);
    string_put(call, key, call->argv[2], expiry_ms);
    call_notify(call, NOTIFY_STRING, "set", key);
    if (given & OPTIONS_EXPIRY) call_notify(call, NOTIFY_GENERIC, "expire", key);
    if (!(given & OPTION_GET)) reply_ok(&call->reply);
}

void cmd_set(struct call *call)
{
    if (call->argc != 3) {
        set_with_options(call);
        return;
    }
    string_put(call, call->argv[1], call->argv[2], STORE_NO_EXPIRY);
    call_notify(call, NOTIFY_STRING, "set", call->argv[1]);
    reply_ok(&call->reply);
}

void cmd_setnx(struct call *call)
{
    struct slice key = call->argv[1];
    if (store_write(call->store, call->database, key) != NULL) {
        reply_integer(&call->reply, 0);
        return;
    }
    string_put(call, key, call->argv[2], STORE_NO_EXPIRY);
    call_notify(call, NOTIFY_STRING, "set", key);
    reply_integer(&call->reply, 1);
}

static void set_for_a_time(struct call *call, bool seconds)
{
    int64_t expiry_ms;
    if (!expiry_positive(call, 2, (struct expiry_form){seconds, true}, &expiry_ms)) return;
    string_put(call, call->argv[1], call->argv[3], expiry_ms);
    call_notify(call, NOTIFY_STRING, "set", call->argv[1]);
    call_notify(call, NOTIFY_GENERIC, "expire", call->argv[1]);
    reply_ok(&call->reply);
}

void cmd_setex(struct call *call)
{
    set_for_a_time(call, true);
}

void cmd_psetex(struct call *call)
{
    set_for_a_time(call, false);
}

void cmd_getset(struct call *call)
{
    struct slice key = call->argv[1];
    if (!reply_value(call, key)) return;
    string_put(call, key, call->argv[2], STORE_NO_EXPIRY);
    call_notify(call, NOTIFY_STRING, "set", key);
}

void cmd_getdel(struct call *call)
{
    struct slice key = call->argv[1];
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_STRING, &entry);
    if (found == CALL_MISSING) reply_null(&call->reply);
    if (found != CALL_FOUND) return;
    reply_string(call, entry);
    (void)store_delete(call->store, call->database, key);
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

static void change_expiry(struct call *call, struct slice key, int64_t expiry_ms, const char *event)
{
    struct entry *entry = store_write(call->store, call->database, key);
    ASSERT(entry != NULL);
    (void)store_set_expiry(call->store, call->database, entry, expiry_ms);
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_GENERIC, event, key);
}

void cmd_getex(struct call *call)
{
    struct slice key = call->argv[1];
    struct options options;
    int64_t expiry_ms;
    if (!options_read(call, 2, OPTIONS_OF_GETEX, &options)) return;
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_STRING, &entry);
    if (found == CALL_MISSING) reply_null(&call->reply);
    if (found != CALL_FOUND || !options_expiry(call, &options, &expiry_ms)) return;

    reply_string(call, entry);
    bool persist = (options.given & OPTION_PERSIST) && entry_expiry_ms(entry) != STORE_NO_EXPIRY;
    if (persist) {
        change_expiry(call, key, STORE_NO_EXPIRY, "persist");
    } else if (options.given & OPTIONS_EXPIRY) {
        if (expiry_ms <= store_now_ms(call->store)) {
            expiry_delete(call, key);
        } else {
            change_expiry(call, key, expiry_ms, "expire");
        }
    }
}

void cmd_mget(struct call *call)
{
    reply_array(&call->reply, call->argc - 1);
    for (uint32_t i = 1; i < call->argc; i++) {
        if (i % PREFETCH_KEYS == 1) {
            uint32_t ahead = (uint32_t)u64_min(call->argc - i, PREFETCH_KEYS);
            store_prefetch(call->store, call->database, call->argv + i, ahead);
        }
        const struct entry *entry = store_read(call->store, call->database, call->argv[i]);
        if (entry == NULL) call_key_missed(call, call->argv[i]);
        if (entry != NULL && entry_type(entry) == VALUE_STRING) {
            reply_string(call, entry);
        } else {
            reply_null(&call->reply);
        }
    }
}

static bool pairs_are_whole(struct call *call)
{
    if (call->argc % 2 == 1) return true;
    reply_error(&call->reply, "ERR wrong number of arguments for '%s' command",
                call->command->name);
    return false;
}

static void set_pairs(struct call *call)
{
    for (uint32_t i = 1; i < call->argc; i += 2) {
        string_put(call, call->argv[i], call->argv[i + 1], STORE_NO_EXPIRY);
        call_notify(call, NOTIFY_STRING, "set", call->argv[i]);
    }
}

void cmd_mset(struct call *call)
{
    if (!pairs_are_whole(call)) return;
    set_pairs(call);
    reply_ok(&call->reply);
}

void cmd_msetnx(struct call *call)
{
    if (!pairs_are_whole(call)) return;
    for (uint32_t i = 1; i < call->argc; i += 2) {
        if (store_write(call->store, call->database, call->argv[i]) == NULL) continue;
        reply_integer(&call->reply, 0);
        return;
    }
    set_pairs(call);
    reply_integer(&call->reply, 1);
}
