#!/usr/bin/python3
"""Three joined nodes with many shards: all are restarted, one after the other, and no client sees
an error; then one is killed, and all shards can be written soon after.

    test/cluster/rolling.py TUTTI TUTTI_SIM HISTORY

Clients leave a node before it is restarted, as they do behind whatever knows which nodes there are.
Of the kill they may see errors: what was under way there has an unknown outcome.
"""

import collections
import os
import pathlib
import sys
import tempfile
import time

import crowd
import grow
import history
import joined
import nodes
import real

CLIENTS, RATE = 48, 600
SHARDS = 64
WRITABLE_SECONDS_MAX = 10  # with tests beside it; the benchmark says how long it really takes
KEYS = 512  # enough for each shard to have some


def restart_all(cluster, load):
    for number in (1, 2, 3):
        load.use(cluster.hosts(*(other for other in (1, 2, 3) if other != number)))
        cluster.members[number].end()
        cluster.members[number].start()
        cluster.wait_settled()
    load.use(cluster.hosts())


def busiest(cluster):
    """The number of the node that leads most slots: a kill of another one would show little."""
    slots = collections.Counter()
    for first, last, leader, *_ in cluster.members[1].ask("CLUSTER", "SLOTS"):
        slots[leader[0]] += last - first + 1
    leads = slots.most_common(1)[0][0]
    return next(number for number in cluster.members if nodes.address(number) == leads)


def kill_one(cluster, number):
    """The seconds until every key was written at each of the others."""
    writes = [("SET", f"alive:{key}", key) for key in range(KEYS)]
    cluster.members[number].kill()
    began = time.monotonic()
    for member in cluster.running():
        joined.wait_until(lambda at=member: set(at.ask_all(writes)) == {"OK"},
                          WRITABLE_SECONDS_MAX, lambda: "some key is not writable")
    took_s = time.monotonic() - began
    if took_s > WRITABLE_SECONDS_MAX:
        raise nodes.Trouble(f"all shards writable only after {took_s:.1f} s")
    cluster.members[number].start()
    cluster.wait_settled()
    return took_s


def run(cluster, load):
    for number in (1, 2, 3):
        cluster.add(number)
    cluster.wait_settled()
    load.use(cluster.hosts())
    load.start()
    restart_all(cluster, load)
    if load.errors:
        raise nodes.Trouble("; ".join(error for _, error in load.errors[:5]))
    print(f"restarted all; the longest reply took {load.longest_ms():.0f} ms", flush=True)
    victim = busiest(cluster)
    load.use(cluster.hosts(*(other for other in (1, 2, 3) if other != victim)))
    print(f"killed one; all shards were written within {kill_one(cluster, victim):.2f} s", flush=True)


def main():
    program, simulator, path = sys.argv[1:]
    path, seen = pathlib.Path(path).absolute(), history.History()
    with tempfile.TemporaryDirectory(prefix="tutti-rolling-") as folder:
        cluster = joined.Joined(os.path.abspath(program), folder, "--shards", str(SHARDS))
        load = crowd.Crowd(seen, [], CLIENTS, RATE)
        try:
            run(cluster, load)
        except grow.TROUBLES as trouble:
            print(f"{trouble}", file=sys.stderr)
            return 1
        finally:
            load.stop()
            cluster.stop()
            seen.write(path, "rolling restart")
    return 0 if real.judge(os.path.abspath(simulator), path) else 1


if __name__ == "__main__":
    sys.exit(main())
