/*
 * snapshot_fuzz.c -- snapshot files of any bytes, and files whose frame is good around records of
 * any bytes. They are refused, or loaded into a store that is sound.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc.h"
#include "lane/snapshot_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(struct slice bytes)
{
    char path[64];
    struct snapshot_header header;
    struct fault fault;
    uint64_t keys;
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    ASSERT(fd >= 0);
    ssize_t written = write(fd, bytes.data, bytes.len);
    ASSERT(written == (ssize_t)bytes.len);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum err seen = snapshot_verify(path, &header, &keys, &fault);
    struct store_config config = {.seed = 1};
    struct store *store = store_new(&config);
    enum err err = snapshot_load(path, store, &header, &keys, &fault);
    ASSERT(seen == ERR_OK || err == seen);
    store_check(store);
    store_free(store);
    (void)close(fd);
}

/* The records in one block. The first byte of the input says how many they claim to be. */
static void load_framed(struct slice records)
{
    struct buffer file = {0};
    uint8_t head[SNAPSHOT_HEAD_BYTES];
    uint64_t count = records.len == 0 ? 0 : records.data[0];
    records = slice_from(records, records.len == 0 ? 0 : 1);
    uint8_t *header = buffer_reserve(&file, SNAPSHOT_HEADER_BYTES);
    uint32_t crc = snapshot_header_write(header, &(struct snapshot_header){.keys = {count}});
    file.len = SNAPSHOT_HEADER_BYTES;
    struct snapshot_head block = {SNAPSHOT_PART_BLOCK, 0, records.len, count, crc32c(0, records)};
    snapshot_head_write(head, crc, &block);
    buffer_append(&file, slice_of(head, sizeof head));
    buffer_append(&file, records);
    struct snapshot_head footer = {SNAPSHOT_PART_FOOTER, 1, file.len + sizeof head, count, 0};
    snapshot_head_write(head, crc, &footer);
    buffer_append(&file, slice_of(head, sizeof head));
    load(buffer_slice(&file));
    buffer_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load(slice_of(data, size));
    load_framed(slice_of(data, size));
    return 0;
}
