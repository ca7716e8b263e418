#!/usr/bin/env python3
"""Durable SET on three nodes against a Redis primary with two replicas and WAIT 1 after each."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import clusters, main  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

SET = ["SET", "{key}", "{x:100}"]


def claim():
    return ServerClaim(
        name="cluster-wait",
        title="Durable SET of 100 bytes on 3 nodes, against WAIT 1: 1, 64 and 256 clients",
        mine=clusters.TuttiCluster(),
        peer=clusters.RedisReplicas(),
        cases=[Case(f"{clients} client{'s' if clients > 1 else ''}", SET,
                    peer_words=[*SET, "\\n", "WAIT", "1", "0"], clients=clients, keys=100_000,
                    throughput_at_least=2.0)
               for clients in (1, 64, 256)],
        notes=["SET and WAIT are sent together, so that Redis pays one round trip. "
               "CPU is of all three nodes."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
