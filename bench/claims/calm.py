#!/usr/bin/env python3
"""How often three nodes change their leader in ten minutes of full load: never.

    CALM_SECONDS (600)    how long
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import clusters, main, servers, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

SECONDS, QUICK_SECONDS = 600, 5
CLIENTS = 64


class Calm:
    name = "calm"
    title = f"Elections under full load, {CLIENTS} clients writing"

    def measure(self, _, quick):
        seconds = QUICK_SECONDS if quick else int(os.environ.get("CALM_SECONDS", SECONDS))
        result = FreeResult(self.name, self.title,
                            ["cluster", "seconds", "writes/s", "p99 µs", "worst µs", "elections"])
        for kind, words, is_mine in (
                (clusters.TuttiCluster(), ["SET", "{key}", "{x:100}"], True),
                (clusters.EtcdCluster(), ["put", "{key}", "{x:100}"], False)):
            try:
                self._measure_one(kind, words, seconds, result, is_mine)
            except tools.Missing as missing:
                if is_mine:
                    result.fail("elections", "the clock", str(missing))
                else:
                    result.not_run("elections", kind.name, str(missing))
        return result

    @staticmethod
    def _measure_one(kind, words, seconds, result, is_mine):
        kind.prepare()
        with kind.open() as cluster:
            before = kind.terms(cluster)
            done = servers.load(cluster, words, CLIENTS, 1, seconds, 100_000)
            elections = kind.terms(cluster) - before
        result.rows.append([kind.name, seconds, f"{done.operations / done.seconds:,.0f}",
                            f"{done.p99_us:,.0f}", f"{done.max_us:,.0f}", elections])
        if is_mine:
            result.judge_below("elections", "the clock", elections, 0)


def claim():
    return Calm()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
