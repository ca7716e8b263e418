/* config_command.c -- see config_command.h. */
#include "serve/config_command.h"
#include "base/glob.h"
#include "io/whole_file.h"
#include "serve/acl.h"
#include "serve/config_apply.h"
#include "serve/measure.h"
#include "serve/reply_lines.h"
#include "serve/told.h"

enum { FIRST = 2, CONFIG_FILE_BYTES_MAX = 16 << 20 };

/* --- get ------------------------------------------------------------------------------------- */

static bool is_pattern(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("*?[", (char)text.data[i]) != NULL) return true;
    }
    return false;
}

/* Does one of the arguments ask for this name? */
static bool is_asked(const struct session_call *call, const struct setting *setting,
                     const char *name)
{
    if (name[0] == '\0') return false;
    for (uint32_t i = FIRST; i < call->argc; i++) {
        bool hidden = (setting->flags & SETTING_HIDDEN) != 0;
        if (hidden && is_pattern(call->argv[i])) continue;
        if (glob_match_no_case(call->argv[i], slice_text(name))) return true;
    }
    return false;
}

static void reply_setting(struct reply *reply, const struct config *config, const char *name,
                          enum setting_id id, struct buffer *text)
{
    buffer_clear(text);
    config_format(config, id, text);
    reply_bulk_text(reply, name);
    reply_bulk(reply, buffer_slice(text));
}

static void get(struct session_call *call)
{
    const struct config *config = call->server->config;
    uint64_t count = 0;
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        const struct setting *setting = &setting_rows[id];
        count += is_asked(call, setting, setting->name);
        count += is_asked(call, setting, setting->alias);
    }
    struct buffer text = {0};
    reply_map(&call->reply, count);
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        const struct setting *setting = &setting_rows[id];
        if (is_asked(call, setting, setting->name)) {
            reply_setting(&call->reply, config, setting->name, id, &text);
        }
        if (is_asked(call, setting, setting->alias)) {
            reply_setting(&call->reply, config, setting->alias, id, &text);
        }
    }
    buffer_free(&text);
}

/* --- set ------------------------------------------------------------------------------------- */

static void refuse(struct session_call *call, struct slice name, const char *why)
{
    reply_error(&call->reply, "ERR CONFIG SET failed (possibly related to argument '%.*s') - %s",
                (int)name.len, (const char *)name.data, why);
}

/* What may not change may still be said again as it is. */
static const char *set_value(struct config *config, const struct config *now, enum setting_id id,
                             struct arena *arena, struct slice value)
{
    bool still = (setting_rows[id].flags & (SETTING_IMMUTABLE | SETTING_FIXED)) != 0;
    const char *why = config_set(config, id, value, arena);
    if (!still) return why;
    struct buffer before = {0}, after = {0};
    config_format(now, id, &before);
    config_format(config, id, &after);
    bool same = why == NULL && slice_eq(buffer_slice(&before), buffer_slice(&after));
    buffer_free(&before);
    buffer_free(&after);
    return same ? NULL : "can't set immutable config";
}

static bool set_one(struct session_call *call, struct config *config, bool *seen,
                    struct arena *arena, struct slice name, struct slice value)
{
    enum setting_id id;
    bool known = setting_find(name, &id);
    ASSERT(known);
    const char *why = "duplicate parameter";
    if (!seen[id]) why = set_value(config, call->server->config, id, arena, value);
    seen[id] = true;
    if (why != NULL) refuse(call, name, why);
    return why == NULL;
}

/* Names are looked up before any value is, as Redis does. */
static bool names_are_known(struct session_call *call)
{
    enum { NAME_SHOWN_MAX = 128 };
    enum setting_id id;
    for (uint32_t i = FIRST; i < call->argc; i += 2) {
        if (setting_find(call->argv[i], &id)) continue;
        reply_error(
            &call->reply, "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
            (int)u64_min(call->argv[i].len, NAME_SHOWN_MAX), (const char *)call->argv[i].data);
        return false;
    }
    return true;
}

static void note_all(struct session_call *call, const bool *seen)
{
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        if (seen[id]) told_note(call, TOLD_SETTING, slice_text(setting_rows[id].name));
    }
}

static void set(struct session_call *call)
{
    struct server *server = call->server;
    bool seen[SETTINGS_COUNT] = {false};
    if (call->argc % 2 != 0) {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    if (!names_are_known(call)) return;
    struct arena *arena = arena_new();
    struct config changed;
    config_copy(&changed, server->config);
    bool good = true;
    for (uint32_t i = FIRST; i < call->argc && good; i += 2) {
        good = set_one(call, &changed, seen, arena, call->argv[i], call->argv[i + 1]);
    }
    if (good) {
        struct config before = *server->config;
        *server->config = changed;
        changed = before;
        config_apply(server);
        if (seen[SETTING_REQUIREPASS]) {
            const char *password = config_text(server->config, SETTING_REQUIREPASS);
            acl_set_default_password(server->acl, slice_text(password));
        }
        note_all(call, seen);
        reply_ok(&call->reply);
    }
    config_free(&changed);
    arena_free(arena);
}

/* --- rewrite --------------------------------------------------------------------------------- */

static void rewrite(struct session_call *call)
{
    const struct server *server = call->server;
    if (server->config_path == NULL) {
        reply_error(&call->reply, "ERR The server is running without a config file");
        return;
    }
    struct buffer old = {0}, new = {0};
    struct fault fault;
    enum err err = whole_file_read(server->config_path, CONFIG_FILE_BYTES_MAX, &old, &fault);
    if (err == ERR_NOT_FOUND) err = ERR_OK; /* it was removed: it is made anew */
    if (err == ERR_OK) {
        buffer_clear(&server->config->users);
        acl_rewrite(server->acl, &server->config->users);
        config_rewrite(server->config, buffer_slice(&old), &new);
        err = whole_file_replace(server->config_path, buffer_slice(&new), &fault);
    }
    if (err == ERR_OK) {
        reply_ok(&call->reply);
    } else {
        reply_error(&call->reply, "ERR Rewriting config file: %s", fault.text);
    }
    buffer_free(&old);
    buffer_free(&new);
}

static void help(struct session_call *call)
{
    static const char *const lines[] = {
        "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GET <pattern>",
        "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>",
        "    Set the configuration <directive> to <value>.",
        "RESETSTAT",
        "    Set the counts of INFO back to zero.",
        "REWRITE",
        "    Write the settings into the configuration file.",
        "HELP",
        "    Prints this help.",
    };
    REPLY_LINES(&call->reply, lines);
}

void config_command(struct session_call *call)
{
    enum command_id id = call->command->id;
    if (id == COMMAND_CONFIG_GET) {
        get(call);
    } else if (id == COMMAND_CONFIG_SET) {
        set(call);
    } else if (id == COMMAND_CONFIG_REWRITE) {
        rewrite(call);
    } else if (id == COMMAND_CONFIG_RESETSTAT) {
        measures_reset(call->server);
        const struct lane *lane = call->server->lane;
        for (struct shard *shard = lane_shard_first(lane); shard != NULL;
             shard = lane_shard_next(lane, shard))
            store_reset_stats(shard_store(shard));
        reply_ok(&call->reply);
    } else {
        help(call);
    }
}
