/* disk_test.c -- what a simulated power cut leaves: what was promised, and nothing that was not. */
#include <criterion/criterion.h>

#include "sim/disk.h"

enum { FILE_BYTES = 4096 };

static struct inode *make_file(struct disk *disk, const char *path)
{
    disk_make_folder(disk, "/data");
    struct inode *inode = disk_create(disk, path);
    disk_sync_folder(disk, "/data");
    return inode;
}

static void write_byte(struct disk *disk, struct inode *inode, uint8_t byte, bool durable)
{
    uint8_t bytes[FILE_BYTES];
    memset(bytes, byte, sizeof bytes);
    cr_assert(inode_write(disk, inode, 0, slice_of(bytes, sizeof bytes), disk));
    inode_written(disk, inode, disk, durable);
}

Test(sim_disk, power_takes_what_no_sync_covers)
{
    struct disk disk;
    struct prng prng = {1};
    disk_init(&disk);
    struct inode *inode = make_file(&disk, "/data/a");
    write_byte(&disk, inode, 'a', false);
    inode_sync(inode, disk.serial);
    uint64_t serial = disk.serial;
    write_byte(&disk, inode, 'b', false);
    inode_sync(inode, serial); /* began before that write was done */
    disk_cut_power(&disk, DISK_LOSES_ALL, &prng);
    cr_assert_eq(inode->bytes, FILE_BYTES);
    cr_assert_eq(inode->cache[0], 'a');
    cr_assert_eq(inode->cache[FILE_BYTES - 1], 'a');
    disk_clear(&disk);
}

Test(sim_disk, a_direct_write_stays)
{
    struct disk disk;
    struct prng prng = {1};
    disk_init(&disk);
    struct inode *inode = make_file(&disk, "/data/a");
    write_byte(&disk, inode, 'a', true);
    disk_cut_power(&disk, DISK_LOSES_ALL, &prng);
    cr_assert_eq(inode->bytes, FILE_BYTES);
    cr_assert_eq(inode->cache[7], 'a');
    disk_clear(&disk);
}

Test(sim_disk, tears_at_sectors_alone)
{
    struct disk disk;
    struct prng prng = {5};
    bool old_seen = false, new_seen = false;
    disk_init(&disk);
    struct inode *inode = make_file(&disk, "/data/a");
    write_byte(&disk, inode, 'a', true);
    write_byte(&disk, inode, 'b', false);
    disk_cut_power(&disk, DISK_TEARS, &prng);
    for (uint32_t at = 0; at < FILE_BYTES; at++) {
        uint8_t first = inode->cache[at - at % DISK_SECTOR_BYTES];
        cr_assert_eq(inode->cache[at], first, "byte %u differs from its sector's first", at);
        old_seen |= first == 'a';
        new_seen |= first == 'b';
    }
    cr_assert(old_seen);
    cr_assert(new_seen);
    disk_clear(&disk);
}

Test(sim_disk, a_name_is_durable_with_its_folder)
{
    struct disk disk;
    struct prng prng = {1};
    disk_init(&disk);
    (void)make_file(&disk, "/data/a");
    (void)disk_create(&disk, "/data/b");
    disk_rename(&disk, "/data/a", "/data/c");
    disk_cut_power(&disk, DISK_LOSES_ALL, &prng);
    cr_assert_not_null(disk_find(&disk, "/data/a"));
    cr_assert_null(disk_find(&disk, "/data/b"));
    cr_assert_null(disk_find(&disk, "/data/c"));
    disk_clear(&disk);
}

Test(sim_disk, full_is_said_and_room_comes_back)
{
    struct disk disk;
    disk_init(&disk);
    struct inode *inode = make_file(&disk, "/data/a");
    write_byte(&disk, inode, 'a', true);
    disk.bytes_max = disk.used_bytes;
    cr_assert_not(inode_resize(&disk, inode, FILE_BYTES + 1));
    disk_remove(&disk, "/data/a");
    disk_sync_folder(&disk, "/data");
    cr_assert_eq(disk.used_bytes, 0);
    disk_clear(&disk);
}
