/* buffer_test.c -- bytes that grow, against a plain array. */
#include "base/buffer.h"
#include "test/random.h"
#include "test/rows.h"

Test(buffer, starts_empty_and_may_be_freed_twice)
{
    struct buffer buffer = {0};
    cr_expect(buffer_slice(&buffer).len == 0);
    buffer_free(&buffer);
    buffer_append_byte(&buffer, 'x');
    buffer_free(&buffer);
    buffer_free(&buffer);
    cr_expect(buffer.data == NULL && buffer.len == 0 && buffer.capacity == 0);
}

Test(buffer, reserve_makes_room_and_moves_nothing)
{
    struct buffer buffer = {0};
    buffer_append(&buffer, SLICE("abc"));
    uint8_t *room = buffer_reserve(&buffer, 100000);
    cr_expect(buffer.len == 3);
    cr_expect(room == buffer.data + 3);
    cr_expect(buffer.capacity - buffer.len >= 100000);
    memset(room, 'x', 100000);
    cr_expect(slice_eq(buffer_slice(&buffer), SLICE("abc")));
    buffer_free(&buffer);
}

Test(buffer, format_appends_whatever_its_length)
{
    struct buffer buffer = {0};
    buffer_append_format(&buffer, "%s=%d", "n", 7);
    buffer_append_format(&buffer, "%*d", 1000, 1);
    cr_expect(buffer.len == 3 + 1000);
    cr_expect(slice_starts_with(buffer_slice(&buffer), SLICE("n=7   ")));
    cr_expect(buffer.data[buffer.len - 1] == '1');
    buffer_free(&buffer);
}

Test(buffer, clear_keeps_the_room)
{
    struct buffer buffer = {0};
    buffer_append(&buffer, SLICE("abc"));
    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    cr_expect(buffer.len == 0 && buffer.capacity == capacity);
    buffer_free(&buffer);
}

enum { MODEL_MAX = 1 << 16 };

Test(buffer, does_what_an_array_does) /* random appends and consumptions */
{
    static uint8_t model[MODEL_MAX];
    size_t len = 0;
    struct random random = {2};
    struct buffer buffer = {0};
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[600];
        size_t count = random_below(&random, sizeof bytes);
        if (random_below(&random, 2) == 0 && len + count <= MODEL_MAX) {
            for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)random_u64(&random);
            buffer_append(&buffer, slice_of(bytes, count));
            memcpy(model + len, bytes, count);
            len += count;
        } else {
            count = u64_min(count, len);
            buffer_consume(&buffer, count);
            memmove(model, model + count, len - count);
            len -= count;
        }
        cr_assert(slice_eq(buffer_slice(&buffer), slice_of(model, len)), "round %d", round);
    }
    buffer_free(&buffer);
}
