/* mapreduce.h -- `tutti mapreduce`: reads the command line, runs the job, tells how it went. */
#pragma once

/* `argv[0]` is the first word after `mapreduce`. Returns the exit status, as exit.def says. */
int mapreduce_main(int argc, char **argv);
