/*
 * io_impl.h -- what the files behind io.h share.
 *
 * A handle is the number of a slot and that slot's generation, which moves on when the slot is
 * closed: what the system still says about the former holder is then recognised and dropped.
 */
#pragma once

#include "io/io.h"

enum {
    IO_SLOTS_MAX = 1 << 20,
    IO_GENERATION_SHIFT = 20,
    IO_GENERATIONS = 1 << 11, /* a handle is never negative */
    IO_EVENTS_MAX = 512,      /* taken from the system at once */
    IO_RECEIVE_LEAST = 512,   /* with less room left, the next turn is better */
    IO_SLOT_END = -1
};

enum slot_kind {
    SLOT_FREE,
    SLOT_LISTENER,
    SLOT_CONNECTING,
    SLOT_CONNECTION,
    SLOT_LINGERING,
    SLOT_DATAGRAM,
    SLOT_FILE
};

enum slot_flag {
    SLOT_READABLE = 1 << 0,   /* there may be bytes, or an end, to receive */
    SLOT_WRITABLE = 1 << 1,   /* became so since a send was short */
    SLOT_ENDING = 1 << 2,     /* the other end has closed: receive until the end shows */
    SLOT_FAILED = 1 << 3,     /* say so: IO_BROKEN */
    SLOT_RECEIVING = 1 << 4,  /* io_receive_start */
    SLOT_PAUSED = 1 << 5,     /* io_receive_pause, io_accept_pause */
    SLOT_SEND_SHORT = 1 << 6, /* owed an IO_SENDABLE */
    SLOT_OVER = 1 << 7,       /* its failure has been said: nothing more comes */
    SLOT_WATCHED = 1 << 8,    /* epoll knows it */
    SLOT_READY = 1 << 9,      /* in the list of slots that something is to be done for */
    SLOT_STARVED = 1 << 10,   /* a listener that waits for file descriptors */
    SLOT_ENDED = 1 << 11,     /* the end of what it received has been said */
    SLOT_DIRECT = 1 << 12,    /* a file with O_DIRECT */
};

struct io_slot {
    int fd;
    enum slot_kind kind;
    uint32_t generation;
    uint32_t flags;
    int32_t next, previous; /* in the list of ready slots; `next` also of free ones */
    int error_number;       /* with SLOT_FAILED */
    uint32_t under_way;     /* disk submissions of a file */
    io_tag tag;
};

struct io_lingering { /* closed gently, until then */
    io_handle handle;
    instant until;
};

struct io_lingerings { /* a ring, in the order of `until` */
    struct io_lingering *ring;
    uint32_t first, count, capacity;
};

struct disk;

struct io {
    int epoll, waker;
    instant now;
    int64_t unix_ms;
    struct io_slot *slots;
    uint32_t slots_count, slots_capacity;
    int32_t free_first;
    int32_t ready_first, ready_last;
    uint32_t ready_count;
    uint8_t *receive;
    size_t receive_bytes, receive_used;
    struct io_lingerings lingerings;
    int accept_below;     /* connections have descriptors below this: the rest is for files */
    instant accept_again; /* when starved listeners try again; 0: none is */
    bool woken;
    struct disk *disk;
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

/* --- io.c: slots, and the list of those that are ready --------------------------------------- */

/* A slot for `fd`, which it owns from here on. False: there are too many; `fd` is closed. */
MUST_USE bool slot_new(struct io *io, enum slot_kind kind, int fd, io_tag tag, io_handle *handle);
struct io_slot *slot_of(const struct io *io, io_handle handle);   /* of an open handle */
struct io_slot *slot_find(const struct io *io, io_handle handle); /* NULL: it was closed */
io_handle slot_handle(const struct io *io, const struct io_slot *slot);
void slot_free(struct io *io, struct io_slot *slot); /* does not close the descriptor */
void slot_ready(struct io *io, struct io_slot *slot);

/* --- io_socket.c, io_accept.c, io_datagram.c: what the system said, and what is to be done
 * ------------------- */

void socket_event(struct io *io, struct io_slot *slot, uint32_t events);
/* The next thing for a ready slot. It stays ready while there is more. */
void socket_step(struct io *io, struct io_slot *slot, struct gather *gather);
void socket_lingering_expire(struct io *io);
void datagram_step(struct io *io, struct io_slot *slot, struct gather *gather);
void listener_event(struct io *io, io_handle listener, struct gather *gather);
/* Why a socket is not bound there, in words. */
enum err listen_fault(const struct io_address *address, int error_number, struct fault *fault);
void listeners_feed(struct io *io); /* those that were starved, when it is time */

/* --- io_address.c ---------------------------------------------------------------------------- */

struct socket_address {
    union {
        uint8_t bytes[128];
        uint16_t family;
    };
    uint32_t len;
};

/* ERR_USAGE: neither a number of a host, nor a path. */
MUST_USE enum err address_parse(const struct io_address *from, struct socket_address *to,
                                struct fault *fault);
void address_of_socket(const struct socket_address *from, struct io_address *to);
bool address_is_path(const struct io_address *address);
int socket_open(const struct socket_address *address); /* as all of ours are; -1: errno */

/* --- io_disk.c ------------------------------------------------------------------------------- */

MUST_USE enum err disk_new(enum io_disk kind, struct disk **disk, struct fault *fault);
void disk_free(struct io *io);                /* waits */
int disk_descriptor(const struct disk *disk); /* an eventfd: disk_reap at each edge */
void disk_reap(struct io *io);
void disk_gather(struct io *io, struct gather *gather);
/* The next moment at which disk_gather has something: `deadline`, or earlier. */
instant disk_deadline(const struct io *io, instant deadline);
void disk_close_file(struct io *io, io_handle file); /* waits for what is under way */
