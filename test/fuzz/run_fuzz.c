/* run_fuzz.c -- any bytes as blocks of a run: records lie in them, or it is told that they do not.
 */
#include <stdlib.h>

#include "work/shuffle/run_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_BYTES_MAX = 1 << 20 };

static void check_inside(struct slice part, struct slice whole)
{
    ASSERT(part.data >= whole.data);
    ASSERT(part.data + part.len <= whole.data + whole.len);
}

static void take_records(struct slice records)
{
    struct slice rest = records, key, value;
    while (run_record_take(&rest, &key, &value)) {
        check_inside(key, records);
        check_inside(value, records);
        check_inside(rest, records);
        ASSERT(key.len + value.len + rest.len < records.len);
    }
}

/* The checksum is made right, as chance never would. */
static void open_block(struct slice bytes)
{
    uint8_t head_bytes[RUN_HEAD_BYTES];
    struct run_head head, again;
    struct slice records;
    struct fault fault;
    if (run_head_read(bytes.data, &head, &fault) != ERR_OK) return;
    if (head.records_bytes > RECORDS_BYTES_MAX) return;
    struct slice stored = slice_from(bytes, RUN_HEAD_BYTES);
    stored.len = u64_min(stored.len, head.records_bytes);
    size_t records_bytes = head.codec == RUN_CODEC_LZ4 ? head.records_bytes : stored.len;
    run_head_write(head_bytes, records_bytes, stored, head.codec);
    enum err err = run_head_read(head_bytes, &again, &fault);
    ASSERT(err == ERR_OK);
    uint8_t *scratch = malloc(records_bytes + 1);
    ASSERT(scratch != NULL);
    if (run_block_open(&again, stored, scratch, &records, &fault) == ERR_OK) take_records(records);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_records(slice_of(data, size));
    if (size >= RUN_HEAD_BYTES) open_block(slice_of(data, size));
    return 0;
}
