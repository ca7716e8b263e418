/*
 * io.h -- the world of one lane, as submissions and completions: sockets, the disk, wakes, time.
 *
 * A submission names a tag, and a completion brings it back. Nothing here blocks but io_wait, and
 * nothing calls back. Sockets are epoll; the disk is io_uring where the kernel allows it, else a
 * few threads: io_disk_name says which, and `disk` of the config can insist. An io belongs to the
 * thread that made it; only io_wake may be called from others. The simulator is another
 * implementation of this header.
 */
#pragma once

#include "base/fault.h"

struct io; /* opaque */

typedef struct {
    uint64_t n;
} io_tag; /* the submitter's own: what completions are told apart by */

typedef struct {
    int32_t n; /* -1: none */
} io_handle; /* a listener, a connection, or an open file; not soon given again once it is closed */

#define IO_NONE ((io_handle){-1})

enum io_disk { IO_DISK_AUTO, IO_DISK_URING, IO_DISK_THREADS };

struct io_config {
    enum io_disk disk;
    uint32_t receive_bytes; /* received in one turn over all connections; 0: 256 KiB */
};

/* With IO_DISK_URING on a kernel that refuses it: ERR_PERMISSION, and the fault says so. */
MUST_USE enum err io_new(const struct io_config *config, struct io **io, struct fault *fault);
void io_free(struct io *io); /* waits for what is under way on the disk; closes everything */
const char *io_disk_name(const struct io *io); /* "io_uring", "threads" */

enum io_kind {
    IO_ACCEPTED,  /* `handle` is a new connection; `tag` is the listener's */
    IO_RECEIVED,  /* `bytes`, borrowed until the next io_wait; len 0: the other end is closed */
    IO_SENDABLE,  /* after a short io_send: try again */
    IO_CONNECTED, /* or `err` */
    IO_BROKEN,    /* the connection failed; `err`. Close it */
    IO_DATAGRAM,  /* `bytes` came `from` there, whole; both borrowed as with IO_RECEIVED */
    IO_DISK_DONE, /* a disk submission; `err`, and `bytes_count` for reads */
    IO_WOKEN      /* somebody called io_wake since the last io_wait; tag 0 */
};

struct io_address;

struct io_completion {
    enum io_kind kind;
    enum err err;
    int32_t error_number; /* the system's, where err is not OK */
    io_handle handle;
    io_tag tag;
    struct slice bytes;
    const struct io_address *from;
    uint64_t bytes_count;
};

/* Completions that are there, at most `max` (2 or more); waits for the first until `deadline`
 * (monotonic, to the next millisecond; an earlier time: not at all). What was received in one call
 * of io_wait lies densely together. */
uint32_t io_wait(struct io *io, instant deadline, struct io_completion *completions, uint32_t max);
instant io_now(const struct io *io);     /* as of the return of the last io_wait: never before the
                                          * last of its bytes was received */
int64_t io_unix_ms(const struct io *io); /* the same moment on the wall clock */
void io_wake(struct io *io);             /* from any thread */

/* --- connections ----------------------------------------------------------------------------- */

struct io_address {
    char text[64]; /* "127.0.0.1", "::1"; a path for a Unix socket */
    uint16_t port; /* 0 with a path */
};

bool io_address_is_local(const struct io_address *address); /* of this machine alone */
/* A host by number or by name; who knows names may take a while to answer. ERR_NOT_FOUND: there is
 * no such name; the first of several addresses counts, IPv4 before others. */
MUST_USE enum err io_address_resolve(const char *host, uint16_t port, struct io_address *address,
                                     struct fault *fault);

/* Several lanes may listen on one port (SO_REUSEPORT). The fault names the address, and for a busy
 * port says that it is busy. Port 0: any; `*address` then says which. */
MUST_USE enum err io_listen(struct io *io, struct io_address *address, uint32_t backlog, bool share,
                            io_tag tag, io_handle *listener, struct fault *fault);
void io_accept_pause(struct io *io, io_handle listener, bool paused);
/* Who is there: of the connection, and our own end. */
void io_peer(const struct io *io, io_handle connection, struct io_address *peer,
             struct io_address *local);

/* An accepted connection's other end is asked after IO_KEEPALIVE_S of silence whether it is there,
 * or after so many seconds; 0: never. */
#define IO_KEEPALIVE_S 300
void io_keepalive(struct io *io, io_handle connection, uint32_t seconds);
/* An accepted connection is silent until this; from then on it gives IO_RECEIVED, with `tag`. */
void io_receive_start(struct io *io, io_handle connection, io_tag tag);
void io_receive_pause(struct io *io, io_handle connection, bool paused); /* backpressure */

/* Send as much as the system takes now, in order; `*sent` bytes. Short: IO_SENDABLE will come.
 * Slices are borrowed until it returns. */
MUST_USE enum err io_send(struct io *io, io_handle connection, const struct slice *slices,
                          uint32_t count, size_t *sent);
MUST_USE enum err io_connect(struct io *io, const struct io_address *to,
                             const struct io_address *from, io_tag tag, io_handle *connection,
                             struct fault *fault); /* `from` NULL: any; IO_CONNECTED will come */
/* Nothing of it comes any more. Of a file: waits for what is under way, whose memory is free then.
 */
void io_close(struct io *io, io_handle handle);
/* Stop sending at the end of what is sent, then close when the other end did or after a while. */
void io_close_gently(struct io *io, io_handle connection);

/* --- datagrams ------------------------------------------------------------------------------- */

enum { IO_DATAGRAM_BYTES_MAX = 1472 }; /* what an Ethernet frame has room for */

/* A UDP socket; from now on it gives IO_DATAGRAM with `tag`; longer ones are dropped. Port 0: any;
 * `*address` then says which. The fault names the address, as that of io_listen. */
MUST_USE enum err io_datagram_open(struct io *io, struct io_address *address, io_tag tag,
                                   io_handle *handle, struct fault *fault);
/* At most IO_DATAGRAM_BYTES_MAX. Whether it arrives nobody says, nor whether it left. */
void io_datagram_send(struct io *io, io_handle handle, const struct io_address *to,
                      struct slice bytes);

/* --- the disk -------------------------------------------------------------------------------- */

enum io_open {
    IO_OPEN_READ = 1,
    IO_OPEN_WRITE = 2,
    IO_OPEN_CREATE = 4, /* it must not be there */
    IO_OPEN_DIRECT = 8  /* O_DIRECT | O_DSYNC: writes are durable when done; offset, length and
                           memory in units of IO_BLOCK_BYTES. Where the file system has no O_DIRECT
                           (tmpfs), it is left out */
};
enum { IO_BLOCK_BYTES = 4096 };

/* Opening is done at once: it is rare, and quick. */
MUST_USE enum err io_open(struct io *io, const char *path, uint32_t how, io_handle *file,
                          struct fault *fault);
uint64_t io_file_bytes(const struct io *io, io_handle file);

/* Each ends in one IO_DISK_DONE with `tag`. Memory is borrowed until then. Submissions to one file
 * may be done in any order. A short write is continued inside. */
void io_write(struct io *io, io_handle file, uint64_t offset, struct slice bytes, io_tag tag);
void io_read(struct io *io, io_handle file, uint64_t offset, uint8_t *to, size_t size, io_tag tag);
void io_sync(struct io *io, io_handle file, io_tag tag); /* fdatasync */
/* Make the file `bytes` long, of written zeros, durable: later writes into it change no metadata.
 * ERR_NO_SPACE: the disk is full, and the file is as short as it was. */
void io_allocate(struct io *io, io_handle file, uint64_t bytes, io_tag tag);
void io_rename(struct io *io, const char *from, const char *to,
               io_tag tag); /* and fsync the folder */
void io_remove(struct io *io, const char *path, io_tag tag);

void *io_block_memory(size_t size); /* aligned for IO_OPEN_DIRECT; zeroed */
void io_block_memory_free(void *memory, size_t size);

/* For tests: what is done to disk submissions from now on. io_write and io_allocate are writes. */
struct io_faults {
    enum err write_err;     /* the next writes end so, nothing done; ERR_OK: they are done */
    uint32_t writes_before; /* that succeed first */
    duration delay;
};
void io_set_faults(struct io *io, const struct io_faults *faults);
