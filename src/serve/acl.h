/*
 * acl.h -- users, and what each may do: Redis 7.2's access control lists.
 *
 * A user has passwords (kept as SHA-256), and selectors: the root one and those in parentheses. A
 * call is allowed when one selector allows its command, all its keys and all its channels. Users
 * are changed by rules, each one word (`+@read`, `~cache:*`, `>password`); either all rules of a
 * change are good, or nothing is changed.
 *
 * A user stays at its address while it changes, and after it was removed for as long as a session
 * of the server holds it; such sessions are closed at the end of the turn.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "cmd/command.h"
#include "core/resp/reply.h"

struct acl;      /* opaque */
struct acl_user; /* opaque */
struct config;

/* With the user `default`, who may do all and needs no password unless `requirepass` says one.
 * `config` is read whenever a setting counts; borrowed, as `commands`, for the life of the ACL. */
struct acl *acl_new(const struct command_table *commands, const struct config *config);
void acl_free(struct acl *acl);

/* At start: the `user` lines of the configuration, or the `aclfile`. ERR_USAGE: a line is wrong, or
 * both are given; the fault says which and why. */
MUST_USE enum err acl_load(struct acl *acl, struct fault *fault);
/* The `user` lines for CONFIG REWRITE, each with its \n; none with an `aclfile`, or when there is
 * nobody but the default user as it was made. */
void acl_rewrite(const struct acl *acl, struct buffer *out);
/* CONFIG SET requirepass. Empty: none is needed. */
void acl_set_default_password(struct acl *acl, struct slice password);

/* --- who it is ------------------------------------------------------------------------------- */

const struct acl_user *acl_default_user(const struct acl *acl);
const struct acl_user *acl_find(const struct acl *acl, struct slice name); /* NULL: none */
struct slice acl_user_name(const struct acl_user *user);
/* False: a new connection is this user at once; for the default user, who must be on for it. */
bool acl_user_needs_password(const struct acl_user *user);
/* AUTH with one argument complains where the default user takes any password. */
bool acl_user_takes_any_password(const struct acl_user *user);
/* NULL: no such user, or off, or a wrong password; which of them does not show in the time. */
const struct acl_user *acl_authenticate(const struct acl *acl, struct slice name,
                                        struct slice password);

/* --- what it may do -------------------------------------------------------------------------- */

enum acl_verdict { /* the later weighs more, where selectors differ */
                   ACL_ALLOWED,
                   ACL_DENIED_COMMAND,
                   ACL_DENIED_KEY,
                   ACL_DENIED_CHANNEL,
                   ACL_DENIED_AUTH /* in the log alone */
};

/* `*position`: which argument, where a key or channel is denied; else 0. */
enum acl_verdict acl_check(const struct acl_user *user, const struct command *command,
                           const struct slice *argv, uint32_t argc, uint32_t *position);
/* May it run this, and read every key there is? SORT with BY or GET asks: what they read does not
 * show in its arguments. */
bool acl_may_read_all(const struct acl_user *user, const struct command *command,
                      const struct slice *argv, uint32_t argc);
/* "NOPERM …", as the client that asked is told. */
void acl_deny(struct reply *reply, const struct acl_user *user, const struct command *command,
              enum acl_verdict verdict);
/* What EXEC says after "…for the following reason: ", when rules changed since it was queued. */
const char *acl_verdict_text(enum acl_verdict verdict);

/* --- ACL LOG --------------------------------------------------------------------------------- */

struct acl_denial { /* slices are copied */
    enum acl_verdict verdict;
    const char *context; /* "toplevel", "multi" */
    struct slice object; /* the command's name, the key, the channel; "AUTH" */
    struct slice username;
    struct slice client_info; /* as CLIENT INFO shows it */
    int64_t unix_ms;
};
void acl_log_add(struct acl *acl, const struct acl_denial *denial);
