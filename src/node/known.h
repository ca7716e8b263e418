/*
 * known.h -- a node that starts again asks the others whether it still belongs to them: one that
 * was removed while it was away is met by nobody, and would wait for ever.
 */
#pragma once

#include "core/registry/registry.h"
#include "node/data_folder.h"

/* Asks a few of those that its copy of the registry knows. ERR_USAGE: it was removed; the fault
 * says what to do. That nobody answers is none: all may be starting. */
MUST_USE enum err known_check(const struct data_folder *folder, const struct registry *registry,
                              struct fault *fault);
