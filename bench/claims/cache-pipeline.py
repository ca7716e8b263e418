#!/usr/bin/env python3
"""GET and SET in cache mode with pipelines of 16, one lane, against redis-server in memory."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

SET = ["SET", "{key}", "{x:32}"]


def claim():
    both = {"pipeline": 16, "throughput_at_least": 1.15, "cpu_at_least": 1.25}
    return ServerClaim(
        name="cache-pipeline",
        title="GET and SET in cache mode, 50 clients, pipeline 16, one lane",
        mine=servers.tutti_cache(),
        peer=servers.redis(),
        cases=[Case("SET", SET, **both), Case("GET", ["GET", "{key}"], fill=SET, **both)],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
