/* log_fixture.h -- a log in a folder of its own, and what is on disk, to be damaged. */
#pragma once

#include "base/buffer.h"
#include "io/io.h"
#include "lane/log.h"

enum { LOG_FIXTURE_SEGMENT_BYTES = 16384 };

struct log_fixture {
    char folder[64];
    bool full;     /* open it on a disk that is full */
    struct io *io; /* while it is open: a process of its own */
    struct log *log;
};

struct log_fixture log_fixture_new(void);
void log_fixture_free(struct log_fixture *fixture);

void log_fixture_open(struct log_fixture *fixture, uint64_t last_position);
void log_fixture_close(struct log_fixture *fixture);
void log_fixture_turn(struct log_fixture *fixture); /* what is done on the disk, to the log */
enum log_room log_fixture_room(struct log_fixture *fixture, size_t bytes); /* waits, if soon */
/* Append a record whose payload is told by its index, of `bytes` bytes or a few more. */
void log_fixture_append(struct log_fixture *fixture, size_t bytes);
void log_fixture_flush(struct log_fixture *fixture); /* until all is durable, or the log failed */

/* The records found are those that were appended, one after the other. */
struct log_seen {
    uint64_t first_position; /* expected next */
    bool wrong;
};
enum err log_fixture_see(void *seen, const struct log_record *record, struct fault *fault);
enum err log_fixture_recover(const char *folder, uint64_t after, struct log_found *found,
                             struct log_seen *seen, struct fault *fault);

/* A file of the folder, whole, in memory. */
struct log_image {
    char path[256];
    struct buffer bytes;
};
enum { LOG_IMAGES_MAX = 16 };
struct log_images {
    struct log_image items[LOG_IMAGES_MAX];
    uint32_t count;
};
struct log_images log_images_read(const char *folder); /* those that have records, in order */
void log_images_free(struct log_images *images);
void log_image_write(const struct log_image *image, struct slice bytes);
