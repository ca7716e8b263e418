/* log_impl.h -- the parts of an open log: log.c gathers and writes, log_space.c makes segments. */
#pragma once

#include "lane/log_files.h"

enum {
    LOG_WRITES_MAX = 2, /* on their way at once */
    LOG_SPARES_MAX = LOG_WRITES_MAX + 1
};

enum {
    TAG_WRITE, /* and as many as LOG_WRITES_MAX */
    TAG_ALLOCATE = TAG_WRITE + LOG_WRITES_MAX,
    TAG_RENAME,
    TAG_REMOVE /* nobody waits for it */
};

enum { FREE_SEGMENTS_MAX = 2 }; /* kept to be used again */

/* Records on their way to the disk: room for a segment's header, one batch, padding. */
struct log_gather {
    uint8_t *memory; /* io_block_memory; NULL: none yet */
    size_t capacity;
    size_t len; /* of the records */
    uint64_t first_position, records_count;
};

struct log_write { /* a batch on its way */
    struct log_gather gather;
    bool under_way, done;
    bool starts_segment; /* the segment's header is in it */
    instant began;
};

enum segment_state {
    SEGMENT_FREE, /* ready to be written to; open */
    SEGMENT_FULL  /* has records, and gets no more */
};

struct log_file_state {
    enum segment_state state;
    io_handle handle; /* IO_NONE while it is full */
    uint64_t number, bytes;
    uint64_t first_position; /* of a full one */
    bool inherited;          /* from an earlier process */
};

enum making {
    MAKING_NONE,
    MAKING_ALLOCATE,
    MAKING_RENAME,
    MAKING_LATER /* the disk is full; again at `again_at` */
};

/* The one segment that is being made ready. */
struct log_making {
    enum making state;
    bool disk_full; /* the last attempt found it so */
    instant again_at;
    io_handle handle; /* of NAME.partial */
    uint64_t number, bytes;
};

struct log {
    struct io *io;
    struct log_config config;
    uint64_t salt;
    uint32_t salt_crc;

    uint64_t last_position, durable_position;
    struct log_gather gathering;
    bool together; /* what is appended are parts of one record, which is not counted yet */
    uint32_t parts_count;
    size_t parts_len;
    struct log_gather spares[LOG_SPARES_MAX]; /* empty, with memory */
    uint32_t spares_count;
    struct log_write writes[LOG_WRITES_MAX]; /* a ring: the oldest is at `writes_first` */
    uint32_t writes_first, writes_count;

    struct log_file_state current; /* handle IO_NONE: there is none */
    uint64_t current_at;           /* where its next batch goes */
    struct log_file_state *others; /* free ones, and full ones in the order of their records */
    uint32_t others_count, others_capacity;
    uint64_t last_number, last_sequence;
    struct log_making making;

    bool has_failed;
    struct fault fault;
    struct log_stats stats;
};

/* --- log_space.c ------------------------------------------------------------------------------ */

void log_fail(struct log *log, int error_number, const char *what, uint64_t number);

/* A block for the header, then a batch with `records_bytes` of records. */
uint64_t log_segment_bytes_for(uint64_t records_bytes);
uint64_t log_batch_room(const struct log *log); /* bytes left in the current one */
/* The first free segment of at least `bytes`; NULL: none. */
struct log_file_state *log_find_free(struct log *log, uint64_t bytes);
/* See that a free one of `bytes` is there soon. */
void log_want_segment(struct log *log, uint64_t bytes);
void log_make_first(struct log *log);
/* See that any is; a full disk is asked again after a while. */
void log_keep_ready(struct log *log);
/* End the current one, and go on in `next`, which is taken out of `others`. */
void log_switch_to(struct log *log, struct log_file_state *next, uint64_t first_position);
void log_space_complete(struct log *log, const struct io_completion *completion);
MUST_USE enum err log_space_open(struct log *log, struct fault *fault);
void log_space_close(struct log *log);
