/*
 * report.h -- what shards' leaders tell the root's leader, once a second, as bytes. It is kept in
 * memory only: who leads the root next hears it anew.
 */
#pragma once

#include "base/cursor.h"
#include "core/registry/planner.h"

/* A frame of LINK_REPORTS begins with one of these, as a byte. */
enum report_kind {
    REPORT_SHARDS = 1, /* then a run of reports */
    REPORT_FACTS,      /* then a MEMBER_FACTS event of the sender itself: it has moved */
    REPORT_WISH        /* then an event that a person has asked for: a MEMBER_STATE or a SETTING;
                          or MEMBER_FACTS of a node that nobody is linked to */
};

void report_write(shard_id shard, const struct planner_report *report, struct buffer *out);
/* False: it is none. The leader and when it was heard are the reader's to fill in. */
MUST_USE bool report_read(struct cursor *in, shard_id *shard, struct planner_report *report);
