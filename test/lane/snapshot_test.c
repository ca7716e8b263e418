/* snapshot_test.c -- what was in the store at the moment is in the file, or the file is no good. */
#include "lane/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"
#include "test/random.h"
#include "test/rows.h"

struct place {
    char folder[64];
    struct io *io;
};

static struct place place_new(void)
{
    struct place place = {.folder = "/tmp/tutti-snapshot-XXXXXX"};
    struct fault fault;
    cr_assert(mkdtemp(place.folder) != NULL);
    cr_assert(io_new(&(struct io_config){0}, &place.io, &fault) == ERR_OK, "%s", fault.text);
    return place;
}

static void place_free(struct place *place)
{
    io_free(place->io);
    folder_remove_tree(place->folder);
}

static struct store *a_store(void)
{
    struct store_config config = {.seed = 42};
    struct store *store = store_new(&config);
    store_set_time(store, 1000);
    return store;
}

static void set(struct store *store, uint64_t number, size_t size)
{
    char key[32];
    uint8_t *value = malloc(size + 1);
    int len = snprintf(key, sizeof key, "key:%llu", (unsigned long long)number);
    for (size_t i = 0; i < size; i++) value[i] = (uint8_t)('a' + (number + i) % 26);
    int64_t expiry = number % 7 == 0 ? 5000000 : STORE_NO_EXPIRY;
    (void)store_set_string(store, number % 5 == 0 ? 3 : 0, slice_of(key, (size_t)len),
                           slice_of(value, size), expiry);
    free(value);
}

static void fill(struct store *store, uint64_t keys, size_t size)
{
    for (uint64_t i = 0; i < keys; i++) set(store, i, size);
}

static struct snapshot_writer *begin(struct place *place, struct store *store, uint64_t index)
{
    struct snapshot_writer *writer;
    struct fault fault;
    struct snapshot_header header = {
        .index = index,
        .term = 3,
        .made_at_ms = 1700000000000,
        .seed = 42,
        .shard = {1},
        .shards_count = 2,
        .keys = {store_count(store, 0)},
    };
    enum err err =
        snapshot_begin(place->io, (io_tag){10}, place->folder, store, &header, &writer, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    return writer;
}

static void reap(struct place *place, struct snapshot_writer *writer)
{
    struct io_completion done[8];
    instant soon = {clock_now().ns + 10000000};
    uint32_t count = io_wait(place->io, soon, done, COUNT_OF(done));
    for (uint32_t i = 0; i < count; i++) snapshot_complete(writer, &done[i]);
}

static enum snapshot_progress finish(struct place *place, struct snapshot_writer *writer)
{
    for (int i = 0; i < 100000; i++) {
        switch (snapshot_step(writer, 16)) {
        case SNAPSHOT_RUNNING: break;
        case SNAPSHOT_WAITING: reap(place, writer); break;
        case SNAPSHOT_DONE: return SNAPSHOT_DONE;
        case SNAPSHOT_FAILED: return SNAPSHOT_FAILED;
        }
    }
    return SNAPSHOT_RUNNING;
}

static void save(struct place *place, struct store *store, uint64_t index)
{
    struct snapshot_writer *writer = begin(place, store, index);
    cr_assert(finish(place, writer) == SNAPSHOT_DONE);
    snapshot_end(writer);
}

static const char *path_of(const struct place *place, uint64_t index, char path[256])
{
    (void)snprintf(path, 256, "%s/snapshot-00001-%020llu", place->folder,
                   (unsigned long long)index);
    return path;
}

/* clang-format off */
static const struct size_row {
    const char *why;
    uint64_t keys;
    size_t size;
} size_rows[] = {
    {"an empty store",            0,     0},
    {"one key",                   1,     10},
    {"less than a block",         500,   10},
    {"many blocks",               40000, 50},
    {"values larger than blocks", 5,     700000},
};
/* clang-format on */

Test(snapshot, what_was_saved_is_loaded)
{
    FOR_ROWS (row, size_rows) {
        struct place place = place_new();
        struct store *store = a_store(), *loaded = a_store();
        struct snapshot_header header = {0};
        struct fault fault;
        uint64_t keys;
        char path[256];
        uint8_t want[20], got[20];
        fill(store, row->keys, row->size);
        save(&place, store, 4711);
        enum err err = snapshot_load(path_of(&place, 4711, path), loaded, &header, &keys, &fault);
        cr_assert(err == ERR_OK, "%s: %s", row->why, fault.text);
        store_digest(store, want);
        store_digest(loaded, got);
        cr_expect(memcmp(want, got, sizeof want) == 0, "%s", row->why);
        ROW_EQ(row, store_count(loaded, 0) + store_count(loaded, 3), row->keys);
        ROW_EQ(row, header.index, 4711);
        ROW_EQ(row, header.term, 3);
        ROW_EQ(row, header.made_at_ms, 1700000000000);
        ROW_EQ(row, header.shard.n, 1);
        ROW_EQ(row, header.shards_count, 2);
        err = snapshot_verify(path, &header, &keys, &fault);
        ROW_EQ(row, err, ERR_OK);
        store_free(store);
        store_free(loaded);
        place_free(&place);
    }
}

Test(snapshot, it_is_the_state_at_the_moment_it_began)
{
    struct place place = place_new();
    struct store *store = a_store(), *loaded = a_store();
    struct snapshot_header header;
    struct random random = {3};
    struct fault fault;
    uint64_t keys;
    char path[256];
    uint8_t want[20], got[20];
    fill(store, 20000, 40);
    store_digest(store, want);
    struct snapshot_writer *writer = begin(&place, store, 9);
    enum snapshot_progress progress = SNAPSHOT_RUNNING;
    while (progress == SNAPSHOT_RUNNING || progress == SNAPSHOT_WAITING) {
        for (int i = 0; i < 20; i++) set(store, random_below(&random, 30000), 55);
        progress = snapshot_step(writer, 8);
        if (progress == SNAPSHOT_WAITING) reap(&place, writer);
    }
    cr_assert(progress == SNAPSHOT_DONE);
    cr_expect(snapshot_written_bytes(writer) > 20000 * 40);
    snapshot_end(writer);
    enum err err = snapshot_load(path_of(&place, 9, path), loaded, &header, &keys, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    store_digest(loaded, got);
    cr_expect(memcmp(want, got, sizeof want) == 0);
    store_free(store);
    store_free(loaded);
    place_free(&place);
}

static struct buffer read_whole(const char *path)
{
    struct buffer bytes = {0};
    struct file file;
    struct fault fault;
    size_t got;
    uint64_t size;
    cr_assert(file_open_read(path, &file, &fault) == ERR_OK);
    cr_assert(file_size(&file, &size, &fault) == ERR_OK);
    cr_assert(file_read_at(&file, 0, buffer_reserve(&bytes, size), size, &got, &fault) == ERR_OK);
    bytes.len = got;
    file_close(&file);
    return bytes;
}

static void write_whole(const char *path, struct slice bytes)
{
    struct file file;
    struct fault fault;
    file_remove(path);
    cr_assert(file_create(path, &file, &fault) == ERR_OK);
    cr_assert(file_write(&file, bytes, &fault) == ERR_OK);
    file_close(&file);
}

/* As it comes from another node: in pieces that end anywhere, the first with the whole header. */
static bool is_sound_in_pieces(struct slice bytes, struct random *random)
{
    enum { FIRST = 4096, PIECE_MAX = 300 };
    struct snapshot_check check;
    size_t len = u64_min(bytes.len, FIRST);
    if (!snapshot_check_begin(&check, slice_of(bytes.data, len))) return false;
    while (bytes.len > 0) {
        if (!snapshot_check_more(&check, slice_of(bytes.data, len))) return false;
        if (check.is_whole && len < bytes.len) return false;
        bytes = slice_from(bytes, len);
        len = u64_min(bytes.len, 1 + random_below(random, PIECE_MAX));
    }
    return check.is_whole;
}

static void expect_damage(const char *path, const char *what, size_t at)
{
    struct store *store = a_store();
    struct snapshot_header header;
    struct fault fault = {0};
    uint64_t keys;
    enum err err = snapshot_verify(path, &header, &keys, &fault);
    cr_assert(err == ERR_CORRUPT, "%s at %zu was not seen", what, at);
    cr_assert(strstr(fault.text, path) != NULL);
    cr_assert(strstr(fault.text, ", offset ") != NULL, "%s", fault.text);
    cr_assert(snapshot_load(path, store, &header, &keys, &fault) == ERR_CORRUPT);
    struct buffer bytes = read_whole(path);
    struct random random = {at + 1};
    cr_assert(!is_sound_in_pieces(buffer_slice(&bytes), &random), "%s at %zu, in pieces", what, at);
    buffer_free(&bytes);
    store_free(store);
}

Test(snapshot, one_that_comes_in_pieces_is_checked_as_it_comes)
{
    FOR_ROWS (row, size_rows) {
        struct place place = place_new();
        struct store *store = a_store();
        struct random random = {row->keys + 1};
        char path[256];
        fill(store, row->keys, row->size);
        save(&place, store, 7);
        struct buffer bytes = read_whole(path_of(&place, 7, path));
        cr_expect(is_sound_in_pieces(buffer_slice(&bytes), &random), "%s", row->why);
        buffer_free(&bytes);
        store_free(store);
        place_free(&place);
    }
}

Test(snapshot, loaded_in_slices_it_is_the_same)
{
    enum { SLICE_BYTES = 64 << 10 };
    FOR_ROWS (row, size_rows) {
        struct place place = place_new();
        struct store *store = a_store(), *loaded = a_store();
        struct snapshot_loader *loader;
        struct fault fault;
        char path[256];
        uint8_t want[20], got[20];
        uint64_t slices = 0;
        fill(store, row->keys, row->size);
        save(&place, store, 7);
        enum err err = snapshot_load_begin(path_of(&place, 7, path), loaded, &loader, &fault);
        for (bool over = false; err == ERR_OK && !over; slices++) {
            uint64_t before = store_count(loaded, 0);
            err = snapshot_load_step(loader, SLICE_BYTES, &over, &fault);
            cr_expect(store_count(loaded, 0) - before <= 200, "%s: a slice is small", row->why);
        }
        cr_assert(err == ERR_OK, "%s: %s", row->why, fault.text);
        uint64_t bytes = row->size < SLICE_BYTES ? row->keys * (row->size + 512) : 0;
        cr_expect(slices > bytes / SLICE_BYTES / 2, "%s: %llu slices", row->why,
                  (unsigned long long)slices);
        snapshot_load_end(loader);
        store_digest(store, want);
        store_digest(loaded, got);
        cr_expect(memcmp(want, got, sizeof want) == 0, "%s", row->why);
        store_free(store);
        store_free(loaded);
        place_free(&place);
    }
}

Test(snapshot, every_flipped_byte_is_seen)
{
    struct place place = place_new();
    struct store *store = a_store();
    struct random random = {8};
    char path[256];
    fill(store, 60, 20);
    save(&place, store, 5);
    struct buffer bytes = read_whole(path_of(&place, 5, path));
    for (size_t at = 0; at < bytes.len; at++) {
        uint8_t was = bytes.data[at];
        bytes.data[at] ^= (uint8_t)(1 + random_below(&random, 255));
        write_whole(path, buffer_slice(&bytes));
        expect_damage(path, "a flip", at);
        bytes.data[at] = was;
    }
    for (size_t len = 0; len < bytes.len; len++) {
        write_whole(path, slice_of(bytes.data, len));
        expect_damage(path, "a cut", len);
    }
    buffer_append_byte(&bytes, 0);
    write_whole(path, buffer_slice(&bytes));
    expect_damage(path, "a byte too many", bytes.len);
    buffer_free(&bytes);
    store_free(store);
    place_free(&place);
}

Test(snapshot, the_newest_whole_one_is_found)
{
    struct place place = place_new();
    struct store *store = a_store();
    struct arena *arena = arena_new();
    struct fault fault;
    struct snapshot_found *found;
    uint32_t count;
    char path[256];
    cr_assert(snapshot_find(place.folder, arena, &found, &count, &fault) == ERR_OK);
    cr_expect(count == 0);
    fill(store, 10, 10);
    save(&place, store, 100);
    save(&place, store, 2000);
    save(&place, store, 300);
    cr_assert(snapshot_find(place.folder, arena, &found, &count, &fault) == ERR_OK);
    cr_assert(count == 1);
    cr_expect(found->header.index == 2000);
    struct buffer bytes = read_whole(path_of(&place, 2000, path));
    write_whole(path, slice_of(bytes.data, bytes.len - 1));
    cr_assert(snapshot_find(place.folder, arena, &found, &count, &fault) == ERR_OK);
    cr_expect(found->header.index == 300);
    file_remove(path_of(&place, 300, path));
    file_remove(path_of(&place, 100, path));
    cr_expect(snapshot_find(place.folder, arena, &found, &count, &fault) == ERR_CORRUPT);
    cr_expect(strstr(fault.text, "snapshot-00001-00000000000000002000") != NULL, "%s", fault.text);
    buffer_free(&bytes);
    arena_free(arena);
    store_free(store);
    place_free(&place);
}

Test(snapshot, what_is_left_over_is_removed)
{
    struct place place = place_new();
    struct store *store = a_store();
    struct arena *arena = arena_new();
    struct snapshot_found *found;
    uint32_t count;
    struct fault fault;
    char path[256];
    save(&place, store, 1);
    save(&place, store, 3);
    (void)snprintf(path, sizeof path, "%s/snapshot-00001-%020d.partial", place.folder, 4);
    write_whole(path, SLICE("x"));
    cr_assert(snapshot_find(place.folder, arena, &found, &count, &fault) == ERR_OK);
    snapshot_tidy(place.folder, found, count);
    cr_expect(!path_exists(path));
    cr_expect(!path_exists(path_of(&place, 1, path)));
    cr_expect(path_exists(path_of(&place, 3, path)));
    arena_free(arena);
    store_free(store);
    place_free(&place);
}

Test(snapshot, one_with_an_older_name_is_found_by_its_header)
{
    struct place place = place_new();
    struct store *store = a_store();
    struct arena *arena = arena_new();
    struct snapshot_found *found;
    uint32_t count;
    struct fault fault;
    char path[256], old[256];
    save(&place, store, 5);
    (void)snprintf(old, sizeof old, "%s/snapshot-%020d", place.folder, 5);
    cr_assert(rename(path_of(&place, 5, path), old) == 0);
    cr_assert(snapshot_find(place.folder, arena, &found, &count, &fault) == ERR_OK);
    cr_assert(count == 1);
    cr_expect(found->header.shard.n == 1);
    cr_expect(strcmp(found->path, old) == 0);
    arena_free(arena);
    store_free(store);
    place_free(&place);
}

/* clang-format off */
static const struct failing_row {
    const char *why;
    enum err err;
    uint32_t writes_before;
} failing_rows[] = {
    {"the first write",     ERR_NO_SPACE, 0},
    {"one in the middle",   ERR_NO_SPACE, 3},
    {"a disk that is gone", ERR_IO,       5},
};
/* clang-format on */

Test(snapshot, a_failed_write_leaves_nothing)
{
    FOR_ROWS (row, failing_rows) {
        struct place place = place_new();
        struct store *store = a_store();
        char path[256];
        fill(store, 40000, 60);
        io_set_faults(place.io, &(struct io_faults){.write_err = row->err,
                                                    .writes_before = row->writes_before});
        struct snapshot_writer *writer = begin(&place, store, 6);
        ROW_EQ(row, finish(&place, writer), SNAPSHOT_FAILED);
        ROW_EQ(row, snapshot_fault(writer)->code, row->err);
        snapshot_end(writer);
        cr_expect(!store_walk_is_active(store), "%s", row->why);
        cr_expect(!path_exists(path_of(&place, 6, path)), "%s", row->why);
        io_set_faults(place.io, &(struct io_faults){0});
        save(&place, store, 6); /* the next one is not hindered */
        cr_expect(path_exists(path), "%s", row->why);
        (void)snprintf(path, sizeof path, "%s/snapshot-%020d.partial", place.folder, 6);
        cr_expect(!path_exists(path), "%s", row->why);
        store_free(store);
        place_free(&place);
    }
}

Test(snapshot, a_slow_disk_is_waited_for)
{
    struct place place = place_new();
    struct store *store = a_store();
    fill(store, 60000, 60);
    io_set_faults(place.io, &(struct io_faults){.delay = {20000000}});
    struct snapshot_writer *writer = begin(&place, store, 6);
    while (snapshot_step(writer, 16) == SNAPSHOT_RUNNING) continue;
    cr_expect(store_walk_is_active(store), "it did not serialise all into memory");
    cr_expect(snapshot_written_bytes(writer) < 8 * 256 * 1024);
    cr_expect(finish(&place, writer) == SNAPSHOT_DONE);
    snapshot_end(writer);
    writer = begin(&place, store, 7); /* and may be given up at any time */
    (void)snapshot_step(writer, 1000);
    snapshot_end(writer);
    cr_expect(!store_walk_is_active(store));
    store_free(store);
    place_free(&place);
}

Test(snapshot, writes_are_told_to_wait_for_a_slow_disk)
{
    enum { KEYS = 200, SIZE = 400000 };
    struct place place = place_new();
    struct store *store = a_store();
    fill(store, KEYS, SIZE);
    io_set_faults(place.io, &(struct io_faults){.delay = {20000000}});
    struct snapshot_writer *writer = begin(&place, store, 6);
    cr_expect(!snapshot_is_behind(writer));
    uint64_t written = 0; /* each write saves what it is about to change */
    while (written < KEYS && !snapshot_is_behind(writer)) set(store, written++, 10);
    cr_expect(written < KEYS, "memory grew with every write");
    for (int i = 0; i < 10000 && snapshot_is_behind(writer); i++) reap(&place, writer);
    cr_expect(!snapshot_is_behind(writer), "it would never go on");
    cr_expect(finish(&place, writer) == SNAPSHOT_DONE);
    cr_expect(!snapshot_is_behind(writer));
    snapshot_end(writer);
    store_free(store);
    place_free(&place);
}
