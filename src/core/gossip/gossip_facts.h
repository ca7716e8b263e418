/*
 * gossip_facts.h -- what a node tells of itself and what seldom changes; gossip carries it as bytes
 * it does not look into. A newer version may add fields behind these: they are passed over.
 */
#pragma once

#include "base/buffer.h"
#include "core/gossip/gossip_msg.h"

enum { GOSSIP_LABEL_BYTES_MAX = 64, GOSSIP_VERSION_BYTES_MAX = 32 }; /* with the NUL */

struct gossip_facts {
    uint32_t lanes_count;
    uint32_t memory_mib, disk_mib;          /* all there is for it */
    char version[GOSSIP_VERSION_BYTES_MAX]; /* of the program */
    char host[GOSSIP_LABEL_BYTES_MAX];      /* labels: which machine … */
    char zone[GOSSIP_LABEL_BYTES_MAX];      /* … and where that is; "": not said */
    struct gossip_address client;           /* where clients reach lane 0; host "": nowhere */
};

/* Appends at most GOSSIP_FACTS_BYTES_MAX. */
void gossip_facts_write(const struct gossip_facts *facts, struct buffer *out);
MUST_USE bool gossip_facts_read(struct slice bytes, struct gossip_facts *facts);
