/* sorted_set.h -- what the handlers of sorted sets share. */
#pragma once

#include "cmd/call.h"
#include "core/store/zset.h"

/* The zset of a key, for reading. False: the error is replied; `*zset` NULL: there is none. */
MUST_USE bool zset_read(struct call *call, struct slice key, const struct zset **zset);
/* The same before a change. */
MUST_USE bool zset_write(struct call *call, struct slice key, struct zset **zset);
/* Members were taken out of the zset of a key: say so, and delete it when it is empty. */
void zset_taken(struct call *call, struct slice key, const struct zset *zset, const char *event);
/* Put `zset` under the key in place of what is there, or nothing if it is empty; the call owns it
 * no longer. Replies the count. */
void zset_store(struct call *call, struct slice key, struct zset *zset, const char *event);

/* Items as clients want them: with scores, in RESP3 each a pair of its own. */
void zset_reply_header(struct call *call, uint64_t count, bool scores);
void zset_reply_item(struct call *call, struct zset_item item, bool scores);

/* "numkeys" at `index`, from 1. False: the error is replied. */
MUST_USE bool zset_numkeys(struct call *call, uint32_t index, int64_t *keys);
