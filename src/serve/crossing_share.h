/*
 * crossing_share.h -- a command that several shards or lanes do: what is asked of each, and what
 * becomes of their answers. Each answer is taken in when it comes, so that no more is kept than
 * the reply needs.
 */
#pragma once

#include "serve/crossing_impl.h"

enum share_scope {
    SCOPE_NONE, /* no such command */
    SCOPE_KEYS,
    SCOPE_SHARDS,
    SCOPE_CURSOR,
    SCOPE_WRITTEN,
    SCOPE_LANES,
    SCOPE_NODES,
    SCOPE_EVERYWHERE
};
enum share_combine {
    COMBINE_SUM,
    COMBINE_FIRST,
    COMBINE_BY_KEY,
    COMBINE_JOIN,
    COMBINE_SORT,
    COMBINE_TOP,
    COMBINE_LEAST,
    COMBINE_CURSOR,
    COMBINE_RANDOM
};

enum {
    SHARE_ASKED_MAX = 256,    /* shards at once */
    SHARE_SCANNED_MAX = 1024, /* shards in one call of SCAN */
    SHARE_NUMBERS_MAX = 2,    /* in an answer: WAITAOF's */
};

struct share_part { /* the answer of the keys of one shard */
    shard_id shard;
    uint32_t keys_count;
    struct buffer bytes;
    size_t used; /* elements that were taken out */
};

struct share {
    enum share_scope scope;
    enum share_combine combine;
    uint8_t protocol;
    uint32_t argc;
    struct slice *argv; /* of what is asked of each; with their bytes behind them; owned */
    uint32_t next, end; /* shards that are to be asked */
    bool *led;          /* [shards_count]: of these alone; NULL: of all. Owned */
    bool failed, answered;
    struct buffer gathered; /* the first answer or error, or elements */
    int64_t numbers[SHARE_NUMBERS_MAX];
    uint32_t numbers_count; /* of a LEAST: 0: a lone one */
    uint64_t elements_count;
    /* of SORT and TOP */
    uint64_t rows_max;
    struct buffer unanswered, unanswered_nodes; /* rows, and of whom (int64_t) */
    /* by keys */
    struct share_part *parts;
    uint32_t *order; /* of each key its part */
    uint32_t parts_count, keys_count;
    /* by cursor */
    shard_id shard; /* that is asked; of RANDOM, that is chosen */
    bool has_chosen;
    uint64_t cursor, page_keys;
    uint32_t scanned_count;
};

void share_free(struct share *share); /* NULL is allowed */

struct sharing {
    struct server *server;
    struct session *session;
    struct held *held;
    uint64_t entry;
};

/* The first shard from `from` on that is to be asked; shards_count: none. */
static inline uint32_t share_next(const struct share *share, uint32_t from, uint32_t shards_count)
{
    while (share->led != NULL && from < shards_count && !share->led[from]) from++;
    return from;
}

/* crossing_share.c: ask the next ones, as many as may be at once. */
void share_ask(struct sharing *sharing);
void share_ask_shard(struct sharing *sharing, shard_id shard, const struct slice *argv,
                     uint32_t argc);
/* SCAN, at share->shard from share->cursor. */
void share_ask_page(struct sharing *sharing);
bool share_goes_to_nodes(enum command_id id); /* NODES */
bool share_asks_nodes(enum command_id id);    /* EVERYWHERE */

/* crossing_rows.c: SORT and TOP. A node has not answered; false: it is no such error, or no such
 * command. */
bool share_note_unanswered(struct share *share, struct slice error);
void share_write_rows(const struct share *share, struct buffer *out);

/* crossing_combine.c: an answer has come. If it was the last, held->bytes becomes the reply, or
 * more is asked. */
void share_take(struct sharing *sharing, shard_id shard, struct slice reply);
