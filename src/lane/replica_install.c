/*
 * replica_install.c -- a snapshot that comes from the leader in parts, and takes the place of the
 * store and of the log.
 *
 * Invariants
 *   N1  the file gets its name only when all of it is on disk, and behind its place in our log
 *       there is, on disk, what must not be forgotten [R2].
 *   N2  its place in our log is the log's end, and nothing of this replica but HARD records comes
 *       behind it until it is installed [P4].
 *   N3  a part goes to the file only where the last one ended, and only if its checksums are right
 *       as far as it goes; the last only if it ends a whole snapshot.
 */
#include "lane/replica_impl.h"

#include "io/file.h"
#include "lane/snapshot_format.h"

bool replica_is_installing(const struct replica *replica)
{
    return replica->install.stage > INSTALL_PARTS;
}

static void forget(struct replica *replica)
{
    struct replica_install *install = &replica->install;
    if (install->file.n >= 0) {
        io_close(replica->lane->io, install->file);
        file_remove(install->path);
    }
    install->file = IO_NONE;
    install->stage = INSTALL_NONE;
    install->writing = install->due = false;
    buffer_free(&install->part);
    replica_fill_forget(replica);
}

static void tell_stored(struct replica *replica, bool ok)
{
    struct replica_install *install = &replica->install;
    struct raft_event event = {.kind = RAFT_EV_CHUNK_STORED,
                               .pos = install->pos,
                               .offset = install->stored_bytes,
                               .ok = ok};
    if (!ok) forget(replica);
    replica_step(replica, &event);
    if (!ok || install->stored_bytes < install->total_bytes) return;
    if (replica->lane->out.install) {
        shard_save_abort(replica->shard);
        install->stage = INSTALL_QUIET;
    } else {
        forget(replica); /* what is in it has come in another way */
    }
}

/* --- parts ------------------------------------------------------------------------------------ */

static bool begin(struct replica *replica, const struct raft_chunk *chunk)
{
    struct replica_install *install = &replica->install;
    const char *folder = replica->lane->config.folder;
    shard_id shard = replica->shard->number;
    struct fault ignored; /* the leader begins again, after a while */
    forget(replica);
    install->pos = chunk->pos;
    install->total_bytes = chunk->total_bytes;
    install->stored_bytes = 0;
    if (install->path == NULL) {
        install->path = ARENA_ARRAY(replica->shard->arena, char, REPLICA_PATH_MAX);
        install->name = ARENA_ARRAY(replica->shard->arena, char, REPLICA_PATH_MAX);
    }
    snapshot_path(install->path, folder, shard, chunk->pos.index, SNAPSHOT_RECEIVED);
    snapshot_path(install->name, folder, shard, chunk->pos.index, "");
    file_remove(install->path);
    enum err err = io_open(replica->lane->io, install->path, IO_OPEN_WRITE | IO_OPEN_CREATE,
                           &install->file, &ignored);
    if (err != ERR_OK) {
        install->file = IO_NONE;
        return false;
    }
    install->stage = INSTALL_PARTS;
    return true;
}

/* The first part must have the whole header, and be of what raft was told. */
static bool header_fits(const struct replica *replica, const struct raft_chunk *chunk)
{
    struct snapshot_header header;
    uint32_t crc, version;
    if (snapshot_header_read(chunk->bytes, &header, &crc, &version) != SNAPSHOT_HEADER_GOOD) {
        return false;
    }
    return version > 1 && header.index == chunk->pos.index && header.term == chunk->pos.term &&
           shard_eq(header.shard, replica->shard->number) && header.members.count > 0;
}

static bool part_fits(const struct replica *replica, const struct raft_chunk *chunk) /* [N3] */
{
    const struct replica_install *install = &replica->install;
    if (chunk->bytes.len == 0 || chunk->offset > chunk->total_bytes) return false;
    if (chunk->bytes.len > chunk->total_bytes - chunk->offset) return false;
    if (chunk->offset == 0) return header_fits(replica, chunk);
    return install->stage == INSTALL_PARTS && raft_pos_cmp(install->pos, chunk->pos) == 0 &&
           install->total_bytes == chunk->total_bytes && install->stored_bytes == chunk->offset;
}

static bool is_sound(struct replica_install *install, const struct raft_chunk *chunk) /* [N3] */
{
    bool first = chunk->offset == 0, last = chunk->offset + chunk->bytes.len == chunk->total_bytes;
    if (first && !snapshot_check_begin(&install->check, chunk->bytes)) return false;
    return snapshot_check_more(&install->check, chunk->bytes) && install->check.is_whole == last;
}

static void write_part(struct replica *replica)
{
    struct replica_install *install = &replica->install;
    io_tag tag;
    install->due = !lane_slot_take(replica->lane, replica, NULL, &tag);
    if (install->due) return; /* in a later turn */
    io_write(replica->lane->io, install->file, install->stored_bytes, buffer_slice(&install->part),
             tag);
}

/* Called while an outbox is settled: what is to be told to raft is told in the next turn. */
void replica_install_part(struct replica *replica, const struct raft_chunk *chunk)
{
    struct replica_install *install = &replica->install;
    if (install->writing || replica_is_installing(replica)) return;
    bool good = part_fits(replica, chunk);
    if (good && chunk->offset == 0) good = begin(replica, chunk);
    if (!good || !is_sound(install, chunk)) {
        install->failed = true;
        install->pos = chunk->pos;
        return;
    }
    buffer_clear(&install->part);
    buffer_append(&install->part, chunk->bytes);
    if (chunk->offset == 0) {
        struct cursor cursor = cursor_of(slice_from(chunk->bytes, 12)); /* the checksum's place */
        install->header_crc = cursor_u32(&cursor);
    }
    install->writing = true;
    write_part(replica); /* [N3] */
}

/* --- when all are there ----------------------------------------------------------------------- */

static void write_own(struct replica *replica)
{
    struct replica_install *install = &replica->install;
    const struct log *log = replica->lane->log;
    io_tag tag;
    if (!replica_is_durable(replica) || !lane_slot_take(replica->lane, replica, NULL, &tag)) return;
    install->position = log_last(log); /* [N2] */
    replica_log_hard(replica);
    install->hard_position = log_last(log);
    snapshot_own_write(install->own, install->header_crc, install->position);
    install->stage = INSTALL_OWN;
    install->writing = true;
    io_write(replica->lane->io, install->file, SNAPSHOT_OWN_AT,
             slice_of(install->own, SNAPSHOT_OWN_BYTES), tag);
}

static void sync_when_hard(struct replica *replica)
{
    struct replica_install *install = &replica->install;
    io_tag tag;
    if (log_durable(replica->lane->log) < install->hard_position) return;
    if (!lane_slot_take(replica->lane, replica, NULL, &tag)) return;
    install->stage = INSTALL_SYNC;
    install->writing = true;
    io_sync(replica->lane->io, install->file, tag);
}

static void rename_it(struct replica *replica) /* [N1] */
{
    struct replica_install *install = &replica->install;
    io_tag tag;
    if (!lane_slot_take(replica->lane, replica, NULL, &tag)) return;
    io_close(replica->lane->io, install->file);
    install->file = IO_NONE;
    install->stage = INSTALL_RENAME;
    install->writing = true;
    io_rename(replica->lane->io, install->path, install->name, tag);
}

static void part_written(struct replica_install *install)
{
    install->stored_bytes += install->part.len;
    install->tell = true;
}

void replica_install_complete(struct replica *replica, const struct io_completion *completion)
{
    struct replica_install *install = &replica->install;
    if (!install->writing) return;
    install->writing = false;
    if (completion->err != ERR_OK) {
        install->failed = true;
        return;
    }
    switch (install->stage) {
    case INSTALL_PARTS: part_written(install); break;
    case INSTALL_OWN: install->stage = INSTALL_HARD; break;
    case INSTALL_SYNC: install->stage = INSTALL_SYNCED; break;
    case INSTALL_RENAME: install->stage = INSTALL_NAMED; break;
    case INSTALL_NONE:
    case INSTALL_QUIET:
    case INSTALL_HARD:
    case INSTALL_SYNCED:
    case INSTALL_NAMED:
    case INSTALL_LOAD: break;
    }
}

void replica_install_turn(struct replica *replica)
{
    struct replica_install *install = &replica->install;
    if (install->failed) {
        install->failed = install->tell = false;
        tell_stored(replica, false);
        return;
    }
    if (install->due) write_part(replica);
    if (install->tell) {
        install->tell = false;
        tell_stored(replica, true);
    }
    switch (install->stage) {
    case INSTALL_QUIET: write_own(replica); break;
    case INSTALL_HARD: sync_when_hard(replica); break;
    case INSTALL_SYNCED: rename_it(replica); break;
    case INSTALL_NAMED:
    case INSTALL_LOAD: replica_fill_turn(replica); break;
    case INSTALL_NONE:
    case INSTALL_PARTS:
    case INSTALL_OWN:
    case INSTALL_SYNC:
    case INSTALL_RENAME: break;
    }
}

void replica_install_close(struct replica *replica)
{
    forget(replica);
}
