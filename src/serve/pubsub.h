/*
 * pubsub.h -- channels, patterns and shard channels: who listens, and what is sent to them.
 */
#pragma once

#include "serve/session.h"

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD, PUBSUB_KINDS };

struct pubsub *pubsub_new(const struct hash_secret *secret);
void pubsub_free(struct pubsub *pubsub);

/* To all who listen, also by patterns. Returns how many got it. */
uint64_t pubsub_publish(struct server *server, struct slice channel, struct slice message);

uint32_t pubsub_count(const struct pubsub *pubsub, enum pubsub_kind kind); /* different names */
uint32_t pubsub_count_of(const struct session *session, enum pubsub_kind kind);
/* May the session keep what it listens to? For ACL changes: each name is asked. */
typedef bool (*pubsub_allowed)(void *context, enum pubsub_kind kind, struct slice name);
bool pubsub_all_allowed(const struct session *session, pubsub_allowed allowed, void *context);

void pubsub_leave_all(struct server *server, struct session *session); /* without a word */

void subscribe_command(struct session_call *call);
void psubscribe_command(struct session_call *call);
void ssubscribe_command(struct session_call *call);
void unsubscribe_command(struct session_call *call);
void punsubscribe_command(struct session_call *call);
void sunsubscribe_command(struct session_call *call);
void publish_command(struct session_call *call);
void spublish_command(struct session_call *call);
void pubsub_channels_command(struct session_call *call);
void pubsub_shardchannels_command(struct session_call *call);
void pubsub_numsub_command(struct session_call *call);
void pubsub_shardnumsub_command(struct session_call *call);
void pubsub_numpat_command(struct session_call *call);
