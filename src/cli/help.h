/*
 * help.h -- what `tutti help` says, the man page and the shell completion, all from the .def rows.
 */
#pragma once

#include "base/buffer.h"
#include "cli/cluster.h"

void help_overview(struct buffer *out);
void help_mapreduce(struct buffer *out);
void help_start(struct buffer *out);
void help_policy(struct buffer *out);
void help_cluster(enum cluster_verb verb, struct buffer *out);
void help_backup(struct buffer *out);
void help_restore(struct buffer *out);
void help_doctor(struct buffer *out);
void help_man(struct buffer *out);        /* roff, as docs/tutti.1 */
void help_completion(struct buffer *out); /* bash, as completions/tutti.bash */
