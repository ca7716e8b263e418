/*
 * summed_file.h -- small files, read and replaced as a whole (whole_file.h), that end in a line
 * with their own checksum: "checksum ", eight hex digits of the CRC32C of all before it, and an end
 * of line. So a byte that flips on the disk is found, and named. Blocking.
 */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"

/* Append what is in it, without that line. One without it is read as it is: an older version has
 * written it. ERR_CORRUPT: it is damaged; the fault names the file and the byte, and the caller
 * adds what to do. ERR_LIMIT: it has more than `bytes_max`. */
MUST_USE enum err summed_file_read(const char *path, size_t bytes_max, struct buffer *text,
                                   struct fault *fault);
MUST_USE enum err summed_file_replace(const char *path, struct slice text, struct fault *fault);
/* For this user alone: mode 0600. */
MUST_USE enum err summed_file_replace_private(const char *path, struct slice text,
                                              struct fault *fault);
