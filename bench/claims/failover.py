#!/usr/bin/env python3
"""From kill -9 of the node that leads to the first write that another one acknowledges.

    FAILOVER_TRIALS (50)    how often

Every 20 ms each of the two that live is asked for a write over a fresh connection, tutti by RESP
and etcd by its HTTP gateway, which costs a millisecond; the first that is acknowledged counts. Then
the node is started again, and all three must agree on a leader before the next trial.
"""

import asyncio
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import clusters, main, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

TRIALS, QUICK_TRIALS = 50, 3
MEDIAN_MS, WORST_MS = 400, 1000
ASK_EVERY_S, GIVE_UP_S = 0.02, 30
REST_S = 0.5  # between trials, so that a young leader is not the one that is killed

RESP = b"*3\r\n$3\r\nSET\r\n$4\r\nfail\r\n$4\r\nover\r\n"
PUT = b'{"key":"ZmFpbA==","value":"b3Zlcg=="}'
HTTP = b"POST /v3/kv/put HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(PUT), PUT)


async def write_once(cluster, number, acknowledged):
    host = clusters.address(number)
    try:
        reader, writer = await asyncio.open_connection(host, cluster.port)
    except OSError:
        return
    try:
        writer.write(HTTP if cluster.kind.protocol == "etcd" else RESP)
        line = await reader.readline()
        if (line.startswith(b"+OK") or b" 200 " in line) and not acknowledged.done():
            acknowledged.set_result(time.monotonic())
    except OSError:
        pass
    finally:
        writer.close()


async def first_acknowledged(cluster, dead):
    acknowledged, tasks = asyncio.get_running_loop().create_future(), []
    end = time.monotonic() + GIVE_UP_S
    while not acknowledged.done() and time.monotonic() < end:
        tasks += [asyncio.create_task(write_once(cluster, number, acknowledged))
                  for number in range(1, clusters.NODES + 1) if number != dead]
        await asyncio.wait([acknowledged], timeout=ASK_EVERY_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if not acknowledged.done():
        raise tools.Missing(f"{cluster.kind.name}: no write within {GIVE_UP_S} s of a kill")
    return acknowledged.result()


def trial(cluster):
    dead = cluster.leader_wait()
    time.sleep(REST_S)
    began = time.monotonic()
    cluster.kill(dead)
    took_ms = (asyncio.run(first_acknowledged(cluster, dead)) - began) * 1000
    cluster.start(dead)
    return took_ms


class Failover:
    name = "failover"
    title = "kill -9 of the leader until the first acknowledged write elsewhere"

    def measure(self, _, quick):
        trials = QUICK_TRIALS if quick else int(os.environ.get("FAILOVER_TRIALS", TRIALS))
        result = FreeResult(self.name, self.title,
                            ["cluster", "trials", "median ms", "p90 ms", "worst ms"])
        mine, peer = clusters.TuttiCluster(), clusters.EtcdCluster()
        taken = {}
        for kind in (mine, peer):
            try:
                taken[kind.name] = self._measure_one(kind, trials, result)
            except tools.Missing as missing:
                result.not_run("median", kind.name, str(missing))
        if mine.name in taken:
            times = taken[mine.name]
            result.judge_below("median", "the clock", statistics.median(times), MEDIAN_MS)
            result.judge_below("worst", "the clock", max(times), WORST_MS)
        elif peer.name in taken:
            result.fail("median", "the clock", "tutti could not be measured")
        return result

    def _measure_one(self, kind, trials, result):
        kind.prepare()
        times = []
        with kind.open() as cluster:
            for number in range(trials):
                times.append(trial(cluster))
                print(f"  {self.name}: {kind.name}: {number + 1}: {times[-1]:.0f} ms", flush=True)
        times.sort()
        result.rows.append([kind.name, trials, f"{statistics.median(times):.0f}",
                            f"{times[int(len(times) * 0.9)]:.0f}", f"{times[-1]:.0f}"])
        return times


def claim():
    return Failover()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
