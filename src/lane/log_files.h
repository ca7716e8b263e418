/*
 * log_files.h -- the segments in a folder: which there are, and what their first blocks say.
 *
 * log-0000000007.segment; with .partial behind it while it is made ready, and with .damaged when
 * doctor has set it aside. The number is only a name: the order is that of the sequences.
 */
#pragma once

#include "lane/log_format.h"

enum log_use {
    LOG_USE_RECORDS, /* it has been written to: `header` is good */
    LOG_USE_NONE,    /* ready, and never written to */
    LOG_USE_UNCLEAR, /* neither its first block nor its first batch can be read */
    LOG_USE_PARTIAL, /* it was being made ready */
    LOG_USE_ASIDE    /* *.damaged */
};

struct log_file {
    const char *path;
    uint64_t number, bytes;
    enum log_use use;
    struct log_header header;
};

struct log_files {
    struct log_file *items; /* by use, then by sequence */
    uint32_t count;
    uint32_t used_count; /* that many have records; they come first */
    uint64_t last_number, last_sequence;
};

/* All in `arena`. ERR_LIMIT: one is of a newer format. */
MUST_USE enum err log_files_list(const char *folder, struct arena *arena, struct log_files *files,
                                 struct fault *fault);

enum { LOG_PATH_BYTES_MAX = 4096 };
/* `suffix` "": none. */
void log_file_path(char path[LOG_PATH_BYTES_MAX], const char *folder, uint64_t number,
                   const char *suffix);
