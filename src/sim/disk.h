/*
 * disk.h -- a host's simulated disk: files with what programs see (the cache) and what a power cut
 * leaves (the durable image), and names of the same two kinds.
 *
 * Invariants a file system gives, and no more: a write is durable after a sync that began when it
 * was done, or when done with IO_OPEN_DIRECT; a name is durable after its folder is synced. What is
 * not durable may survive a power cut in any sectors of DISK_SECTOR_BYTES; changes of names survive
 * up to some point in their order. A process that dies loses nothing.
 */
#pragma once

#include "base/base.h"
#include "base/prng.h"

enum { DISK_SECTOR_BYTES = 512, DISK_PATH_MAX = 256 };

struct disk_range { /* written, and not durable yet */
    uint64_t offset, bytes;
    uint64_t serial; /* of its write; a sync covers those before its own. 0: under way */
    const void *writer;
};

struct inode {
    uint32_t references; /* names, of both kinds, and whoever has it open */
    uint8_t *cache, *durable;
    uint64_t bytes, durable_bytes, capacity;
    uint64_t written_end; /* behind the last byte ever written that is not zero padding */
    struct disk_range *ranges;
    uint32_t ranges_count, ranges_capacity;
    bool was_cut_short; /* ever: then the durable image may have what the other never had again */
};

struct disk_name {
    char path[DISK_PATH_MAX];
    struct inode *inode; /* NULL: a folder */
};

struct disk_names { /* sorted by path */
    struct disk_name *items;
    uint32_t count, capacity;
};

enum disk_change_kind { DISK_LINK, DISK_UNLINK, DISK_RENAME };

struct disk_change { /* of a name, not durable yet */
    enum disk_change_kind kind;
    char path[DISK_PATH_MAX], to[DISK_PATH_MAX];
    struct inode *inode; /* of a link */
};

struct disk {
    struct disk_names names, durable;
    struct disk_change *changes;
    uint32_t changes_count, changes_capacity;
    uint64_t serial;
    uint64_t used_bytes, bytes_max; /* of the current names */
};

void disk_init(struct disk *disk);
void disk_clear(struct disk *disk); /* all of it is gone: a new disk. Nothing may be open */

/* --- names -------------------------------------------------------------------------------------
 */

struct disk_name *disk_find(struct disk *disk, const char *path); /* NULL: there is none */
void disk_make_folder(struct disk *disk, const char *path);       /* durable at once */
struct inode *disk_create(struct disk *disk, const char *path);   /* it is not there */
void disk_remove(struct disk *disk, const char *path); /* it is there: a file, or an empty folder */
void disk_rename(struct disk *disk, const char *from, const char *to); /* replaces */
void disk_sync_folder(struct disk *disk, const char *path);
void disk_sync_all(struct disk *disk); /* all files and names */

/* --- files -------------------------------------------------------------------------------------
 */

void inode_hold(struct inode *inode);
void inode_drop(struct disk *disk, struct inode *inode);
/* False: the disk is full. Bytes between the old end and `bytes` are zero. */
MUST_USE bool inode_resize(struct disk *disk, struct inode *inode, uint64_t bytes);
/* Into the cache, under way for `writer` until inode_written; false: the disk is full. */
MUST_USE bool inode_write(struct disk *disk, struct inode *inode, uint64_t offset,
                          struct slice bytes, const void *writer);
/* The write is done; `durable`: at once. */
void inode_written(struct disk *disk, struct inode *inode, const void *writer, bool durable);
/* All writes that were done when `serial` was taken (disk->serial). The size too. */
void inode_sync(struct inode *inode, uint64_t serial);
void inode_flip_bit(struct inode *inode, uint64_t bit); /* in both images */

/* --- a power cut -------------------------------------------------------------------------------
 */

enum disk_loss { DISK_KEEPS_ALL, DISK_LOSES_ALL, DISK_TEARS, DISK_LOSSES_COUNT };
/* What was not durable is lost, kept or torn; the rest is what there is now. */
void disk_cut_power(struct disk *disk, enum disk_loss loss, struct prng *prng);
