#!/usr/bin/env python3
"""From kill -9 of a node until a key of each of 64 shards has been written again.

    FAILOVER_TRIALS (10)    how often; with Redis's defaults, where one takes half a minute, a fifth

A connection for each shard to each node that lives asks for a write every 20 ms; the first that is
acknowledged counts for its shard, and the last shard counts. Redis gets six nodes, and one of its
primaries is killed; tutti three, each of which leads a third of the shards.
"""

import asyncio
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import group, main, resp, slots, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

SHARDS = 64
TRIALS, QUICK_TRIALS, SLOW_SHARE = 10, 2, 5
WORST_MS = 2000
ASK_EVERY_S, GIVE_UP_S = 0.02, 60
REST_S = 1.0


async def write_until(link, key, acknowledged):
    """Asks again and again until the key was written, by this connection or another."""
    while not acknowledged.done():
        try:
            reply = await link.ask("SET", key, "over")
        except (OSError, asyncio.IncompleteReadError):
            return
        if reply == "OK" and not acknowledged.done():
            acknowledged.set_result(time.monotonic())
        await asyncio.sleep(ASK_EVERY_S)


async def kill_and_write(cluster, victim):
    """[seconds until each shard was written]"""
    others = [number for number in cluster.running() if number != victim]
    keys, loop = slots.key_of_each(SHARDS), asyncio.get_running_loop()
    links = [[await resp.AsyncLink.open(group.address(number), cluster.port) for number in others]
             for _ in keys]
    began = time.monotonic()
    cluster.kill(victim)
    written, tasks = [loop.create_future() for _ in keys], []
    for key, future, of_key in zip(keys, written, links):
        tasks += [asyncio.create_task(write_until(link, key, future)) for link in of_key]
    await asyncio.wait(written, timeout=GIVE_UP_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for of_key in links:
        for link in of_key:
            link.close()
    late = sum(not future.done() for future in written)
    if late:
        raise tools.Missing(f"{cluster.name}: {late} shards not written in {GIVE_UP_S} s")
    return [future.result() - began for future in written]


def trial(cluster):
    """(ms until the first shard that it led was written, the last), and it is whole again."""
    cluster.wait_whole()
    time.sleep(REST_S)
    owners = cluster.owners(cluster.running()[0])
    victim = max(cluster.running(), key=owners.count)
    led = [shard for shard in range(SHARDS) if owners[shard * slots.SLOTS // SHARDS] == victim]
    times = asyncio.run(kill_and_write(cluster, victim))
    cluster.start(victim)
    cluster.wait_recovered()
    return min(times[shard] for shard in led) * 1000, max(times) * 1000


class FailoverShards:
    name = "failover-shards"
    title = f"kill -9 of a node until each of {SHARDS} shards was written again"

    def measure(self, _, quick):
        trials = QUICK_TRIALS if quick else int(os.environ.get("FAILOVER_TRIALS", TRIALS))
        result = FreeResult(self.name, self.title,
                            ["cluster", "trials", "first shard, median ms", "last shard, median ms",
                             "last shard, worst ms"])
        for make, count in ((lambda: group.Tutti(3), trials),
                            (lambda: group.RedisCluster(3, 1, 2000), trials),
                            (lambda: group.RedisCluster(3, 1), max(1, trials // SLOW_SHARE))):
            cluster = make()
            is_mine = isinstance(cluster, group.Tutti)
            try:
                with cluster:
                    worst = self._measure_one(cluster, count, result)
                if is_mine:
                    result.judge_below("last shard, worst ms", "the clock", worst, WORST_MS)
            except tools.Missing as missing:
                (result.fail if is_mine else result.not_run)("last shard", cluster.name,
                                                             str(missing))
        return result

    def _measure_one(self, cluster, count, result):
        first, last = [], []
        for number in range(count):
            begin, end = trial(cluster)
            first.append(begin)
            last.append(end)
            print(f"  {self.name}: {cluster.name}: {number + 1}: {begin:.0f} to {end:.0f} ms",
                  flush=True)
        result.rows.append([cluster.name, count, f"{statistics.median(first):.0f}",
                            f"{statistics.median(last):.0f}", f"{max(last):.0f}"])
        return max(last)


def claim():
    return FailoverShards()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
