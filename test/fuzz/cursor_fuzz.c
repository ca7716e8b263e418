/* cursor_fuzz.c -- any bytes, read by any order of reads: never past the end, never good again. */
#include "base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(struct cursor *in, uint8_t kind)
{
    switch (kind % 5) {
    case 0: (void)cursor_u8(in); break;
    case 1: (void)cursor_u32(in); break;
    case 2: (void)cursor_u64(in); break;
    case 3: (void)cursor_varint(in); break;
    default: {
        struct slice bytes = cursor_sized(in);
        uint8_t sum = 0;
        for (size_t i = 0; i < bytes.len; i++) sum = (uint8_t)(sum + bytes.data[i]);
        ASSERT(bytes.len != 0 || sum == 0);
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_of(slice_of(data, size));
    for (size_t i = 0; i < size; i++) {
        bool bad = in.bad;
        read_one(&in, data[i]);
        ASSERT(!bad || in.bad);
        ASSERT(in.at <= in.end);
    }
    return 0;
}
