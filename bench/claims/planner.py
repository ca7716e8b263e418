#!/usr/bin/env python3
"""1,000 nodes and 16384 shards: how long one plan takes, and what a node gossips a second.

The plans are those of test/fixtures/planner_program.c, in four situations; the gossip is
`tutti-sim --workload gossip`, where each node is the real machine over a simulated network.
"""

import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, place, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

NODES, SHARDS = 1000, 16384
PLAN_MS_MAX, GOSSIP_BYTES_MAX = 1000, 5000
PLAN = re.compile(r"^([^\t]+)\t.*\t([0-9.]+) ms\t(.*)$")
GOSSIP_BYTES = "bytes a node a second"  # a column of the first table
RUN_SECONDS_MAX = 1800


def planner():
    path = place.ROOT / "build" / "release" / "test" / "fixtures" / "planner"
    if not path.exists():
        tools.shell(f"make -C '{place.ROOT}' '{path.relative_to(place.ROOT)}'")
    return path


def output_of(*words):
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True,
                          check=False, timeout=RUN_SECONDS_MAX)
    if done.returncode != 0:
        raise tools.Missing(f"{words[0]}: {(done.stdout + done.stderr).strip()[-300:]}")
    return done.stdout


def gossiped(said):
    """{(nodes, messages lost): bytes a node a second}"""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in said.splitlines() if line.startswith("|")]
    if not rows or GOSSIP_BYTES not in rows[0]:
        raise tools.Missing(f"tutti-sim --workload gossip does not say the {GOSSIP_BYTES}")
    column = rows[0].index(GOSSIP_BYTES)
    rows = rows[2:2 + next((number for number, row in enumerate(rows[2:])
                            if len(row) != len(rows[0])), len(rows))]
    return {(row[0], row[1]): float(row[column]) for row in rows}


class Planner:
    name = "planner"
    title = f"A plan for {NODES:,} nodes and {SHARDS} shards; what a node gossips"

    def measure(self, rounds, _):
        result = FreeResult(self.name, self.title, ["situation", "ms, median", "plan"])
        try:
            self._plans(rounds, result)
            self._gossip(result)
        except tools.Missing as missing:
            result.fail("measured", "the clock", str(missing))
        return result

    @staticmethod
    def _plans(rounds, result):
        times, plans = {}, {}
        for _ in range(rounds):
            for line in output_of(planner(), NODES, SHARDS).splitlines():
                if found := PLAN.match(line):
                    times.setdefault(found[1], []).append(float(found[2]))
                    plans[found[1]] = found[3]
        medians = {what: statistics.median(values) for what, values in times.items()}
        result.rows += [[what, f"{ms:.1f}", plans[what]] for what, ms in medians.items()]
        result.judge_below("the slowest plan, ms", "the clock", max(medians.values()), PLAN_MS_MAX)

    @staticmethod
    def _gossip(result):
        said = output_of(tools.simulator(), "--workload", "gossip", "--nodes", NODES, "--seed", 1)
        for (nodes, lost), bytes_a_second in gossiped(said).items():
            if nodes.replace(",", "") == str(NODES):
                result.judge_below(f"bytes gossiped a node a second, {lost} lost",
                                   "the simulator", bytes_a_second, GOSSIP_BYTES_MAX)


def claim():
    return Planner()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
