/* world_impl.h -- the io of one lane in a simulated world: io.h over net.c and disk.c. */
#pragma once

#include "sim/sim_impl.h"

enum { IO_SLOT_END = -1, IO_GENERATION_SHIFT = 20, IO_GENERATIONS = 1 << 11 };

enum slot_kind {
    SLOT_FREE,
    SLOT_LISTENER,
    SLOT_CONNECTING,
    SLOT_CONNECTION,
    SLOT_DATAGRAM,
    SLOT_FILE
};

enum slot_flag {
    SLOT_READY = 1 << 0,      /* in the list of those that something is to be done for */
    SLOT_RECEIVING = 1 << 1,  /* io_receive_start */
    SLOT_PAUSED = 1 << 2,     /* io_receive_pause, io_accept_pause */
    SLOT_ENDED = 1 << 3,      /* the end of what it received has been said */
    SLOT_OVER = 1 << 4,       /* its failure has been said: nothing more comes */
    SLOT_ANSWERED = 1 << 5,   /* how connecting went is known: `err` */
    SLOT_SEND_SHORT = 1 << 6, /* owed an IO_SENDABLE */
    SLOT_DIRECT = 1 << 7
};

enum { BACKLOG_MAX = 128, LETTERS_MAX = 256 };

struct io_slot {
    enum slot_kind kind;
    uint32_t generation, flags;
    int32_t next, previous; /* in the list of ready slots; `next` also of free ones */
    io_tag tag;
    /* a connection */
    uint64_t connection;
    uint32_t end; /* ours */
    enum err err;
    int error_number;
    /* a listener, or of datagrams */
    struct io_address address;
    struct letter *letters; /* datagrams that have come, oldest first */
    uint32_t letters_count;
    uint64_t *backlog; /* connections that wait, oldest first */
    uint32_t backlog_count, backlog_max;
    /* a file */
    struct inode *inode;
};

struct disk_op;

struct disk_op_list {
    struct disk_op *first, *last;
};

struct io {
    struct host *host;
    uint32_t lane;
    instant now;
    int64_t unix_ms;
    struct io_slot *slots;
    uint32_t slots_count, slots_capacity;
    int32_t free_first, ready_first, ready_last;
    uint8_t *receive;
    size_t receive_bytes, receive_used;
    bool woken;
    struct disk_op *under_way;    /* all of this io's: linked by next_under_way */
    struct disk_op_list finished; /* to be said */
};

struct gather { /* the completions of one io_wait */
    struct io_completion *completions;
    uint32_t count, max;
};

static inline struct io_completion *gather_add(struct gather *gather, enum io_kind kind, io_tag tag,
                                               io_handle handle)
{
    ASSERT(gather->count < gather->max);
    struct io_completion *completion = &gather->completions[gather->count++];
    *completion = (struct io_completion){.kind = kind, .tag = tag, .handle = handle};
    return completion;
}

/* --- slots (world_io.c) ------------------------------------------------------------------------
 */

struct io_slot *slot_new(struct io *io, enum slot_kind kind, io_tag tag, io_handle *handle);
struct io_slot *slot_of(const struct io *io, io_handle handle);
struct io_slot *slot_find(const struct io *io, io_handle handle); /* NULL: it was closed */
io_handle slot_handle(const struct io *io, const struct io_slot *slot);
void slot_free(struct io *io, struct io_slot *slot);
void slot_ready(struct io *io, struct io_slot *slot); /* and wants a turn */

/* --- world_socket.c -----------------------------------------------------------------------------
 */

void socket_step(struct io *io, struct io_slot *slot, struct gather *gather);
void socket_close(struct io *io, struct io_slot *slot, bool gently);

/* --- world_datagram.c --------------------------------------------------------------------------
 */

void datagram_step(struct io *io, struct io_slot *slot, struct gather *gather);
void datagram_close(struct io_slot *slot);

/* --- world_disk.c -------------------------------------------------------------------------------
 */

void disk_gather(struct io *io, struct gather *gather);
void disk_close_file(struct io *io, io_handle handle);
void disk_drop_all(struct io *io); /* what is under way is done, and nobody is told */
