/* fault_test.c -- codes, their texts, and how texts grow. */
#include <errno.h>

#include "base/fault.h"
#include "test/rows.h"

static const struct errno_row {
    const char *why;
    int error_number;
    enum err want;
} rows[] = {
    {"no such file", ENOENT, ERR_NOT_FOUND},
    {"a file where a folder should be", ENOTDIR, ERR_NOT_FOUND},
    {"it is there already", EEXIST, ERR_EXISTS},
    {"a folder with something in it", ENOTEMPTY, ERR_EXISTS},
    {"not allowed", EACCES, ERR_PERMISSION},
    {"a disk that is read only", EROFS, ERR_PERMISSION},
    {"the disk is full", ENOSPC, ERR_NO_SPACE},
    {"the quota is used up", EDQUOT, ERR_NO_SPACE},
    {"nobody reads any more", EPIPE, ERR_CLOSED},
    {"anything else", EIO, ERR_IO},
};

Test(fault, errno_rows)
{
    FOR_ROWS (row, rows) {
        struct fault fault;
        ROW_EQ(row, err_of_errno(row->error_number), row->want);
        ROW_EQ(row, fault_set_errno(&fault, row->error_number, "open %s", "x"), row->want);
        ROW_EQ(row, fault.code, row->want);
        cr_expect(strncmp(fault.text, "open x: ", 8) == 0, "%s: %s", row->why, fault.text);
        cr_expect(strstr(fault.text, strerror(row->error_number)) != NULL, "%s", row->why);
    }
}

Test(fault, every_code_has_a_text_of_its_own)
{
    static const char *const names[] = {
#define ERROR(name, text) #name,
#include "base/error.def"
#undef ERROR
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (size_t j = 0; j < i; j++) {
            cr_expect(strcmp(err_text((enum err)i), err_text((enum err)j)) != 0, "%s and %s",
                      names[i], names[j]);
        }
    }
}

Test(fault, is_set_and_prefixed)
{
    struct fault fault = {.retry = true};
    cr_expect(fault_set(&fault, ERR_CORRUPT, "byte %d is wrong", 7) == ERR_CORRUPT);
    cr_expect(!fault.retry);
    cr_expect(fault_prefix(&fault, "%s", "a.gz") == ERR_CORRUPT);
    cr_expect(strcmp(fault.text, "a.gz: byte 7 is wrong") == 0, "%s", fault.text);
}

Test(fault, long_texts_are_cut_not_overrun)
{
    struct fault fault;
    for (int len = FAULT_TEXT_MAX - 3; len <= FAULT_TEXT_MAX + 3; len++) {
        (void)fault_set(&fault, ERR_IO, "%*d", len, 1);
        cr_expect(strlen(fault.text) == u64_min((uint64_t)len, FAULT_TEXT_MAX - 1), "len %d", len);
        (void)fault_prefix(&fault, "%*d", len, 2);
        cr_expect(strlen(fault.text) == FAULT_TEXT_MAX - 1, "prefix of %d", len);
        (void)fault_set_errno(&fault, EIO, "%*d", len, 1);
        cr_expect(strlen(fault.text) == FAULT_TEXT_MAX - 1, "errno after %d", len);
    }
}
