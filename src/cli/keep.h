/* keep.h -- `tutti backup`, `restore` and `doctor`: what keeps data safe. */
#pragma once

/* `argv[0]` is the first word after the subcommand. They return the exit status. */
int backup_main(int argc, char **argv);
int restore_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
