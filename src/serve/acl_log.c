/* acl_log.c -- what was denied lately: ACL LOG. The same again within a minute is counted. */
#include <stdlib.h>

#include "serve/acl_impl.h"
#include "serve/config.h"

enum { SAME_WITHIN_MS = 60000, COMPARED_MAX = 10 };

static void entry_free(struct acl_log_entry *entry)
{
    buffer_free(&entry->object);
    buffer_free(&entry->username);
    buffer_free(&entry->client_info);
    free(entry);
}

static bool is_same(const struct acl_log_entry *entry, const struct acl_denial *denial)
{
    int64_t apart_ms = denial->unix_ms - entry->updated_ms;
    return entry->verdict == denial->verdict && strcmp(entry->context, denial->context) == 0 &&
           apart_ms <= SAME_WITHIN_MS && apart_ms >= -SAME_WITHIN_MS &&
           slice_eq(buffer_slice(&entry->object), denial->object) &&
           slice_eq(buffer_slice(&entry->username), denial->username);
}

static struct acl_log_entry *entry_new(struct acl *acl, const struct acl_denial *denial)
{
    struct acl_log_entry *entry = calloc(1, sizeof *entry);
    ASSERT(entry != NULL);
    *entry = (struct acl_log_entry){.id = acl->log_next_id++,
                                    .verdict = denial->verdict,
                                    .context = denial->context,
                                    .created_ms = denial->unix_ms};
    buffer_append(&entry->object, denial->object);
    buffer_append(&entry->username, denial->username);
    return entry;
}

/* Room for one more; the oldest go. */
static void trim(struct acl *acl)
{
    uint64_t max = (uint64_t)config_integer(acl->config, SETTING_ACLLOG_MAX_LEN);
    while (acl->log_count > 0 && acl->log_count >= max) entry_free(acl->log[--acl->log_count]);
    if (acl->log_count < acl->log_capacity) return;
    acl->log_capacity = acl->log_capacity == 0 ? 16 : acl->log_capacity * 2;
    acl->log = realloc(acl->log, acl->log_capacity * sizeof(struct acl_log_entry *));
    ASSERT(acl->log != NULL);
}

static void put_first(struct acl *acl, uint64_t from, struct acl_log_entry *entry)
{
    memmove(acl->log + 1, acl->log, from * sizeof(struct acl_log_entry *));
    acl->log[0] = entry;
}

void acl_log_add(struct acl *acl, const struct acl_denial *denial)
{
    if (config_integer(acl->config, SETTING_ACLLOG_MAX_LEN) == 0) return;
    uint64_t compared = u64_min(acl->log_count, COMPARED_MAX), at = 0;
    while (at < compared && !is_same(acl->log[at], denial)) at++;
    struct acl_log_entry *entry;
    if (at < compared) {
        entry = acl->log[at];
        put_first(acl, at, entry);
    } else {
        trim(acl);
        entry = entry_new(acl, denial);
        put_first(acl, acl->log_count++, entry);
    }
    entry->count++;
    entry->updated_ms = denial->unix_ms;
    buffer_clear(&entry->client_info);
    buffer_append(&entry->client_info, denial->client_info);
}

void acl_log_clear(struct acl *acl)
{
    while (acl->log_count > 0) entry_free(acl->log[--acl->log_count]);
}

static const char *reason(enum acl_verdict verdict)
{
    switch (verdict) {
    case ACL_DENIED_COMMAND: return "command";
    case ACL_DENIED_KEY: return "key";
    case ACL_DENIED_CHANNEL: return "channel";
    case ACL_DENIED_AUTH: return "auth";
    case ACL_ALLOWED: break;
    }
    return "unknown";
}

static void reply_field(struct reply *reply, const char *name, struct slice value)
{
    reply_bulk_text(reply, name);
    reply_bulk(reply, value);
}

void acl_log_reply(const struct acl *acl, uint64_t count, int64_t unix_ms, struct reply *reply)
{
    enum { FIELDS = 10 };
    count = u64_min(count, acl->log_count);
    reply_array(reply, count);
    for (uint64_t i = 0; i < count; i++) {
        const struct acl_log_entry *entry = acl->log[i];
        reply_map(reply, FIELDS);
        reply_bulk_text(reply, "count");
        reply_integer(reply, (int64_t)entry->count);
        reply_field(reply, "reason", slice_text(reason(entry->verdict)));
        reply_field(reply, "context", slice_text(entry->context));
        reply_field(reply, "object", buffer_slice(&entry->object));
        reply_field(reply, "username", buffer_slice(&entry->username));
        reply_bulk_text(reply, "age-seconds");
        reply_double(reply, (double)(unix_ms - entry->updated_ms) / 1000);
        reply_field(reply, "client-info", buffer_slice(&entry->client_info));
        reply_bulk_text(reply, "entry-id");
        reply_integer(reply, (int64_t)entry->id);
        reply_bulk_text(reply, "timestamp-created");
        reply_integer(reply, entry->created_ms);
        reply_bulk_text(reply, "timestamp-last-updated");
        reply_integer(reply, entry->updated_ms);
    }
}
