/* part.c -- see part.h. */
#include <stdio.h>
#include <stdlib.h>

#include "work/output/part.h"

enum { PART_PATH_MAX = 4096 };

struct part {
    struct sink sink; /* first: the functions get its address */
    struct part_config config;
    struct file file;
    struct writer *writer;
    uint64_t pairs;
    bool value_begun; /* the TAB of the pair at hand is written */
    bool committed;
    char path[PART_PATH_MAX];
};

void part_name(uint32_t number, enum compression compress, char *name)
{
    const char *ending = compress == COMPRESSION_GZ    ? ".gz"
                         : compress == COMPRESSION_ZST ? ".zst"
                                                       : "";
    (void)snprintf(name, PART_NAME_MAX, "part-%05u%s", number, ending);
}

static enum err sink_begin_line(struct sink *sink, struct slice key, struct fault *fault)
{
    struct part *part = (struct part *)sink;
    part->value_begun = false;
    return writer_put(part->writer, key, fault);
}

static enum err sink_append_value(struct sink *sink, struct slice bytes, struct fault *fault)
{
    struct part *part = (struct part *)sink;
    if (bytes.len == 0) return ERR_OK;
    enum err err = ERR_OK;
    if (!part->value_begun) err = writer_put(part->writer, SLICE("\t"), fault);
    part->value_begun = true;
    return err == ERR_OK ? writer_put(part->writer, bytes, fault) : err;
}

static enum err sink_end_line(struct sink *sink, struct fault *fault)
{
    struct part *part = (struct part *)sink;
    part->pairs++;
    return writer_put(part->writer, SLICE("\n"), fault);
}

enum err part_new(const struct part_config *config, struct part **out, struct fault *fault)
{
    *out = NULL;
    struct part *part = calloc(1, sizeof *part);
    ASSERT(part != NULL);
    part->config = *config;
    part->sink = (struct sink){sink_begin_line, sink_append_value, sink_end_line};
    int len = snprintf(part->path, sizeof part->path, "%s/.part-%05u.%u", config->folder,
                       config->number, config->attempt);
    part->file.fd = -1;
    enum err err = ERR_OK;
    if (len < 0 || (size_t)len >= sizeof part->path) {
        err = fault_set(fault, ERR_TOO_LONG, "the path of the output is too long: %s",
                        config->folder);
    }
    if (err == ERR_OK) err = file_create(part->path, &part->file, fault);
    if (err != ERR_OK) {
        free(part);
        return err;
    }
    part->writer = writer_new(&part->file, config->compress);
    *out = part;
    return ERR_OK;
}

struct sink *part_sink(struct part *part)
{
    return &part->sink;
}

struct writer *part_writer(struct part *part)
{
    return part->writer;
}

enum err part_put(struct part *part, struct slice key, struct slice value, struct fault *fault)
{
    part->pairs++;
    return writer_put_line(part->writer, key, value, fault);
}

enum err part_commit(struct part *part, struct fault *fault)
{
    enum err err = writer_finish(part->writer, part->config.fsync, fault);
    if (err != ERR_OK) return err;
    char name[PART_NAME_MAX], path[PART_PATH_MAX];
    part_name(part->config.number, part->config.compress, name);
    int len = snprintf(path, sizeof path, "%s/%s", part->config.folder, name);
    ASSERT(len > 0);
    if ((size_t)len >= sizeof path) {
        return fault_set(fault, ERR_TOO_LONG, "the path of the output is too long: %s",
                         part->config.folder);
    }
    err = file_rename(part->path, path, fault);
    part->committed = err == ERR_OK;
    return err;
}

uint64_t part_bytes(const struct part *part)
{
    return writer_bytes(part->writer);
}

uint64_t part_pairs(const struct part *part)
{
    return part->pairs;
}

void part_free(struct part *part)
{
    if (part == NULL) return;
    writer_free(part->writer);
    file_close(&part->file);
    if (!part->committed) file_remove(part->path);
    free(part);
}
