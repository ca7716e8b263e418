/* registry_copy.c -- see registry_copy.h. */
#include "lane/registry_copy.h"

#include "io/file.h"
#include "io/summed_file.h"

enum { REGISTRY_BYTES_MAX = 16 << 20 };

enum err registry_copy_write(const char *path, struct slice registry, struct fault *fault)
{
    return summed_file_replace(path, registry, fault);
}

enum err registry_copy_read(const char *path, struct buffer *bytes, struct registry **registry,
                            struct fault *fault)
{
    static const char advice[] =
        "copy that file from another node of the cluster, which may run; "
        "if there is none, 'tutti recover' makes a new one of what is here";
    size_t before = bytes->len;
    *registry = NULL;
    if (!path_exists(path)) return ERR_OK;
    enum err err = summed_file_read(path, REGISTRY_BYTES_MAX, bytes, fault);
    if (err == ERR_CORRUPT) {
        struct fault found = *fault;
        return fault_set(fault, err, "%s; %s", found.text, advice);
    }
    if (err != ERR_OK) return err;
    *registry = registry_read(slice_from(buffer_slice(bytes), before));
    if (*registry != NULL) return ERR_OK;
    return fault_set(fault, ERR_CORRUPT,
                     "%s cannot be read: it is damaged, or a newer tutti wrote it: start that one, "
                     "or %s",
                     path, advice);
}
