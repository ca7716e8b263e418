"""The programs that take part: how each is called, and how its result is compared.

A program is a shell command that runs in an empty folder and leaves its result there as `out`, and
a shell command that turns this result into the reference's bytes on standard output.
"""

import dataclasses
import os
import shlex

from . import tools

TAB = "\"$(printf '\\t')\""
MAWK_COUNT = r"""{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print w "\t" n[w] }"""
MAWK_MERGE = r"""-F '\t' '{ n[$1] += $2 } END { for (w in n) print w "\t" n[w] }'"""


@dataclasses.dataclass
class Program:
    name: str
    command: str
    result: str = "cat out"
    input: str = ""  # the name of an input of its own; empty: the claim's
    prepare: object = None  # called before the first run; raises tools.Missing


def synced(program):
    """The same work until it is safe on the disk, which is what tutti does by default."""
    return dataclasses.replace(program, name=f"{program.name}, then `sync out`",
                               command=f"{program.command} && sync out")


# ---- tutti ---------------------------------------------------------------------------------------

def tutti(options, fsync, result, label):
    name = f"tutti {label}" + ("" if fsync else " --no-fsync")
    flag = "" if fsync else " --no-fsync"
    binary = shlex.quote(os.path.abspath(tools.place.TUTTI))
    return Program(name, f"exec {binary} mapreduce {options} --input $INPUT --output out"
                   f" --quiet{flag}", result, prepare=tools.tutti)


def tutti_wordcount(workers, fsync=False):
    return tutti(f"--map words --reduce count --workers {workers}", fsync,
                 f"LC_ALL=C sort -m -t {TAB} -k1,1 out/part-*", f"--workers {workers}")


def tutti_cat(fsync=False):
    return tutti("--map cmd:cat --reduce none --workers 1", fsync, "cat out/part-*",
                 "--map cmd:cat")


def tutti_sort(fsync=False):
    return tutti("--map line --reduce sort --memory 256M --workers 2 --total-order", fsync,
                 "cat out/part-*", "--memory 256M")


def tutti_small():
    return tutti("--map words --reduce count", True, f"LC_ALL=C sort -m -t {TAB} -k1,1 out/part-*",
                 "(defaults)")


# ---- peers ---------------------------------------------------------------------------------------

def baseline():
    binary = tools.place.BUILD / "wordcount_baseline"
    return Program("hand-written C, one thread", f"exec {shlex.quote(str(binary))} $INPUT out",
                   prepare=lambda: tools.compiled("wordcount_baseline"))


def duckdb():
    script = shlex.quote(str(tools.place.BENCH / "duckdb_wordcount.mjs"))
    return Program("DuckDB, 2 threads",
                   f"DUCKDB_NODE={shlex.quote(str(tools.place.NODE))}"
                   f" exec node {script} $INPUT out",
                   prepare=tools.duckdb)


def parallel_mawk():
    """Each half is counted by itself; merging the halves is left out of what is timed."""
    job = shlex.quote(f"LC_ALL=C mawk {shlex.quote(MAWK_COUNT)}")
    return Program("GNU parallel + mawk, not merged",
                   f"exec parallel --pipepart -a $INPUT --block -1 -j2 {job} > out",
                   f"LC_ALL=C mawk {MAWK_MERGE} out | LC_ALL=C sort -S 1G -t {TAB} -k1,1",
                   prepare=lambda: (tools.program("parallel"), tools.program("mawk")))


def mawk():
    return Program("mawk, not sorted",
                   f"LC_ALL=C exec mawk {shlex.quote(MAWK_COUNT)} $INPUT > out",
                   f"LC_ALL=C sort -S 1G -t {TAB} -k1,1 out",
                   prepare=lambda: tools.program("mawk"))


def tr_sort_uniq():
    """An empty first line, from an input that begins with a space, is no word."""
    return Program("tr, sort -S 4G --parallel=2, uniq -c",
                   "export LC_ALL=C; tr -s '[:space:]' '\\n' < $INPUT"
                   " | sort -S 4G --parallel=2 -T . | uniq -c > out",
                   r"LC_ALL=C sed -nE 's/^ *([0-9]+) (.+)$/\2\t\1/p' out")


def cat():
    return Program("cat | cat", "cat $INPUT | cat > out")


def gnu_sort():
    return Program("GNU sort -S 256M --parallel=2",
                   "LC_ALL=C exec sort -S 256M --parallel=2 -T . $INPUT > out",
                   prepare=lambda: tools.program("sort", "coreutils"))
