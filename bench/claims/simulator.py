#!/usr/bin/env python3
"""Virtual minutes of three simulated nodes under load and faults, for each minute of CPU."""

import pathlib
import resource
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

VIRTUAL_SECONDS = 60
SEED_FIRST = 1000
RATIO = 60.0


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Simulator:
    name = "simulator"
    title = "Virtual minutes of a 3-node cluster under load, a CPU minute"

    def measure(self, rounds, _):
        result = FreeResult(self.name, self.title, ["seed", "virtual s", "CPU s", "ratio"])
        ratios = []
        try:
            program = tools.simulator()
        except tools.Missing as missing:
            result.not_run("virtual time", "the CPU's", str(missing))
            return result
        try:
            for seed in range(SEED_FIRST, SEED_FIRST + rounds):
                ratios.append(self._run(program, seed, result))
        except ValueError as broken:
            result.fail("virtual time", "the CPU's", str(broken))
            return result
        result.judge_at_least("virtual time", "the CPU's", statistics.median(ratios), RATIO)
        return result

    @staticmethod
    def _run(program, seed, result):
        before = children_cpu_s()
        done = subprocess.run([program, "--seed", str(seed), "--until", f"{VIRTUAL_SECONDS}s"],
                              text=True, capture_output=True, check=False)
        if done.returncode != 0:
            said = " ".join((done.stdout + done.stderr).split())
            raise ValueError(f"seed {seed}: {said[-200:]}")
        cpu_s = children_cpu_s() - before
        result.rows.append([seed, VIRTUAL_SECONDS, f"{cpu_s:.2f}",
                            f"{VIRTUAL_SECONDS / cpu_s:.0f}"])
        return VIRTUAL_SECONDS / cpu_s


def claim():
    return Simulator()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
