/* library.c -- see library.h. */
#include <dlfcn.h>

#include "io/library.h"

enum err library_open(const char *path, struct library *library, struct fault *fault)
{
    library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library->handle != NULL) return ERR_OK;
    return fault_set(fault, ERR_NOT_FOUND, "cannot load the plug-in: %s", dlerror());
}

void *library_symbol(const struct library *library, const char *name)
{
    return dlsym(library->handle, name);
}
