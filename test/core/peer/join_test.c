/* join_test.c -- what a joiner is answered: as bytes and back, and cut anywhere. */
#include "core/peer/join.h"
#include "test/rows.h"

static const struct join_row {
    const char *why;
    struct join_answer answer;
    bool sound;
} rows[] = {
    {"welcome",
     {.outcome = JOIN_WELCOME,
      .node = {7},
      .seed = 99,
      .name = {(const uint8_t *)"tutti", 5},
      .registry = {(const uint8_t *)"rows", 4}},
     true},
    {"welcome without a number",
     {.outcome = JOIN_WELCOME,
      .name = {(const uint8_t *)"tutti", 5},
      .registry = {(const uint8_t *)"rows", 4}},
     false},
    {"welcome without a registry",
     {.outcome = JOIN_WELCOME, .node = {7}, .name = {(const uint8_t *)"tutti", 5}},
     false},
    {"elsewhere",
     {.outcome = JOIN_ELSEWHERE, .host = {(const uint8_t *)"::1", 3}, .port = 17000},
     true},
    {"elsewhere, and not where",
     {.outcome = JOIN_ELSEWHERE, .host = {(const uint8_t *)"::1", 3}},
     false},
    {"later", {.outcome = JOIN_LATER, .why = {(const uint8_t *)"no leader", 9}}, true},
    {"refused", {.outcome = JOIN_REFUSED, .why = {(const uint8_t *)"full", 4}}, true},
    {"no such outcome", {.outcome = (enum join_outcome)5}, false},
};

Test(join, an_answer_is_read_as_it_was_written)
{
    FOR_ROWS (row, rows) {
        struct buffer bytes = {0};
        struct join_answer got;
        join_answer_write(&row->answer, &bytes);
        ROW_EQ(row, join_answer_read(buffer_slice(&bytes), &got), row->sound);
        for (size_t len = 0; len < bytes.len; len++) {
            cr_expect(!join_answer_read(slice_of(bytes.data, len), &got), "%s: %zu bytes", row->why,
                      len);
        }
        if (join_answer_read(buffer_slice(&bytes), &got)) {
            ROW_EQ(row, got.node.n, row->answer.node.n);
            ROW_EQ(row, got.seed, row->answer.seed);
            ROW_EQ(row, got.port, row->answer.port);
            cr_expect(slice_eq(got.registry, row->answer.registry), "%s", row->why);
            cr_expect(slice_eq(got.host, row->answer.host), "%s", row->why);
            cr_expect(slice_eq(got.why, row->answer.why), "%s", row->why);
        }
        buffer_free(&bytes);
    }
}
