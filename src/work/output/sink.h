/*
 * sink.h -- where pairs go next: an output part, a sorter, a run. A table of functions, so that
 * an operator need not know which.
 *
 * A pair is begun, its value appended in pieces (so that a value may be longer than memory), and
 * ended. One pair at a time.
 */
#pragma once

#include "base/fault.h"

struct sink {
    enum err (*begin)(struct sink *sink, struct slice key, struct fault *fault);
    enum err (*append)(struct sink *sink, struct slice bytes, struct fault *fault);
    enum err (*end)(struct sink *sink, struct fault *fault);
};

static inline MUST_USE enum err sink_begin(struct sink *sink, struct slice key, struct fault *fault)
{
    return sink->begin(sink, key, fault);
}

static inline MUST_USE enum err sink_append(struct sink *sink, struct slice bytes,
                                            struct fault *fault)
{
    return sink->append(sink, bytes, fault);
}

static inline MUST_USE enum err sink_end(struct sink *sink, struct fault *fault)
{
    return sink->end(sink, fault);
}

static inline MUST_USE enum err sink_put(struct sink *sink, struct slice key, struct slice value,
                                         struct fault *fault)
{
    enum err err = sink_begin(sink, key, fault);
    if (err == ERR_OK) err = sink_append(sink, value, fault);
    if (err == ERR_OK) err = sink_end(sink, fault);
    return err;
}
