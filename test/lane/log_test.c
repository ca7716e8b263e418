/* log_test.c -- what was acknowledged is found again; room, a full disk, failed writes, reuse. */
#include <dirent.h>

#include "io/file.h"
#include "lane/log.h"
#include "lane/log_files.h"
#include "test/lane/log_fixture.h"
#include "test/random.h"
#include "test/rows.h"

static struct log_found recover(const struct log_fixture *fixture, uint64_t after)
{
    struct log_found found;
    struct log_seen seen;
    struct fault fault;
    enum err err = log_fixture_recover(fixture->folder, after, &found, &seen, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    cr_assert(!seen.wrong);
    cr_assert(seen.first_position == found.last_position + 1);
    return found;
}

static void append(struct log_fixture *fixture, size_t bytes)
{
    cr_assert(log_fixture_room(fixture, bytes + 4) == LOG_ROOM);
    log_fixture_append(fixture, bytes);
}

Test(log, an_empty_folder_is_an_empty_log)
{
    struct log_fixture fixture = log_fixture_new();
    struct log_found found = recover(&fixture, 0);
    cr_expect(found.last_position == 0);
    cr_expect(found.dropped_bytes == 0);
    cr_expect(recover(&fixture, 17).last_position == 17);
    log_fixture_free(&fixture);
}

/* clang-format off */
static const struct batches_row {
    const char *why;
    uint32_t batches, records;
    size_t bytes;
} batches_rows[] = {
    {"one record",                                 1,  1,  10},
    {"an empty one",                               1,  1,  0},
    {"many in one batch",                          1, 50,  40},
    {"a batch each, over several segments",       20,  1,  100},
    {"of more than a block each",                 12,  3,  3000},
    {"larger than a segment",                      3,  1,  100000},
    {"larger than a batch may be, several",        2,  4,  9000},
};
/* clang-format on */

Test(log, what_was_durable_is_recovered)
{
    FOR_ROWS (row, batches_rows) {
        struct log_fixture fixture = log_fixture_new();
        log_fixture_open(&fixture, 0);
        for (uint32_t i = 0; i < row->batches; i++) {
            for (uint32_t j = 0; j < row->records; j++) append(&fixture, row->bytes);
            log_fixture_flush(&fixture);
            ROW_EQ(row, log_durable(fixture.log), log_last(fixture.log));
        }
        log_fixture_close(&fixture);
        struct log_found found = recover(&fixture, 0);
        ROW_EQ(row, found.last_position, row->batches * row->records);
        ROW_EQ(row, found.records_count, row->batches * row->records);
        ROW_EQ(row, found.last_term, 1 + found.last_position / 10);
        ROW_EQ(row, found.dropped_bytes, 0);
        found = recover(&fixture, 1);
        ROW_EQ(row, found.records_count, row->batches * row->records - 1);
        log_fixture_free(&fixture);
    }
}

/* Random appends, flushes, snapshots and restarts: the log is what was appended. */
Test(log, random_lives)
{
    struct random random = {11};
    for (int round = 0; round < 6; round++) {
        struct log_fixture fixture = log_fixture_new();
        uint64_t covered = 0, durable = 0;
        log_fixture_open(&fixture, 0);
        for (int i = 0; i < 150; i++) {
            switch (random_below(&random, 8)) {
            case 0:
                covered += random_below(&random, durable - covered + 1);
                log_covered(fixture.log, covered);
                break;
            case 1:
                log_fixture_close(&fixture); /* what was not durable may be lost, or there */
                uint64_t last = recover(&fixture, covered).last_position;
                cr_assert(last >= durable);
                log_fixture_open(&fixture, durable = last);
                log_covered(fixture.log, covered);
                break;
            case 2:
            case 3:
                log_fixture_flush(&fixture);
                durable = log_durable(fixture.log);
                cr_assert(durable == log_last(fixture.log));
                break;
            default: append(&fixture, random_below(&random, 1 << random_below(&random, 14)));
            }
        }
        cr_expect(log_bytes(fixture.log) > 0);
        log_fixture_free(&fixture);
    }
}

static uint32_t segments_count(const char *folder)
{
    uint32_t count = 0;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        count += strstr(entry->d_name, ".segment") != NULL;
    }
    (void)closedir(listing);
    return count;
}

Test(log, covered_segments_are_used_again_and_never_too_many_are_kept)
{
    struct log_fixture fixture = log_fixture_new();
    log_fixture_open(&fixture, 0);
    for (int i = 0; i < 100; i++) {
        append(&fixture, 5000);
        log_fixture_flush(&fixture);
        if (i % 7 == 0) log_covered(fixture.log, log_durable(fixture.log));
    }
    cr_expect(log_bytes(fixture.log) <= 8 * LOG_FIXTURE_SEGMENT_BYTES);
    for (int i = 0; i < 20; i++) log_fixture_turn(&fixture);
    cr_expect(segments_count(fixture.folder) <= 8);
    log_fixture_close(&fixture);
    cr_expect(recover(&fixture, 99).last_position == 100);
    log_fixture_free(&fixture);
}

Test(log, records_missing_at_the_start_are_damage)
{
    struct log_fixture fixture = log_fixture_new();
    struct log_found found;
    struct log_seen seen;
    struct fault fault;
    log_fixture_open(&fixture, 50);
    append(&fixture, 100);
    log_fixture_flush(&fixture);
    log_fixture_close(&fixture);
    cr_expect(recover(&fixture, 50).last_position == 51);
    cr_expect(recover(&fixture, 60).last_position == 60);
    cr_expect(log_fixture_recover(fixture.folder, 40, &found, &seen, &fault) == ERR_CORRUPT);
    cr_expect(strstr(fault.text, "41 to 50 are missing") != NULL, "%s", fault.text);
    log_fixture_free(&fixture);
}

Test(log, a_full_disk_is_said_and_left_behind)
{
    struct log_fixture fixture = log_fixture_new();
    log_fixture_open(&fixture, 0);
    append(&fixture, 10);
    log_fixture_flush(&fixture);
    while (log_fixture_room(&fixture, 20000) != LOG_ROOM) continue; /* a larger one beside */
    io_set_faults(fixture.io, &(struct io_faults){.write_err = ERR_NO_SPACE});
    for (int i = 0; i < 20; i++) log_fixture_turn(&fixture);
    cr_expect(log_fixture_room(&fixture, 1 << 20) == LOG_ROOM_DISK_FULL);
    cr_expect(log_fixture_room(&fixture, 10) == LOG_ROOM, "what fits goes on");
    cr_expect(log_failed(fixture.log) == NULL);
    io_set_faults(fixture.io, &(struct io_faults){0});
    for (int i = 0; i < 200 && log_has_room(fixture.log, 0, 1 << 20) != LOG_ROOM; i++) {
        log_flush(fixture.log);
        log_fixture_turn(&fixture);
    }
    append(&fixture, 1 << 20);
    log_fixture_flush(&fixture);
    log_fixture_close(&fixture);
    cr_expect(recover(&fixture, 0).last_position == 2);
    log_fixture_free(&fixture);
}

Test(log, a_disk_that_is_full_at_the_start_lets_the_log_open)
{
    struct log_fixture fixture = log_fixture_new();
    fixture.full = true;
    log_fixture_open(&fixture, 0);
    cr_expect(log_fixture_room(&fixture, 10) == LOG_ROOM_DISK_FULL);
    io_set_faults(fixture.io, &(struct io_faults){0});
    for (int i = 0; i < 200 && log_has_room(fixture.log, 0, 10) != LOG_ROOM; i++) {
        log_flush(fixture.log);
        log_fixture_turn(&fixture);
    }
    append(&fixture, 10);
    log_fixture_flush(&fixture);
    cr_expect(log_durable(fixture.log) == 1);
    log_fixture_free(&fixture);
}

Test(log, a_failed_write_is_final)
{
    struct log_fixture fixture = log_fixture_new();
    log_fixture_open(&fixture, 0);
    append(&fixture, 10);
    log_fixture_flush(&fixture);
    for (int i = 0; i < 5; i++) { /* the next segment is made ready */
        log_flush(fixture.log);
        log_fixture_turn(&fixture);
    }
    append(&fixture, 10);
    io_set_faults(fixture.io, &(struct io_faults){.write_err = ERR_IO});
    log_fixture_flush(&fixture);
    io_set_faults(fixture.io, &(struct io_faults){0});
    cr_assert(log_failed(fixture.log) != NULL);
    cr_expect(strstr(log_failed(fixture.log)->text, "cannot write the log to") != NULL);
    cr_expect(strstr(log_failed(fixture.log)->text, fixture.folder) != NULL);
    log_fixture_flush(&fixture);
    cr_expect(log_durable(fixture.log) == 1);
    cr_expect(log_fixture_room(&fixture, 1) == LOG_ROOM_SOON);
    log_fixture_close(&fixture);
    cr_expect(recover(&fixture, 0).last_position == 1);
    log_fixture_free(&fixture);
}

static enum err refuse_third(void *context, const struct log_record *record, struct fault *fault)
{
    (void)context;
    return record->index < 3 ? ERR_OK : fault_set(fault, ERR_LIMIT, "no more");
}

Test(log, a_visitor_that_fails_ends_the_reading)
{
    struct log_fixture fixture = log_fixture_new();
    struct log_found found;
    struct fault fault;
    log_fixture_open(&fixture, 0);
    for (int i = 0; i < 9; i++) append(&fixture, 10);
    log_fixture_flush(&fixture);
    log_fixture_close(&fixture);
    enum err err = log_recover(fixture.folder, 0, refuse_third, NULL, &found, &fault);
    cr_expect(err == ERR_LIMIT);
    cr_expect(strcmp(fault.text, "no more") == 0);
    log_fixture_free(&fixture);
}

/* --- format 1 --------------------------------------------------------------------------------- */

/* A segment as it was written before records had an index of their own. */
static void write_format_1(const struct log_fixture *fixture, uint32_t records)
{
    enum { SALT = 77, SEQUENCE = 3 };
    static uint8_t bytes[LOG_FIXTURE_SEGMENT_BYTES];
    char path[LOG_PATH_BYTES_MAX];
    struct file file;
    struct fault fault;
    uint8_t *at = bytes + IO_BLOCK_BYTES + LOG_BATCH_BYTES;
    memset(bytes, 0, sizeof bytes);
    for (uint32_t i = 1; i <= records; i++) {
        uint8_t *payload = at + LOG_RECORD_HEADER_BYTES;
        *payload = (uint8_t)('a' + i);
        /* What starts the checksum of position 0 is the salt alone, as then. */
        struct log_record record = {.kind = 1, .term = 1, .index = i, .payload = {payload, 1}};
        log_record_write(at, log_salt_crc(SALT), &record);
        at = payload + 1;
    }
    log_header_write(bytes, &(struct log_header){1, SEQUENCE, SALT, 1, sizeof bytes});
    struct log_batch batch = {1, SEQUENCE, SALT, 1, records, 0, 0};
    batch.bytes = (uint64_t)(at - bytes) - IO_BLOCK_BYTES - LOG_BATCH_BYTES;
    log_batch_write(bytes + IO_BLOCK_BYTES, &batch);
    log_file_path(path, fixture->folder, 1, "");
    cr_assert(file_create(path, &file, &fault) == ERR_OK, "%s", fault.text);
    cr_assert(file_write(&file, slice_of(bytes, sizeof bytes), &fault) == ERR_OK);
    file_close(&file);
}

struct seen_1 {
    uint64_t next;
    bool wrong;
};

static enum err see_1(void *context, const struct log_record *record, struct fault *fault)
{
    (void)fault;
    struct seen_1 *seen = context;
    bool old = record->position <= 5;
    seen->wrong |= record->position != seen->next++;
    if (old) seen->wrong |= record->index != record->position || record->kind != 1;
    if (old) seen->wrong |= record->payload.data[0] != 'a' + record->position;
    return ERR_OK;
}

Test(log, format_1_is_read_and_format_2_goes_on_behind_it)
{
    struct log_fixture fixture = log_fixture_new();
    write_format_1(&fixture, 5);
    struct seen_1 seen = {1, false};
    struct log_found found;
    struct fault fault;
    enum err err = log_recover(fixture.folder, 0, see_1, &seen, &found, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    cr_expect_eq(found.last_position, 5);
    log_fixture_open(&fixture, 5);
    append(&fixture, 10);
    append(&fixture, 10);
    log_fixture_flush(&fixture);
    log_fixture_close(&fixture);
    seen.next = 1;
    err = log_recover(fixture.folder, 0, see_1, &seen, &found, &fault);
    cr_assert(err == ERR_OK, "%s", fault.text);
    cr_expect_eq(found.last_position, 7);
    cr_expect_eq(found.records_count, 7);
    cr_expect(!seen.wrong);
    log_fixture_free(&fixture);
}

/* A record is good in its own place alone: what an earlier use of a segment left is not new. */
Test(log, a_record_of_another_position_is_none)
{
    uint8_t bytes[LOG_RECORD_HEADER_BYTES + 1] = {0};
    struct log_record record = {.position = 7, .kind = 1, .term = 2, .index = 3};
    struct log_record got;
    record.payload = slice_of(bytes + LOG_RECORD_HEADER_BYTES, 1);
    log_record_write(bytes, log_salt_crc(5), &record);
    for (uint64_t position = 0; position < 20; position++) {
        struct slice rest = slice_of(bytes, sizeof bytes);
        cr_expect_eq(log_record_read(&rest, LOG_FORMAT, log_salt_crc(5), position, &got),
                     position == 7);
    }
}
