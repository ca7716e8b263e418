/* bytes_test.c -- counting bytes, against counting one by one. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/bytes.h"

Test(bytes, are_counted)
{
    enum { SIZE = 100000 };
    uint8_t *bytes = malloc(SIZE);
    srand(3);
    for (int round = 0; round < 50; round++) {
        size_t len = (size_t)rand() % SIZE;
        uint64_t want = 0;
        int every = 1 + rand() % 3;
        for (size_t i = 0; i < len; i++) {
            bytes[i] = rand() % every == 0 ? '\n' : (uint8_t)rand();
            want += bytes[i] == '\n';
        }
        cr_assert_eq(bytes_count(slice_of(bytes, len), '\n'), want);
    }
    free(bytes);
}
