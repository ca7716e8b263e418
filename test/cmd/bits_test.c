/* bits_test.c -- counting, finding and fields of bits against plain loops over single bits. */
#include <stdio.h>

#include "cmd/bitmap.h"
#include "test/cmd/call_fixture.h"
#include "test/random.h"
#include "test/rows.h"

enum { ROUNDS = 2000, BYTES_MAX = 300, LINE_MAX_BYTES = 200 };

static bool plain_bit(const uint8_t *bytes, uint64_t at)
{
    return (bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

static uint64_t plain_count(const uint8_t *bytes, uint64_t from, uint64_t end)
{
    uint64_t count = 0;
    for (uint64_t at = from; at < end; at++) count += plain_bit(bytes, at);
    return count;
}

static uint64_t plain_find(const uint8_t *bytes, uint64_t from, uint64_t end, bool bit)
{
    uint64_t at = from;
    while (at < end && plain_bit(bytes, at) != bit) at++;
    return at;
}

/* Long runs of zeros and ones among other bytes. */
static size_t draw_bytes(struct random *random, uint8_t bytes[BYTES_MAX])
{
    size_t len = 0, want = random_below(random, BYTES_MAX);
    while (len < want) {
        uint64_t run = 1 + random_below(random, want - len);
        uint8_t byte = (uint8_t) "\x00\xff\x10"[random_below(random, 3)];
        memset(bytes + len, byte, run);
        if (random_below(random, 2) != 0) bytes[len] = (uint8_t)random_u64(random);
        len += run;
    }
    return len;
}

Test(bits, count_and_find_as_plain_loops_do)
{
    struct random random = {11};
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t bytes[BYTES_MAX];
        struct slice all = slice_of(bytes, draw_bytes(&random, bytes));
        cr_assert_eq(bits_count(all), plain_count(bytes, 0, all.len * 8));
        cr_assert_eq(bits_find(all, true), plain_find(bytes, 0, all.len * 8, true));
        cr_assert_eq(bits_find(all, false), plain_find(bytes, 0, all.len * 8, false));
    }
}

static int64_t answer(struct call_fixture *fixture, const char *line)
{
    const char *reply = call_fixture_run(fixture, line);
    int64_t value = INT64_MIN;
    cr_assert(reply[0] == ':' && integer_parse(slice_text(reply + 1), &value), "%s: %s", line,
              reply);
    return value;
}

Test(bits, ranges_of_bits_as_plain_loops_find_them)
{
    struct random random = {13};
    struct call_fixture *fixture = call_fixture_new();
    struct store *store = call_fixture_store(fixture);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t bytes[BYTES_MAX];
        size_t len = draw_bytes(&random, bytes);
        if (len == 0) continue;
        uint64_t from = random_below(&random, len * 8);
        uint64_t end = from + 1 + random_below(&random, len * 8 - from);
        bool bit = round % 2 == 0;
        (void)store_set_string(store, 0, SLICE("a"), slice_of(bytes, len), STORE_NO_EXPIRY);
        char line[LINE_MAX_BYTES];
        snprintf(line, sizeof line, "BITCOUNT a %d %d BIT", (int)from, (int)end - 1);
        cr_assert_eq(answer(fixture, line), (int64_t)plain_count(bytes, from, end), "%s", line);
        snprintf(line, sizeof line, "BITPOS a %d %d %d BIT", bit, (int)from, (int)end - 1);
        uint64_t place = plain_find(bytes, from, end, bit);
        int64_t want = place < end ? (int64_t)place : -1;
        cr_assert_eq(answer(fixture, line), want, "%s", line);
    }
    call_fixture_free(fixture);
}

/* Every width at every offset: what was put is read back, and nothing beside it changes. */
Test(bits, fields_of_every_width_come_back)
{
    struct call_fixture *fixture = call_fixture_new();
    struct store *store = call_fixture_store(fixture);
    struct random random = {17};
    for (int bits = 1; bits <= 64; bits++) {
        for (int offset = 0; offset < 9; offset++) {
            uint8_t bytes[10];
            memset(bytes, bits % 2 == 0 ? 0xff : 0, sizeof bytes);
            int64_t value = (int64_t)random_u64(&random) >> (64 - bits);
            char line[LINE_MAX_BYTES];
            (void)store_set_string(store, 0, SLICE("a"), slice_of(bytes, sizeof bytes),
                                   STORE_NO_EXPIRY);
            snprintf(line, sizeof line, "BITFIELD a SET i%d %d %lld", bits, offset,
                     (long long)value);
            (void)call_fixture_run(fixture, line);
            snprintf(line, sizeof line, "BITFIELD a GET i%d %d", bits, offset);
            char want[LINE_MAX_BYTES];
            snprintf(want, sizeof want, "*1 :%lld", (long long)value);
            cr_assert_str_eq(call_fixture_run(fixture, line), want, "%s", line);
            char scratch[INTEGER_TEXT_MAX];
            struct slice now = entry_string(store_peek(store, 0, SLICE("a")), scratch);
            uint64_t inside = plain_count(now.data, (uint64_t)offset, (uint64_t)(offset + bits));
            uint64_t outside = bytes[0] == 0 ? 0 : (uint64_t)(80 - bits);
            cr_assert_eq(plain_count(now.data, 0, 80), inside + outside, "%s", line);
        }
    }
    call_fixture_free(fixture);
}
