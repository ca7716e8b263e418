/*
 * replica.h -- one replica of a shard: the driver of core/raft, with the log and the links of
 * its lane, and its store.
 *
 * On the leader the store is at the end of the log, ahead of what is committed; on a follower it is
 * at the commit. Where entries are replaced that the store has already seen, it is loaded again
 * from the snapshot and the log (a reload). A solo lane is a group of one, by the same code.
 */
#pragma once

#include "core/raft/raft.h"
#include "lane/link.h"

struct lane_replication_config {
    struct raft_config raft;
    struct link_config link;
    uint64_t snapshot_bytes_a_second; /* to members that are filled; 0: as fast as it goes */
};

/* What a node tells of itself when a link comes up (LINK_STATE): has it ever had data? */
enum replica_state {
    REPLICA_NEW = 1, /* never: an empty folder */
    REPLICA_WHOLE,
    REPLICA_RECOVERING /* its folder was lost or damaged */
};
