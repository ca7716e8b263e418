/* token_test.c -- what a new machine is given: written, read back, and refused when it is not
 * whole.
 */
#include "node/token.h"

#include "test/rows.h"

static struct token example(void)
{
    struct token token = {.cluster = 0x34c474332b894e32};
    for (uint32_t i = 0; i < sizeof token.secret; i++) token.secret[i] = (uint8_t)(i * 7 + 1);
    return token;
}

static const struct token_row {
    const char *why, *before, *after;
    size_t cut; /* so many bytes of its end go */
    int flip;   /* the byte at this place is another one; -1: none */
    const char *told;
} rows[] = {
    {"as it is", "", "", 0, -1, NULL},
    {"with the end of its line", "", "\n", 0, -1, NULL},
    {"with blanks around, as from a mail", "  \t", " \r\n\n", 0, -1, NULL},
    {"its last letter was not marked", "", "", 1, -1, "not whole"},
    {"half of it", "", "", 48, -1, "not whole"},
    {"nothing", "", "", 1000, -1, "is empty"},
    {"a typing error in the cluster's id", "", "", 0, 9, "not whole"},
    {"a typing error in the secret", "", "", 0, 40, "not whole"},
    {"a typing error in the sum", "", "", 0, 94, "not whole"},
    {"another beginning", "x", "", 0, -1, "not whole"},
    {"something behind it", "", " more", 0, -1, "not whole"},
};

Test(token, is_read_as_it_was_written_or_refused)
{
    const struct token wanted = example();
    FOR_ROWS (row, rows) {
        struct buffer text = {0};
        struct token got = {0};
        struct fault fault = {0};
        buffer_append(&text, slice_text(row->before));
        token_write(&wanted, &text);
        text.len -= row->cut < text.len ? row->cut : text.len;
        if (row->flip >= 0) text.data[row->flip] = text.data[row->flip] == '5' ? '6' : '5';
        buffer_append(&text, slice_text(row->after));
        enum err err = token_read(buffer_slice(&text), &got, &fault);
        if (row->told == NULL) {
            cr_expect_eq(err, ERR_OK, "%s: %s", row->why, fault.text);
            cr_expect_eq(got.cluster, wanted.cluster, "%s", row->why);
            cr_expect_arr_eq(got.secret, wanted.secret, sizeof got.secret, "%s", row->why);
        } else {
            cr_expect_eq(err, ERR_USAGE, "%s", row->why);
            cr_expect(strstr(fault.text, row->told) != NULL, "%s: '%s'", row->why, fault.text);
        }
        buffer_free(&text);
    }
}

Test(token, a_fault_does_not_say_what_was_read)
{
    struct token token;
    struct fault fault = {0};
    cr_expect_eq(token_read(SLICE("tutti1-0123456789abcdef00"), &token, &fault), ERR_USAGE);
    cr_expect(strstr(fault.text, "0123456789") == NULL, "it may be in a log: '%s'", fault.text);
}
