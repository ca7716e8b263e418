/*
 * notice.h -- what a running node says to whoever watches it: lines on standard error, as text
 * ("2024-01-31T12:34:56.789Z INFO ready …") or a JSON object each. Lines of several threads do not
 * mix.
 */
#pragma once

#include "base/base.h"

enum notice_level { NOTICE_DEBUG, NOTICE_INFO, NOTICE_WARNING, NOTICE_ERROR };

struct notices {
    bool json;
    enum notice_level least; /* what is below is not written */
};

void notice(const struct notices *notices, enum notice_level level, const char *format, ...)
    PRINTF(3, 4);
