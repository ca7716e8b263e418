"""Runs one command and says what it took: wall time, CPU and memory of its whole process tree."""

import dataclasses
import os
import resource
import subprocess
import time

STDERR_TAIL_BYTES = 400
READ_BYTES = 1 << 20
KIB_PER_MIB = 1024


@dataclasses.dataclass
class Run:
    wall_s: float
    cpu_s: float
    peak_mib: float  # of the largest single process in the tree
    error: str  # empty: it exited with 0


def warm(path):
    """Reads the input, so that every run finds it in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(READ_BYTES):
            pass


def run(command, folder):
    """Runs a shell command in `folder`. The shell replaces itself where the command is simple.

    Children's usage counts once they are waited for, which shells, parallel and tutti all do; the
    difference of this process's own account of its children is exact, as it runs one at a time.
    The peak comes from GNU time, a small process: a child of Python starts at Python's own peak.
    """
    os.sync()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    errors, peak = folder / "stderr", folder / "peak"
    with open(errors, "wb") as stderr:
        start = time.monotonic()
        timed = ["time", "-q", "-o", peak, "-f", "%M", "/bin/sh", "-c", command]
        child = subprocess.Popen(timed, cwd=folder, stderr=stderr, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL)
        child.wait()
        wall_s = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    error = ""
    if child.returncode != 0:
        said = errors.read_bytes()[-STDERR_TAIL_BYTES:].decode("utf-8", "replace").strip()
        error = f"exit {child.returncode}: {said}"
    return Run(wall_s, cpu_s, int(peak.read_text()) / KIB_PER_MIB, error)
