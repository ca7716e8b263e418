/*
 * writer.h -- one output part: buffered, compressed where asked, flushed and counted.
 */
#pragma once

#include "base/fault.h"
#include "core/mapreduce/job_spec.h"
#include "io/file.h"

struct writer; /* opaque; writer_free frees it */

/* `file` is borrowed and must stay open; the writer appends to it from its start. */
struct writer *writer_new(struct file *file, enum compression compress);
MUST_USE enum err writer_put(struct writer *writer, struct slice bytes, struct fault *fault);
/* `key TAB value LF`, or `key LF` where the value is empty. */
MUST_USE enum err writer_put_line(struct writer *writer, struct slice key, struct slice value,
                                  struct fault *fault);
/* Write what is held, end the compressed stream, and with `fsync` flush it to the disk. */
MUST_USE enum err writer_finish(struct writer *writer, bool fsync, struct fault *fault);
uint64_t writer_bytes(const struct writer *writer); /* put so far, before compression */
void writer_free(struct writer *writer);
