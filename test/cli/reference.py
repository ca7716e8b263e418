#!/usr/bin/env python3
"""Compares `tutti mapreduce` with the plainest implementation there is, byte for byte.

    test/cli/reference.py [--seed N] [--jobs M] [--first I] [--only I] [--keep DIR] [--quiet]

Prints one check a job; with --quiet only those that failed, and a count. A job that fails leaves
its folder behind, and says the command to run there.
TUTTI is the program (build/tutti), PLUGINS the folder of its test plug-ins.
"""
import argparse
import gzip
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import reference_inputs
import reference_jobs
import reference_model

ROOT = Path(__file__).resolve().parents[2]
JOB_SECONDS_MAX = 60
SHOWN_BYTES = 120
KEYS_FOR_EACH_PART = 40  # with so many, a part that gets none is no chance
EXIT_FAILED = 1


class Wrong(Exception):
    """What the program gave is not what it should."""


# --- one job in its folder ---------------------------------------------------------------------


def write_inputs(job, folder):
    (folder / "in").mkdir()
    (folder / "tmp").mkdir()
    for path, data, storage in job.files:
        if path != "-":
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(reference_inputs.compress(data, storage))
    for hidden in ("in/.hidden", "in/_SUCCESS"):
        (folder / hidden).write_bytes(b"passed over 1\n")
    for name, text in job.scripts.items():
        (folder / name).write_text(text)
    if job.stdin is not None:
        (folder / "stdin").write_bytes(job.stdin)


def start(command, job, folder):
    with open(folder / "stdin" if job.stdin is not None else os.devnull, "rb") as stdin:
        done = subprocess.run(command, cwd=folder, stdin=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=JOB_SECONDS_MAX, check=False)
    return done


def nothing_left(folder, with_output):
    left = [p.name for p in (folder / "tmp").iterdir()]
    left += [p.name for p in folder.iterdir() if p.name.startswith(".")]
    if left:
        raise Wrong("left behind: " + ", ".join(left))
    if not with_output and (folder / "out").exists():
        raise Wrong("a job that failed left its output folder")


def unpack(data, kind):
    if not data:  # a stream of no parts at all
        return data
    if kind == "gz":
        return gzip.decompress(data)
    if kind == "zst":
        done = subprocess.run(["zstd", "-dqc"], input=data, stdout=subprocess.PIPE, check=True)
        return done.stdout
    return data


def read_parts(job, folder, stdout):
    if job.output == "-":
        return [unpack(stdout, job.compress)]
    ending = {"none": "", "gz": ".gz", "zst": ".zst"}[job.compress]
    names = sorted(p.name for p in (folder / "out").iterdir())
    count = len(names) - 1
    if names != ["_SUCCESS"] + ["part-%05d%s" % (i, ending) for i in range(count)]:
        raise Wrong("the output folder has " + " ".join(names))
    if job.reduce[0] != "none" and count != job.reducers:
        raise Wrong("%d parts, not %d" % (count, job.reducers))
    return [unpack((folder / "out" / name).read_bytes(), job.compress) for name in names[1:]]


# --- comparing ---------------------------------------------------------------------------------


def difference(got, want):
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    line = want.rfind(b"\n", 0, at) + 1
    return "byte %d: %r, but should be %r" % (at, got[line : line + SHOWN_BYTES],
                                              want[line : line + SHOWN_BYTES])


def compare_dealt(job, parts, items):
    """Parts by hash: each is in order, each line is in one of them, and so is each key."""
    part_of, keys = {}, len({key for key, _ in items})
    sampled = not job.total_order or job.stdin is None  # else nothing tells one part from another
    if sampled and keys > KEYS_FOR_EACH_PART * len(parts) and not all(parts):
        raise Wrong("a part is empty, with %d keys" % keys)
    for number, part in enumerate(parts):
        at, left = 0, []
        for item in items:
            if part.startswith(item[1], at):
                at += len(item[1])
                if part_of.setdefault(item[0], number) != number:
                    raise Wrong("key %r is in two parts" % item[0])
            else:
                left.append(item)
        if at < len(part):
            raise Wrong("part %d, byte %d: %r is out of order, or should not be"
                        % (number, at, part[at : at + SHOWN_BYTES]))
        items = left
    if items:
        raise Wrong("%d lines are in no part; the first: %r" % (len(items), items[0]))


def compare_output(job, parts, result):
    whole = b"".join(line for _, line in result.items)
    in_order = len(parts) == 1 or job.total_order or job.reduce[0] == "none"
    if in_order and b"".join(parts) != whole:
        raise Wrong(difference(b"".join(parts), whole))
    if not in_order or job.total_order and job.output != "-":
        compare_dealt(job, parts, result.items)


def compare_summary(job, text, result, parts):
    summary = json.loads(text[text.index("{") :])
    spliced = job.map[0] == "cmd" and job.reduce[0] == "none"
    lines = spliced or job.reduce[0] == "cmd"  # not known as pairs, but counted as lines
    want = {
        "status": "done",
        "bad_records": result.bad,
        "records_in": result.records_in,
        "keys": result.keys,
        "records_out": sum(line.count(b"\n") if lines else 1 for _, line in result.items),
        "bytes_out": sum(map(len, parts)),
        "files": sum(1 for _ in job.contents()),
        "workers": job.workers,
        "failed_attempts": 0,
    }
    if job.output != "-":
        want["parts"] = len(parts)
    if spliced:
        want["records_in"] = summary["records_in"]
    for name, value in want.items():
        if summary.get(name) != value:
            raise Wrong("the summary: %s is %r, not %r" % (name, summary.get(name), value))
    if job.must_spill and summary["spilled_bytes"] == 0:
        raise Wrong("it did not spill")
    if job.hadoop and summary["counters"] != counters(job):
        raise Wrong("counters: %r" % summary["counters"])


def counters(job):
    lines = sum(len(reference_model.lines_of(data)) for _, data in job.contents())
    return [{"group": "words", "name": "lines", "amount": lines}] if lines else []


def run_job(job, folder, tutti):
    """Raises Wrong. The commands that were run are in job.ran."""
    write_inputs(job, folder)
    job.folder = folder
    result = reference_model.run(job)
    job.ran = job.command(tutti, result.bad)
    done = start(job.ran, job, folder)
    if done.returncode != 0:
        raise Wrong("exit %d: %s" % (done.returncode, done.stderr[-600:].decode(errors="replace")))
    parts = read_parts(job, folder, done.stdout)
    compare_output(job, parts, result)
    text = done.stderr if job.output == "-" else done.stdout
    compare_summary(job, text.decode(), result, parts)
    nothing_left(folder, True)
    if result.bad > 0:
        too_many(job, folder, tutti, result.bad)


def too_many(job, folder, tutti, bad):
    """One less than there are is one too few."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    job.ran = job.command(tutti, bad - 1)
    done = start(job.ran, job, folder)
    if done.returncode != EXIT_FAILED:
        raise Wrong("exit %d with %d bad records tolerated of %d" % (done.returncode, bad - 1, bad))
    nothing_left(folder, False)


# --- all jobs ----------------------------------------------------------------------------------


def check(seed, index, options):
    job = reference_jobs.draw(seed, index, options.plugins)
    folder = Path(tempfile.mkdtemp(prefix="reference-%s-%d-" % (seed, index), dir=options.keep))
    name = "reference %d: %s" % (index, job.name())
    try:
        run_job(job, folder, options.tutti)
    except (Wrong, subprocess.SubprocessError, ValueError) as wrong:
        stdin = " <stdin" if job.stdin is not None else ""
        why = "%s\nin %s: %s%s\nagain: %s --seed %s --only %d" % (
            wrong, folder, shlex.join(job.ran), stdin, sys.argv[0], seed, index)
        print("not ok %s: %s" % (name, " | ".join(why.splitlines())), flush=True)
        return False
    shutil.rmtree(folder)
    if not options.quiet:
        print("ok " + name, flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, help="default: those that cover everything once")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", default=tempfile.gettempdir(), help="where failed jobs stay")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args()
    options.tutti = os.path.realpath(os.environ.get("TUTTI", ROOT / "build/tutti"))
    beside = Path(options.tutti).parent / "test/fixtures"
    options.plugins = os.environ.get("PLUGINS", str(beside))
    os.environ["LC_ALL"] = "C"
    jobs = len(list(reference_jobs.covering())) if options.jobs is None else options.jobs
    indices = range(options.first, options.first + jobs)
    if options.only is not None:
        indices = [options.only]
    failed = [i for i in indices if not check(options.seed, i, options)]
    if options.quiet:
        print("seed %s: %d jobs, %d failed" % (options.seed, len(indices), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
