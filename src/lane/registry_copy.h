/*
 * registry_copy.h -- the file in which a node keeps what it last knew of its cluster: the registry,
 * with a checksum (io/summed_file.h). Blocking.
 */
#pragma once

#include "core/registry/registry.h"

MUST_USE enum err registry_copy_write(const char *path, struct slice registry, struct fault *fault);
/* `*registry` ends with registry_free; NULL: there is no such file. Its bytes are appended. Else
 * the fault names the file, the byte that is damaged, and what to do. */
MUST_USE enum err registry_copy_read(const char *path, struct buffer *bytes,
                                     struct registry **registry, struct fault *fault);
