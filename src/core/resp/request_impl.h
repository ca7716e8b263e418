/* request_impl.h -- what request.c and request_inline.c share. */
#pragma once

#include "core/resp/request.h"

void request_add(struct request_reader *reader, struct slice argument);
/* "Protocol error: " and the text. */
enum request_status request_fail(char error[REQUEST_ERROR_MAX], const char *text);

enum request_status request_read_inline(struct request_reader *reader, struct slice bytes,
                                        const struct request_limits *limits, size_t *used,
                                        char error[REQUEST_ERROR_MAX]);
