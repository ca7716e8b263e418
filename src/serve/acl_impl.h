/* acl_impl.h -- what the files of the ACL share: users, their rules, and how rules are changed. */
#pragma once

#include "serve/acl.h"

enum {
    ACL_HASH_CHARS = 64, /* SHA-256, hexadecimal */
    ACL_COMMAND_WORDS = (COMMAND_COUNT + 63) / 64
};

enum acl_key_use { ACL_KEY_READ = 1 << 0, ACL_KEY_WRITE = 1 << 1 };

struct acl_text { /* a list's element: a pattern, a hash, a rule about commands */
    struct acl_text *next;
    struct slice text;
    uint32_t use; /* of a key pattern: bits of enum acl_key_use */
};

struct acl_first_argument { /* +select|0: of a command that is not allowed else */
    struct acl_first_argument *next;
    enum command_id command;
    struct slice text;
};

struct acl_selector {
    struct acl_selector *next;
    uint64_t commands[ACL_COMMAND_WORDS]; /* a bit for each command_id */
    bool all_commands;                    /* and none was taken away since */
    bool future_commands;                 /* what descriptions begin with: +@all or -@all */
    bool all_keys, all_channels;
    struct acl_text *keys, *channels;
    struct acl_text *rules; /* about commands, as they were given: "+get" */
    struct acl_first_argument *first_arguments;
};

enum acl_user_flag {
    ACL_ON = 1 << 0,
    ACL_NO_PASSWORD = 1 << 1,
    ACL_SKIP_SANITIZE = 1 << 2 /* of a payload; without a meaning here, but shown */
};

struct acl_rules { /* of one user; in an arena of its own, made anew at each change */
    struct arena *arena;
    uint32_t flags;
    struct acl_text *hashes;
    struct acl_selector *selectors; /* the root one first */
};

struct acl_user {
    const struct acl *acl;
    struct slice name; /* owned */
    struct acl_rules *rules;
    bool may_all; /* every command, key and channel */
};

struct acl_users {
    struct acl_user **users; /* by name */
    uint32_t count, capacity;
};

enum acl_channel_use { ACL_NO_CHANNEL, ACL_ONE_CHANNEL, ACL_CHANNELS, ACL_CHANNEL_PATTERNS };

struct acl_log_entry {
    uint64_t id, count;
    enum acl_verdict verdict;
    const char *context;
    struct buffer object, username, client_info;
    int64_t created_ms, updated_ms;
};

struct acl {
    const struct command_table *commands;
    const struct config *config;
    struct acl_users users;
    struct acl_user *standard; /* `default`: always there */
    struct acl_users removed;  /* sessions may hold them yet */
    enum acl_channel_use channels[COMMAND_COUNT];
    struct acl_log_entry **log; /* the newest first */
    uint64_t log_count, log_capacity, log_next_id;
};

/* --- acl_rules.c, acl_selector.c: changing --------------------------------------------------- */

enum acl_mistake {
    ACL_FINE,
    ACL_UNKNOWN_COMMAND,
    ACL_SYNTAX,
    ACL_KEYS_ALL_ALREADY,
    ACL_CHANNELS_ALL_ALREADY,
    ACL_NO_SUCH_PASSWORD,
    ACL_BAD_HASH,
    ACL_NESTED_FIRST_ARGUMENT
};
const char *acl_mistake_text(enum acl_mistake mistake);

struct acl_rules *acl_rules_new(const struct acl *acl); /* as of a new user */
struct acl_rules *acl_rules_copy(const struct acl_rules *rules);
void acl_rules_free(struct acl_rules *rules);
enum acl_mistake acl_rules_apply(const struct acl *acl, struct acl_rules *rules, struct slice rule);
enum acl_mistake acl_selector_apply(const struct acl *acl, struct arena *arena,
                                    struct acl_selector *selector, struct slice rule);
bool acl_category_find(struct slice name, uint32_t *category); /* by name, in any case */
void acl_hash(struct slice password, char hash[ACL_HASH_CHARS]);
void acl_text_add(struct arena *arena, struct acl_text **list, struct slice text, uint32_t use);
struct acl_text *acl_text_find(struct acl_text *list, struct slice text);

/* At blanks alone, as the aclfile has them: a quote is a letter, for a pattern may have one. The
 * words are parts of `line`; how many. */
uint32_t acl_words_split(struct slice line, struct arena *arena, struct slice **words);
/* Rules whose parentheses were parted at blanks, put together again, in `arena`. False: one is not
 * closed; `*unmatched` is where it begins. */
MUST_USE bool acl_words_merge(struct arena *arena, const struct slice *words, uint32_t count,
                              struct slice **merged, uint32_t *merged_count, uint32_t *unmatched);

/* --- acl.c: the users ------------------------------------------------------------------------ */

bool acl_name_is_valid(struct slice name);
struct acl_user *acl_user_of(const struct acl_users *users, struct slice name); /* NULL: none */
struct acl_user *acl_user_add(const struct acl *acl, struct acl_users *users, struct slice name);
void acl_user_install(struct acl_user *user, struct acl_rules *rules); /* takes them */
void acl_user_free(struct acl_user *user);
void acl_standard_reset(struct acl *acl); /* the default user, as at the start */
void acl_users_free(struct acl_users *users);
/* Take `user` out; it is kept among the removed ones. */
void acl_user_remove(struct acl *acl, struct acl_user *user);
void acl_users_insert(struct acl_users *users, struct acl_user *user);

/* --- acl_log.c ------------------------------------------------------------------------------- */

void acl_log_clear(struct acl *acl);
void acl_log_reply(const struct acl *acl, uint64_t count, int64_t unix_ms, struct reply *reply);

/* --- acl_text.c: describing ------------------------------------------------------------------ */

void acl_describe_commands(const struct acl_selector *selector, struct buffer *out);
void acl_describe_keys(const struct acl_selector *selector, struct buffer *out);
void acl_describe_channels(const struct acl_selector *selector, struct buffer *out);
void acl_describe_user(const struct acl_user *user, struct buffer *out); /* "user NAME …" */

/* --- acl_check.c ----------------------------------------------------------------------------- */

/* May a channel of this name, or a pattern like it, be listened to under one of the selectors? */
bool acl_may_listen(const struct acl_rules *rules, struct slice channel, bool is_pattern);
/* As acl_deny says it, with the key's or channel's name where there is one. */
void acl_denial_text(const struct acl_user *user, const struct command *command,
                     enum acl_verdict verdict, const struct slice *object, struct buffer *out);

/* --- acl_file.c ------------------------------------------------------------------------------ */

/* All of the aclfile or nothing: the new users, and what is wrong with the file in `wrong`. */
MUST_USE bool acl_file_read(const struct acl *acl, struct acl_users *users, struct buffer *wrong);
/* Their users in place of ours; `users` is empty then. */
void acl_users_replace(struct acl *acl, struct acl_users *users);
MUST_USE enum err acl_file_write(const struct acl *acl, struct fault *fault);
