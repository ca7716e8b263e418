#!/usr/bin/env python3
"""GET by a plain client: at a node that has to ask the one that leads, against at that one."""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import group, main, servers, slots, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

KEYS, SECONDS, QUICK_SECONDS = 10_000, 3, 0.5
LOADS = [(50, 1, 2.2), (50, 16, None)]  # clients, pipeline, at most so many times the CPU
TAG = "{f}"


class Node:
    """One node as servers.load() wants a server; the CPU counts of all."""

    def __init__(self, cluster, number):
        self.cluster, self.number = cluster, number
        self.kind = servers.Kind(cluster.name, None)

    @property
    def address(self):
        return self.cluster.at(self.number)

    def cpu_us_each(self, clients, pipeline, seconds):
        before = self.cluster.cpu_s()
        done = servers.load(self, ["GET", TAG + "{key}"], clients, pipeline, seconds, KEYS)
        cpu_s = self.cluster.cpu_s() - before
        return done.operations / done.seconds, cpu_s * 1e6 / max(done.operations, 1), done.p99_us


class Forward:
    name = "forward"
    title = "GET of 100 bytes through a node that does not lead, against one that does; 3 nodes"

    def measure(self, rounds, quick):
        result = FreeResult(self.name, self.title,
                            ["load", "asked", "operations/s", "CPU µs of all nodes each", "p99 µs"])
        try:
            with group.Tutti(3) as cluster:
                found = self._measure(cluster, rounds, QUICK_SECONDS if quick else SECONDS)
        except tools.Missing as missing:
            result.fail("forwarded", "direct", str(missing))
            return result
        for clients, pipeline, at_most in LOADS:
            load, cpu = f"{clients} clients, pipeline {pipeline}", {}
            for way in ("direct", "forwarded"):
                rate, cpu[way], p99 = (statistics.median(values)
                                       for values in zip(*found[load, way]))
                result.rows.append([load, way, f"{rate:,.0f}", f"{cpu[way]:.2f}", f"{p99:,.0f}"])
            if at_most is not None:
                result.judge_at_most(f"{load}: CPU", "direct", cpu["forwarded"] / cpu["direct"],
                                     at_most)
        return result

    def _measure(self, cluster, rounds, seconds):
        found, slot = {}, slots.slot_of(TAG)
        for number in range(rounds):
            leader = cluster.owners(1)[slot]
            other = next(each for each in cluster.running() if each != leader)
            servers.load(Node(cluster, leader), ["SET", TAG + "{key}", "{x:100}"], 10, 16, 0, KEYS)
            for clients, pipeline, _ in LOADS:
                for way, asked in (("direct", leader), ("forwarded", other)):
                    values = Node(cluster, asked).cpu_us_each(clients, pipeline, seconds)
                    found.setdefault((f"{clients} clients, pipeline {pipeline}", way),
                                     []).append(values)
                    print(f"  {self.name} round {number + 1}: {way}: {values[0]:,.0f}/s, "
                          f"{values[1]:.2f} µs", flush=True)
        return found


def claim():
    return Forward()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
