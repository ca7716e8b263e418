/* log_damage_test.c -- a small log cut and flipped at every byte: what is found is a beginning of
 * what was appended, or the damage with its place; doctor gets past it. */
#include <stdio.h>

#include "base/crc.h"
#include "lane/log_format.h"
#include "lane/log_segment.h"
#include "test/lane/log_fixture.h"
#include "test/random.h"
#include "test/rows.h"

/* Three segments; the last has two batches, of which `acknowledged` ends the first. */
struct small_log {
    struct log_fixture fixture;
    struct log_images images;
    uint64_t acknowledged, last;
};

static void append_and_flush(struct small_log *small, uint32_t count, size_t bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(log_fixture_room(&small->fixture, bytes + 4) == LOG_ROOM);
        log_fixture_append(&small->fixture, bytes);
    }
    log_fixture_flush(&small->fixture);
    small->acknowledged = small->last;
    small->last = log_last(small->fixture.log);
}

static struct small_log small_log_new(void)
{
    struct small_log small = {.fixture = log_fixture_new()};
    log_fixture_open(&small.fixture, 0);
    append_and_flush(&small, 3, 60);
    append_and_flush(&small, 2, 2000);
    append_and_flush(&small, 2, 3000); /* does not fit: the second segment */
    append_and_flush(&small, 1, 9000); /* the third */
    log_fixture_close(&small.fixture);
    log_fixture_open(&small.fixture, small.last);
    append_and_flush(&small, 4, 100);
    append_and_flush(&small, 3, 50);
    log_fixture_close(&small.fixture);
    small.images = log_images_read(small.fixture.folder);
    return small;
}

static void small_log_free(struct small_log *small)
{
    log_images_free(&small->images);
    log_fixture_free(&small->fixture);
}

/* A beginning of at least `least` records, or the damage with its place. */
static void expect_beginning(struct small_log *small, const char *what, size_t at, uint64_t least)
{
    struct log_found found;
    struct log_seen seen;
    struct fault fault = {0};
    enum err err = log_fixture_recover(small->fixture.folder, 0, &found, &seen, &fault);
    cr_assert(!seen.wrong, "%s at %zu: a record that was never appended", what, at);
    if (err == ERR_OK) {
        cr_assert(found.last_position <= small->last);
        cr_assert(found.last_position >= least, "%s at %zu: %llu records", what, at,
                  (unsigned long long)found.last_position);
        cr_assert(seen.first_position == found.last_position + 1);
        return;
    }
    cr_assert(err == ERR_CORRUPT, "%s at %zu: %s", what, at, fault.text);
    cr_assert(strstr(fault.text, ".segment, offset ") != NULL, "%s", fault.text);
    cr_assert(strstr(fault.text, "tutti doctor --repair") != NULL, "%s", fault.text);
}

static uint64_t least_of(const struct small_log *small, uint32_t image, size_t at)
{
    /* In the last segment, what comes before the damage in whole batches is never lost. */
    if (image + 1 < small->images.count) return small->last;
    return at >= 2 * IO_BLOCK_BYTES ? small->acknowledged : 8;
}

Test(log_damage, every_byte_flipped)
{
    struct small_log small = small_log_new();
    struct random random = {5};
    cr_assert(small.images.count == 4);
    for (uint32_t i = 0; i < small.images.count; i++) {
        struct log_image *image = &small.images.items[i];
        for (size_t at = 0; at < image->bytes.len; at++) {
            uint8_t *byte = &image->bytes.data[at], was = *byte;
            if (was == 0 && at % 64 != 0) continue; /* mostly padding */
            *byte ^= (uint8_t)(1 + random_below(&random, 255));
            log_image_write(image, buffer_slice(&image->bytes));
            expect_beginning(&small, "flipped", at, least_of(&small, i, at));
            *byte = was;
        }
        log_image_write(image, buffer_slice(&image->bytes));
    }
    expect_beginning(&small, "mended", 0, small.last);
    small_log_free(&small);
}

Test(log_damage, cut_at_every_byte)
{
    struct small_log small = small_log_new();
    for (uint32_t i = 0; i < small.images.count; i++) {
        struct log_image *image = &small.images.items[i];
        for (size_t at = 0; at < image->bytes.len; at += 7) {
            log_image_write(image, slice_of(image->bytes.data, at));
            bool last = i + 1 == small.images.count;
            uint64_t least = !last || at >= 3 * IO_BLOCK_BYTES ? small.last
                             : at >= 2 * IO_BLOCK_BYTES        ? small.acknowledged
                                                               : 8;
            expect_beginning(&small, "cut", at, least);
        }
        log_image_write(image, buffer_slice(&image->bytes));
    }
    small_log_free(&small);
}

/* Whatever stands behind the last batch, it is the beginning of a write that never was whole. */
Test(log_damage, rubbish_behind_the_end_loses_nothing)
{
    struct small_log small = small_log_new();
    struct log_image *image = &small.images.items[small.images.count - 1];
    struct random random = {9};
    for (int round = 0; round < 200; round++) {
        size_t from = 3 * IO_BLOCK_BYTES;
        for (size_t at = from; at < image->bytes.len; at++) {
            image->bytes.data[at] = (uint8_t)random_u64(&random);
        }
        if (round % 2 == 0) { /* an older batch: what a segment that is used again has there */
            memcpy(image->bytes.data + from, small.images.items[0].bytes.data + IO_BLOCK_BYTES,
                   IO_BLOCK_BYTES);
        }
        log_image_write(image, buffer_slice(&image->bytes));
        expect_beginning(&small, "rubbish", from, small.last);
    }
    small_log_free(&small);
}

Test(log_damage, a_torn_tail_is_told)
{
    struct small_log small = small_log_new();
    struct log_image *image = &small.images.items[small.images.count - 1];
    struct log_found found;
    struct log_seen seen;
    struct fault fault;
    image->bytes.data[2 * IO_BLOCK_BYTES + LOG_BATCH_BYTES + LOG_RECORD_HEADER_BYTES] ^= 1;
    log_image_write(image, buffer_slice(&image->bytes));
    enum err err = log_fixture_recover(small.fixture.folder, 0, &found, &seen, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    cr_expect(found.last_position == small.acknowledged);
    cr_expect(found.dropped_bytes > 3 * 50);
    cr_expect(strstr(found.dropped_at, "offset 8248") != NULL, "%s", found.dropped_at);
    small_log_free(&small);
}

/* Two writes were under way when the power went, and only the later one arrived. */
Test(log_damage, a_write_that_overtook_a_torn_one_is_dropped_with_it)
{
    struct small_log small = small_log_new();
    struct log_image *image = &small.images.items[small.images.count - 1];
    uint8_t *first = image->bytes.data + IO_BLOCK_BYTES, *second = first + IO_BLOCK_BYTES;
    struct log_batch batch;
    cr_assert(log_batch_read(slice_of(second, LOG_BATCH_BYTES), &batch));
    cr_expect_eq(batch.durable_position, small.acknowledged);
    first[LOG_BATCH_BYTES] ^= 1;
    log_image_write(image, buffer_slice(&image->bytes));
    struct log_found found;
    struct log_seen seen;
    struct fault fault;
    cr_expect_eq(log_fixture_recover(small.fixture.folder, 0, &found, &seen, &fault), ERR_CORRUPT,
                 "what the later write says was durable is lost");
    batch.durable_position = small.acknowledged - 4;
    log_batch_write(second, &batch);
    log_image_write(image, buffer_slice(&image->bytes));
    enum err err = log_fixture_recover(small.fixture.folder, 0, &found, &seen, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    cr_expect_eq(found.last_position, small.acknowledged - 4);
    cr_expect(!seen.wrong);
    small_log_free(&small);
}

Test(log_damage, appending_goes_on_behind_a_torn_tail)
{
    struct small_log small = small_log_new();
    struct log_image *image = &small.images.items[small.images.count - 1];
    struct log_found found;
    struct log_seen seen;
    struct fault fault;
    image->bytes.data[2 * IO_BLOCK_BYTES + LOG_BATCH_BYTES] ^= 1;
    log_image_write(image, buffer_slice(&image->bytes));
    log_fixture_open(&small.fixture, small.acknowledged);
    small.last = small.acknowledged;
    append_and_flush(&small, 2, 77);
    log_fixture_close(&small.fixture);
    expect_beginning(&small, "behind a torn tail", 0, small.last);
    /* The torn write of the earlier process comes to the disk after all. */
    image->bytes.data[2 * IO_BLOCK_BYTES + LOG_BATCH_BYTES] ^= 1;
    log_image_write(image, buffer_slice(&image->bytes));
    enum err err = log_fixture_recover(small.fixture.folder, 0, &found, &seen, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    cr_expect(found.last_position == small.last);
    cr_expect(!seen.wrong);
    small_log_free(&small);
}

/* clang-format off */
static const struct repair_row {
    const char *why;
    uint32_t image;
    size_t at;
    uint64_t last; /* that is left */
    bool cut;
} repair_rows[] = {
    {"whole",                               9, 0,                               15, false},
    {"a torn tail is not damage",           3, 2 * IO_BLOCK_BYTES + 60,         12, false},
    {"the second record of all",            0, IO_BLOCK_BYTES + 48 + 92 + 61,    1, true},
    {"the first batch of the last segment", 3, IO_BLOCK_BYTES + 50,              8, true},
    {"a batch header in the middle",        0, 2 * IO_BLOCK_BYTES + 20,          3, true},
    {"a large record",                      2, 2 * IO_BLOCK_BYTES,               7, true},
};
/* clang-format on */

Test(log_damage, doctor_cuts_behind_the_last_good_record)
{
    FOR_ROWS (row, repair_rows) {
        struct small_log small = small_log_new();
        struct log_found found;
        struct log_seen seen;
        struct fault fault;
        bool cut;
        if (row->image < small.images.count) {
            struct log_image *image = &small.images.items[row->image];
            image->bytes.data[row->at] ^= 0x55;
            log_image_write(image, buffer_slice(&image->bytes));
        }
        enum err err = log_repair(small.fixture.folder, 0, &found, &cut, &fault);
        cr_assert(err == ERR_OK, "%s: %s", row->why, fault.text);
        ROW_EQ(row, cut, row->cut);
        ROW_EQ(row, found.last_position, row->last);
        err = log_fixture_recover(small.fixture.folder, 0, &found, &seen, &fault);
        cr_assert(err == ERR_OK, "%s: %s", row->why, fault.text);
        ROW_EQ(row, found.last_position, row->last);
        ROW_EQ(row, seen.wrong, false);
        log_fixture_open(&small.fixture, row->last);
        small.last = row->last;
        append_and_flush(&small, 2, 10);
        log_fixture_close(&small.fixture);
        expect_beginning(&small, row->why, 0, row->last + 2);
        small_log_free(&small);
    }
}

Test(log_damage, a_lost_segment_is_damage_and_repaired)
{
    struct small_log small = small_log_new();
    struct log_found found;
    struct fault fault;
    bool cut;
    cr_assert(remove(small.images.items[1].path) == 0);
    expect_beginning(&small, "a lost segment", 0, small.last);
    cr_assert(log_repair(small.fixture.folder, 0, &found, &cut, &fault) == ERR_OK);
    cr_expect(cut);
    cr_expect(found.last_position == 5);
    expect_beginning(&small, "repaired", 0, 5);
    small_log_free(&small);
}

Test(log_damage, a_newer_format_is_said)
{
    struct small_log small = small_log_new();
    struct log_image *image = &small.images.items[1];
    struct log_found found;
    struct log_seen seen;
    struct fault fault;
    uint8_t *header = image->bytes.data;
    header[8] = LOG_FORMAT + 1;
    uint32_t crc = crc32c(crc32c(0, slice_of(header, 12)), slice_of(header + 16, 48));
    memcpy(header + 12, &crc, sizeof crc);
    log_image_write(image, buffer_slice(&image->bytes));
    enum err err = log_fixture_recover(small.fixture.folder, 0, &found, &seen, &fault);
    cr_expect(err == ERR_LIMIT);
    cr_expect(strstr(fault.text, "is of format 3") != NULL, "%s", fault.text);
    small_log_free(&small);
}
