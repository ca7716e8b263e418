/* run_fixture.c -- see run_fixture.h. */
#include "test/work/shuffle/run_fixture.h"

#include <criterion/criterion.h>

uint32_t fixture_run(struct run_store *store, const struct fixture_pairs *pairs,
                     struct run_part *parts)
{
    struct fault fault;
    run_begin(store);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct fixture_pair *pair = &pairs->list[i];
        cr_assert_eq(run_put(store, pair->key, pair->value, &fault), ERR_OK, "%s", fault.text);
        bool last = i + 1 == pairs->count || pair[1].partition != pair->partition;
        if (!last) continue;
        cr_assert_eq(run_end_part(store, pair->partition, &fault), ERR_OK, "%s", fault.text);
        cr_assert_eq(run_end_part(store, pair->partition + 1, &fault), ERR_OK); /* an empty one */
    }
    const struct run_part *made;
    uint32_t count;
    cr_assert_eq(run_end(store, &made, &count, &fault), ERR_OK, "%s", fault.text);
    if (count > 0) memcpy(parts, made, count * sizeof *made);
    return count;
}

void fixture_check_part(const struct run_store *store, const struct run_part *part,
                        const struct fixture_pair *want, size_t count)
{
    struct run_cursor *cursor;
    struct record record;
    struct fault fault;
    bool got;
    cr_assert_eq(part->records, count);
    cr_assert_eq(run_cursor_new(store, part->run, part->offset, part->bytes, &cursor, &fault),
                 ERR_OK, "%s", fault.text);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(run_cursor_next(cursor, &record, &got, &fault), ERR_OK, "%s", fault.text);
        cr_assert(got, "run %zu: %zu records, not %zu", (size_t)part->run, i, count);
        cr_assert_eq(part->partition, want[i].partition);
        cr_assert(slice_eq(record.key, want[i].key), "run %zu: key %zu", (size_t)part->run, i);
        cr_assert(slice_eq(record.value, want[i].value), "run %zu, value %zu", (size_t)part->run,
                  i);
    }
    cr_assert_eq(run_cursor_next(cursor, &record, &got, &fault), ERR_OK, "%s", fault.text);
    cr_assert(!got, "there are more than %zu records", count);
    run_cursor_free(cursor);
}

struct slice fixture_value(struct random *random, size_t len, bool compresses,
                           struct buffer *scratch)
{
    buffer_clear(scratch);
    (void)buffer_reserve(scratch, len + 1);
    memset(scratch->data, 'v', len);
    for (size_t i = 0; !compresses && i < len; i++) scratch->data[i] = (uint8_t)random_u64(random);
    scratch->len = len;
    return buffer_slice(scratch);
}
