#!/usr/bin/env python3
"""redis-benchmark --cluster on three nodes: cache mode here, Redis Cluster of three primaries."""

import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import group, main, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

CLIENTS, KEYS = 50, 100_000
LOADS = [("set", 1, 300_000), ("get", 1, 300_000), ("set", 16, 2_000_000), ("get", 16, 2_000_000)]
QUICK_SHARE = 20
AT_LEAST = 1.0


def benchmark(cluster, command, pipeline, requests):
    """(operations a second, CPU microseconds of all nodes for each)"""
    before = cluster.cpu_s()
    done = subprocess.run(
        ["redis-benchmark", "--cluster", "-h", group.address(1), "-p", str(cluster.port), "-t",
         command, "-c", str(CLIENTS), "-P", str(pipeline), "-n", str(requests), "-r", str(KEYS),
         "-d", "100", "--csv"], text=True, capture_output=True, check=False, timeout=600)
    cpu_s = cluster.cpu_s() - before
    rows = [line for line in done.stdout.splitlines() if line.startswith(f'"{command.upper()}"')]
    if done.returncode != 0 or not rows or "rror" in done.stderr:
        raise tools.Missing(f"redis-benchmark: {done.stdout[-200:]} {done.stderr[-200:]}")
    return float(rows[0].split(",")[1].strip('"')), cpu_s * 1e6 / requests


class ClusterThroughput:
    name = "cluster-throughput"
    title = f"redis-benchmark --cluster, 3 nodes, {CLIENTS} clients"

    def measure(self, rounds, quick):
        tools.program("redis-benchmark", "redis-tools")
        result = FreeResult(self.name, self.title,
                            ["load", "cluster", "operations/s", "CPU µs each"])
        makers = [lambda: group.RedisCluster(3), lambda: group.Tutti(3, name="tutti, cache mode")]
        found, names = {}, {}
        for number in range(rounds):
            for make in makers if number % 2 == 0 else makers[::-1]:
                cluster = make()
                is_mine = isinstance(cluster, group.Tutti)
                names[is_mine] = cluster.name
                try:
                    self._measure_one(cluster, is_mine, quick, found)
                except tools.Missing as missing:
                    (result.fail if is_mine else result.not_run)("throughput", cluster.name,
                                                                 str(missing))
                    return result
        for command, pipeline, _ in LOADS:
            self._judge(f"{command.upper()}, pipeline {pipeline}", found, names, result)
        return result

    def _measure_one(self, cluster, is_mine, quick, found):
        with cluster:
            if is_mine:
                cluster.ask(1, "POLICY", "SET", "", "MODE", "cache", "EVICT", "none")
            for command, pipeline, requests in LOADS:
                rate, cpu_us = benchmark(cluster, command, pipeline,
                                         requests // (QUICK_SHARE if quick else 1))
                load = f"{command.upper()}, pipeline {pipeline}"
                found.setdefault((load, is_mine), []).append((rate, cpu_us))
                print(f"  {self.name}: {cluster.name}: {load}: {rate:,.0f}/s, {cpu_us:.2f} µs",
                      flush=True)

    @staticmethod
    def _judge(load, found, names, result):
        medians = {is_mine: [statistics.median(values) for values in zip(*found[load, is_mine])]
                   for is_mine in (True, False)}
        for is_mine, (rate, cpu_us) in medians.items():
            result.rows.append([load, names[is_mine], f"{rate:,.0f}", f"{cpu_us:.2f}"])
        result.judge_at_least(f"{load}: operations per CPU second", names[False],
                              medians[False][1] / medians[True][1], AT_LEAST)


def claim():
    return ClusterThroughput()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
