/*
 * library.h -- a shared library of somebody else, loaded into this process.
 */
#pragma once

#include "base/fault.h"

struct library {
    void *handle; /* NULL: not open */
};

/* The linker's own words are in the fault. A library is never unloaded: it may have left threads
 * and exit handlers behind. */
MUST_USE enum err library_open(const char *path, struct library *library, struct fault *fault);

void *library_symbol(const struct library *library, const char *name); /* NULL: it has none */
