/* size_test.c -- sizes, counts and times, read and shown. */
#include "base/size.h"
#include "test/rows.h"

/* clang-format off */
static const struct parse_row {
    const char *why, *text;
    bool ok;
    uint64_t bytes;
} parse_rows[] = {
    {"bare digits are bytes",           "100",        true,  100},
    {"zero is a size",                  "0",          true,  0},
    {"a B says bytes",                  "7B",         true,  7},
    {"k is 1024",                       "512k",       true,  512 * 1024},
    {"case does not matter",            "512K",       true,  512 * 1024},
    {"MiB is 1024 * 1024",              "64MiB",      true,  64ull << 20},
    {"MB is a million",                 "64MB",       true,  64000000},
    {"G is 2^30",                       "1G",         true,  1ull << 30},
    {"TiB",                             "2tib",       true,  2ull << 40},
    {"a space before the unit",         "1 GB",       true,  1000000000},
    {"a fraction of a unit",            "1.5k",       true,  1536},
    {"a fraction loses what is less",   "1.0005k",    true,  1024},
    {"the largest",         "9223372036854775807",    true,  INT64_MAX},
    {"one more than the largest",
                            "9223372036854775808",    false, 0},
    {"far too large",       "99999999999999999999999", false, 0},
    {"too large by its unit",           "9000000000G", false, 0},
    {"nothing",                         "",           false, 0},
    {"only a unit",                     "MiB",        false, 0},
    {"negative",                        "-1",         false, 0},
    {"a sign",                          "+1",         false, 0},
    {"an unknown unit",                 "1x",         false, 0},
    {"half a unit",                     "1Mi",        false, 0},
    {"a unit and more",                 "1MiBs",      false, 0},
    {"a dot without digits",            "1.M",        false, 0},
    {"only a fraction",                 ".5M",        false, 0},
    {"a space and nothing",             "1 ",         false, 0},
    {"a fraction too fine",             "1.0000001G", false, 0},
};

static const struct count_row {
    const char *why, *text;
    bool ok;
    uint64_t count;
} count_rows[] = {
    {"digits",                     "42",                   true,  42},
    {"the largest",                "18446744073709551615", true,  UINT64_MAX},
    {"one more than the largest",  "18446744073709551616", false, 0},
    {"no unit is allowed",         "4k",                   false, 0},
    {"nothing",                    "",                     false, 0},
};

static const struct size_row { const char *why; uint64_t bytes; const char *want; } size_rows[] = {
    {"nothing",                          0,          "0 bytes"},
    {"one",                              1,          "1 byte"},
    {"below a thousand all is said",     999,        "999 bytes"},
    {"a thousand",                       1000,       "1.0 kB"},
    {"not 1000 kB",                      999999,     "1.0 MB"},
    {"one digit after the dot",          1234567890, "1.2 GB"},
    {"none past a hundred",              123456789,  "123 MB"},
    {"99.95 is not 100.0",               99960000,   "100 MB"},
    {"the largest",                      UINT64_MAX, "18.4 EB"},
};

static const struct size_row thousands_rows[] = {
    {"nothing",           0,          "0"},
    {"three digits",      999,        "999"},
    {"four",              1000,       "1,000"},
    {"seven",             1234567,    "1,234,567"},
    {"the largest",       UINT64_MAX, "18,446,744,073,709,551,615"},
};

static const struct time_row { const char *why; int64_t ns; const char *want; } time_rows[] = {
    {"nothing",                  0,                  "0 ms"},
    {"a clock that went back",   -5,                 "0 ms"},
    {"milliseconds",             15400000,           "15 ms"},
    {"seconds",                  3440000000,         "3.4 s"},
    {"not 1000 ms",              999600000,          "1.0 s"},
    {"not 60.0 s",               59960000000,        "1 min 00 s"},
    {"minutes",                  125000000000,       "2 min 05 s"},
    {"not 60 min",               3599700000000,      "1 h 00 min"},
    {"hours",                    3780000000000,      "1 h 03 min"},
};
/* clang-format on */

Test(size, parse)
{
    FOR_ROWS (row, parse_rows) {
        uint64_t bytes = 0;
        ROW_EQ(row, size_parse(slice_text(row->text), &bytes), row->ok);
        ROW_EQ(row, bytes, row->bytes);
    }
}

Test(size, count_parse)
{
    FOR_ROWS (row, count_rows) {
        uint64_t count = 0;
        ROW_EQ(row, count_parse(slice_text(row->text), &count), row->ok);
        ROW_EQ(row, count, row->count);
    }
}

Test(size, append)
{
    struct buffer out = {0};
    FOR_ROWS (row, size_rows) {
        buffer_clear(&out);
        size_append(&out, row->bytes);
        ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
    }
    FOR_ROWS (row, thousands_rows) {
        buffer_clear(&out);
        count_append(&out, row->bytes);
        ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
    }
    FOR_ROWS (row, time_rows) {
        buffer_clear(&out);
        duration_append(&out, (duration){row->ns});
        ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
    }
    buffer_free(&out);
}
