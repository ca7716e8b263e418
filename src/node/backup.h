/*
 * backup.h -- a data folder's contents out of it and back: folders of snapshots, a lane each.
 *
 *   DIR/lane-0/snapshot-…   as snapshot.h has it; each says which lane of how many it is
 *
 * Both sides are written aside, as DIR.partial, and get their name when all of it is on disk.
 */
#pragma once

#include "node/data_folder.h"

/* Of the folder of a node that does not run. What was done is told in `out`, a line for each
 * lane. ERR_EXISTS: `to` is there already, or a node runs. */
MUST_USE enum err node_backup(const char *data, const char *to, struct buffer *out,
                              struct fault *fault);

/* One that somebody else fills: `*aside` becomes an empty folder for it, in the arena. */
MUST_USE enum err node_backup_begin(struct arena *arena, const char *to, const char **aside,
                                    struct fault *fault);
/* Verifies every byte of it, and that all shards are there; only then it gets its name. With
 * another `err` than ERR_OK, which is then returned, or if it is not whole, what is there is
 * removed. */
MUST_USE enum err node_backup_end(struct arena *arena, const char *aside, const char *to,
                                  enum err err, struct buffer *out, struct fault *fault);

/* Snapshots of all shards of a lane into the folder `to`, which is there. `taken_out` as in lane.h:
 * then the folder's log stays as it is. */
MUST_USE enum err node_save_lane(struct arena *arena, const struct data_folder *folder,
                                 uint32_t number, bool taken_out, const char *to,
                                 uint64_t *keys_count, struct fault *fault);

/* A new data folder, with an identity of its own, out of a backup, every byte of which is verified
 * first. ERR_EXISTS: `data` is there already, and is not an empty folder. */
MUST_USE enum err node_restore(const char *from, const char *data, struct buffer *out,
                               struct fault *fault);
