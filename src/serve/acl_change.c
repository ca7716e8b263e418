/* acl_change.c -- see acl_commands.h: what changes users, and closes those who lost their right. */
#include "serve/acl_commands.h"
#include "serve/acl_impl.h"
#include "serve/config.h"
#include "serve/pubsub.h"
#include "serve/session.h"
#include "serve/told.h"

enum { SHOWN_MAX = 512 };

/* --- sessions -------------------------------------------------------------------------------- */

/* The one that asked gets its answer first. */
static void close_session(struct session_call *call, struct session *session)
{
    if (session == call->session) {
        session->flags |= SESSION_CLOSE_AFTER_REPLY;
    } else {
        session_close(call->server, session);
    }
}

static void close_sessions_of(struct session_call *call, const struct acl_user *user)
{
    struct session *session = sessions_first(call->server->sessions, SESSIONS_ALL);
    for (; session != NULL; session = session->links[SESSIONS_ALL].next) {
        if (session->user == user) close_session(call, session);
    }
}

static bool still_allowed(void *context, enum pubsub_kind kind, struct slice name)
{
    return acl_may_listen(context, name, kind == PUBSUB_PATTERN);
}

/* Those who listen to what the user's new rules no longer allow. */
static void close_listeners(struct session_call *call, const struct acl_user *user)
{
    struct session *session = sessions_first(call->server->sessions, SESSIONS_ALL);
    for (; session != NULL; session = session->links[SESSIONS_ALL].next) {
        if (session->user != user || !(session->flags & SESSION_PUBSUB)) continue;
        if (!pubsub_all_allowed(session, still_allowed, user->rules)) close_session(call, session);
    }
}

static bool is_held(const struct server *server, const struct acl_user *user)
{
    const struct session *session = sessions_first(server->sessions, SESSIONS_ALL);
    while (session != NULL && session->user != user) session = session->links[SESSIONS_ALL].next;
    return session != NULL;
}

/* Removed users whose sessions are gone by now. */
static void forget_removed(const struct server *server)
{
    struct acl_users *removed = &server->acl->removed;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < removed->count; i++) {
        struct acl_user *user = removed->users[i];
        if (is_held(server, user)) {
            removed->users[kept++] = user;
        } else {
            acl_user_free(user);
        }
    }
    removed->count = kept;
}

/* --- SETUSER --------------------------------------------------------------------------------- */

static void reply_mistake(struct reply *reply, struct slice rule, enum acl_mistake mistake)
{
    reply_error(reply, "ERR Error in ACL SETUSER modifier '%.*s': %s",
                (int)u64_min(rule.len, SHOWN_MAX), (const char *)rule.data,
                acl_mistake_text(mistake));
}

/* The rules of the call on top of `rules`. False: a mistake is replied. */
static bool apply_call(struct session_call *call, struct acl_rules *rules)
{
    struct arena *arena = arena_new();
    const struct slice *words = call->argv + 3;
    struct slice *merged;
    uint32_t count, unmatched = 0;
    bool good = acl_words_merge(arena, words, call->argc - 3, &merged, &count, &unmatched);
    if (!good) {
        reply_error(&call->reply, "ERR Unmatched parenthesis in acl selector starting at '%.*s'.",
                    (int)u64_min(words[unmatched].len, SHOWN_MAX),
                    (const char *)words[unmatched].data);
    }
    for (uint32_t i = 0; i < count && good; i++) {
        enum acl_mistake mistake = acl_rules_apply(call->server->acl, rules, merged[i]);
        good = mistake == ACL_FINE;
        if (!good) reply_mistake(&call->reply, merged[i], mistake);
    }
    arena_free(arena);
    return good;
}

void acl_setuser_command(struct session_call *call)
{
    struct acl *acl = call->server->acl;
    struct slice name = call->argv[2];
    if (!acl_name_is_valid(name)) {
        reply_error(&call->reply, "ERR Usernames can't contain spaces or null characters");
        return;
    }
    struct acl_user *user = acl_user_of(&acl->users, name);
    struct acl_rules *rules = user == NULL ? acl_rules_new(acl) : acl_rules_copy(user->rules);
    if (!apply_call(call, rules)) {
        acl_rules_free(rules);
        return;
    }
    if (user == NULL) user = acl_user_add(acl, &acl->users, name);
    acl_user_install(user, rules);
    close_listeners(call, user);
    told_note(call, TOLD_USER, name);
    reply_ok(&call->reply);
}

/* --- DELUSER --------------------------------------------------------------------------------- */

void acl_deluser_command(struct session_call *call)
{
    struct acl *acl = call->server->acl;
    int64_t removed = 0;
    for (uint32_t i = 2; i < call->argc; i++) {
        if (!slice_eq(call->argv[i], acl->standard->name)) continue;
        reply_error(&call->reply, "ERR The 'default' user cannot be removed");
        return;
    }
    forget_removed(call->server);
    for (uint32_t i = 2; i < call->argc; i++) {
        struct acl_user *user = acl_user_of(&acl->users, call->argv[i]);
        if (user == NULL) continue;
        acl_user_remove(acl, user);
        close_sessions_of(call, user);
        told_note(call, TOLD_USER, call->argv[i]);
        removed++;
    }
    reply_integer(&call->reply, removed);
}

/* --- LOAD, SAVE ------------------------------------------------------------------------------ */

/* False: there is none, which is replied. */
static bool has_file(struct session_call *call)
{
    if (config_text(call->server->config, SETTING_ACLFILE)[0] != '\0') return true;
    reply_error(&call->reply,
                "ERR This Redis instance is not configured to use an ACL file. You may want to "
                "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "
                "(assuming you have a Redis configuration file set) in order to store users in the "
                "Redis configuration.");
    return false;
}

void acl_load_command(struct session_call *call)
{
    struct acl *acl = call->server->acl;
    struct acl_users users = {0};
    struct buffer wrong = {0};
    if (!has_file(call)) return;
    if (acl_file_read(acl, &users, &wrong)) {
        forget_removed(call->server);
        uint32_t before = acl->removed.count;
        acl_users_replace(acl, &users);
        for (uint32_t i = before; i < acl->removed.count; i++) {
            close_sessions_of(call, acl->removed.users[i]);
        }
        close_listeners(call, acl->standard);
        reply_ok(&call->reply);
    } else {
        reply_error(&call->reply, "ERR %.*s", (int)wrong.len, (const char *)wrong.data);
    }
    acl_users_free(&users);
    buffer_free(&wrong);
}

void acl_save_command(struct session_call *call)
{
    struct fault fault;
    if (!has_file(call)) return;
    if (acl_file_write(call->server->acl, &fault) == ERR_OK) {
        reply_ok(&call->reply);
    } else {
        reply_error(&call->reply, "ERR There was an error trying to save the ACLs. %s", fault.text);
    }
}
