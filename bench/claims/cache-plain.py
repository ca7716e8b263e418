#!/usr/bin/env python3
"""GET and SET in cache mode, one request at a time, against redis-server in memory."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

SET, GET = ["SET", "{key}", "{x:32}"], ["GET", "{key}"]


def cases(clients):
    both = {"clients": clients, "throughput_at_least": 1.0, "cpu_at_least": 1.0}
    return [Case(f"SET, {clients} clients", SET, **both),
            Case(f"GET, {clients} clients", GET, fill=SET, **both)]


def claim():
    return ServerClaim(
        name="cache-plain",
        title="GET and SET in cache mode, no pipeline",
        mine=servers.tutti_cache(),
        peer=servers.redis(),
        cases=cases(50) + cases(200),
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
