/* summary_test.c -- the closing summary as golden texts, and JSON strings of any bytes. */
#include "base/json_text.h"
#include "cli/summary.h"
#include "test/rows.h"

#define MS(ms) ((duration){(ms)*1000000ll})

static const struct mr_counter counters[] = {
    {{(const uint8_t *)"my group", 8}, {(const uint8_t *)"lines \"x\"", 9}, 42},
    {{(const uint8_t *)"my group", 8}, {(const uint8_t *)"tab\there", 8}, -1},
};

static struct job_summary full(void)
{
    return (struct job_summary){
        .final = {.phase = JOB_PUBLISH,
                  .bytes_read = 1000000000,
                  .records_in = 12345678,
                  .records_out = 8600123,
                  .keys_out = 8600123,
                  .bytes_out = 102000000,
                  .spills = 3,
                  .spilled_bytes = 55500000,
                  .bad_records = 2,
                  .attempts_failed = 1,
                  .elapsed = MS(3417)},
        .plan = MS(2),
        .map = MS(2500),
        .reduce = MS(903),
        .publish = MS(12),
        .cpu = MS(6500),
        .peak_rss_bytes = 412000000,
        .slowest_label = slice_text("map of a.log, bytes 0 to 67108864"),
        .slowest = MS(421),
        .files = 1234,
        .splits = 16,
        .workers = 2,
        .parts = 2,
        .counters = counters,
        .counters_count = COUNT_OF(counters),
        .first_bad_record = slice_text("b.csv, offset 17: a quote is missing"),
        .output = "out",
    };
}

static const char full_text[] =
    "done in 3.4 s\n"
    "  read      1.0 GB of 1,234 files in 16 splits, 400 MB/s\n"
    "  records   12,345,678\n"
    "  keys      8,600,123 distinct\n"
    "  wrote     8,600,123 records, 102 MB\n"
    "  phases    plan 2 ms, map 2.5 s, reduce 903 ms, publish 12 ms\n"
    "  CPU       6.5 s, 1.9 cores busy, 2 workers\n"
    "  memory    412 MB at its peak, 3 spills of 55.5 MB\n"
    "  slowest   421 ms: map of a.log, bytes 0 to 67108864\n"
    "  retried   1 failed attempt\n"
    "  bad       2 records passed over; the first: b.csv, offset 17: a quote is missing\n"
    "  counters  my group lines \"x\" 42\n"
    "            my group tab?here -1\n"
    "  output    out, 2 part files\n";

static const char full_json[] =
    "{\n"
    "  \"status\": \"done\",\n"
    "  \"output\": \"out\",\n"
    "  \"parts\": 2,\n"
    "  \"files\": 1234,\n"
    "  \"splits\": 16,\n"
    "  \"bytes_read\": 1000000000,\n"
    "  \"records_in\": 12345678,\n"
    "  \"keys\": 8600123,\n"
    "  \"records_out\": 8600123,\n"
    "  \"bytes_out\": 102000000,\n"
    "  \"seconds\": 3.417000,\n"
    "  \"phase_seconds\": {\n"
    "    \"plan\": 0.002000,\n"
    "    \"sample\": 0.000000,\n"
    "    \"map\": 2.500000,\n"
    "    \"reduce\": 0.903000,\n"
    "    \"publish\": 0.012000\n"
    "  },\n"
    "  \"cpu_seconds\": 6.500000,\n"
    "  \"workers\": 2,\n"
    "  \"peak_rss_bytes\": 412000000,\n"
    "  \"spills\": 3,\n"
    "  \"spilled_bytes\": 55500000,\n"
    "  \"slowest_task\": \"map of a.log, bytes 0 to 67108864\",\n"
    "  \"slowest_task_seconds\": 0.421000,\n"
    "  \"failed_attempts\": 1,\n"
    "  \"bad_records\": 2,\n"
    "  \"first_bad_record\": \"b.csv, offset 17: a quote is missing\",\n"
    "  \"counters\": [\n"
    "    {\"group\": \"my group\", \"name\": \"lines \\\"x\\\"\", "
    "\"amount\": 42},\n"
    "    {\"group\": \"my group\", \"name\": \"tab\\there\", "
    "\"amount\": -1}\n"
    "  ]\n"
    "}\n";

static void expect_text(const char *why, struct buffer *out, const char *want)
{
    cr_expect(slice_eq(buffer_slice(out), slice_text(want)), "%s:\n%.*s\nnot\n%s", why,
              (int)out->len, (const char *)out->data, want);
    buffer_clear(out);
}

Test(summary, of_a_job_with_everything)
{
    struct buffer out = {0};
    struct job_summary summary = full();
    summary_text(&summary, &out);
    expect_text("text", &out, full_text);
    summary_json(&summary, &out);
    expect_text("JSON", &out, full_json);
    buffer_free(&out);
}

Test(summary, of_an_empty_stream)
{
    struct buffer out = {0};
    struct job_summary summary = {.files = 1, .workers = 1, .output = "-", .plan = MS(1)};
    summary_text(&summary, &out);
    expect_text("what is nothing is not said", &out,
                "done in 0 ms\n"
                "  read      0 bytes of 1 file in 0 splits\n"
                "  records   0\n"
                "  wrote     0 records, 0 bytes\n"
                "  phases    plan 1 ms\n"
                "  CPU       0 ms, 1 worker\n"
                "  memory    0 bytes at its peak\n"
                "  output    standard output\n");
    buffer_free(&out);
}

Test(summary, does_not_count_what_it_has_not_seen)
{
    struct buffer out = {0};
    struct job_summary summary = {.final = {.bytes_read = 5}, .files = 1, .output = "-"};
    summary_text(&summary, &out);
    buffer_append_byte(&out, '\0');
    cr_expect(strstr((const char *)out.data, "  read      5 bytes of 1 file") != NULL);
    cr_expect(strstr((const char *)out.data, "\n  records ") == NULL);
    buffer_free(&out);
}

Test(summary, shows_a_bounded_number_of_counters)
{
    enum { COUNTERS = 60 };
    static struct mr_counter many[COUNTERS];
    struct buffer out = {0};
    struct job_summary summary = {.output = "-", .counters = many, .counters_count = COUNTERS};
    summary_text(&summary, &out);
    buffer_append_byte(&out, '\0');
    cr_expect(strstr((const char *)out.data, "and 10 more (--json shows all)\n") != NULL);
    buffer_free(&out);
}

Test(summary, of_a_failure)
{
    struct buffer out = {0};
    struct fault fault = {.code = ERR_NO_SPACE, .text = "out: the \"disk\"\nis full"};
    summary_json_failed(&fault, &out);
    expect_text("failure", &out,
                "{\n"
                "  \"status\": \"failed\",\n"
                "  \"error\": \"NO_SPACE\",\n"
                "  \"message\": \"out: the \\\"disk\\\"\\nis full\"\n"
                "}\n");
    buffer_free(&out);
}

/* clang-format off */
static const struct string_row { const char *why, *text, *want; } string_rows[] = {
    {"nothing",                        "",                 "\"\""},
    {"plain",                          "a b",              "\"a b\""},
    {"a quote and a backslash",        "\"\\",             "\"\\\"\\\\\""},
    {"line ends and tabs",             "\r\n\t",           "\"\\r\\n\\t\""},
    {"other controls",                 "\x01\x1b\x7f",     "\"\\u0001\\u001b\\u007f\""},
    {"UTF-8 of 2, 3 and 4 bytes",      "é€😀",             "\"é€😀\""},
    {"a lone continuation",            "a\x80z",           "\"a\\ufffdz\""},
    {"a sequence cut short",           "\xe2\x82",         "\"\\ufffd\\ufffd\""},
    {"an overlong slash",              "\xc0\xaf",         "\"\\ufffd\\ufffd\""},
    {"half a surrogate pair",          "\xed\xa0\x80",     "\"\\ufffd\\ufffd\\ufffd\""},
    {"past the last code point",       "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    {"0xff",                           "\xff",             "\"\\ufffd\""},
};
/* clang-format on */

Test(json_text, strings)
{
    struct buffer out = {0};
    FOR_ROWS (row, string_rows) {
        buffer_clear(&out);
        json_append_string(&out, slice_text(row->text));
        ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
    }
    buffer_free(&out);
}
