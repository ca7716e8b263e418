/* prefetch.h -- asking for memory before it is needed. */
#pragma once

static inline void prefetch_line(const void *address)
{
    __builtin_prefetch(address);
    /* gcc takes a function that does nothing but prefetch for one without effect, and drops calls
     * of it; this statement, which is no instruction, is an effect. */
    __asm__ volatile("");
}
