/* log_fixture.c -- see log_fixture.h. */
#include "test/lane/log_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/prng.h"
#include "io/clock.h"
#include "io/file.h"
#include "lane/log_files.h"

struct log_fixture log_fixture_new(void)
{
    struct log_fixture fixture = {.folder = "/tmp/tutti-log-XXXXXX"};
    cr_assert(mkdtemp(fixture.folder) != NULL);
    return fixture;
}

void log_fixture_free(struct log_fixture *fixture)
{
    if (fixture->log != NULL) log_fixture_close(fixture);
    folder_remove_tree(fixture->folder);
}

void log_fixture_open(struct log_fixture *fixture, uint64_t last_position)
{
    struct log_config config = {
        .folder = fixture->folder,
        .segment_bytes = LOG_FIXTURE_SEGMENT_BYTES,
        .batch_bytes_max = 8192,
        .seed = 4711,
        .tag = {100},
    };
    struct fault fault;
    enum err err = io_new(&(struct io_config){0}, &fixture->io, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    if (fixture->full) {
        io_set_faults(fixture->io, &(struct io_faults){.write_err = ERR_NO_SPACE});
    }
    err = log_open(&config, fixture->io, last_position, &fixture->log, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
}

void log_fixture_close(struct log_fixture *fixture)
{
    log_close(fixture->log);
    io_free(fixture->io);
    fixture->log = NULL;
}

void log_fixture_turn(struct log_fixture *fixture)
{
    struct io_completion done[8];
    instant soon = {clock_now().ns + 20000000};
    uint32_t count = io_wait(fixture->io, soon, done, COUNT_OF(done));
    for (uint32_t i = 0; i < count; i++) log_complete(fixture->log, &done[i]);
}

enum log_room log_fixture_room(struct log_fixture *fixture, size_t bytes)
{
    enum log_room room = log_has_room(fixture->log, 0, bytes);
    for (int i = 0; i < 1000 && room == LOG_ROOM_SOON && !log_failed(fixture->log); i++) {
        log_flush(fixture->log);
        log_fixture_turn(fixture);
        room = log_has_room(fixture->log, 0, bytes);
    }
    return room;
}

/* The same bytes for the same index, and others for another. */
static struct slice payload_of(uint64_t index, size_t len, uint8_t *to)
{
    struct prng prng = {index * 1000003 + len};
    for (size_t i = 0; i < len; i++) to[i] = (uint8_t)prng_next(&prng);
    return slice_of(to, len);
}

void log_fixture_append(struct log_fixture *fixture, size_t bytes)
{
    uint64_t index = log_last(fixture->log) + 1;
    size_t len = bytes + index % 5;
    uint8_t *payload = malloc(len + 1);
    struct slice whole = payload_of(index, len, payload);
    struct slice parts[2] = {slice_of(payload, len / 3), slice_from(whole, len / 3)};
    struct log_record head = {0, (uint32_t)index % 3, 7, 1 + index / 10, 1000 - index, {0}};
    cr_assert(log_append(fixture->log, &head, parts, 2) == index);
    free(payload);
}

void log_fixture_flush(struct log_fixture *fixture)
{
    for (int i = 0; i < 1000 && log_durable(fixture->log) < log_last(fixture->log); i++) {
        log_flush(fixture->log);
        if (log_failed(fixture->log)) return;
        log_fixture_turn(fixture);
    }
}

enum err log_fixture_see(void *context, const struct log_record *record, struct fault *fault)
{
    (void)fault;
    struct log_seen *seen = context;
    uint8_t *want = malloc(record->payload.len + 1);
    struct slice payload = payload_of(record->position, record->payload.len, want);
    bool same = record->position == seen->first_position &&
                record->index == 1000 - record->position && slice_eq(record->payload, payload) &&
                record->group == record->position % 3 && record->kind == 7 &&
                record->term == 1 + record->position / 10;
    if (!same) seen->wrong = true;
    seen->first_position++;
    free(want);
    return ERR_OK;
}

enum err log_fixture_recover(const char *folder, uint64_t after, struct log_found *found,
                             struct log_seen *seen, struct fault *fault)
{
    *seen = (struct log_seen){after + 1, false};
    return log_recover(folder, after, log_fixture_see, seen, found, fault);
}

struct log_images log_images_read(const char *folder)
{
    struct log_images images = {0};
    struct log_files files;
    struct fault fault;
    struct arena *arena = arena_new();
    cr_assert(log_files_list(folder, arena, &files, &fault) == ERR_OK, "%s", fault.text);
    cr_assert(files.used_count <= LOG_IMAGES_MAX);
    for (; images.count < files.used_count; images.count++) {
        struct log_image *image = &images.items[images.count];
        const struct log_file *found = &files.items[images.count];
        struct file file;
        size_t got;
        (void)snprintf(image->path, sizeof image->path, "%s", found->path);
        cr_assert(file_open_read(found->path, &file, &fault) == ERR_OK);
        uint8_t *to = buffer_reserve(&image->bytes, found->bytes);
        cr_assert(file_read_at(&file, 0, to, found->bytes, &got, &fault) == ERR_OK);
        image->bytes.len = got;
        file_close(&file);
    }
    arena_free(arena);
    return images;
}

void log_images_free(struct log_images *images)
{
    for (uint32_t i = 0; i < images->count; i++) buffer_free(&images->items[i].bytes);
}

void log_image_write(const struct log_image *image, struct slice bytes)
{
    struct file file;
    struct fault fault;
    file_remove(image->path);
    cr_assert(file_create(image->path, &file, &fault) == ERR_OK, "%s", fault.text);
    cr_assert(file_write(&file, bytes, &fault) == ERR_OK, "%s", fault.text);
    file_close(&file);
}
