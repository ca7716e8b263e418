/*
 * plugin_host.h -- `tutti plugin-host map|reduce FILE BYTES`: the process in which a plug-in runs.
 *
 * Hidden from people: work/child starts it. It reads frames (work/child/frames.h) of up to BYTES
 * from standard input, calls the plug-in, and writes frames to standard output. What the plug-in
 * itself prints there goes to standard error, and so do counters and status, as reporter lines.
 */
#pragma once

/* `argv[0]` is "map" or "reduce". Returns the exit status: 0, or 1 with the reason on standard
 * error. */
int plugin_host_main(int argc, char **argv);
