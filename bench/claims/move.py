#!/usr/bin/env python3
"""How fast data comes into a new node, against `redis-cli --cluster reshard` of the same data.

    MOVE_KEYS (400,000)    how many keys of 1,000 bytes

Five nodes hold the data and a sixth is new. Redis's primaries give it a sixth of the slots by
reshard, as it is by default; tutti's node joins, and has its share when each slot has its copies
and all agree on them. What counts as moved are the keys' and values' bytes of the slots that the
new node then holds.
"""

import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import group, main, servers, slots, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

KEYS, QUICK_KEYS = 400_000, 20_000
VALUE_BYTES, KEY_BYTES = 1000, 16
OLD, NEW = 5, 6
AT_LEAST = 5.0
MOVE_SECONDS_MAX = 900


class Door:
    """The first node as servers.load() wants a server."""

    def __init__(self, cluster):
        self.kind, self.address = servers.Kind(cluster.name, None), cluster.at(1)


def fill_tutti(cluster, keys):
    servers.load(Door(cluster), ["SET", "{key}", f"{{x:{VALUE_BYTES}}}"], 50, 4, 0, keys)


def fill_redis(cluster, keys):
    """Each node by itself gets the keys of its slots: DEBUG POPULATE knows no slots."""
    owners = cluster.owners(1)
    links = {number: cluster.link(number) for number in set(owners)}
    pending, value = {number: [] for number in links}, b"x" * VALUE_BYTES
    for key in (f"key:{number:012d}" for number in range(keys)):
        owner = owners[slots.slot_of(key)]
        pending[owner].append(("SET", key, value))
        if len(pending[owner]) == 500:
            links[owner].ask_all(pending[owner])
            pending[owner] = []
    for owner, commands in pending.items():
        links[owner].ask_all(commands)
        links[owner].close()


def move_redis(cluster):
    """(seconds, share of the slots that came)"""
    cluster.start(NEW)
    cluster.cli("add-node", cluster.at(NEW), cluster.at(1))
    known = cluster.ask(NEW, "CLUSTER", "MYID")
    cluster.wait_known(known)
    cluster.wait_whole()
    count = slots.SLOTS // NEW
    began = time.monotonic()
    cluster.cli("reshard", cluster.at(1), "--cluster-from", "all", "--cluster-to", known,
                "--cluster-slots", str(count), "--cluster-yes", seconds=MOVE_SECONDS_MAX)
    took_s = time.monotonic() - began
    cluster.wait_whole()
    return took_s, cluster.owners(1).count(NEW) / slots.SLOTS


def move_tutti(cluster):
    began = time.monotonic()
    cluster.start(NEW)
    cluster.wait_share(NEW, MOVE_SECONDS_MAX)
    took_s = time.monotonic() - began
    return took_s, cluster.held(NEW) / slots.SLOTS


class Move:
    name = "move"
    title = "Bytes a second into a sixth, new node, against redis-cli --cluster reshard"

    def measure(self, rounds, quick):
        keys = QUICK_KEYS if quick else int(os.environ.get("MOVE_KEYS", KEYS))
        result = FreeResult(self.name, self.title,
                            ["cluster", "MB held", "MB moved", "seconds", "MB/s"])
        rates = {}
        for _ in range(min(rounds, 3)):
            for make, fill, move in ((lambda: group.RedisCluster(OLD, empty=1), fill_redis,
                                      move_redis),
                                     (lambda: group.Tutti(OLD, room=NEW), fill_tutti, move_tutti)):
                cluster = make()
                is_mine = isinstance(cluster, group.Tutti)
                try:
                    rate = self._measure_one(cluster, fill, move, keys, result)
                    rates.setdefault(is_mine, []).append(rate)
                except tools.Missing as missing:
                    (result.fail if is_mine else result.not_run)("bytes a second", cluster.name,
                                                                 str(missing))
        if len(rates) == 2:
            result.judge_at_least("bytes a second", "redis-cli --cluster reshard",
                                  statistics.median(rates[True]) / statistics.median(rates[False]),
                                  AT_LEAST)
        return result

    def _measure_one(self, cluster, fill, move, keys, result):
        held_mb = keys * (VALUE_BYTES + KEY_BYTES) / 1e6
        with cluster:
            fill(cluster, keys)
            took_s, share = move(cluster)
        rate = held_mb * share / took_s
        print(f"  {self.name}: {cluster.name}: {rate:.1f} MB/s", flush=True)
        result.rows.append([cluster.name, f"{held_mb:.0f}", f"{held_mb * share:.0f}",
                            f"{took_s:.2f}", f"{rate:.1f}"])
        return rate


def claim():
    return Move()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
