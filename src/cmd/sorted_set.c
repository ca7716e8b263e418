/* sorted_set.c -- what the handlers of sorted sets share, and those that ask about members. */
#include "cmd/sorted_set.h"

#include "cmd/handlers.h"
#include "cmd/value_scan.h"

bool zset_read(struct call *call, struct slice key, const struct zset **zset)
{
    struct entry *entry;
    enum call_found found = call_read(call, key, VALUE_ZSET, &entry);
    *zset = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

bool zset_write(struct call *call, struct slice key, struct zset **zset)
{
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_ZSET, &entry);
    *zset = found == CALL_FOUND ? entry_object(entry) : NULL;
    return found != CALL_WRONG_TYPE;
}

void zset_taken(struct call *call, struct slice key, const struct zset *zset, const char *event)
{
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_ZSET, event, key);
    if (zset_count(zset) > 0) return;
    store_delete(call->store, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

void zset_store(struct call *call, struct slice key, struct zset *zset, const char *event)
{
    int64_t count = (int64_t)zset_count(zset);
    reply_integer(&call->reply, count);
    if (count > 0) {
        store_put_object(call->store, call->database, key, VALUE_ZSET, zset);
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_ZSET, event, key);
        return;
    }
    zset_free(store_room(call->store), zset);
    if (!store_delete(call->store, call->database, key)) return;
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_GENERIC, "del", key);
}

void zset_reply_header(struct call *call, uint64_t count, bool scores)
{
    reply_array(&call->reply, scores && call->reply.protocol == 2 ? count * 2 : count);
}

void zset_reply_item(struct call *call, struct zset_item item, bool scores)
{
    if (scores && call->reply.protocol > 2) reply_array(&call->reply, 2);
    reply_bulk(&call->reply, item.member);
    if (scores) reply_double(&call->reply, item.score);
}

bool zset_numkeys(struct call *call, uint32_t index, int64_t *keys)
{
    return call_integer_in(call, index, 1, INT64_MAX, keys, "ERR numkeys should be greater than 0");
}

/* --- members ---------------------------------------------------------------------------------- */

void cmd_zrem(struct call *call)
{
    struct room *room = store_room(call->store);
    struct zset *zset;
    if (!zset_write(call, call->argv[1], &zset)) return;
    int64_t removed = 0;
    for (uint32_t i = 2; zset != NULL && i < call->argc && zset_count(zset) > 0; i++)
        removed += zset_remove(room, zset, call->argv[i]);
    if (removed > 0) zset_taken(call, call->argv[1], zset, "zrem");
    reply_integer(&call->reply, removed);
}

static void reply_score(struct call *call, const struct zset *zset, struct slice member)
{
    double score;
    if (zset != NULL && zset_score(zset, member, &score))
        reply_double(&call->reply, score);
    else
        reply_null(&call->reply);
}

void cmd_zscore(struct call *call)
{
    const struct zset *zset;
    if (zset_read(call, call->argv[1], &zset)) reply_score(call, zset, call->argv[2]);
}

void cmd_zmscore(struct call *call)
{
    const struct zset *zset;
    if (!zset_read(call, call->argv[1], &zset)) return;
    reply_array(&call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) reply_score(call, zset, call->argv[i]);
}

void cmd_zcard(struct call *call)
{
    const struct zset *zset;
    if (!zset_read(call, call->argv[1], &zset)) return;
    reply_integer(&call->reply, zset == NULL ? 0 : (int64_t)zset_count(zset));
}

static void reply_rank(struct call *call, bool reverse)
{
    const struct zset *zset;
    bool with_score = call->argc == 4;
    if (call->argc > 4) {
        reply_error(&call->reply, "ERR wrong number of arguments for '%s' command",
                    call->command->name);
        return;
    }
    if (with_score && !word_is(call->argv[3], "WITHSCORE")) {
        call_syntax_error(call);
        return;
    }
    if (!zset_read(call, call->argv[1], &zset)) return;
    uint64_t rank;
    double score;
    if (zset == NULL || !zset_rank(zset, call->argv[2], &rank, &score)) {
        if (with_score)
            reply_null_array(&call->reply);
        else
            reply_null(&call->reply);
        return;
    }
    if (with_score) reply_array(&call->reply, 2);
    if (reverse) rank = zset_count(zset) - 1 - rank;
    reply_integer(&call->reply, (int64_t)rank);
    if (with_score) reply_double(&call->reply, score);
}

void cmd_zrank(struct call *call)
{
    reply_rank(call, false);
}

void cmd_zrevrank(struct call *call)
{
    reply_rank(call, true);
}

static void scan_item(void *context, struct zset_item item)
{
    if (!value_scan_wants(context, item.member)) return;
    char text[DOUBLE_TEXT_MAX];
    value_scan_put(context, item.member);
    value_scan_put(context, slice_of(text, double_format(item.score, text)));
}

static uint64_t scan_zset(const void *object, uint64_t cursor, struct value_scan *scan)
{
    return zset_scan(object, cursor, scan_item, scan);
}

void cmd_zscan(struct call *call)
{
    struct value_scan scan = {0};
    const struct zset *zset;
    if (!scan_read_cursor(call, 2, &scan.request)) return;
    if (zset_read(call, call->argv[1], &zset)) value_scan_run(call, &scan, zset, scan_zset);
}
