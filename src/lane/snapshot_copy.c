/* snapshot_copy.c -- giving a snapshot its place in another log. The file appears whole or not at
 * all: it is written aside, flushed, and renamed. */
#include <stdio.h>

#include "io/file.h"
#include "lane/snapshot_format.h"

/* The own part is the folder's: the rest, and its checksums, stay. */
static enum err place(struct file *from, struct file *to, uint64_t position, struct fault *fault)
{
    uint8_t start[SNAPSHOT_HEADER_BYTES], own[SNAPSHOT_OWN_BYTES];
    struct snapshot_header header;
    uint32_t crc = 0, version = 0;
    size_t got = 0;
    enum err err = file_read_at(from, 0, start, sizeof start, &got, fault);
    if (err != ERR_OK) return err;
    if (snapshot_header_read(slice_of(start, got), &header, &crc, &version) !=
        SNAPSHOT_HEADER_GOOD) {
        return fault_set(fault, ERR_CORRUPT, "%s, offset 0: it does not begin as a snapshot does",
                         from->label);
    }
    if (version == 1) return ERR_OK;
    snapshot_own_write(own, crc, position);
    return file_write_at(to, SNAPSHOT_OWN_AT, slice_of(own, sizeof own), fault);
}

static enum err copy(struct file *from, const char *aside, uint64_t position, struct fault *fault)
{
    struct file to;
    uint64_t bytes = 0;
    enum err err = file_size(from, &bytes, fault);
    if (err == ERR_OK) err = file_create(aside, &to, fault);
    if (err != ERR_OK) return err;
    err = file_copy(from, bytes, &to, NULL, fault);
    if (err == ERR_OK) err = place(from, &to, position, fault);
    if (err == ERR_OK) err = file_sync(&to, fault);
    file_close(&to);
    return err;
}

enum err snapshot_copy(const char *from, const char *to, uint64_t position, struct fault *fault)
{
    char aside[SNAPSHOT_PATH_MAX];
    struct file file;
    int length = snprintf(aside, sizeof aside, "%s" SNAPSHOT_PARTIAL, to);
    if (length < 0 || (size_t)length >= sizeof aside) {
        return fault_set(fault, ERR_LIMIT, "the path %.300s… is too long", to);
    }
    file_remove(aside); /* of an attempt that power ended */
    enum err err = file_open_read(from, &file, fault);
    if (err != ERR_OK) return err;
    err = copy(&file, aside, position, fault);
    file_close(&file);
    if (err == ERR_OK) err = file_rename(aside, to, fault);
    if (err != ERR_OK) file_remove(aside);
    return err;
}
