#!/usr/bin/env python3
"""1 node becomes 3, 5, and 3 again under 200 clients: their errors, their history, their p99.

    GROW_SECONDS (10)    how long each size lasts
    GROW_RATE (2,000)    operations a second of all clients together

The work is that of test/cluster/grow.py. The clients keep a steady pace well below what the machine
can do, so that p99 tells of waiting, and not of how many processes share two cores.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, place, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

PYTHON = "/usr/bin/python3"  # Debian's modules are this one's
CLIENTS, RATE, SECONDS, QUICK_SECONDS = 200, 2000, 10, 2
CHANGES = {"1 → 3": "1 node", "3 → 5": "3 nodes", "5 → 3": "5 nodes"}  # and what was before
P99_AT_MOST = 3.0
RUN_SECONDS_MAX = 1200
PHASE = re.compile(r"^(.+): ([0-9.]+) s, p99 ([0-9.]+) ms, ([0-9]+) errors$")


def python_prepare():
    tools.package("python3-redis", lambda: subprocess.run(
        [PYTHON, "-c", "import redis"], capture_output=True, check=False).returncode == 0)


def run_once(seconds, rate):
    """({phase: (seconds, p99 in ms, errors so far)}, what went wrong, or "")"""
    with tempfile.TemporaryDirectory(prefix="grow-", dir=place.DATA) as folder:
        done = subprocess.run(
            [PYTHON, str(place.ROOT / "test" / "cluster" / "grow.py"), str(tools.tutti()),
             str(tools.simulator()), str(CLIENTS), str(rate), str(seconds), f"{folder}/history"],
            text=True, capture_output=True, check=False, timeout=RUN_SECONDS_MAX,
            env=os.environ | {"TMPDIR": folder})
    phases = {}
    for line in done.stdout.splitlines():
        if found := PHASE.match(line):
            phases[found[1]] = (float(found[2]), float(found[3]), int(found[4]))
    trouble = "" if done.returncode == 0 else (done.stdout[-300:] + done.stderr[-500:]).strip()
    return phases, trouble


class Grow:
    name = "grow"
    title = f"1 → 3 → 5 → 3 nodes under {CLIENTS} clients"

    def measure(self, rounds, quick):
        seconds = QUICK_SECONDS if quick else float(os.environ.get("GROW_SECONDS", SECONDS))
        rate = float(os.environ.get("GROW_RATE", RATE))
        result = FreeResult(self.name, self.title,
                            ["phase", "seconds, median", "p99 ms, median", "of the phase before"])
        python_prepare()
        place.DATA.mkdir(parents=True, exist_ok=True)
        runs = []
        for number in range(rounds):
            phases, trouble = run_once(seconds, rate)
            print(f"  {self.name} round {number + 1}: {phases} {trouble}", flush=True)
            if trouble:
                result.fail("no violation, no error", "the clients", trouble)
                return result
            runs.append(phases)
        result.judge_below("violations of the history", "the checker", 0, 0)
        result.judge_below("errors seen by clients", "the clients",
                           sum(max(errors for *_, errors in run.values()) for run in runs), 0)
        self._judge(runs, result)
        return result

    @staticmethod
    def _judge(runs, result):
        for name in runs[0]:
            ratio = ""
            if name in CHANGES:
                ratio = statistics.median(run[name][1] / run[CHANGES[name]][1] for run in runs)
                result.judge_at_most(f"p99 of {name}", f"p99 of {CHANGES[name]}", ratio,
                                     P99_AT_MOST)
                ratio = f"{ratio:.2f}×"
            result.rows.append([name, f"{statistics.median(run[name][0] for run in runs):.2f}",
                                f"{statistics.median(run[name][1] for run in runs):.2f}", ratio])


def claim():
    return Grow()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
