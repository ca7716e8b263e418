/* assert.c -- the end of a process that found itself in an impossible state. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

void assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "tutti: impossible state: %s (%s:%d); this is a bug, please report it\n",
                  condition, file, line);
    abort();
}
