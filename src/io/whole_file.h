/* whole_file.h -- small files, read and replaced as a whole: configuration, users. Blocking. */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"

/* Append all that is in it. ERR_LIMIT: that is more than `bytes_max`. */
MUST_USE enum err whole_file_read(const char *path, size_t bytes_max, struct buffer *text,
                                  struct fault *fault);

/* Written as PATH.partial, flushed, renamed, its folder flushed: the old one stays until the new
 * one is whole, and the new one stays when this has returned. */
MUST_USE enum err whole_file_replace(const char *path, struct slice text, struct fault *fault);
/* The same, for this user alone: mode 0600, from its first moment. */
MUST_USE enum err whole_file_replace_private(const char *path, struct slice text,
                                             struct fault *fault);
