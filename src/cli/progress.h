/*
 * progress.h -- how far a job is, for a person who waits.
 *
 * On a terminal one line on standard error is painted over and over, at most five times a second,
 * and is gone at the end. Elsewhere a plain line is written every five seconds.
 */
#pragma once

#include "base/buffer.h"
#include "work/job/job.h"

enum progress_style { PROGRESS_NONE, PROGRESS_LIVE, PROGRESS_PLAIN };

/* What the line needs beyond the job's own numbers. */
struct progress_pace {
    uint64_t bytes_second; /* read, lately */
    duration left;         /* of this phase; negative: it cannot be told yet */
};

/* "[=====>    ] ", with so many columns between the brackets; `done`: 0 … 1. */
void progress_bar(struct buffer *out, double done, uint32_t columns, bool color);

/* The live line, at most `columns` wide, without line end. What does not fit is left out, the least
 * important first. */
void progress_line(const struct job_progress *now, struct progress_pace pace, uint32_t columns,
                   bool color, struct buffer *out);

/* The plain line, with its line end. */
void progress_plain_line(const struct job_progress *now, struct progress_pace pace,
                         struct buffer *out);

struct progress_mark {
    duration at;
    uint64_t bytes;
};

/* Begin with {.style = …, .color = …}. */
struct progress {
    enum progress_style style;
    bool color;
    bool painted;     /* the terminal shows our line */
    duration written; /* when the last line was */
    enum job_phase phase;
    duration phase_start;
    struct progress_mark marks[2]; /* the older is what the pace is measured from */
};

/* Take note of where the job is. */
struct progress_pace progress_measure(struct progress *progress, const struct job_progress *now);

/* Is it time for a line? `now` counts from the start of the job. */
bool progress_is_due(const struct progress *progress, duration now);

/* Both of the above, and write the line to standard error. */
void progress_show(struct progress *progress, const struct job_progress *now);

void progress_clear(struct progress *progress); /* wipe the live line away */
