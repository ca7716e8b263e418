/*
 * lane_filing.c -- the files that say which shards are here come and go while the lane goes on: a
 * flush may take as long as an election.
 *
 * Invariants
 *   F1  a shard is opened when its file is on disk under its name [H1].
 *   F2  once its file is being taken away a shard is dropped, whatever is wanted then; and only
 *       when it has no other file.
 */
#include <stdlib.h>

#include "io/file.h"
#include "lane/replica_impl.h"
#include "lane/snapshot_format.h"

enum filing_stage {
    FILING_WRITE,
    FILING_SYNC,
    FILING_RENAME,
    FILING_DONE,
    FILING_CLEAR, /* what an earlier try has left is taken away */
    FILING_FAILED
};

struct lane_filing {
    enum filing_stage stage;
    bool drops;
    shard_id shard;
    struct raft_members members; /* of one that is opened */
    uint64_t position;           /* the same */
    uint64_t index;              /* of the snapshot of one that is dropped */
    io_handle file;              /* IO_NONE: it is closed */
    uint8_t bytes[SNAPSHOT_EMPTY_BYTES];
    char partial[SNAPSHOT_PATH_MAX], path[SNAPSHOT_PATH_MAX];
};

static io_tag tag_of(uint32_t slot)
{
    return (io_tag){LANE_TAG_FILING + slot};
}

bool lane_filing_has(const struct lane *lane, shard_id shard)
{
    for (uint32_t i = 0; i < LANE_FILINGS; i++) {
        if (lane->filings[i] != NULL && shard_eq(lane->filings[i]->shard, shard)) return true;
    }
    return false;
}

bool lane_filing_is_idle(const struct lane *lane)
{
    for (uint32_t i = 0; i < LANE_FILINGS; i++) {
        if (lane->filings[i] != NULL) return false;
    }
    return true;
}

/* NULL: enough is under way. */
static struct lane_filing *filing_new(struct lane *lane, shard_id shard, uint32_t *slot)
{
    for (uint32_t i = 0; i < LANE_FILINGS; i++) {
        if (lane->filings[i] != NULL) continue;
        struct lane_filing *filing = calloc(1, sizeof *filing);
        ASSERT(filing != NULL);
        filing->shard = shard;
        filing->file = IO_NONE;
        lane->filings[i] = filing;
        *slot = i;
        return filing;
    }
    return NULL;
}

static void filing_free(struct lane *lane, uint32_t slot)
{
    struct lane_filing *filing = lane->filings[slot];
    if (filing->file.n >= 0) io_close(lane->io, filing->file);
    lane->filings[slot] = NULL;
    free(filing);
}

void lane_filing_open(struct lane *lane, const struct snapshot_header *header)
{
    const char *folder = lane->config.folder;
    struct fault ignored; /* it is tried again */
    uint32_t slot;
    struct lane_filing *filing = filing_new(lane, header->shard, &slot);
    if (filing == NULL) return;
    filing->members = header->members;
    filing->position = header->position;
    snapshot_empty_write(filing->bytes, header);
    snapshot_path(filing->path, folder, header->shard, header->index, "");
    snapshot_path(filing->partial, folder, header->shard, header->index, SNAPSHOT_PARTIAL);
    enum err err =
        io_open(lane->io, filing->partial, IO_OPEN_WRITE | IO_OPEN_CREATE, &filing->file, &ignored);
    if (err != ERR_OK) {
        filing->file = IO_NONE;
        filing->stage = FILING_CLEAR;
        io_remove(lane->io, filing->partial, tag_of(slot));
        return;
    }
    io_write(lane->io, filing->file, 0, slice_of(filing->bytes, sizeof filing->bytes),
             tag_of(slot));
}

static void rename_away(struct lane *lane, uint32_t slot)
{
    struct lane_filing *filing = lane->filings[slot];
    const struct replica *replica = lane_shard(lane, filing->shard)->replica;
    if (replica->snapshot_bytes == 0) { /* of an older format, and never saved */
        filing->stage = FILING_DONE;
        return;
    }
    filing->stage = FILING_RENAME;
    filing->index = replica->snapshot.index;
    snapshot_path(filing->path, lane->config.folder, filing->shard, filing->index, "");
    snapshot_path(filing->partial, lane->config.folder, filing->shard, filing->index,
                  SNAPSHOT_DROPPED);
    io_rename(lane->io, filing->path, filing->partial, tag_of(slot));
}

void lane_filing_drop(struct lane *lane, shard_id shard)
{
    uint32_t slot;
    struct lane_filing *filing = filing_new(lane, shard, &slot);
    if (filing == NULL) return;
    filing->drops = true;
    rename_away(lane, slot);
}

/* --- going on --------------------------------------------------------------------------------- */

void lane_filing_complete(struct lane *lane, const struct io_completion *completion)
{
    uint32_t slot = (uint32_t)(completion->tag.n - LANE_TAG_FILING);
    struct lane_filing *filing = lane->filings[slot];
    if (filing == NULL) return;
    if (filing->stage == FILING_CLEAR || completion->err != ERR_OK) {
        filing->stage = FILING_FAILED;
        return;
    }
    switch (filing->stage) {
    case FILING_WRITE:
        filing->stage = FILING_SYNC;
        io_sync(lane->io, filing->file, tag_of(slot));
        break;
    case FILING_SYNC:
        filing->stage = FILING_RENAME;
        io_close(lane->io, filing->file);
        filing->file = IO_NONE;
        io_rename(lane->io, filing->partial, filing->path, tag_of(slot)); /* [F1] */
        break;
    case FILING_RENAME: filing->stage = FILING_DONE; break;
    case FILING_DONE:
    case FILING_CLEAR:
    case FILING_FAILED: break;
    }
}

static bool uses_files(const struct lane *lane, const struct replica *replica)
{
    for (uint32_t i = 0; i < LANE_SLOTS; i++) {
        if (lane->slots[i].replica == replica) return true;
    }
    return replica_is_installing(replica); /* it may have its name already */
}

static void end_drop(struct lane *lane, uint32_t slot)
{
    const struct lane_filing *filing = lane->filings[slot];
    struct shard *shard = lane_shard(lane, filing->shard);
    const struct replica *replica = shard->replica;
    if (uses_files(lane, replica) || shard->transaction.active) return;
    if (replica->snapshot_bytes > 0 && replica->snapshot.index != filing->index) {
        rename_away(lane, slot); /* [F2]: another took its place meanwhile */
        return;
    }
    if (replica->snapshot_bytes > 0) {
        io_remove(lane->io, filing->partial, (io_tag){LANE_TAG_SNAPSHOT + SNAPSHOT_TAG_REMOVE});
    }
    filing_free(lane, slot);
    lane_remove_shard(lane, shard);
}

void lane_filing_turn(struct lane *lane)
{
    for (uint32_t i = 0; i < LANE_FILINGS; i++) {
        struct lane_filing *filing = lane->filings[i];
        if (filing == NULL) continue;
        if (filing->stage == FILING_FAILED) {
            filing_free(lane, i); /* whoever wants it asks again */
        } else if (filing->stage == FILING_DONE && filing->drops) {
            end_drop(lane, i);
        } else if (filing->stage == FILING_DONE) {
            lane_add_shard(lane, filing->shard, &filing->members, filing->position);
            filing_free(lane, i);
        }
    }
}

void lane_filing_close(struct lane *lane)
{
    for (uint32_t i = 0; i < LANE_FILINGS; i++) {
        if (lane->filings[i] != NULL) filing_free(lane, i);
    }
}
