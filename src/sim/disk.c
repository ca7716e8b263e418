/*
 * disk.c -- files of a simulated disk: see disk.h.
 *
 * Invariants
 *   D1  outside of its ranges a file's cache and durable image are the same, up to the shorter,
 *       unless it was ever cut short.
 *   D2  both images have `capacity` bytes, and are zero behind their ends.
 */
#include "sim/disk.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 4096, RANGES_FIRST = 8 };

static void free_inode(struct inode *inode)
{
    free(inode->cache);
    free(inode->durable);
    free(inode->ranges);
    free(inode);
}

void inode_hold(struct inode *inode)
{
    inode->references++;
}

void inode_drop(struct disk *disk, struct inode *inode)
{
    ASSERT(inode->references > 0);
    if (--inode->references > 0) return;
    ASSERT(disk->used_bytes >= inode->bytes);
    disk->used_bytes -= inode->bytes;
    free_inode(inode);
}

static uint8_t *grown(uint8_t *old, uint64_t old_bytes, uint64_t capacity)
{
    uint8_t *image = calloc(1, capacity); /* fresh pages cost nothing until they are written */
    ASSERT(image != NULL);
    if (old_bytes > 0) memcpy(image, old, old_bytes);
    free(old);
    return image;
}

static void reserve(struct inode *inode, uint64_t bytes)
{
    if (bytes <= inode->capacity) return;
    uint64_t capacity = u64_max(u64_max(inode->capacity * 2, bytes), CAPACITY_FIRST);
    inode->cache = grown(inode->cache, inode->bytes, capacity);
    inode->durable = grown(inode->durable, inode->durable_bytes, capacity);
    inode->capacity = capacity;
}

bool inode_resize(struct disk *disk, struct inode *inode, uint64_t bytes)
{
    if (bytes > inode->bytes && disk->used_bytes + (bytes - inode->bytes) > disk->bytes_max) {
        return false;
    }
    reserve(inode, bytes);
    if (bytes < inode->bytes) {
        memset(inode->cache + bytes, 0, inode->bytes - bytes); /* [D2] */
        inode->was_cut_short = true;
    }
    disk->used_bytes = disk->used_bytes - inode->bytes + bytes;
    inode->bytes = bytes;
    return true;
}

static void add_range(struct inode *inode, struct disk_range range)
{
    if (inode->ranges_count == inode->ranges_capacity) {
        uint32_t capacity = inode->ranges_capacity == 0 ? RANGES_FIRST : inode->ranges_capacity * 2;
        inode->ranges = reallocarray(inode->ranges, capacity, sizeof *inode->ranges);
        ASSERT(inode->ranges != NULL);
        inode->ranges_capacity = capacity;
    }
    inode->ranges[inode->ranges_count++] = range;
}

bool inode_write(struct disk *disk, struct inode *inode, uint64_t offset, struct slice bytes,
                 const void *writer)
{
    if (bytes.len == 0) return true;
    if (offset + bytes.len > inode->bytes && !inode_resize(disk, inode, offset + bytes.len)) {
        return false;
    }
    memcpy(inode->cache + offset, bytes.data, bytes.len);
    inode->written_end = u64_max(inode->written_end, offset + bytes.len);
    add_range(inode, (struct disk_range){offset, bytes.len, 0, writer});
    return true;
}

static void settle(struct inode *inode, const struct disk_range *range)
{
    uint64_t end = u64_min(range->offset + range->bytes, inode->bytes);
    if (range->offset >= end) return; /* it was cut off since */
    memcpy(inode->durable + range->offset, inode->cache + range->offset, end - range->offset);
    inode->durable_bytes = u64_max(inode->durable_bytes, end);
}

void inode_written(struct disk *disk, struct inode *inode, const void *writer, bool durable)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < inode->ranges_count; i++) {
        struct disk_range range = inode->ranges[i];
        bool own = range.serial == 0 && range.writer == writer;
        if (own && durable) {
            settle(inode, &range);
            continue;
        }
        if (own) range.serial = ++disk->serial;
        inode->ranges[kept++] = range;
    }
    inode->ranges_count = kept;
}

void inode_sync(struct inode *inode, uint64_t serial)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < inode->ranges_count; i++) {
        struct disk_range range = inode->ranges[i];
        bool covered = range.serial != 0 && range.serial <= serial;
        if (covered) settle(inode, &range);
        if (!covered) inode->ranges[kept++] = range;
    }
    inode->ranges_count = kept;
    if (kept > 0) return;
    if (inode->durable_bytes > inode->bytes) {
        memset(inode->durable + inode->bytes, 0, inode->durable_bytes - inode->bytes);
    }
    inode->durable_bytes = inode->bytes;
}

void inode_flip_bit(struct inode *inode, uint64_t bit)
{
    uint8_t mask = (uint8_t)(1U << bit % 8);
    if (bit / 8 >= inode->bytes) return;
    inode->cache[bit / 8] ^= mask;
    if (bit / 8 < inode->durable_bytes) inode->durable[bit / 8] ^= mask;
}

/* --- a power cut -------------------------------------------------------------------------------
 */

static void tear(struct inode *inode, const struct disk_range *range, struct prng *prng)
{
    uint64_t at = range->offset, end = u64_min(range->offset + range->bytes, inode->bytes);
    while (at < end) { /* ends: sector by sector */
        uint64_t next = u64_min((at / DISK_SECTOR_BYTES + 1) * DISK_SECTOR_BYTES, end);
        struct disk_range sector = {.offset = at, .bytes = next - at};
        if (prng_below(prng, 2) == 0) settle(inode, &sector);
        at = next;
    }
}

/* As it is on the disk again. What was never written is not touched, and so costs nothing. */
static void forget_range(struct inode *inode, uint64_t offset, uint64_t end) /* [D1] */
{
    uint64_t kept = u64_min(u64_max(inode->durable_bytes, offset), end);
    memcpy(inode->cache + offset, inode->durable + offset, kept - offset);
    memset(inode->cache + kept, 0, end - kept); /* [D2] */
}

static void forget_undurable(struct inode *inode)
{
    for (uint32_t i = 0; i < inode->ranges_count; i++) {
        const struct disk_range *range = &inode->ranges[i];
        uint64_t end = u64_min(range->offset + range->bytes, inode->capacity);
        if (range->offset < end) forget_range(inode, range->offset, end);
    }
    if (inode->was_cut_short) forget_range(inode, 0, u64_max(inode->bytes, inode->durable_bytes));
}

static void cut_inode(struct disk *disk, struct inode *inode, enum disk_loss loss,
                      struct prng *prng)
{
    for (uint32_t i = 0; i < inode->ranges_count; i++) {
        switch (loss) {
        case DISK_KEEPS_ALL: settle(inode, &inode->ranges[i]); break;
        case DISK_TEARS: tear(inode, &inode->ranges[i], prng); break;
        case DISK_LOSES_ALL:
        case DISK_LOSSES_COUNT: break;
        }
        /* Of a write and what it replaced, sectors may be old. [D1] */
    }
    forget_undurable(inode);
    inode->ranges_count = 0;
    disk->used_bytes = disk->used_bytes - inode->bytes + inode->durable_bytes;
    inode->bytes = inode->durable_bytes;
}

/* --- names -------------------------------------------------------------------------------------
 */

/* Where `path` is, or would be. */
static uint32_t place_of(const struct disk_names *names, const char *path, bool *found)
{
    uint32_t low = 0, high = names->count;
    while (low < high) { /* ends: halves each time */
        uint32_t middle = (low + high) / 2;
        int order = strcmp(names->items[middle].path, path);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) low = middle + 1;
        if (order > 0) high = middle;
    }
    *found = false;
    return low;
}

static void put_path(char to[DISK_PATH_MAX], const char *path)
{
    size_t len = strlen(path);
    ASSERT(len < DISK_PATH_MAX);
    memcpy(to, path, len + 1);
}

static void unlink_name(struct disk *disk, struct disk_names *names, const char *path)
{
    bool found;
    uint32_t place = place_of(names, path, &found);
    if (!found) return;
    struct inode *inode = names->items[place].inode;
    names->count--;
    memmove(&names->items[place], &names->items[place + 1],
            (names->count - place) * sizeof *names->items);
    if (inode != NULL) inode_drop(disk, inode);
}

static void link_name(struct disk *disk, struct disk_names *names, const char *path,
                      struct inode *inode)
{
    bool found;
    if (inode != NULL) inode_hold(inode);
    unlink_name(disk, names, path);
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? RANGES_FIRST : names->capacity * 2;
        names->items = reallocarray(names->items, names->capacity, sizeof *names->items);
        ASSERT(names->items != NULL);
    }
    uint32_t place = place_of(names, path, &found);
    memmove(&names->items[place + 1], &names->items[place],
            (names->count - place) * sizeof *names->items);
    names->count++;
    names->items[place].inode = inode;
    put_path(names->items[place].path, path);
}

static void apply(struct disk *disk, struct disk_names *names, const struct disk_change *change)
{
    switch (change->kind) {
    case DISK_LINK: link_name(disk, names, change->path, change->inode); break;
    case DISK_UNLINK: unlink_name(disk, names, change->path); break;
    case DISK_RENAME: {
        bool found;
        uint32_t place = place_of(names, change->path, &found);
        if (!found) break;
        link_name(disk, names, change->to, names->items[place].inode);
        unlink_name(disk, names, change->path);
        break;
    }
    }
}

static void change_name(struct disk *disk, const struct disk_change *change)
{
    apply(disk, &disk->names, change);
    if (disk->changes_count == disk->changes_capacity) {
        uint32_t capacity = disk->changes_capacity == 0 ? RANGES_FIRST : disk->changes_capacity * 2;
        disk->changes = reallocarray(disk->changes, capacity, sizeof *disk->changes);
        ASSERT(disk->changes != NULL);
        disk->changes_capacity = capacity;
    }
    if (change->inode != NULL) inode_hold(change->inode);
    disk->changes[disk->changes_count++] = *change;
}

struct disk_name *disk_find(struct disk *disk, const char *path)
{
    bool found;
    uint32_t place = place_of(&disk->names, path, &found);
    return found ? &disk->names.items[place] : NULL;
}

void disk_make_folder(struct disk *disk, const char *path)
{
    link_name(disk, &disk->names, path, NULL);
    link_name(disk, &disk->durable, path, NULL);
}

struct inode *disk_create(struct disk *disk, const char *path)
{
    struct inode *inode = calloc(1, sizeof *inode);
    ASSERT(inode != NULL);
    inode_hold(inode);
    struct disk_change change = {.kind = DISK_LINK, .inode = inode};
    put_path(change.path, path);
    change_name(disk, &change);
    ASSERT(inode->references > 1); /* its name holds it */
    inode_drop(disk, inode);
    return inode;
}

void disk_remove(struct disk *disk, const char *path)
{
    struct disk_change change = {.kind = DISK_UNLINK};
    put_path(change.path, path);
    change_name(disk, &change);
}

void disk_rename(struct disk *disk, const char *from, const char *to)
{
    struct disk_change change = {.kind = DISK_RENAME};
    put_path(change.path, from);
    put_path(change.to, to);
    change_name(disk, &change);
}

static bool is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/' &&
           strchr(path + len + 1, '/') == NULL;
}

void disk_sync_folder(struct disk *disk, const char *path)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < disk->changes_count; i++) {
        struct disk_change *change = &disk->changes[i];
        if (is_in(change->path, path)) {
            apply(disk, &disk->durable, change);
            if (change->inode != NULL) inode_drop(disk, change->inode);
        } else {
            disk->changes[kept++] = *change;
        }
    }
    disk->changes_count = kept;
}

void disk_sync_all(struct disk *disk)
{
    for (uint32_t i = 0; i < disk->names.count; i++) {
        struct inode *inode = disk->names.items[i].inode;
        if (inode != NULL) inode_sync(inode, disk->serial);
    }
    for (uint32_t i = 0; i < disk->changes_count; i++) {
        struct disk_change *change = &disk->changes[i];
        apply(disk, &disk->durable, change);
        if (change->inode != NULL) inode_drop(disk, change->inode);
    }
    disk->changes_count = 0;
}

static void drop_names(struct disk *disk, struct disk_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (names->items[i].inode != NULL) inode_drop(disk, names->items[i].inode);
    }
    free(names->items);
    *names = (struct disk_names){0};
}

static void drop_changes(struct disk *disk)
{
    for (uint32_t i = 0; i < disk->changes_count; i++) {
        if (disk->changes[i].inode != NULL) inode_drop(disk, disk->changes[i].inode);
    }
    disk->changes_count = 0;
}

void disk_cut_power(struct disk *disk, enum disk_loss loss, struct prng *prng)
{
    uint32_t survivors = 0;
    if (loss == DISK_KEEPS_ALL) survivors = disk->changes_count;
    if (loss == DISK_TEARS) survivors = (uint32_t)prng_below(prng, disk->changes_count + 1);
    for (uint32_t i = 0; i < survivors; i++) apply(disk, &disk->durable, &disk->changes[i]);
    drop_changes(disk);
    drop_names(disk, &disk->names);
    for (uint32_t i = 0; i < disk->durable.count; i++) {
        struct disk_name *name = &disk->durable.items[i];
        link_name(disk, &disk->names, name->path, name->inode);
        if (name->inode != NULL) cut_inode(disk, name->inode, loss, prng);
    }
}

void disk_init(struct disk *disk)
{
    *disk = (struct disk){.bytes_max = UINT64_MAX};
}

void disk_clear(struct disk *disk)
{
    drop_changes(disk);
    drop_names(disk, &disk->names);
    drop_names(disk, &disk->durable);
    free(disk->changes);
    disk_init(disk);
}
