/* run_cursor.c -- reading the parts of runs. See run.h. */
#include <stdlib.h>

#include "work/shuffle/run_impl.h"

struct run_cursor {
    const struct run_store *store;
    struct run run;       /* a copy: the store may grow while we read */
    uint64_t at, end;     /* of the part, in the run: the next block, and behind the last one */
    struct slice records; /* of the block at hand, still to come */
    uint8_t *stored;      /* of a run in the file: one block as it lies there */
    uint8_t *scratch;     /* and its records */
};

size_t run_cursor_bytes(const struct run_store *store, uint64_t run)
{
    if (run >= store->runs_count) return 0; /* run_cursor_new refuses it */
    size_t block = store->runs[run].in_memory ? 0 : store->runs[run].block_bytes_max;
    return sizeof(struct run_cursor) + 2 * block;
}

enum err run_cursor_new(const struct run_store *store, uint64_t run, uint64_t offset,
                        uint64_t bytes, struct run_cursor **out, struct fault *fault)
{
    *out = NULL;
    if (run >= store->runs_count || offset > store->runs[run].bytes ||
        bytes > store->runs[run].bytes - offset) {
        return fault_set(fault, ERR_CORRUPT, "there is no part of run %llu at byte %llu",
                         (unsigned long long)run, (unsigned long long)offset);
    }
    struct run_cursor *cursor = calloc(1, sizeof *cursor);
    ASSERT(cursor != NULL);
    *cursor = (struct run_cursor){
        .store = store, .run = store->runs[run], .at = offset, .end = offset + bytes};
    if (!cursor->run.in_memory) {
        cursor->stored = malloc(cursor->run.block_bytes_max);
        cursor->scratch = malloc(cursor->run.block_bytes_max);
        ASSERT(cursor->stored != NULL);
        ASSERT(cursor->scratch != NULL);
    }
    *out = cursor;
    return ERR_OK;
}

void run_cursor_free(struct run_cursor *cursor)
{
    if (cursor == NULL) return;
    free(cursor->stored);
    free(cursor->scratch);
    free(cursor);
}

/* Bytes of the run, from memory or file, into `to` or borrowed. */
static enum err fetch(struct run_cursor *cursor, size_t size, uint8_t *to, struct slice *bytes,
                      struct fault *fault)
{
    *bytes = (struct slice){0};
    if (cursor->end - cursor->at < size) {
        return fault_set(fault, ERR_CORRUPT, "a block reaches over the end of its part");
    }
    uint64_t at = cursor->run.start + cursor->at;
    cursor->at += size;
    if (cursor->run.in_memory) {
        *bytes = slice_of(cursor->store->memory + at, size);
        return ERR_OK;
    }
    struct file file = cursor->store->file;
    size_t got;
    enum err err = file_read_at(&file, at, to, size, &got, fault);
    if (err != ERR_OK) return err;
    *bytes = slice_of(to, got);
    return got == size ? ERR_OK : fault_set(fault, ERR_CORRUPT, "the spill file is too short");
}

static enum err block_next(struct run_cursor *cursor, struct fault *fault)
{
    uint8_t head_bytes[RUN_HEAD_BYTES];
    struct slice bytes;
    struct run_head head;
    enum err err = fetch(cursor, RUN_HEAD_BYTES, head_bytes, &bytes, fault);
    if (err == ERR_OK) err = run_head_read(bytes.data, &head, fault);
    if (err == ERR_OK && head.records_bytes > cursor->run.block_bytes_max) {
        err = fault_set(fault, ERR_CORRUPT, "a block is longer than it was written");
    }
    if (err == ERR_OK) err = fetch(cursor, head.stored_bytes, cursor->stored, &bytes, fault);
    if (err == ERR_OK) {
        err = run_block_open(&head, bytes, cursor->scratch, &cursor->records, fault);
    }
    return err;
}

enum err run_cursor_next(struct run_cursor *cursor, struct record *record, bool *got,
                         struct fault *fault)
{
    *got = false;
    uint64_t block_at = cursor->at;
    if (cursor->records.len == 0) {
        if (cursor->at == cursor->end) return ERR_OK;
        enum err err = block_next(cursor, fault);
        if (err != ERR_OK) goto damaged;
    }
    if (!run_record_take(&cursor->records, &record->key, &record->value)) {
        (void)fault_set(fault, ERR_CORRUPT, "a record is damaged");
        goto damaged;
    }
    *got = true;
    return ERR_OK;

damaged:
    return fault_prefix(fault, "spilled data in %s, byte %llu of the temporary file",
                        cursor->store->folder, (unsigned long long)(cursor->run.start + block_at));
}
