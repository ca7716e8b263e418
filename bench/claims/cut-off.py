#!/usr/bin/env python3
"""A primary is cut off from the other nodes for 8 s while clients on both sides write: which writes
that were acknowledged are lost?

Needs root and nft: the nodes run in a network name space of their own. The clients reach all nodes.
Those near the primary know only it; the others go where they are sent, but not to it. Each client
appends to a list of its own in a slot of that primary; when the nodes are together again, the lists
must hold all that was acknowledged.
"""

import asyncio
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import group, main, network, resp, slots, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

CUT_S, QUICK_CUT_S, BEFORE_S, AFTER_S = 8.0, 4.0, 1.0, 1.0
REST_S = 5.0  # for a primary of before to see that it is none
CLIENTS_EACH_SIDE = 8
PAUSE_S = 0.02  # between a client's writes, and after a refusal
REPLY_S_MAX = 3.0


class Writer:
    """One client: `hosts` are the nodes it may ask."""

    def __init__(self, cluster, key, hosts):
        self.cluster, self.key, self.hosts = cluster, key, hosts
        self.acknowledged = []  # (when, value)
        self.link, self.at, self.count = None, 0, 0

    async def run(self, end):
        while time.monotonic() < end:
            try:
                await asyncio.wait_for(self.write(), REPLY_S_MAX)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                self.leave((self.at + 1) % len(self.hosts))
            await asyncio.sleep(PAUSE_S)
        self.leave(0)

    async def write(self):
        if self.link is None:
            self.link = await resp.AsyncLink.open(group.address(self.hosts[self.at]),
                                                  self.cluster.port)
        self.count += 1
        value = f"v{self.count}"
        reply = await self.link.ask("RPUSH", self.key, value)
        if not isinstance(reply, resp.Refused):
            self.acknowledged.append((time.monotonic(), value))
        elif str(reply).startswith("MOVED"):
            owner = int(str(reply).rsplit(" ", 1)[1].split(":")[0].rsplit(".", 1)[1])
            if owner in self.hosts:
                self.leave(self.hosts.index(owner))

    def leave(self, then_at):
        if self.link is not None:
            self.link.close()
        self.link, self.at = None, then_at


def victim_of(cluster):
    """Whoever has most slots."""
    number = cluster.running()[0]
    return max(cluster.running(), key=cluster.owners(number).count)


def keys_of(cluster, victim, count):
    owners, keys, number = cluster.owners(victim), [], 0
    while len(keys) < count:  # ends: it has its share of the slots
        key = f"list{number}"
        number += 1
        if owners[slots.slot_of(key)] == victim:
            keys.append(key)
    return keys


async def write_through(cluster, victim, cut_s):
    """(writers, when it was cut off, when healed)"""
    others = [number for number in cluster.running() if number != victim]
    keys = keys_of(cluster, victim, 2 * CLIENTS_EACH_SIDE)
    writers = [Writer(cluster, key, [victim] if number < CLIENTS_EACH_SIDE else others)
               for number, key in enumerate(keys)]
    end = time.monotonic() + BEFORE_S + cut_s + AFTER_S
    tasks = [asyncio.create_task(writer.run(end)) for writer in writers]
    await asyncio.sleep(BEFORE_S)
    cut_at = time.monotonic()
    network.cut(group.address(victim), [group.address(number) for number in others])
    await asyncio.sleep(cut_s)
    network.heal()
    healed_at = time.monotonic()
    await asyncio.gather(*tasks)
    return writers, cut_at, healed_at


def kept_of(cluster, key):
    """What its list holds, asked of whoever has it now."""
    owner = cluster.owners(cluster.running()[-1])[slots.slot_of(key)]
    return set(cluster.ask(owner, "LRANGE", key, 0, -1, seconds=20))


def trial(cluster, cut_s):
    """(acknowledged while it was cut off, lost of them; acknowledged near it, lost; silence of the
    others)"""
    with cluster:
        writers, cut_at, healed_at = asyncio.run(
            write_through(cluster, victim_of(cluster), cut_s))
        time.sleep(REST_S)
        cluster.wait_whole()
        sides = []
        for side in (writers[:CLIENTS_EACH_SIDE], writers[CLIENTS_EACH_SIDE:]):
            acknowledged = lost = 0
            for writer in side:
                kept = kept_of(cluster, writer.key)
                acknowledged += sum(cut_at <= when <= healed_at
                                    for when, _ in writer.acknowledged)
                lost += sum(value not in kept for _, value in writer.acknowledged)
            sides.append((acknowledged, lost))
        silences = [silence(writer, cut_at, healed_at) for writer in writers[CLIENTS_EACH_SIDE:]]
    return sides, max(silences)


def silence(writer, cut_at, healed_at):
    """The longest time of the cut in which nothing of it was acknowledged."""
    times = [cut_at, *(when for when, _ in writer.acknowledged if cut_at < when < healed_at),
             healed_at]
    return max(after - before for before, after in zip(times, times[1:]))


class CutOff:
    name = "cut-off"
    title = f"A primary cut off for {CUT_S:.0f} s under writes: acknowledged writes lost"

    def measure(self, rounds, quick):
        cut_s = QUICK_CUT_S if quick else CUT_S
        result = FreeResult(self.name, self.title,
                            ["cluster", "round", "acknowledged near it", "of them lost",
                             "acknowledged by the others", "lost", "lost of all",
                             "longest silence of the others, s"])
        lost = []
        for number in range(rounds):
            for make in (lambda: group.RedisCluster(3, 1, 2000), lambda: group.Tutti(3)):
                self._measure_one(make, cut_s, number, result, lost)
        if lost:
            result.judge_below("lost", "Redis Cluster 3+3, node timeout 2 s", sum(lost), 0)
        return result

    def _measure_one(self, make, cut_s, number, result, lost):
        cluster = make()
        name, is_mine = cluster.name, isinstance(cluster, group.Tutti)
        try:
            (near, far), quiet_s = network.inside(trial, cluster, cut_s)
        except tools.Missing as missing:
            (result.fail if is_mine else result.not_run)("lost", name, str(missing))
            return
        acknowledged, gone = near[0] + far[0], near[1] + far[1]
        print(f"  {self.name} round {number + 1}: {name}: {gone} of {acknowledged} lost", flush=True)
        result.rows.append([name, number + 1, *near, *far,
                            f"{100 * gone / max(acknowledged, 1):.0f}%", f"{quiet_s:.2f}"])
        if is_mine:
            lost.append(gone)


def claim():
    return CutOff()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
