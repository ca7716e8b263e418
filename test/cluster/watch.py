#!/usr/bin/python3
"""WATCH, GET, MULTI, SET, EXEC through nodes that do not lead: no increment is lost.

    test/cluster/watch.py TUTTI

What a WATCH at the leader has already seen, the GET behind it at another node must see too,
although it shows only what is agreed on.
"""

import os
import random
import sys
import tempfile
import threading
import time

import redis

import nodes

CLIENTS_EACH, SECONDS = 2, 3


def work(host, port, counts, number):
    link = redis.Redis(host, port, single_connection_client=True)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        link.execute_command("WATCH", "count")
        value = int(link.execute_command("GET", "count") or 0)
        link.execute_command("MULTI")
        link.execute_command("SET", "count", value + 1)
        counts[number] += link.execute_command("EXEC") is not None
    link.close()


def main():
    with tempfile.TemporaryDirectory(prefix="tutti-watch-") as folder:
        cluster = nodes.Cluster(os.path.abspath(sys.argv[1]), folder, [], random.Random(1))
        try:
            cluster.start()
            cluster.wait_whole()
            hosts = [nodes.address(number) for number in nodes.NODES] * CLIENTS_EACH
            counts = [0] * len(hosts)
            threads = [threading.Thread(target=work, args=(host, cluster.port, counts, number))
                       for number, host in enumerate(hosts)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            found = int(redis.Redis(hosts[0], cluster.port).get("count") or 0)
        except nodes.Trouble as trouble:
            print(trouble, file=sys.stderr)
            return 1
        finally:
            cluster.stop()
    print(f"{sum(counts)} increments")
    if found != sum(counts) or found == 0:
        print(f"{sum(counts)} increments were acknowledged, the count is {found}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
