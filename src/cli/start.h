/* start.h -- `tutti start`: a node in the foreground, until it is asked to end. */
#pragma once

/* `argv[0]` is the first word after `start`. Returns the exit status. */
int start_main(int argc, char **argv);
