/* policy.h -- `tutti policy`: asks a running node for its policies, or sets them. */
#pragma once

/* `argv[0]` is the first word after `policy`. Returns the exit status. */
int policy_main(int argc, char **argv);
