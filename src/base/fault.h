/*
 * fault.h -- how a failure is told: a code for the program, a text for the person.
 *
 * A function that can fail returns `enum err` and, where a person will read it, fills a fault: what
 * happened, to what (file, offset, key), and what to do. The first fault of a chain is kept: a
 * caller that adds where it happened uses fault_prefix.
 */
#pragma once

#include "base/base.h"

enum err {
#define ERROR(name, text) ERR_##name,
#include "base/error.def"
#undef ERROR
};

enum { FAULT_TEXT_MAX = 6144 }; /* room for 4 KiB of a command's stderr */

struct fault {
    enum err code;
    bool retry; /* trying again may help: a command that died, not a bad record */
    char text[FAULT_TEXT_MAX];
};

/* "it does not exist": the text of error.def. */
const char *err_text(enum err code);

/* Fill and return `code`, so that one line can do both. Longer texts are cut. */
enum err fault_set(struct fault *fault, enum err code, const char *format, ...) PRINTF(3, 4);

/* Put "where: " before the text. Returns the fault's code. */
enum err fault_prefix(struct fault *fault, const char *format, ...) PRINTF(2, 3);

/* The err of an operating system's errno, without a text. */
enum err err_of_errno(int error_number);

/* As fault_set, and adds ": " and the system's words for `error_number`. */
enum err fault_set_errno(struct fault *fault, int error_number, const char *format, ...)
    PRINTF(3, 4);
