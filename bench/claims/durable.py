#!/usr/bin/env python3
"""SET in strong mode: durable before the reply, against redis-server with appendfsync always."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402


def claim():
    return ServerClaim(
        name="durable",
        title="Durable SET, no pipeline: 1, 50 and 500 clients",
        mine=servers.tutti_strong(),
        peer=servers.redis_always(),
        cases=[Case(f"{clients} client{'s' if clients > 1 else ''}", ["SET", "{key}", "{x:32}"],
                    clients=clients, throughput_at_least=at_least)
               for clients, at_least in ((1, 1.6), (50, 2.0), (500, 3.0))],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
