#!/usr/bin/env python3
"""A linearizable GET at the leader of three nodes against a plain GET of a node by itself."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import clusters, main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402


def claim():
    return ServerClaim(
        name="cluster-read",
        title="Linearizable GET at the leader of 3 nodes, 64 clients",
        mine=clusters.TuttiCluster(),
        peer=servers.tutti_strong(name="tutti, 1 node"),
        cases=[Case("GET", ["GET", "{key}"], clients=64, keys=100_000,
                    fill=["SET", "{key}", "{x:100}"], throughput_at_least=0.9)],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
