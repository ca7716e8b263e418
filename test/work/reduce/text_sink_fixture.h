/*
 * text_sink_fixture.h -- a sink that writes what it gets as text: "key=value;" for each pair.
 */
#pragma once

#include "base/buffer.h"
#include "work/output/sink.h"

struct text_sink {
    struct sink sink; /* first: the functions get a pointer to it */
    struct buffer text;
    bool open; /* a pair is begun */
};

struct text_sink text_sink(void);
