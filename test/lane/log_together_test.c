/* log_together_test.c -- records that are one on the disk: all of them are found, or none. */
#include "lane/log.h"
#include "lane/log_format.h"
#include "test/lane/log_fixture.h"
#include "test/random.h"
#include "test/rows.h"

enum { SEEN_MAX = 64 };

struct seen {
    struct log_record records[SEEN_MAX]; /* payloads: only their lengths */
    uint32_t count;
    uint32_t sum; /* of all payloads' bytes */
};

static enum err see(void *context, const struct log_record *record, struct fault *fault)
{
    struct seen *seen = context;
    (void)fault;
    cr_assert(seen->count < SEEN_MAX);
    seen->records[seen->count] = *record;
    seen->records[seen->count++].payload.data = NULL;
    for (size_t i = 0; i < record->payload.len; i++) seen->sum += record->payload.data[i];
    return ERR_OK;
}

static enum err recover(const struct log_fixture *fixture, uint64_t after, struct seen *seen,
                        struct log_found *found)
{
    struct fault fault;
    *seen = (struct seen){0};
    return log_recover(fixture->folder, after, see, seen, found, &fault);
}

/* Of a group, with `bytes` bytes that are its number. */
static uint64_t append(struct log_fixture *fixture, uint32_t group, uint64_t index, size_t bytes)
{
    struct buffer payload = {0};
    memset(buffer_reserve(&payload, bytes + 1), (int)group, bytes);
    payload.len = bytes;
    struct slice whole = buffer_slice(&payload);
    struct log_record head = {.group = group, .kind = 2, .term = 3 + group, .index = index};
    uint64_t position = log_append(fixture->log, &head, &whole, 1);
    buffer_free(&payload);
    return position;
}

/* clang-format off */
static const struct parts_row {
    const char *why;
    uint32_t parts;
    size_t bytes;
} parts_rows[] = {
    {"none: nothing is written",           0,     0},
    {"one",                                1,    10},
    {"two, empty",                         2,     0},
    {"many",                              30,   100},
    {"larger than a segment",              3, 20000},
    {"larger than the memory gathered",    2, 200000},
};
/* clang-format on */

Test(log_together, is_found_with_the_position_of_the_whole)
{
    FOR_ROWS (row, parts_rows) {
        struct log_fixture fixture = log_fixture_new();
        struct seen seen;
        struct log_found found;
        log_fixture_open(&fixture, 0);
        size_t needed = row->parts * (row->bytes + LOG_TOGETHER_BYTES);
        ROW_EQ(row, log_fixture_room(&fixture, needed + 10), LOG_ROOM);
        ROW_EQ(row, append(&fixture, 1, 1, 10), 1);
        log_begin_together(fixture.log);
        for (uint32_t i = 0; i < row->parts; i++) {
            ROW_EQ(row, append(&fixture, 2 + i, 7, row->bytes), 2);
        }
        log_end_together(fixture.log);
        ROW_EQ(row, append(&fixture, 1, 2, 10), row->parts == 0 ? 2 : 3);
        log_fixture_flush(&fixture);
        log_fixture_close(&fixture);
        ROW_EQ(row, recover(&fixture, 0, &seen, &found), ERR_OK);
        ROW_EQ(row, seen.count, row->parts + 2);
        ROW_EQ(row, found.last_term, row->parts == 0 ? 4 : 4 + row->parts);
        uint32_t sum = 20;
        for (uint32_t i = 0; i < row->parts; i++) {
            const struct log_record *part = &seen.records[1 + i];
            ROW_EQ(row, part->group, 2 + i);
            ROW_EQ(row, part->position, 2);
            ROW_EQ(row, part->index, 7);
            ROW_EQ(row, part->kind, 2);
            ROW_EQ(row, part->payload.len, row->bytes);
            sum += (2 + i) * (uint32_t)row->bytes;
        }
        ROW_EQ(row, seen.sum, sum);
        ROW_EQ(row, recover(&fixture, 2, &seen, &found), ERR_OK);
        ROW_EQ(row, seen.count, row->parts == 0 ? 0 : 1);
        log_fixture_free(&fixture);
    }
}

/* Wherever the last write is cut off, and whichever of its bytes is another: all parts or none. */
Test(log_together, is_never_found_in_part)
{
    enum { PARTS = 5, BYTES = 30 };
    struct log_fixture fixture = log_fixture_new();
    struct seen seen;
    struct log_found found;
    log_fixture_open(&fixture, 0);
    cr_assert_eq(log_fixture_room(&fixture, 1000), LOG_ROOM);
    append(&fixture, 9, 1, 10);
    log_fixture_flush(&fixture);
    log_begin_together(fixture.log);
    for (uint32_t i = 0; i < PARTS; i++) append(&fixture, i, 2, BYTES);
    log_end_together(fixture.log);
    log_fixture_flush(&fixture);
    log_fixture_close(&fixture);
    struct log_images images = log_images_read(fixture.folder);
    struct log_image *image = &images.items[images.count - 1];
    size_t end = image->bytes.len;
    while (image->bytes.data[end - 1] == 0) end--;
    uint32_t whole = 0, none = 0;
    size_t batch = 2 * (size_t)IO_BLOCK_BYTES; /* the second one */
    for (size_t at = batch; at <= end; at++) {
        struct buffer cut = {0};
        buffer_append(&cut, buffer_slice(&image->bytes));
        if (at % 2 == 0) {
            memset(cut.data + at, 0, cut.len - at);
        } else {
            cut.data[at] ^= 0x10;
        }
        log_image_write(image, buffer_slice(&cut));
        cr_assert_eq(recover(&fixture, 0, &seen, &found), ERR_OK);
        cr_assert(seen.count == 1 || seen.count == 1 + PARTS, "%u parts", seen.count - 1);
        whole += seen.count > 1;
        none += seen.count == 1;
        buffer_free(&cut);
    }
    cr_expect(whole > 0 && none > PARTS * BYTES, "%u whole, %u not there", whole, none);
    log_images_free(&images);
    log_fixture_free(&fixture);
}

Test(log_together, parts_that_cannot_be_read_are_refused)
{
    static const struct {
        const char *why;
        uint32_t length, kind;
    } rows[] = {
        {"longer than what is there", 100, 2},
        {"a whole within a whole", 4, LOG_TOGETHER},
    };
    FOR_ROWS (row, rows) {
        uint8_t bytes[LOG_PART_HEADER_BYTES + 4] = {0};
        struct log_record part = {.kind = row->kind, .payload = slice_of(bytes, row->length)};
        log_part_write(bytes, &part);
        struct cursor cursor = cursor_of(slice_of(bytes, sizeof bytes));
        ROW_EQ(row, log_part_read(&cursor, 1, &part), false);
    }
}
